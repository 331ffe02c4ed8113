"""Briefs on a schedule: a draft at its time, once; what was missed is caught up; a holiday is waited out."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator

from django.utils import timezone

from huying.core.errors import Conflict, Refusal
from huying.figures.briefs.actions import WRITE, start_brief
from huying.figures.briefs.models import Brief, BriefRun
from huying.figures.briefs.rules import Every
from huying.inspections.occurrences import period_of
from huying.papers.telling import tell_holders
from huying.people.roles import ROLES
from huying.places.clock import WorkCalendar
from huying.places.sentences import gettext_noop
from huying.places.work_calendar import current_calendar

log = logging.getLogger(__name__)
MOST_CAUGHT_UP = 10
_DAY = dt.timedelta(days=1)


def due_at(every: Every, period_first: dt.date, calendar: WorkCalendar) -> dt.datetime:
    """When the draft of the period before the one that begins on this day is due."""
    day = period_first if every.unit == "day" else period_first + (every.day - 1) * _DAY
    if every.work:
        day, left = period_first - _DAY, every.day
        while left:
            day += _DAY
            left -= calendar.is_workday(day)
    while not calendar.is_workday(day):
        day += _DAY
    return timezone.make_aware(dt.datetime.combine(day, every.at))


def due_days(brief: Brief, now: dt.datetime, calendar: WorkCalendar) -> Iterator[dt.date]:
    """First days of the periods whose draft is due and not made, the oldest first; of a new brief only the newest."""
    every = brief.rules.every
    if every is None:
        return
    made = set(BriefRun.objects.filter(brief=brief, scheduled=True).values_list("period", flat=True))
    found: list[dt.date] = []
    first = period_of(every.unit, timezone.localdate(now)).first
    for _each in range(MOST_CAUGHT_UP):
        if due_at(every, first, calendar) <= now:
            span = brief.rules.span(first)
            if f"{span.first or ''}..{span.last}" in made:
                break
            found.append(first)
            if not made:
                break
        first = period_of(every.unit, first - _DAY).first
    yield from reversed(found)


def make_due(now: dt.datetime | None = None) -> list[BriefRun]:
    """Make every draft that is due and tell those who write. Runs as often as one likes."""
    now, calendar = now or timezone.now(), current_calendar()
    made: list[BriefRun] = []
    for brief in Brief.objects.filter(active=True):
        for day in list(due_days(brief, now, calendar)):
            try:
                run = start_brief(brief, actor=None, span=brief.rules.span(day), scheduled=True, at=now)
            except Conflict:
                continue  # another worker was quicker
            except Refusal as refusal:
                log.warning("brief not drafted: %s", refusal, extra={"brief": brief.code})
                continue
            made.append(run)
            if run.draft is not None:
                roles = [code for code, role in ROLES.items() if WRITE in role.verbs]
                tell_holders(
                    run.draft, "brief.drafted", gettext_noop("「%(title)s」已按时起草，请核对后送审。"), roles
                )
    return made
