"""What can be counted: collections of rows, each with the fields that a figure may ask for."""

from huying.figures.collections.base import Collection, Field, RowFacts, collection, collections, register

__all__ = ["Collection", "Field", "RowFacts", "collection", "collections", "register"]
