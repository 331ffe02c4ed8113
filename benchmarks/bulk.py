"""Bulk history, and the ladder over what it left open."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import time
from collections.abc import Iterator

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from benchmarks.past import moved, past_cases, templates
from benchmarks.table import Result
from huying.cases.history import Dispatched, Filed, PastCase, Step, TakenUp, load_history
from huying.cases.ladder import climb_due_rungs
from huying.cases.models import Case

DUE = 10_000


def prepare() -> None:
    """Tables and the district, once."""
    from huying.packs.loader import load_pack

    call_command("migrate", interactive=False, verbosity=0, skip_checks=True)
    load_pack(settings.PACK, report=lambda line: None)


def history(count: int) -> Iterator[Result]:
    """`count` closed cases, made while they are written; what is there already is passed over."""
    loaded = load_history(past_cases(count), key="benchmark")
    if loaded.cases:
        yield Result("bulk history with journal", loaded.per_second, "cases/s", None, "≥ 20,000/s")
        yield Result("… journal entries", loaded.entries / loaded.seconds, "/s")
    load_history(open_cases(), key="benchmark-open")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def open_cases() -> Iterator[PastCase]:
    """Cases of the last days that are being handled, some thousand waiting at the desks."""
    made = templates()
    now = timezone.now()
    for number in range(DUE + 5_000):
        case = made[number % len(made)]
        weeks = (now - case.reported_at) // dt.timedelta(weeks=1)
        case = moved(case, dt.timedelta(weeks=weeks))
        kinds = (Filed, Dispatched, TakenUp) if number < DUE else (Filed,) if number % 2 else ()
        yield dataclasses.replace(case, steps=_first_steps(case, kinds))


def _first_steps(case: PastCase, kinds: tuple[type, ...]) -> list[Step]:
    return list(itertools.takewhile(lambda step: isinstance(step, kinds), case.steps))


def ladder() -> Result:
    """The job with 10,000 rungs due at once: reminders, with their journal entries and notices."""
    due = Case.objects.open().exclude(due_at=None).order_by("pk").values_list("pk", flat=True)[:DUE]
    Case.objects.filter(pk__in=list(due)).update(
        next_rung=0, next_rung_at=timezone.now(), due_at=timezone.now() + dt.timedelta(days=3)
    )
    started = time.perf_counter()
    climbed = climb_due_rungs()
    seconds = time.perf_counter() - started
    return Result(
        f"ladder, {climbed:,} due of {Case.objects.count():,}", climbed / seconds, "rungs/s", None, ""
    )
