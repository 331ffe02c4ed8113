"""Folding: marked cases into the cells, each by the difference between what it counts as and what it counted as.

Marks go, shares and cells change in one transaction: killed in the middle, nothing has happened. One fold at a time.
A case that changes while it is folded is marked again by that change, whose mark this fold did not see.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.db import connection, transaction

from huying.cases.tallies.facts import COLUMNS, facts
from huying.cases.tallies.models import COUNTERS, DIMENSIONS, Shape

FOLDED_AT_ONCE = 20_000
_FOLD_LOCK = 7_201_012
_SHARE = "cases_tallyshare"
_CELL = "cases_tallycell"
_KEY = ("shape", "first", *DIMENSIONS)

_DAY, _MONTH, _CLOSED = "reported_on", "date_trunc('month', reported_on)::date", "closed_on"
_SHAPES: tuple[tuple[Shape, str, tuple[str, ...]], ...] = (
    (Shape.DAY_TOPIC, _DAY, ("topic",)),
    (Shape.DAY_SUBDISTRICT, _DAY, ("subdistrict",)),
    (Shape.DAY_DEPARTMENT, _DAY, ("department",)),
    (Shape.MONTH_TOPIC, _MONTH, ("topic",)),
    (Shape.MONTH_SUBDISTRICT, _MONTH, ("subdistrict",)),
    (Shape.MONTH_DEPARTMENT, _MONTH, ("department",)),
    (Shape.MONTH_WHOLE, _MONTH, ("topic", "subdistrict", "department")),
    (Shape.CLOSED_SUBDISTRICT, _CLOSED, ("subdistrict",)),
    (Shape.CLOSED_DEPARTMENT, _CLOSED, ("department",)),
)
"""Shape, the day or month it is for, and its dimensions besides the ledger."""


def sums_by_shape(source: str) -> str:
    """A query with the cells that the shares in `source` make."""
    return " UNION ALL ".join(
        f"SELECT '{shape}' AS shape, {first} AS first, ledger, "
        + ", ".join(f"{name if name in kept else 0} AS {name}" for name in DIMENSIONS[1:])
        + "".join(f", sum({code})::int AS {code}" for code in COUNTERS)
        + f" FROM {source} WHERE {first} IS NOT NULL GROUP BY 2, ledger{''.join(f', {name}' for name in kept)}"
        for shape, first, kept in _SHAPES
    )


@lru_cache
def _fold_query() -> tuple[str, tuple[Any, ...]]:
    present, parameters = facts("SELECT case_id FROM claimed")
    columns = ", ".join(COLUMNS)
    changed = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:])
    differs = " OR ".join(f"s.{name} IS DISTINCT FROM excluded.{name}" for name in COLUMNS[1:])
    negative = ", ".join((*COLUMNS[: -len(COUNTERS)], *(f"-{code}" for code in COUNTERS)))
    added = ", ".join(f"{code} = c.{code} + excluded.{code}" for code in COUNTERS)
    query = f"""
        WITH claimed AS MATERIALIZED (SELECT unnest(%s::bigint[]) AS case_id),
        present AS MATERIALIZED ({present}),
        moved AS MATERIALIZED (
            SELECT {columns} FROM present
            UNION ALL SELECT {negative} FROM {_SHARE} WHERE case_id IN (SELECT case_id FROM claimed)
        ),
        kept AS (
            INSERT INTO {_SHARE} AS s ({columns}) SELECT {columns} FROM present
            ON CONFLICT (case_id) DO UPDATE SET {changed} WHERE {differs}
        ),
        gone AS (
            DELETE FROM {_SHARE} WHERE case_id IN (SELECT case_id FROM claimed)
            AND case_id NOT IN (SELECT case_id FROM present)
        )
        INSERT INTO {_CELL} AS c ({", ".join((*_KEY, *COUNTERS))})
        SELECT * FROM ({sums_by_shape("moved")}) AS difference
        WHERE {" OR ".join(f"{code} <> 0" for code in COUNTERS)}
        ON CONFLICT ({", ".join(_KEY)}) DO UPDATE SET {added}
    """
    return query, parameters


@transaction.atomic
def fold(limit: int = FOLDED_AT_ONCE) -> int:
    """Fold the cases of at most `limit` marks, the oldest first. Returns how many marks went."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_FOLD_LOCK])
        # By the last of them, not by `IN`: to a planner whose statistics are from when nothing was marked that is
        # one row joined to one row, each looked for among all.
        cursor.execute(
            "DELETE FROM cases_tallymark WHERE id <= (SELECT max(id) FROM "
            "(SELECT id FROM cases_tallymark ORDER BY id LIMIT %s) AS oldest) RETURNING case_id",
            [limit],
        )
        marks = [row[0] for row in cursor.fetchall()]
        if marks:
            query, parameters = _fold_query()
            cursor.execute(query, [sorted(set(marks)), *parameters])
    return len(marks)


def fold_all() -> int:
    """Fold until nothing is marked. Returns how many marks went."""
    folded = 0
    while marks := fold():
        folded += marks
    return folded
