"""Whether the tallies are what a recount gives; and the recount that mends them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from huying.cases.tallies.facts import COLUMNS, facts
from huying.cases.tallies.folding import fold, sums_by_shape
from huying.cases.tallies.models import COUNTERS, DIMENSIONS
from huying.cases.tallies.reading import snapshot


@dataclass(frozen=True)
class Difference:
    """How many cases are counted as something else than they are, and how many cells aren't the sum of their cases.

    Marked cases are neither: they wait to be folded, and readers count them as they are.
    """

    cases: int
    cells: int
    marked: int

    def __bool__(self) -> bool:
        return bool(self.cases or self.cells)


_KEY = ", ".join(("shape", "first", *DIMENSIONS))
_ANY = " OR ".join(f"{code} <> 0" for code in COUNTERS)
_WRONG_CELLS = (
    f"SELECT {_KEY}, {', '.join(f'sum({code})::int AS {code}' for code in COUNTERS)} FROM ("
    f"SELECT {_KEY}, {', '.join(COUNTERS)} FROM ({sums_by_shape('cases_tallyshare')}) AS recounted UNION ALL "
    f"SELECT {_KEY}, {', '.join(f'-{code}' for code in COUNTERS)} FROM cases_tallycell"
    f") AS compared GROUP BY {_KEY} HAVING {' OR '.join(f'sum({code}) <> 0' for code in COUNTERS)}"
)


def _wrong_shares(
    source: str = "SELECT id FROM cases_case", join: str = "FULL"
) -> tuple[str, tuple[Any, ...]]:
    present, parameters = facts(source)
    query = (
        f"SELECT DISTINCT coalesce(p.case_id, s.case_id) AS case_id FROM ({present}) AS p "
        f"{join} JOIN cases_tallyshare s ON s.case_id = p.case_id WHERE ("
        + " OR ".join(f"p.{name} IS DISTINCT FROM s.{name}" for name in COLUMNS)
        + ") AND coalesce(p.case_id, s.case_id) NOT IN (SELECT case_id FROM cases_tallymark)"
    )
    return query, parameters


def wrong_among_newest(count: int = 5_000) -> int:
    """How many of the newest cases are counted as something else than they are; quick at any size."""
    query, parameters = _wrong_shares(f"SELECT id FROM cases_case ORDER BY id DESC LIMIT {count:d}", "LEFT")
    with snapshot(), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({query}) AS wrong", parameters)
        return int(cursor.fetchone()[0])


def compare() -> Difference:
    """Count everything anew, as of one moment, and compare. At ten million cases this takes minutes."""
    with snapshot(), connection.cursor() as cursor:
        query, parameters = _wrong_shares()
        cursor.execute(f"SELECT count(*) FROM ({query}) AS wrong", parameters)
        cases = cursor.fetchone()[0]
        cursor.execute(f"SELECT count(*) FROM ({_WRONG_CELLS}) AS wrong")
        cells = cursor.fetchone()[0]
        return Difference(cases, cells, marked())


def marked() -> int:
    """How many cases wait to be folded."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT case_id) FROM cases_tallymark")
        return int(cursor.fetchone()[0])


def recount(report: Callable[[str], object] = lambda line: None) -> Difference:
    """Compare, and mend: what differs is marked and folded, cells get what they lack. Returns what was found."""
    found = compare()
    if found:
        with transaction.atomic(), connection.cursor() as cursor:
            query, parameters = _wrong_shares()
            cursor.execute(f"INSERT INTO cases_tallymark (case_id) {query}", parameters)
            # Folds wait: between cells and shares nothing may move while their difference is put right.
            cursor.execute("LOCK TABLE cases_tallyshare IN SHARE ROW EXCLUSIVE MODE")
            cursor.execute(
                f"INSERT INTO cases_tallycell AS c ({_KEY}, {', '.join(COUNTERS)}) {_WRONG_CELLS} "
                f"ON CONFLICT ({_KEY}) DO UPDATE SET "
                + ", ".join(f"{code} = c.{code} + excluded.{code}" for code in COUNTERS)
            )
    folded = 0
    while marks := fold():
        folded += marks
        report(f"{folded:,} marks folded")
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM cases_tallycell WHERE NOT ({_ANY})")
    return found
