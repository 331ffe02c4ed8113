"""Rounds: somebody was there, this is what they saw, and this is what came of it at the same moment."""
