"""When the visits of a plan are due, and which visits answered which of them. Computed, never stored.

A **slot** is one visit that is owed. The slots of a plan are the same for all its places, so they are worked
out once. Each belongs to a period: a day, a night, a week from Monday, a month, a quarter, a year.

- *Days* with hours spread their visits: of six between 06:00 and 22:00 the first is due by 08:40, the second
  by 11:20 ... the sixth by 22:00. Whoever is ahead of that is in time. Without hours all are due at midnight.
- A *night* belongs to the date of its evening, and ends for good at noon.
- *Weeks and longer* may be worked on any day: all their slots are due at the end of the last day that counts.
- With `days: work days` only working days of the calendar count, adjusted ones included. A week of which a
  holiday leaves two days owes two fifths of its visits, rounded half up, but at least one.
- A period that is cut by the season or by the plan's first or last day owes its share, rounded half up. A year
  is not cut by the season: `2 per year` in a winter season are two in the winter days of the calendar year.

The n-th visit that counts in a period answers its n-th slot. A visit sooner than the plan's distance after the
one before it counts for nothing. All in Beijing time; no database, except for the calendar that is not given.
"""

from __future__ import annotations

import calendar as months
import datetime as dt
from bisect import bisect_right
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from huying.inspections.plans import NIGHT, PlanRules
from huying.places.clock import BEIJING, WorkCalendar
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _
from huying.places.work_calendar import current_calendar

# A phone's clock may be a little ahead; more than this is a wrong clock.
CLOCK_TOLERANCE = dt.timedelta(minutes=5)
_DAY = dt.timedelta(days=1)
_NOON = dt.time(12)

Place = TypeVar("Place", bound=Hashable)


@dataclass(frozen=True)
class Period:
    """A day, night, week, month, quarter or year: its name (2026-W47) and its days, both included."""

    name: str
    first: dt.date
    last: dt.date

    @property
    def days(self) -> list[dt.date]:
        """Every day of it."""
        return [self.first + number * _DAY for number in range((self.last - self.first).days + 1)]


@dataclass(frozen=True)
class Slot:
    """One visit that is owed: from when it counts, until when it is in time, until when it is late."""

    period: str
    number: int  # 1 is the first of its period
    opens: dt.datetime
    due: dt.datetime
    until: dt.datetime
    day: dt.date  # the day on which it is counted


@dataclass(frozen=True)
class Occurrence(Generic[Place]):
    """One slot at one place."""

    place: Place
    slot: Slot


def period_of(unit: str, day: dt.date) -> Period:
    """The period of this unit that the day lies in."""
    if unit in ("day", "night"):
        return Period(day.isoformat(), day, day)
    if unit == "week":
        year, week, weekday = day.isocalendar()
        monday = day - (weekday - 1) * _DAY
        return Period(f"{year}-W{week:02}", monday, monday + 6 * _DAY)
    length = {"month": 1, "quarter": 3, "year": 12}[unit]
    start = (day.month - 1) // length * length + 1
    end = start + length - 1
    name = {
        "month": f"{day:%Y-%m}", "quarter": f"{day.year}-Q{(start + 2) // 3}", "year": str(day.year),
    }[unit]  # fmt: skip
    last = dt.date(day.year, end, months.monthrange(day.year, end)[1])
    return Period(name, dt.date(day.year, start, 1), last)


def period_named(unit: str, name: str) -> Period:
    """The period with this name, such as 2026-W47. ValueError with a sentence where there is none."""
    try:
        if unit == "week":
            day = dt.date.fromisocalendar(int(name[:4]), int(name[6:]), 1)
        elif unit == "quarter":
            day = dt.date(int(name[:4]), int(name[6:]) * 3, 1)
        else:
            day = dt.date.fromisoformat(f"{name}-01-01"[:10])
        if (found := period_of(unit, day)).name == name:
            return found
    except ValueError:
        pass
    example = period_of(unit, dt.date(2026, 11, 20)).name
    said = _("没有“%(found)s”这个时段，写成 %(example)s 这样。")
    raise ValueError(Sentence(said, {"found": name, "example": example}))


