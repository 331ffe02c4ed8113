"""People at their doors: visits to households, and what was promised there."""
