"""A seeded mess of cases and answers, for tests that compare counts."""

from __future__ import annotations

import datetime as dt
import random

from django.utils import timezone

from huying.cases.models import Callback, Case, Report, Status
from huying.cases.tests.conftest import Loop, make_ledger


def random_history(loop: Loop, count: int = 240, seed: int = 7) -> list[Case]:
    """Cases of every kind over the last 70 days, some with answers; a seeded mess."""
    dice, now = random.Random(seed), timezone.now()
    district = loop.district
    other = make_ledger(
        "ledger: orders\ntitle: {zh: 工单, en: Orders}\nstages: [file, dispatch, handle, close]", loop.topics
    )
    topics = [*loop.topics.values(), None]
    departments = [district.urban, district.water, *district.streets.values(), None]
    streets = {area.pk: area for area in (district.east, district.middle, district.west)}
    grids = [*district.grids.values(), None]
    cases = []
    for number in range(count):
        ledger = dice.choice([loop.ledger, loop.ledger, other])
        reported = now - dt.timedelta(
            days=dice.choice([0, 0, 1, 3, dice.uniform(0, 70)]), minutes=dice.uniform(1, 900)
        )
        status = dice.choice([*Status, Status.CLOSED, Status.CLOSED, Status.CLOSED, Status.HANDLING])
        grid = dice.choice(grids)
        street = next((area for area in streets.values() if grid and grid.path.startswith(area.path)), None)
        past = status in (Status.HANDLED, Status.CHECKED, Status.CLOSED)
        cases.append(
            Case(
                number=f"C{number:05d}", ledger=ledger, category=ledger.categories.first(), topic=dice.choice(topics),
                title="路灯不亮", channel="portal", status=status, reported_at=reported,
                area=grid, area_path=grid.path if grid else "", subdistrict=street, department=dice.choice(departments),
                dispatched_at=reported if status != Status.REPORTED else None,
                due_at=now + dt.timedelta(hours=dice.uniform(-60, 60)) if status != Status.REPORTED else None,
                handled_at=reported if past else None,
                closed_at=now - dt.timedelta(days=dice.uniform(0, 20)) if past else None,
                parked_at=now if dice.random() < 0.05 else None,
                overdue=dice.random() < 0.2, exempt=dice.random() < 0.05, excluded=dice.random() < 0.05,
                returns=dice.choice([0, 0, 0, 1]), reopenings=dice.choice([0, 0, 0, 0, 1]),
            )
        )  # fmt: skip
    made = Case.objects.bulk_create(cases)
    answers = []
    for place, case in enumerate(made):
        report = Report.objects.create(
            number=f"R{place:05d}",
            case=case,
            channel="portal",
            words="路灯不亮",
            reported_at=case.reported_at,
        )
        for _again in range(dice.choice([0, 1, 1, 2])):
            answers.append(
                Callback(
                    case=case, report=report, answered=dice.random() < 0.9, recorded_at=now,
                    solved=dice.choice([True, False, None]), grade=dice.choice([None, 1, 2, 3, 4, 5]),
                )
            )  # fmt: skip
    Callback.objects.bulk_create(answers)
    return made
