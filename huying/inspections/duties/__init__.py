"""Duties that return: what is due where, what was done, late or missed, and what follows from it."""
