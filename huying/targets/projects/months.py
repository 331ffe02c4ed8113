"""Months and their deadlines: when an update is due, which projects owe one, and who is late."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils import timezone

from huying.places.clock import BEIJING
from huying.places.work_calendar import current_calendar
from huying.targets.projects.models import MonthlyUpdate, Project
from huying.targets.projects.models.project import project_rules

State = MonthlyUpdate.State
ENDED = (Project.State.FINISHED, Project.State.STOPPED)


def first_of(day: dt.date) -> dt.date:
    """The first day of the day's month."""
    return day.replace(day=1)


def plus(month: dt.date, months: int) -> dt.date:
    """The first day of the month that lies so many months later."""
    number = month.year * 12 + month.month - 1 + months
    return dt.date(number // 12, number % 12 + 1, 1)


def months_between(first: dt.date, last: dt.date) -> list[dt.date]:
    """The first days of all months from one to the other."""
    found, month = [], first_of(first)
    while month <= last:
        found.append(month)
        month = plus(month, 1)
    return found


def parse_month(text: str) -> dt.date | None:
    """`2021-11` as its first day; None for anything else."""
    try:
        return dt.date.fromisoformat(f"{text}-01") if len(text) == 7 else None
    except ValueError:
        return None


def workday_from(day: dt.date) -> dt.date:
    """The day itself, or the next working day after it."""
    calendar = current_calendar()
    for later in range(31):
        if calendar.is_workday(found := day + dt.timedelta(days=later)):
            return found
    return day


def due_day_of(month: dt.date, due_day: int | None = None) -> dt.date:
    """The day on which the update of a month is due: the declared day of the next month, moved to a working day."""
    day = due_day if due_day is not None else project_rules().due_day
    return workday_from(plus(month, 1).replace(day=day))


def due_at_of(month: dt.date, due_day: int | None = None) -> dt.datetime:
    """The end of that day."""
    return dt.datetime.combine(due_day_of(month, due_day) + dt.timedelta(days=1), dt.time(), BEIJING)


def month_in_hand(today: dt.date | None = None) -> dt.date:
    """The month whose update is asked for now: the one that has ended last."""
    return plus(first_of(today or timezone.localdate()), -1)


def owing(rows: QuerySet[Project], month: dt.date) -> QuerySet[Project]:
    """The projects among these of which an update of this month is expected."""
    last = plus(month, 1) - dt.timedelta(days=1)
    return rows.filter(Q(updates_until=None) | Q(updates_until__gte=month), updates_from__lte=last).exclude(
        Q(state__in=ENDED) & Q(updates_until=None)
    )


def accepted(month: dt.date) -> QuerySet[MonthlyUpdate]:
    """The updates of a month that hold."""
    return MonthlyUpdate.objects.filter(month=month, state=State.ACCEPTED)


def without_update(rows: QuerySet[Project], month: dt.date) -> QuerySet[Project]:
    """The projects that owe an update of this month and have sent none."""
    return owing(rows, month).exclude(pk__in=accepted(month).values("project"))


@dataclass
class StreetMonth:
    """One street's month: how many updates were expected, came in time, came late, are missing."""

    street_id: int | None
    street: str
    expected: int = 0
    in_time: int = 0
    late: int = 0

    @property
    def missing(self) -> int:
        """Not there yet."""
        return self.expected - self.in_time - self.late


def by_street(rows: QuerySet[Project], month: dt.date) -> list[StreetMonth]:
    """Every street that owes updates of this month, the ones with most missing first."""
    found: dict[int | None, StreetMonth] = {}
    late = dict(accepted(month).values_list("project", "late"))
    for project in owing(rows, month).select_related("street"):
        street = found.setdefault(
            project.street_id, StreetMonth(project.street_id, str(project.street or "—"))
        )
        street.expected += 1
        if project.pk in late:
            street.late += late[project.pk]
            street.in_time += not late[project.pk]
    return sorted(found.values(), key=lambda row: (-row.missing, -row.late, row.street))


def late_projects(
    rows: QuerySet[Project], month: dt.date, now: dt.datetime | None = None
) -> QuerySet[Project]:
    """Projects whose update of this month came late, or is missing past its deadline."""
    keys: Iterable[int] = accepted(month).filter(late=True).values_list("project", flat=True)
    wanted = Q(pk__in=list(keys))
    if (now or timezone.now()) > due_at_of(month):
        wanted |= Q(pk__in=without_update(rows, month).values("pk"))
    return rows.filter(wanted)
