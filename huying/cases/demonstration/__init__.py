"""The demonstration: a district's year, replayed from the texts of its pack.

Everything is drawn from a seed, so that each replay gives the same cases; the present is laid relative to today.
"""
