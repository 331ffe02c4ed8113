"""Other systems, one folder each. May import every other floor; no floor imports these."""
