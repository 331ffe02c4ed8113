"""What comes of a check at one place: plates, suspensions, closures, things seized, by the book."""
