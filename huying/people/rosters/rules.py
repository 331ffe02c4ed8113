"""What a pack declares of a roster: on which days, which shifts by the clock, how many people, who may stand there."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from huying.core.language import is_english
from huying.people.models import Roster
from huying.places.clock import BEIJING
from huying.places.work_calendar import current_calendar

DAYS = ("all", "workdays", "rest days")
SEASON = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])\.\.(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
# Where the pack says nothing: one may take over half an hour before, and is late after a quarter of an hour.
EARLY_MINUTES = 30
LATE_MINUTES = 15


@dataclass(frozen=True)
class ShiftRule:
    """One shift of the day by the clock; `until` not after `since`: it ends on the next day."""

    code: str
    title: str
    title_en: str
    since: dt.time
    until: dt.time
    people: int = 1

    def __str__(self) -> str:
        return (self.title_en if is_english() else "") or self.title

    def times(self, day: dt.date) -> tuple[dt.datetime, dt.datetime]:
        """When the shift of this day begins and ends."""
        last = day if self.until > self.since else day + dt.timedelta(days=1)
        return dt.datetime.combine(day, self.since, BEIJING), dt.datetime.combine(last, self.until, BEIJING)

    @property
    def hours(self) -> str:
        """08:00–20:00, as a table shows it."""
        return f"{self.since:%H:%M}–{self.until:%H:%M}"


@dataclass(frozen=True)
class RosterRules:
    """The declaration, read."""

    shifts: tuple[ShiftRule, ...] = ()
    days: str = "all"
    season: str = ""  # MM-DD..MM-DD, may run over New Year; empty: all year
    posts: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    rest_hours: float | None = None  # between two shifts of one person; None: nobody asks
    early: dt.timedelta = dt.timedelta(minutes=EARLY_MINUTES)
    late: dt.timedelta = dt.timedelta(minutes=LATE_MINUTES)
    handover: bool = True

    def in_season(self, day: dt.date) -> bool:
        """Whether the post is manned at this time of the year."""
        if not self.season:
            return True
        first, last = self.season.split("..")
        today = f"{day:%m-%d}"
        return first <= today <= last if first <= last else today >= first or today <= last

    def runs_on(self, day: dt.date) -> bool:
        """Whether its shifts begin on this day, by the work calendar."""
        if not self.in_season(day):
            return False
        return self.days == "all" or current_calendar().is_workday(day) == (self.days == "workdays")

    def shift(self, code: str) -> ShiftRule | None:
        """The shift with this code, where it is declared."""
        return next((shift for shift in self.shifts if shift.code == code), None)

    def slots(self, first: dt.date, last: dt.date) -> Iterator[tuple[dt.date, ShiftRule]]:
        """Every shift that begins on these days, both included, in the order of time."""
        for number in range((last - first).days + 1):
            day = first + dt.timedelta(days=number)
            if self.runs_on(day):
                for shift in sorted(self.shifts, key=lambda one: one.since):
                    yield day, shift


def rules_of(roster: Roster) -> RosterRules:
    """The roster's declaration; what is kept has been checked."""
    return _read(json.dumps(roster.rules, sort_keys=True))


@lru_cache(maxsize=512)
def _read(text: str) -> RosterRules:
    return read_rules(json.loads(text))


def read_rules(said: Mapping[str, Any]) -> RosterRules:
    """From the kept declaration. ValueError or KeyError when it was never checked."""
    return RosterRules(
        shifts=tuple(
            ShiftRule(
                str(one["code"]), str(one["title"]), str(one.get("title_en", "")), clock(one["from"]),
                clock(one["to"]), int(one.get("people", 1)),
            )
            for one in said.get("shifts") or ()
        ),
        days=str(said.get("days", "all")),
        season=str(said.get("season") or ""),
        posts=tuple(map(str, said.get("posts") or ())),
        roles=tuple(map(str, said.get("roles") or ())),
        rest_hours=float(said["rest_hours"]) if said.get("rest_hours") is not None else None,
        early=dt.timedelta(minutes=float(said.get("early_minutes", EARLY_MINUTES))),
        late=dt.timedelta(minutes=float(said.get("late_minutes", LATE_MINUTES))),
        handover=bool(said.get("handover", True)),
    )  # fmt: skip


def clock(text: object) -> dt.time:
    """ "08:00" as a time of day. ValueError for anything else."""
    if not re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", str(text)):
        raise ValueError(str(text))
    return dt.time.fromisoformat(str(text).zfill(5))
