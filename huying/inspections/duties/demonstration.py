"""Duties of the demonstration: how they were done in its years and in the days before now, as its pack says."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from huying.core.yaml_files import read_yaml
from huying.inspections.duties.days import expected, keep_days, rebuild
from huying.inspections.duties.owed import Owing, Span, owing, spans
from huying.inspections.duties.sums import fold_stale
from huying.inspections.models import Plan, Standard
from huying.inspections.occurrences import Slot, slots, slots_now
from huying.inspections.places import places_of
from huying.inspections.plans import PlanRules
from huying.inspections.rounds.history import PastRound, write_rounds
from huying.inspections.rounds.models import Round
from huying.people.models import User
from huying.registry.models import Item

_DAY = dt.timedelta(days=1)
# Somebody goes to one place in some minutes; the same person is not everywhere at once.
_WALK = dt.timedelta(minutes=4)


def make_duties(pack: Path | None = None, now: dt.datetime | None = None) -> int:
    """The rounds of `demonstration/duties.yaml`; how many. Twice makes none."""
    file = (pack or settings.PACK) / "demonstration" / "duties.yaml"
    now = now or timezone.now()
    if not file.exists():
        return 0
    declared = read_yaml(file)
    begun = Round.objects.filter(plan__isnull=False).order_by().values_list("plan", flat=True).distinct()
    made, known = (
        0,
        {plan.code: plan for plan in Plan.objects.filter(active=True).exclude(pk__in=list(begun))},
    )
    for number, row in enumerate(declared["duties"]):
        if plan := known.get(row["plan"]):
            made += _make(plan, row, random.Random(f"{declared['seed']}/{number}"), now)
    keep_days(now)
    fold_stale(now)
    return made


def _make(plan: Plan, row: Mapping[str, Any], dice: random.Random, now: dt.datetime) -> int:
    today = timezone.localdate(now)
    first = row.get("from") or today - dt.timedelta(days=row["days"])
    last = row.get("to") or today
    standard = Standard.objects.filter(code=plan.rules.standard).first()
    version = standard.version_on() if standard is not None else None
    owed = {*slots(plan.rules, first, last)}
    if last == today:
        owed |= {*slots_now(plan.rules, today)}
    found = [span for span in spans(owed) if span.opens <= now]
    people = _people(plan)
    if version is None or not people or not found:
        return 0
    made = write_rounds(plan, version, _rounds(plan, row, found, people, dice, now))
    rebuild(plan, found[0].day, found[-1].day, now)
    return made


def _people(plan: Plan) -> list[User]:
    """Who goes out for the plan: the people of its departments, who do not only look."""
    rows = User.objects.filter(is_active=True, department__code__in=plan.rules.by_departments)
    return list(rows.filter(grants__role__in=("clerk", "caretaker")).distinct().order_by("username"))


def _rounds(
    plan: Plan, row: Mapping[str, Any], found: Sequence[Span], people: Sequence[User], dice: random.Random,
    now: dt.datetime,
) -> Iterator[PastRound]:  # fmt: skip
    rules = plan.rules
    titles = {place.pk: place.title for place in places_of(rules)}
    # A place without a point is proved by its label only.
    placed = Item.objects.filter(pk__in=titles).values_list("pk", "lng", "lat")
    points = {pk: (lng, lat) for pk, lng, lat in placed if lng is not None and lat is not None}
    done, late = float(row["done"]), float(row.get("late", 0))
    counted = expected(plan, found)
    for place in owing(plan, found[-1].day):
        point = points.get(place.pk)
        person = people[place.pk % len(people)]
        made = [
            _round(rules, place, titles[place.pk], at, person, point, dice)
            for span in found
            for at in _moments(rules, span, done, late, dice)
            if at < now - _WALK
        ]
        for one, outcome in zip(made, counted([one.at for one in made]), strict=True):
            yield replace(one, counted=outcome)


def _moments(
    rules: PlanRules, span: Span, done: float, late: float, dice: random.Random
) -> Iterator[dt.datetime]:
    """When somebody came: before each slot, or after it, or not at all; never sooner than the plan's distance."""
    before: dt.datetime | None = None
    apart = max(rules.every.apart, dt.timedelta(minutes=20))
    opens = span.opens
    for number, slot in enumerate(span.slots):
        fate = dice.random()
        if fate >= done + late:
            opens = slot.due
            continue
        at = _in_time(rules, span, number, opens, slot, dice) if fate < done else slot.due + _later(dice)
        if before is not None:
            at = max(at, before + apart)
        if at >= span.until:
            return
        before, opens = at, max(opens, slot.due if rules.hours else at)
        yield at


def _in_time(
    rules: PlanRules, span: Span, number: int, opens: dt.datetime, slot: Slot, dice: random.Random
) -> dt.datetime:
    if rules.every.same_day and rules.hours:
        return slot.due - (slot.due - opens) * dice.uniform(0.05, 0.6)
    # A week, or a day without hours: spread over it, by daylight.
    days = max((span.until - span.opens).days, 1)
    times = len(span.slots)
    if days == 1:
        share = (number + dice.uniform(0.1, 0.9)) / times
        return span.opens + dt.timedelta(hours=6) + dt.timedelta(hours=15) * share
    day = min(int((number + dice.random()) * days / times), days - 1)
    return span.opens + day * _DAY + dt.timedelta(hours=7, minutes=dice.randint(0, 600))


def _later(dice: random.Random) -> dt.timedelta:
    return dt.timedelta(minutes=dice.randint(5, 50))


def _round(
    rules: PlanRules, place: Owing, title: str, at: dt.datetime, person: User, point: tuple[float, float] | None,
    dice: random.Random,
) -> PastRound:  # fmt: skip
    scans = "scan" in rules.proof
    away = dice.randint(2, 60) if point is not None else None
    return PastRound(place, title, at, person, point, away, scanned=scans)
