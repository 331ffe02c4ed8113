"""Compliance: how much of what was owed was done in time, by plan, area, department, person and day.

Days that are added up are read from their sums, a year of a hundred districts from some ten thousand rows; days that
are not, and readers to whom only some rows belong, are counted from the places themselves. Both give the same.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any, Literal

from django.db.models import Count, Q, QuerySet, Sum

from huying.inspections.duties.models import AgentDay, DaySum, MonthSum, PlaceDay
from huying.inspections.duties.rights import Reach
from huying.inspections.duties.sums import folded_until
from huying.inspections.models import Plan
from huying.inspections.rounds.models import RoundMember
from huying.people.models import Department
from huying.places.models import ADMINISTRATIVE, Area

By = Literal["day", "plan", "area", "doer"]
_SUMMED = (Area.Level.DISTRICT, Area.Level.SUBDISTRICT, Area.Level.COMMUNITY, Area.Level.VILLAGE)
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Tally:
    """What was owed and what became of it. `waiting` may still be done."""

    due: int = 0
    done: int = 0
    late: int = 0
    missed: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.due + other.due, self.done + other.done, self.late + other.late, self.missed + other.missed
        )

    @property
    def decided(self) -> int:
        """What can't change any more, but by rounds that arrive late."""
        return self.done + self.late + self.missed

    @property
    def waiting(self) -> int:
        """What may still be done."""
        return self.due - self.decided

    @property
    def rate(self) -> float | None:
        """Done in time, of what is decided; None while nothing is."""
        return self.done / self.decided if self.decided else None


@dataclass(frozen=True)
class Asked:
    """What a page asks for: from `first` to `last`, both included; of one plan, area or department, or of all."""

    first: dt.date
    last: dt.date
    plan: Plan | None = None
    area: Area | None = None
    doer: Department | None = None


def rows_of(asked: Asked, reach: Reach) -> QuerySet[PlaceDay]:
    """The places and days that a number counts: what it opens."""
    rows = reach.days().filter(day__range=(asked.first, asked.last))
    if asked.plan is not None:
        rows = rows.filter(plan=asked.plan)
    if asked.area is not None:
        rows = rows.filter(area_path__startswith=asked.area.path)
    if asked.doer is not None:
        rows = rows.filter(doer=asked.doer)
    return rows


def total(asked: Asked, reach: Reach) -> Tally:
    """Everything that is asked for, in one number of each kind."""
    return sum(tallies("plan" if asked.plan else "day", asked, reach).values(), Tally())


def tallies(by: By, asked: Asked, reach: Reach) -> dict[Any, Tally]:
    """The tallies by day, or by the key of a plan, of an area below the one asked for, or of a department."""
    sums = _sums(by, asked, reach)
    if sums is None:
        return _group(rows_of(asked, reach), _column(by, asked))
    narrowed, column, until = sums
    last = min(asked.last, until)
    days, months = Q(day__range=(asked.first, last)), _whole_months(asked.first, last)
    parts = []
    if months and by != "day":
        days &= ~Q(day__gte=months[0], day__lt=_next_month(months[-1]))
        parts.append(_group(MonthSum.objects.filter(narrowed, day__in=months), column))
    parts.append(_group(DaySum.objects.filter(narrowed & days), column))
    if asked.last > until:
        since = replace(asked, first=max(asked.first, until + _DAY))
        parts.append(_group(rows_of(since, reach), _column(by, asked)))
    found: dict[Any, Tally] = {}
    for part in parts:
        for key, tally in part.items():
            found[key] = found.get(key, Tally()) + tally
    return found


def _next_month(first: dt.date) -> dt.date:
    return (first + 31 * _DAY).replace(day=1)


def _whole_months(first: dt.date, last: dt.date) -> list[dt.date]:
    """The months that lie in these days as a whole, by their first days."""
    found = []
    month = first if first.day == 1 else _next_month(first.replace(day=1))
    while _next_month(month) <= last + _DAY:
        found.append(month)
        month = _next_month(month)
    return found


def _group(rows: QuerySet[Any], column: str) -> dict[Any, Tally]:
    found = rows.order_by().values_list(column).annotate(Sum("due"), Sum("done"), Sum("late"), Sum("missed"))
    return {key: Tally(*numbers) for key, *numbers in found if key is not None}


def _column(by: By, asked: Asked) -> str:
    if by != "area":
        return by
    if asked.area is None and _many_districts():
        return "subdistrict__parent"
    return "subdistrict" if asked.area is None or asked.area.level == Area.Level.DISTRICT else "community"


