"""Past cases for the benchmarks: some thousand of the demonstration's, moved through the years."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from collections.abc import Iterator

from django.conf import settings

from huying.cases.demonstration.year import Year
from huying.cases.history import Extended, PastCase, Step

TEMPLATES = 5_000
FIRST_DAY = dt.date(2022, 1, 1)


def templates(count: int = TEMPLATES) -> list[PastCase]:
    """Whole courses of hotline cases, as the demonstration makes them."""
    year = Year(settings.PACK)
    part = {
        "name": "benchmark", "ledger": "hotline", "channel": "hotline", "from": FIRST_DAY,
        "to": FIRST_DAY + dt.timedelta(days=6), "cases": count,
    }  # fmt: skip
    return [case for case in year.past(part) if not any(isinstance(step, Extended) for step in case.steps)]


def past_cases(count: int, *, weeks: int = 200) -> Iterator[PastCase]:
    """`count` cases in the order of time, spread over `weeks` whole weeks, so that working days stay working days."""
    made = templates()
    each = max(1, -(-count // weeks))
    number = itertools.count()
    for week in range(weeks):
        shift = dt.timedelta(weeks=week)
        for case in itertools.islice(itertools.cycle(made), each):
            if next(number) >= count:
                return
            yield moved(case, shift)


def moved(case: PastCase, shift: dt.timedelta) -> PastCase:
    steps: list[Step] = [dataclasses.replace(step, at=step.at + shift) for step in case.steps]
    return dataclasses.replace(case, reported_at=case.reported_at + shift, steps=steps)
