"""Programmes and targets: what was promised for a year, how far it has come, by whose word."""