def _sums(by: By, asked: Asked, reach: Reach) -> tuple[Q, str, dt.date] | None:
    """Which sums answer this, the column they are grouped by, and until when they hold; None where none do."""
    until = folded_until()
    if reach.path is None or until is None or until < asked.first:
        return None
    area = asked.area
    if area is not None and (area.level not in _SUMMED or not area.path.startswith(reach.path)):
        return None
    if area is None and reach.path:
        area = Area.objects.filter(path=reach.path, level__in=_SUMMED).first()
        if area is None:
            return None
    rows = Q(plan__isnull=False) if by == "plan" and asked.plan is None else Q(plan=asked.plan)
    if by == "doer" or asked.doer is not None:
        if area is not None or by == "area":
            return None
        whose = Q(doer=asked.doer) if asked.doer is not None else Q(doer__isnull=False)
        return rows & whose & Q(area=None), by, until
    if by != "area":
        return rows & Q(area=area, doer=None), by, until
    below = _below(area)
    return (rows & Q(area__in=below), "area", until) if below is not None else None


def _below(area: Area | None) -> list[int] | None:
    """The areas that a table lists below this one."""
    if area is not None and area.level in (Area.Level.COMMUNITY, Area.Level.VILLAGE):
        return None
    levels: tuple[Area.Level, ...]
    if area is not None and area.level == Area.Level.SUBDISTRICT:
        levels = _SUMMED[2:]
    else:
        levels = _SUMMED[:1] if area is None and _many_districts() else _SUMMED[1:2]
    rows = Area.objects.filter(level__in=levels, layer=ADMINISTRATIVE)
    return list((rows.filter(path__startswith=area.path) if area else rows).values_list("pk", flat=True))


def is_vast(asked: Asked, reach: Reach) -> bool:
    """Whether this asks for several districts together: single people and places are not looked for then."""
    return asked.area is None and asked.doer is None and reach.path == "" and _many_districts()


def _many_districts() -> bool:
    """Whether one installation serves several districts: then they are what the whole consists of."""
    return Area.objects.filter(level=Area.Level.DISTRICT, valid_to__isnull=True).count() > 1


def places(asked: Asked, reach: Reach, most: int = 10) -> list[dict[str, Any]]:
    """The places with the most missed duties, the worst first: whose keys, how many `times`, on how many `days`."""
    if is_vast(asked, reach):
        return []
    rows = rows_of(asked, reach).filter(missed__gt=0).order_by()
    found = rows.values("plan", "item", "area", "department").annotate(times=Sum("missed"), days=Count("pk"))
    return [dict(row) for row in found.order_by("-times", "item", "area", "department")[:most]]


# -- people ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Work:
    """What one person did: counted in time, counted late, and kept on record without counting."""

    done: int = 0
    late: int = 0
    other: int = 0

    def __add__(self, more: Work) -> Work:
        return Work(self.done + more.done, self.late + more.late, self.other + more.other)

    @property
    def made(self) -> int:
        """All rounds of theirs."""
        return self.done + self.late + self.other


def people(asked: Asked, reach: Reach) -> dict[int, Work] | None:
    """What each person did, by the key of the account. None below a subdistrict: people are not counted so finely;
    and of several districts at once, where nobody looks for one person.
    """
    if asked.area is not None and asked.area.level not in _SUMMED[:2]:
        return None
    if is_vast(asked, reach):
        return None
    until = folded_until()
    found: dict[int, Work] = {}
    if until is not None and asked.first <= until:
        rows = _narrow(
            AgentDay.objects.filter(day__range=(asked.first, min(asked.last, until))), asked, reach, ""
        )
        numbers = rows.values_list("user").annotate(Sum("done"), Sum("late"), Sum("other"))
        found = {user: Work(*counts) for user, *counts in numbers}
    if until is None or asked.last > until:
        first = asked.first if until is None else max(asked.first, until + _DAY)
        live = RoundMember.objects.filter(round__day__range=(first, asked.last), round__plan__isnull=False)
        counted = {
            "in_time": Q(round__counted="done"), "too_late": Q(round__counted="late"),
            "on_record": ~Q(round__counted__in=("done", "late")),
        }  # fmt: skip
        counts = _narrow(live, asked, reach, "round__").values_list("user")
        counts_ = counts.annotate(**{name: Count("pk", filter=which) for name, which in counted.items()})
        for user, *numbers_ in counts_:
            found[user] = found.get(user, Work()) + Work(*numbers_)
    return found


def _narrow(rows: QuerySet[Any], asked: Asked, reach: Reach, prefix: str) -> QuerySet[Any]:
    if asked.plan is not None:
        rows = rows.filter(**{f"{prefix}plan": asked.plan})
    if asked.doer is not None:
        rows = rows.filter(department=asked.doer)
    if reach.departments is not None:
        rows = rows.filter(department__in=reach.departments)
    path = asked.area.path if asked.area is not None else reach.path or ""
    if path:
        streets = Area.objects.filter(level=Area.Level.SUBDISTRICT, path__startswith=path)
        rows = rows.filter(**{f"{prefix}subdistrict__in": list(streets.values_list("pk", flat=True))})
    return rows.order_by()
