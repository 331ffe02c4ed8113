"""Special campaigns (专项整治): what belongs to them, what they amount to, who is ahead, what is made public."""
