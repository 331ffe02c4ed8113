"""Columns that Django has none for."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.types.json import Json


class DeclarationField(models.JSONField):
    """What a pack declares, with its keys in the order in which they were written.

    PostgreSQL's `jsonb` sorts keys by their length, and a form would ask in that order; `json` keeps the text.
    It has no equality in the database: nothing may group by such a column or ask for distinct rows of it.
    """

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        """`json` instead of `jsonb`."""
        return "json"

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        """As `json` on its way there too: a parameter of type `jsonb` would lose the order before the cast."""
        return Json(value if prepared else self.get_prep_value(value))

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        """The driver reads `json` itself; only of `jsonb` does Django ask it not to."""
        return super().from_db_value(value, expression, connection) if isinstance(value, str) else value
