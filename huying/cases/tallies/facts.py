"""What a case is counted as, from the measures of `cases/rates.py`: the same conditions, one row for each case.

Whether an open case is late depends on the moment. Those parts of a measure are left out here (`LATE`) and counted
among the open cases when somebody asks.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any

from django.db.models import Case as Choice
from django.db.models import Count, F, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, TruncDate

from huying.cases.models import Case
from huying.cases.rates import MEASURES, condition, given_answers, of_case
from huying.cases.tallies.models import COUNTERS, DIMENSIONS

BEFORE_ALL = dt.datetime(1900, 1, 1, tzinfo=dt.UTC)
"""Judged by this moment nothing is late yet: what is left of a measure is what no moment changes."""
LATE = ("scored", "overdue")
"""Measures that also count open cases once their time is over."""
COLUMNS = ("case_id", "reported_on", "closed_on", "area", *DIMENSIONS, *COUNTERS)
OF_CASES = tuple(code for code in COUNTERS if not MEASURES[code].said)
OF_ANSWERS = tuple(code for code in COUNTERS if MEASURES[code].said)


def _counter(code: str) -> Any:
    asked = condition(MEASURES[code], BEFORE_ALL)
    return Choice(When(asked, then=Value(1)), default=Value(0)) if asked else Value(1)


@lru_cache
def facts(source: str) -> tuple[str, tuple[Any, ...]]:
    """A query with `COLUMNS` for each case whose key `source` (a query) gives, and its parameters."""
    among = Case.objects.filter(pk__in=RawSQL(source, [])).order_by()
    described = among.annotate(
        on_reported=TruncDate("reported_at"),
        on_closed=TruncDate("closed_at"),
        in_area=Coalesce(F("area_id"), Value(0)),
        **{f"by_{name}": Coalesce(F(f"{name}_id"), Value(0)) for name in DIMENSIONS},
        **{f"n_{code}": _counter(code) for code in OF_CASES},
    ).values_list(
        "pk", "on_reported", "on_closed", "in_area",
        *(f"by_{name}" for name in DIMENSIONS), *(f"n_{code}" for code in OF_CASES),
    )  # fmt: skip
    answered = (
        given_answers(among.filter(excluded=False))
        .values_list("pk")
        .annotate(**{f"n_{code}": Count("given", filter=of_case(MEASURES[code].said)) for code in OF_ANSWERS})
    )
    cases, of_cases = described.query.sql_with_params()
    answers, of_answers = answered.query.sql_with_params()
    kept = ", ".join(("case_id", "reported_on", "closed_on", "area", *DIMENSIONS, *OF_CASES))
    said = ", ".join(f"COALESCE(a.{code}, 0) AS {code}" for code in OF_ANSWERS)
    query = (
        f"SELECT f.*, {said} FROM ({cases}) AS f ({kept}) "
        f"LEFT JOIN ({answers}) AS a (case_id, {', '.join(OF_ANSWERS)}) USING (case_id)"
    )
    return query, (*of_cases, *of_answers)