def slots(
    rules: PlanRules, first: dt.date, last: dt.date, calendar: WorkCalendar | None = None
) -> list[Slot]:
    """The slots that are counted on the days from `first` to `last`, in the order in which they are due.

    A week, month ... is counted on its last day, so that consecutive spans count every slot once.
    """
    if last < first:
        return []
    calendar = calendar or current_calendar()
    found: list[Slot] = []
    day = first
    while day <= last:
        period = period_of(rules.every.unit, day)
        found += _slots_of(rules, period, calendar)
        day = period.last + _DAY
    return [slot for slot in found if first <= slot.day <= last]


def slots_now(rules: PlanRules, day: dt.date, calendar: WorkCalendar | None = None) -> list[Slot]:
    """The slots of the period that this day lies in: what may be done today."""
    return _slots_of(rules, period_of(rules.every.unit, day), calendar or current_calendar())


def occurrences(
    rules: PlanRules,
    places: Iterable[Place],
    first: dt.date,
    last: dt.date,
    calendar: WorkCalendar | None = None,
) -> Iterator[Occurrence[Place]]:
    """Every slot at every place, place by place; made one by one, so a million of them take no memory."""
    shared = slots(rules, first, last, calendar)
    return (Occurrence(place, slot) for place in places for slot in shared)


def _slots_of(rules: PlanRules, period: Period, calendar: WorkCalendar) -> list[Slot]:
    running = [day for day in period.days if rules.in_force(day) and rules.in_season(day)]
    counting = [day for day in running if calendar.is_workday(day)] if rules.work_days else running
    if not counting:
        return []
    if rules.every.same_day:
        return _slots_of_day(rules, period)
    opens, due, until = _midnight(running[0]), _midnight(counting[-1] + _DAY), _midnight(running[-1] + _DAY)
    owed = _owed(rules, period, running, counting)
    return [Slot(period.name, number, opens, due, until, counting[-1]) for number in range(1, owed + 1)]


def _owed(rules: PlanRules, period: Period, running: Sequence[dt.date], counting: Sequence[dt.date]) -> int:
    """How many visits are owed on the days that count."""
    whole = period.days
    if rules.every.unit == "year":
        whole = [day for day in whole if rules.in_season(day)]
    usual = sum(not rules.work_days or day.weekday() < 5 for day in whole) or 1
    owed = (2 * rules.every.times * len(counting) + usual) // (2 * usual)
    is_cut = len(running) < len(whole)
    return min(owed if is_cut else max(owed, 1), rules.every.times)


def _slots_of_day(rules: PlanRules, period: Period) -> list[Slot]:
    day = period.first
    night = rules.every.unit == "night"
    first, last = rules.hours or (NIGHT if night else (0, 24 * 60))
    opens = _midnight(day) + dt.timedelta(minutes=first)
    closes = _midnight(day if last > first else day + _DAY) + dt.timedelta(minutes=last)
    until = dt.datetime.combine(day + _DAY, _NOON, BEIJING) if night else _midnight(day + _DAY)
    times = rules.every.times
    spread = (closes - opens) / times if rules.hours or night else dt.timedelta(0)
    return [
        Slot(period.name, number, opens, closes - (times - number) * spread, until, day)
        for number in range(1, times + 1)
    ]


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), BEIJING)


# -- which visit answered which slot ---------------------------------------------------------------------------


class Outcome(StrEnum):
    """What became of a slot, or what a visit counted for."""

    DONE = "done"
    LATE = "late"
    MISSED = "missed"  # slots only
    OPEN = "open"  # slots only: not due yet
    OVERDUE = "overdue"  # slots only: due, and may still be done late
    EXTRA = "extra"  # visits only: nothing was owed then
    TOO_SOON = "too soon"  # visits only
    REFUSED = "refused"  # visits only: the clock was wrong


