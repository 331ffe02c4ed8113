"""Time limits and the work calendar: when is it due, and how much time has run?

Five clocks, as 数字城管 (the GB/T 30428 family) counts them:

=====================  ==========  =======================================================================
clock                  in Chinese  one unit
=====================  ==========  =======================================================================
`emergency hours`      紧急工作时  60 minutes on the wall clock, through nights and holidays
`emergency days`       紧急工作日  24 such hours
`work hours`           工作时      60 minutes inside office hours of working days
`work days`            工作日      the office hours of one working day (8 work hours where they are the usual)
`days`                 自然日      24 hours on the wall clock; a seventh day ends at the hour it began
=====================  ==========  =======================================================================

**Agreement.** `elapsed(start, deadline(start, limit).at, clock)` is exactly the limit. A deadline is the
*earliest* moment at which the limit has run out: eight work hours from 08:00 end at 18:00 that day, not
at 08:00 the next. A limit of zero ends where it starts, also at night. Deadlines never move backwards
when the start or the limit grows.

**Work days** count working days and, at both ends, the part of the day's office time. From a moment inside
office hours, n work days end at the same office time n working days later (12:00 and 14:00 are the same
office time; so are 18:00 and the next 08:00; the earlier one is named). Where the length of the working
day changes with the season every working day still counts as one, and elapsed work days are then read to
the second.

Limits are kept to the second. Everything is UTC+8, which has had no summer time since 1992.

No Django here.
"""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from huying.places.sentences import Sentence, gettext_noop

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")

_MICRO = timedelta(microseconds=1)
_SECOND = 1_000_000
_HOUR = 3600 * _SECOND
_DAY = 24 * _HOUR
_LONGEST_DAYS = 36_600  # a hundred years: longer is a slip of the pen
_LONGEST_YEARS = 450  # the same in working days, where few days are worked


class Clock(StrEnum):
    """What a time limit is counted in; the value is the English word of the pack."""

    EMERGENCY_HOURS = "emergency hours"
    EMERGENCY_DAYS = "emergency days"
    WORK_HOURS = "work hours"
    WORK_DAYS = "work days"
    DAYS = "days"

    @property
    def zh(self) -> str:
        return _ZH[self]

    @property
    def runs_always(self) -> bool:
        """Whether nights, weekends and holidays count, so that no calendar is needed."""
        return self in _CONTINUOUS


_ZH = {
    Clock.EMERGENCY_HOURS: "紧急工作时",
    Clock.EMERGENCY_DAYS: "紧急工作日",
    Clock.WORK_HOURS: "工作时",
    Clock.WORK_DAYS: "工作日",
    Clock.DAYS: "自然日",
}
_CONTINUOUS = {Clock.EMERGENCY_HOURS: _HOUR, Clock.EMERGENCY_DAYS: _DAY, Clock.DAYS: _DAY}


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """A number of units of a clock, exactly: `TimeLimit(2, Clock.WORK_DAYS)`, or `0.8 * limit`."""

    number: Fraction
    clock: Clock

    def __init__(self, number: Fraction | Decimal | int | float | str, clock: Clock | str) -> None:
        clock = Clock(clock)
        exact = Fraction(str(number)) if isinstance(number, float) else Fraction(number)
        days = exact / {Clock.EMERGENCY_HOURS: 24, Clock.WORK_HOURS: 8}.get(clock, 1)
        if exact < 0:
            raise ValueError(Sentence(gettext_noop("时限不能小于零：%(number)s。"), {"number": number}))
        if days > _LONGEST_DAYS:
            raise ValueError(Sentence(gettext_noop("时限不能超过一百年：%(number)s。"), {"number": number}))
        object.__setattr__(self, "number", exact)
        object.__setattr__(self, "clock", clock)

    def __mul__(self, factor: Fraction | Decimal | int | float) -> TimeLimit:
        exact = Fraction(str(factor)) if isinstance(factor, float) else Fraction(factor)
        return TimeLimit(self.number * exact, self.clock)

    __rmul__ = __mul__

    def __str__(self) -> str:
        unit = self.clock.value[:-1] if self.number == 1 else self.clock.value
        return f"{_plain(self.number)} {unit}"

    @property
    def zh(self) -> str:
        """As it is written in a catalogue: 2紧急工作时."""
        return f"{_plain(self.number)}{self.clock.zh}"


