"""Key projects: what was planned, how far it is, who has been there; and the war map of reforms."""