@dataclass(frozen=True)
class Visited(Generic[Place]):
    """Somebody was there at this moment (aware). `key` tells visits apart: the number of a round."""

    at: dt.datetime
    key: Place


@dataclass(frozen=True)
class Answered(Generic[Place]):
    """A slot and the visit that answered it, if one did."""

    slot: Slot
    outcome: Outcome
    visit: Visited[Place] | None = None


@dataclass(frozen=True)
class Counted(Generic[Place]):
    """A visit and what it counted for; `why` says it where it counted for nothing."""

    visit: Visited[Place]
    outcome: Outcome
    slot: Slot | None = None
    why: Sentence | None = None


@dataclass(frozen=True)
class DayCount:
    """One place and day: `due` are all slots of the day; done and late were visited, missed can't be any more."""

    due: int = 0
    done: int = 0
    late: int = 0
    missed: int = 0

    def plus(self, outcome: Outcome) -> DayCount:
        """The count with one more slot of this outcome."""
        return DayCount(
            self.due + 1,
            self.done + (outcome is Outcome.DONE),
            self.late + (outcome is Outcome.LATE),
            self.missed + (outcome is Outcome.MISSED),
        )


@dataclass(frozen=True)
class Assignment(Generic[Place]):
    """What became of one place: every slot, and every visit."""

    slots: tuple[Answered[Place], ...]
    visits: tuple[Counted[Place], ...]
    not_before: dt.datetime | None = None  # a visit earlier than this would be too soon

    @property
    def next(self) -> Slot | None:
        """The first slot that may still be answered."""
        waiting = (Outcome.OPEN, Outcome.OVERDUE)
        return next((each.slot for each in self.slots if each.outcome in waiting), None)

    def by_day(self) -> dict[dt.date, DayCount]:
        """The counts of every day that has a slot."""
        found: dict[dt.date, DayCount] = {}
        for each in self.slots:
            found[each.slot.day] = found.get(each.slot.day, DayCount()).plus(each.outcome)
        return found

    def missed_in_a_row(self) -> int:
        """How many of the latest slots that are over were missed one after the other."""
        count = 0
        for each in reversed(self.slots):
            if each.outcome is Outcome.MISSED:
                count += 1
            elif each.outcome not in (Outcome.OPEN, Outcome.OVERDUE):
                break
        return count


def wrong_clock(rules: PlanRules, at: dt.datetime, now: dt.datetime) -> Sentence | None:
    """Why a visit at this time can't be believed; None where it can."""
    if at > now + CLOCK_TOLERANCE:
        said = _("这次的时间（%(at)s）比现在还晚：请打开手机的自动对时，再记一次。")
        return Sentence(said, {"at": _shown(at)})
    if rules.since is not None and at < _midnight(rules.since):
        said = _("这次的时间（%(at)s）在计划开始（%(since)s）以前：请打开手机的自动对时，再记一次。")
        return Sentence(said, {"at": _shown(at), "since": rules.since})
    return None