def _plain(number: Fraction) -> str:
    """A decimal where the fraction has one, else `1/3`."""
    rest = number.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest != 1:
        return str(number)
    text = format(Decimal(number.numerator) / Decimal(number.denominator), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


_LIMIT = re.compile(r"(?P<number>\d+/0*[1-9]\d*|\d+(?:\.\d+)?)\s*个?\s*(?P<unit>[^\W\d].*)")
_UNITS: dict[str, Clock] = {clock.value: clock for clock in Clock}
_UNITS |= {clock.value[:-1]: clock for clock in Clock}
_UNITS |= {clock.zh: clock for clock in Clock}
_AMBIGUOUS = {
    "hour": (Clock.WORK_HOURS, Clock.EMERGENCY_HOURS),
    "hours": (Clock.WORK_HOURS, Clock.EMERGENCY_HOURS),
    "小时": (Clock.WORK_HOURS, Clock.EMERGENCY_HOURS),
    "时": (Clock.WORK_HOURS, Clock.EMERGENCY_HOURS),
    "天": (Clock.WORK_DAYS, Clock.DAYS),
    "日": (Clock.WORK_DAYS, Clock.DAYS),
}


def parse_limit(text: str) -> TimeLimit:
    """Read `2 emergency hours`, `4 work hours`, `5 work days`, `7 days`, or 2紧急工作时, 5个工作日, 7自然日.

    Raises ValueError with a sentence that names the nearest valid spelling. `4 hours`, 4小时 and 7天 are
    refused: one city's catalogue means office hours by them, another's the wall clock.
    """
    plain = " ".join(unicodedata.normalize("NFKC", str(text)).lower().split())
    match = _LIMIT.fullmatch(plain)
    if match is None:
        raise ValueError(
            Sentence(
                gettext_noop(
                    "读不懂时限“%(text)s”：请写一个数字和一个单位，例如“2 emergency hours”、“5工作日”。"
                ),
                {"text": text},
            )
        )
    number, unit = match["number"], match["unit"]
    if unit in _UNITS:
        return TimeLimit(Fraction(number), _UNITS[unit])
    chinese = not unit.isascii()
    if unit in _AMBIGUOUS:
        choices = [TimeLimit(Fraction(number), clock) for clock in _AMBIGUOUS[unit]]
        first, second = (limit.zh if chinese else str(limit) for limit in choices)
        raise ValueError(
            Sentence(
                gettext_noop("时限“%(text)s”没有写明是否只算办公时间：请写“%(first)s”或“%(second)s”。"),
                {"text": text, "first": first, "second": second},
            )
        )
    names = [clock.zh if chinese else clock.value for clock in Clock]
    nearest = (difflib.get_close_matches(unit, names, n=1, cutoff=0.0) or names)[0]
    limit = TimeLimit(Fraction(number), _UNITS[nearest])
    raise ValueError(
        Sentence(
            gettext_noop("没有“%(unit)s”这种时限单位：是不是“%(nearest)s”？可用的单位：%(names)s。"),
            {"unit": unit, "nearest": limit.zh if chinese else str(limit), "names": "、".join(names)},
        )
    )


Spans = tuple[tuple[int, int], ...]
"""Office hours of a day as pairs of seconds since midnight, in order, without overlap."""

SpanText = Sequence[Sequence[str | time]]


def parse_spans(spans: SpanText) -> Spans:
    """Read [["08:00", "12:00"], ["14:00", "18:00"]]; ends may be "24:00". Raises ValueError."""
    read: list[tuple[int, int]] = []
    for span in spans:
        try:
            start, end = (_seconds(moment) for moment in span)
        except (ValueError, TypeError, AttributeError):
            start, end = 0, 0
        if start >= end or (read and start < read[-1][1]):
            raise ValueError(
                Sentence(
                    gettext_noop(
                        "办公时段“%(span)s”有误：每段写开始和结束，先后相接不重叠，例如 08:00 到 12:00。"
                    ),
                    {"span": " ".join(str(moment) for moment in span)},
                )
            )
        read.append((start, end))
    return tuple(read)


def _seconds(moment: str | time) -> int:
    if isinstance(moment, time):
        return moment.hour * 3600 + moment.minute * 60 + moment.second
    hours, minutes = (int(part) for part in moment.split(":"))
    if not (0 <= minutes < 60 and 0 <= hours * 60 + minutes <= 24 * 60):
        raise ValueError(moment)
    return hours * 3600 + minutes * 60


OFFICE_HOURS = parse_spans([["08:00", "12:00"], ["14:00", "18:00"]])


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a limit runs out.

    `provisional` is true where `reason` (a sentence; None otherwise) names years whose holidays are not
    published yet: the deadline is to be computed again when they are.
    """

    at: datetime
    provisional: bool = False
    reason: Sentence | None = None


class _Year:
    """One year's working time: running sums before each day, so that a question is a lookup."""

    __slots__ = ("days", "days_before", "first", "spans", "time_before")

    def __init__(self, year: int, spans_of: Callable[[date], Spans]) -> None:
        self.first = date(year, 1, 1).toordinal()
        self.days = date(year, 12, 31).toordinal() - self.first + 1
        self.spans: list[Spans] = []
        self.time_before: list[int] = [0]
        self.days_before: list[int] = [0]
        for ordinal in range(self.first, self.first + self.days):
            spans = tuple((s * _SECOND, e * _SECOND) for s, e in spans_of(date.fromordinal(ordinal)))
            length = sum(end - start for start, end in spans)
            self.spans.append(spans)
            self.time_before.append(self.time_before[-1] + length)
            self.days_before.append(self.days_before[-1] + bool(length))

    def length(self, day: int) -> int:
        return self.time_before[day + 1] - self.time_before[day]

    def worked(self, day: int, micros: int) -> int:
        """Office time of this day that has passed at this time of day."""
        passed = 0
        for start, end in self.spans[day]:
            if micros <= start:
                break
            passed += min(micros, end) - start
        return passed

    def moment(self, day: int, worked: int) -> datetime:
        """The earliest moment of this day at which this office time (more than none) has passed."""
        for start, end in self.spans[day]:
            if worked <= end - start:
                midnight = datetime.fromordinal(self.first + day).replace(tzinfo=BEIJING)
                return midnight + timedelta(microseconds=start + worked)
            worked -= end - start
        raise AssertionError("more time than the day has")


class WorkCalendar:
    """Which days are worked, at which hours; answers deadlines and elapsed time.

    `is_workday`: a function of a date, or a table of the days that differ from Monday to Friday.
    `spans`: office hours of every working day, or a function of the date where they change with the season.
    `work_day`: what one work day is worth in `elapsed`; by default the length of the office hours, and 8
    hours where they change with the season. `published_years`: the years for which `is_workday` is more
    than a guess; None means all.
    """

    def __init__(
        self,
        is_workday: Callable[[date], bool] | Mapping[date, bool],
        spans: Spans | SpanText | Callable[[date], Spans] = OFFICE_HOURS,
        published_years: Container[int] | None = None,
        work_day: timedelta | None = None,
    ) -> None:
        self._is_workday = _table(is_workday) if isinstance(is_workday, Mapping) else is_workday
        self._published_years = published_years
        self._years: dict[int, _Year] = {}
        self._spans: Callable[[date], Spans]
        if callable(spans):
            self._spans, self._even, length = spans, False, 8 * _HOUR
        else:
            steady = _as_spans(spans)
            self._spans, self._even = (lambda day: steady), True
            length = sum(end - start for start, end in steady) * _SECOND
            if not length:
                raise ValueError(Sentence(gettext_noop("没有办公时段：请至少写一段，例如 08:00 到 12:00。")))
        self._unit = work_day // _MICRO if work_day is not None else length
        self._even = self._even and self._unit == length

    def is_workday(self, day: date) -> bool:
        """Whether offices are open on this day."""
        return bool(self.spans(day))

    def spans(self, day: date) -> Spans:
        """The office hours of this day; empty on a day off."""
        return self._spans(day) if self._is_workday(day) else ()

    def is_published(self, year: int) -> bool:
        """Whether this year's holidays are known."""
        return self._published_years is None or year in self._published_years

    def work_days(self, first: date, last: date) -> int:
        """How many days are worked from `first` to `last`, both counted."""
        days = range(first.toordinal(), last.toordinal() + 1)
        return sum(self.is_workday(date.fromordinal(day)) for day in days)

    def span_of(self, limit: TimeLimit) -> timedelta:
        """The limit as time of its clock, to the second: what `elapsed` shows when it has run out."""
        unit = _CONTINUOUS.get(limit.clock) or (_HOUR if limit.clock is Clock.WORK_HOURS else self._unit)
        return timedelta(seconds=round(limit.number * unit / _SECOND))

    def deadline(self, start: datetime, limit: TimeLimit) -> Deadline:
        """When a limit that begins at `start` (aware) runs out. Raises ValueError beyond the calendar's
        reach."""
        at = self.shift(start, self.span_of(limit), limit.clock)
        if limit.clock.runs_always or self._published_years is None:
            return Deadline(at)
        first = start.astimezone(BEIJING).year
        unknown = [year for year in range(first, at.year + 1) if year not in self._published_years]
        if not unknown:
            return Deadline(at)
        years = "、".join(str(year) for year in unknown)
        reason = Sentence(
            gettext_noop("%(years)s年的节假日安排尚未公布，期限暂按周一至周五计算，公布后自动重算。"),
            {"years": years},
        )
        return Deadline(at, True, reason)

    def shift(self, start: datetime, amount: timedelta, clock: Clock) -> datetime:
        """The earliest moment from `start` on at which `amount` of this clock's time has passed since
        then."""
        local = _local(start)
        micros = amount // _MICRO
        if micros < 0:
            raise ValueError(Sentence(gettext_noop("时限不能小于零：%(number)s。"), {"number": amount}))
        if not micros:
            return local
        try:
            if clock in _CONTINUOUS:
                return local + amount
            shift = self._shift_hours if clock is Clock.WORK_HOURS else self._shift_days
            return shift(local, micros)
        except OverflowError:
            raise _too_far() from None

    def elapsed(self, start: datetime, end: datetime, clock: Clock) -> timedelta:
        """How much of this clock's time lies between two aware moments; negative when `end` comes first."""
        first, last = _local(start), _local(end)
        if last < first:
            return -self.elapsed(end, start, clock)
        if clock in _CONTINUOUS:
            return last - first
        if clock is Clock.WORK_HOURS:
            return timedelta(microseconds=self._hours_between(first, last))
        return timedelta(microseconds=self._days_between(first, last))

    def _year(self, year: int) -> _Year:
        table = self._years.get(year)
        if table is None:
            table = self._years[year] = _Year(year, self.spans)
        return table

    def _place(self, moment: datetime) -> tuple[_Year, int, int]:
        """A moment as its year's table, the day in it and the office time passed on that day."""
        table = self._year(moment.year)
        day = moment.toordinal() - table.first
        micros = ((moment.hour * 60 + moment.minute) * 60 + moment.second) * _SECOND + moment.microsecond
        return table, day, table.worked(day, micros)

    def _later_years(self, year: int) -> Iterable[_Year]:
        for later in range(year + 1, min(year + _LONGEST_YEARS, date.max.year) + 1):
            yield self._year(later)
        raise _too_far()

    def _shift_hours(self, local: datetime, micros: int) -> datetime:
        table, day, worked = self._place(local)
        target = table.time_before[day] + worked + micros
        later = iter(self._later_years(local.year))
        while target > table.time_before[-1]:
            target -= table.time_before[-1]
            table = next(later)
        day = bisect_left(table.time_before, target) - 1
        return table.moment(day, target - table.time_before[day])

    def _shift_days(self, local: datetime, micros: int) -> datetime:
        """Integers only: time is counted in units of a work day / length of the day on which it starts."""
        table, day, worked = self._place(local)
        scale = table.length(day) or 1
        unit = self._unit * scale
        target = table.days_before[day] * unit + worked * self._unit + micros * scale
        later = iter(self._later_years(local.year))
        while target > table.days_before[-1] * unit:
            target -= table.days_before[-1] * unit
            table = next(later)
        whole = -(-target // unit) - 1
        day = bisect_right(table.days_before, whole) - 1
        return table.moment(day, -(-(target - whole * unit) * table.length(day) // unit))

    def _hours_between(self, first: datetime, last: datetime) -> int:
        table, day, worked = self._place(first)
        end_table, end_day, end_worked = self._place(last)
        passed = end_table.time_before[end_day] + end_worked - table.time_before[day] - worked
        return passed + sum(self._year(year).time_before[-1] for year in range(first.year, last.year))

    def _days_between(self, first: datetime, last: datetime) -> int:
        table, day, worked = self._place(first)
        end_table, end_day, end_worked = self._place(last)
        days = end_table.days_before[end_day] - table.days_before[day]
        days += sum(self._year(year).days_before[-1] for year in range(first.year, last.year))
        if self._even:
            return days * self._unit + end_worked - worked
        share = Fraction(end_worked, end_table.length(end_day) or 1) + days
        share -= Fraction(worked, table.length(day) or 1)
        return math.floor(share * self._unit / _SECOND + Fraction(1, 2)) * _SECOND


def _table(days: Mapping[date, bool]) -> Callable[[date], bool]:
    return lambda day: days.get(day, day.weekday() < 5)


def _as_spans(spans: Spans | SpanText) -> Spans:
    if spans and isinstance(spans[0][0], int):
        return tuple((int(start), int(end)) for start, end in spans)  # type: ignore[arg-type]
    return parse_spans(spans)  # type: ignore[arg-type]


def _local(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(Sentence(gettext_noop("时间 %(moment)s 缺少时区。"), {"moment": moment}))
    return moment.astimezone(BEIJING)


def _too_far() -> ValueError:
    return ValueError(Sentence(gettext_noop("期限超出了日历的范围：请检查时限和工作日安排。")))
