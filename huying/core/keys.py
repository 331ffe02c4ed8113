"""Primary keys for rows that enter in bulk."""

from __future__ import annotations

from django.db import connection, models


def new_keys(model: type[models.Model], count: int) -> list[int]:
    """So many new keys from the sequence of the model's table, so that live rows can come in meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, count],
        )
        return [key for (key,) in cursor.fetchall()]