def assign(
    rules: PlanRules, owed: Sequence[Slot], visits: Iterable[Visited[Place]], now: dt.datetime
) -> Assignment[Place]:
    """Match the visits of one place, in whatever order they come, to the slots of its plan.

    `owed` is what `slots` gave; visits of the day before belong to `visits` as well where the plan keeps a
    distance, because it holds over midnight too.
    """
    by_period: dict[str, list[Slot]] = {}
    for slot in owed:
        by_period.setdefault(slot.period, []).append(slot)
    periods = sorted(by_period.values(), key=lambda group: group[0].opens)
    opens = [group[0].opens for group in periods]
    answered: dict[Slot, Counted[Place]] = {}
    counted: list[Counted[Place]] = []
    taken: dict[str, int] = {}
    before: dt.datetime | None = None
    for visit in sorted(visits, key=lambda each: (each.at, str(each.key))):
        if why := wrong_clock(rules, visit.at, now):
            counted.append(Counted(visit, Outcome.REFUSED, why=why))
            continue
        if before is not None and visit.at - before < rules.every.apart:
            counted.append(Counted(visit, Outcome.TOO_SOON, why=_too_soon(before, rules.every.apart)))
            continue
        before = visit.at
        index = bisect_right(opens, visit.at) - 1
        group = periods[index] if index >= 0 and visit.at < periods[index][0].until else []
        number = taken.get(group[0].period, 0) if group else 0
        if number >= len(group):
            said = _("这个时段该做的都做完了：这次留作记录，不另计次。") if group else _NOTHING_OWED
            counted.append(Counted(visit, Outcome.EXTRA, why=Sentence(said)))
            continue
        slot = group[number]
        taken[slot.period] = number + 1
        outcome = Outcome.DONE if visit.at <= slot.due else Outcome.LATE
        answered[slot] = Counted(visit, outcome, slot)
        counted.append(answered[slot])
    states = []
    for slot in owed:
        if hit := answered.get(slot):
            states.append(Answered(slot, hit.outcome, hit.visit))
        else:
            states.append(Answered(slot, _unanswered(slot, now)))
    apart = rules.every.apart
    return Assignment(tuple(states), tuple(counted), before + apart if before and apart else None)


_NOTHING_OWED = _("这个时间没有安排：这次留作记录，不计次。")


def _unanswered(slot: Slot, now: dt.datetime) -> Outcome:
    if now >= slot.until:
        return Outcome.MISSED
    return Outcome.OVERDUE if now > slot.due else Outcome.OPEN


def _too_soon(before: dt.datetime, apart: dt.timedelta) -> Sentence:
    said = _("离上一次（%(before)s）不到 %(minutes)d 分钟，不计次：%(next)s 以后再来。")
    minutes = int(apart.total_seconds() // 60)
    return Sentence(said, {"before": _shown(before), "minutes": minutes, "next": _shown(before + apart)})


def _shown(moment: dt.datetime) -> str:
    return f"{moment.astimezone(BEIJING):%m-%d %H:%M}"


# -- who is next ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Next(Generic[Place]):
    """What is due next at one place, and from when a visit would count."""

    place: Place
    slot: Slot
    not_before: dt.datetime


def due_next(
    rules: PlanRules,
    owed: Sequence[Slot],
    visits: Mapping[Place, Sequence[dt.datetime]],
    now: dt.datetime,
) -> list[Next[Place]]:
    """The next slot of every place (the keys of `visits`), the most pressing first.

    `visits` are the moments at which each place was visited since the first of the `owed` slots opened. Where
    nothing is owed any more, the place is left out.
    """
    coming: dict[str, list[Slot]] = {}
    for slot in owed:
        if slot.until > now:
            coming.setdefault(slot.period, []).append(slot)
    # The period that is under way, and the one after it for places that are done with this one.
    near = sorted(coming.values(), key=lambda group: group[0].opens)[:2]
    found = []
    for place, times in visits.items():
        taken, before = _taken(rules, near, times, now)
        left = [group[done] for group, done in zip(near, taken, strict=True) if done < len(group)]
        if left:
            earliest = max(left[0].opens, now)
            soonest = max(earliest, before + rules.every.apart) if before else earliest
            found.append(Next(place, left[0], soonest))
    found.sort(key=lambda each: (each.slot.due, each.not_before))
    return found


def _taken(
    rules: PlanRules, near: Sequence[Sequence[Slot]], times: Iterable[dt.datetime], now: dt.datetime
) -> tuple[list[int], dt.datetime | None]:
    """How many slots of each period are answered, and the last visit that counts, by the rules of `assign`.

    Ten thousand places are asked at once, so nothing is made for visits but these numbers.
    """
    taken = [0] * len(near)
    before: dt.datetime | None = None
    for at in sorted(times):
        if wrong_clock(rules, at, now) or (before is not None and at - before < rules.every.apart):
            continue
        before = at
        for index, group in enumerate(near):
            if group[0].opens <= at < group[0].until and taken[index] < len(group):
                taken[index] += 1
    return taken, before
