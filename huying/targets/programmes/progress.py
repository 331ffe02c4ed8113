"""How far a target has come: counted from records or entered and approved, and it always says which.

    progress = progress_of(target, on=day)
    progress.percent_words, progress.status, progress.source, progress.rows_url

Values are exact fractions; they are rounded once, half up, when they are shown. `progress_for` reads any number of
targets with the same few queries.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal
from urllib.parse import urlencode

from django.db import models
from django.db.models import Count, Max, Q, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from huying.targets.programmes.models import Entry, Programme, Target
from huying.targets.programmes.rules import TargetRules, Thresholds, by_month, months_gone

USUAL = Thresholds()


@dataclass(frozen=True)
class Counted:
    """What a figure counts in a span of days, and where its rows are."""

    value: Fraction
    rows_url: str
    as_of: dt.datetime
    public: bool = False  # whether everybody may open the rows


Counter = Callable[..., Counted | None]
_counters: list[Counter] = []


def register_counter(function: Counter) -> None:
    """Ask this function for the values of figures: `function(code, *, first, last) -> Counted | None`."""
    if function not in _counters:
        _counters.append(function)


def unregister_counter(function: Counter) -> None:
    """Ask it no more."""
    _counters.remove(function)


class Status(models.TextChoices):
    """What is said of a target, by rule. The order is that of a list."""

    BEHIND = "behind", _("滞后")
    IN_PROGRESS = "in-progress", _("进行中")
    CLOSING = "closing", _("收尾")
    DONE = "done", _("已完成")
    NOT_STARTED = "not-started", _("未启动")


class Light(models.TextChoices):
    """Blue: on plan; yellow: a little behind, or due soon; red: behind."""

    BLUE = "blue", _("蓝灯 正常")
    YELLOW = "yellow", _("黄灯 提醒")
    RED = "red", _("红灯 滞后")


@dataclass(frozen=True)
class Progress:
    """One target on one day. `value` is empty where nothing is known yet; `amount` where it is a task."""

    on: dt.date
    value: Fraction | None
    amount: Fraction | None
    planned: Fraction | None
    last_year: Fraction | None
    status: Status
    light: Light
    source: Literal["counted", "entered"]
    as_of: dt.datetime | None
    rows_url: str
    pending: int = 0
    pending_sum: Fraction = Fraction(0)
    entries: int = 0
    lower_is_better: bool = False
    decimals: int = 0
    rows_public: bool = False  # whether everybody may open `rows_url`

    @property
    def target(self) -> Fraction | None:
        """What was promised."""
        return self.amount

    @property
    def percent(self) -> Fraction | None:
        """Of the target, past 100 too; for what is to be low, how far the target allows it."""
        if self.value is None or self.amount is None:
            return None
        if self.lower_is_better:
            return self.amount / self.value * 100 if self.value else None
        return self.value / self.amount * 100

    @property
    def percent_words(self) -> str:
        """As the pack shows it, rounded half up."""
        return "" if self.percent is None else f"{rounded(self.percent, self.decimals)}%"

    @property
    def bar(self) -> int:
        """How full a bar is, 0 to 100; a little of it is always seen."""
        if self.status == Status.DONE:
            return 100
        return 0 if self.percent is None else max(0, min(100, int(self.percent)))

    @property
    def pace(self) -> Fraction | None:
        """How much more there is than planned for this day (超序时进度); negative when there is less."""
        return None if self.value is None or self.planned is None else self.value - self.planned

    @property
    def change(self) -> Fraction | None:
        """Against the same day of last year, in percent (同比)."""
        if self.value is None or not self.last_year:
            return None
        return (self.value - self.last_year) / self.last_year * 100

    @property
    def improvement(self) -> Fraction | None:
        """How much better than last year, in percent: less is better where the target says so."""
        return None if self.change is None else (-self.change if self.lower_is_better else self.change)

    @property
    def value_words(self) -> str:
        """The value without needless zeros."""
        return plain(self.value)

    @property
    def amount_words(self) -> str:
        """The target without needless zeros."""
        return plain(self.amount)

    @property
    def planned_words(self) -> str:
        """The plan for this day, to two decimals."""
        return plain(self.planned)

    @property
    def last_year_words(self) -> str:
        """Last year's value, to two decimals."""
        return plain(self.last_year)

    @property
    def pace_words(self) -> str:
        """With its sign."""
        if self.pace is None:
            return ""
        return f"+{plain(self.pace)}" if self.pace > 0 else plain(self.pace)

    @property
    def change_words(self) -> str:
        """With its sign, in percent, rounded half up."""
        return "" if self.change is None else f"{signed(self.change, self.decimals)}%"

    @property
    def improvement_words(self) -> str:
        """With its sign, in percent, rounded half up."""
        return "" if self.improvement is None else f"{signed(self.improvement, self.decimals)}%"


def rounded(value: Fraction, decimals: int) -> str:
    """With so many decimals, half up (away from zero)."""
    scale = 10**decimals
    units = int((abs(value) * scale * 2 + 1) // 2)
    sign = "-" if value < 0 and units else ""
    whole, part = divmod(units, scale)
    return f"{sign}{whole}.{part:0{decimals}d}" if decimals else f"{sign}{whole}"


def plain(value: Fraction | None) -> str:
    """At most two decimals, none that are zero."""
    if value is None:
        return ""
    text = rounded(value, 2)
    return text.rstrip("0").rstrip(".")


def signed(value: Fraction, decimals: int) -> str:
    """With a plus where it is more than nothing."""
    text = rounded(value, decimals)
    return f"+{text}" if value > 0 else text


# -- the rule ------------------------------------------------------------------------------------------------


def planned_on(rules: TargetRules, target: Target, on: dt.date) -> Fraction | None:
    """What the plan has for this day; None without a plan, or before its first month is over."""
    first, last = span_of(rules, target)
    if rules.even and target.amount is not None:
        return Fraction(target.amount) * months_gone(first, target.due, on)
    if rules.plan:
        return by_month(rules.plan, on, year=last.year)
    return None


def span_of(rules: TargetRules, target: Target) -> tuple[dt.date, dt.date]:
    """The days whose entries count: the target's own period, else the programme's."""
    return rules.first or target.programme.first_day, rules.last or target.programme.last_day


def status_of(
    *,
    value: Fraction | None,
    amount: Fraction | None,
    planned: Fraction | None,
    on: dt.date,
    due: dt.date,
    closed: bool,
    started: bool,
    lower_is_better: bool = False,
    thresholds: Thresholds = USUAL,
) -> Status:
    """The rule, in this order: done, nearly done, behind, in progress, not started."""
    if closed:
        return Status.DONE
    if lower_is_better:
        return _status_of_low(value, amount, planned, on, due)
    if amount is not None and value is not None:
        if value >= amount:
            return Status.DONE
        if on <= due and value >= amount * thresholds.closing:
            return Status.CLOSING
    if on > due or (planned is not None and (value or Fraction(0)) < planned):
        return Status.BEHIND
    return Status.IN_PROGRESS if value or started else Status.NOT_STARTED


def _status_of_low(
    value: Fraction | None, amount: Fraction | None, planned: Fraction | None, on: dt.date, due: dt.date
) -> Status:
    """What is to stay low is only kept when its period is over."""
    limit = amount if on >= due or planned is None else planned
    if value is None or limit is None:
        return Status.BEHIND if on > due else Status.NOT_STARTED
    if value > limit:
        return Status.BEHIND
    return Status.DONE if on >= due else Status.IN_PROGRESS


def light_of(
    status: Status,
    *,
    value: Fraction | None,
    planned: Fraction | None,
    on: dt.date,
    due: dt.date,
    thresholds: Thresholds = USUAL,
) -> Light:
    """Red when it is late or far behind the plan, yellow when a little behind or, without a plan, due soon."""
    if status == Status.DONE:
        return Light.BLUE
    if on > due:
        return Light.RED
    if planned:
        short = (planned - (value or Fraction(0))) / planned
        if status != Status.BEHIND and short <= 0:
            return Light.BLUE
        return Light.YELLOW if short <= thresholds.yellow else Light.RED
    if status == Status.BEHIND:
        return Light.RED
    return Light.YELLOW if (due - on).days <= thresholds.near_days else Light.BLUE


_WEIGHT = {Light.BLUE: 0, Light.YELLOW: 1, Light.RED: 2}


def whole(parts: Collection[Progress]) -> tuple[Status, Light]:
    """A promise as its measures make it: done when all are, behind when one is."""
    states = {part.status for part in parts}
    light = max((part.light for part in parts), key=_WEIGHT.__getitem__, default=Light.BLUE)
    if states == {Status.DONE}:
        return Status.DONE, light
    if Status.BEHIND in states:
        return Status.BEHIND, light
    if states and states <= {Status.DONE, Status.CLOSING}:
        return Status.CLOSING, light
    if states <= {Status.NOT_STARTED}:
        return Status.NOT_STARTED, light
    return Status.IN_PROGRESS, light


def together(parts: Sequence[Progress]) -> Progress:
    """Several targets of one unit as one: values, targets, plans and last year's values added up."""
    status, light = whole(parts)

    def added(name: str) -> Fraction | None:
        found = [getattr(part, name) for part in parts]
        return None if any(each is None for each in found) else sum(found, Fraction(0))

    return Progress(
        on=parts[0].on, value=added("value"), amount=added("amount"), planned=added("planned"),
        last_year=added("last_year"), status=status, light=light, source=parts[0].source,
        as_of=max((part.as_of for part in parts if part.as_of), default=None), rows_url="",
        pending=sum(part.pending for part in parts), decimals=max(part.decimals for part in parts),
    )  # fmt: skip


# -- counting ------------------------------------------------------------------------------------------------


@dataclass
class _Sums:
    total: Fraction = Fraction(0)
    latest: Fraction | None = None
    entries: int = 0
    at: dt.datetime | None = None
    pending: int = 0
    pending_sum: Fraction = Fraction(0)

    def value(self, takes: str) -> Fraction | None:
        if not self.entries:
            return None
        if takes == "latest":
            return self.latest
        return self.total / self.entries if takes == "mean" else self.total


def _sums_of(targets: Collection[Target], on: dt.date) -> dict[int, _Sums]:
    """Approved entries up to this day, and what waits, in two queries for any number of targets."""
    found = {target.pk: _Sums() for target in targets}
    rows = Entry.objects.filter(target__in=list(found)).order_by()
    approved, waiting = Q(status=Entry.Status.APPROVED, day__lte=on), Q(status=Entry.Status.SUBMITTED)
    sums = rows.values_list("target").annotate(
        total=Sum("amount", filter=approved), n=Count("pk", filter=approved), at=Max("decided_at", filter=approved),
        pending=Count("pk", filter=waiting), pending_sum=Sum("amount", filter=waiting),
    )  # fmt: skip
    for pk, total, count, at, pending, pending_sum in sums:
        found[pk] = _Sums(Fraction(total or 0), None, count, at, pending, Fraction(pending_sum or 0))
    last = [target.pk for target in targets if target.rules.takes == "latest"]
    if last:
        latest = (
            rows.filter(approved, target__in=last)
            .order_by("target", "-day", "-pk")
            .distinct("target")
            .values_list("target", "amount")
        )
        for pk, amount in latest:
            found[pk].latest = Fraction(amount)
    return found


def entries_url(target: Target, *, on: dt.date | None = None, status: str = "approved") -> str:
    """The list of the entries that were added up."""
    asked = {"target": target.code, "status": status, "to": f"{on}" if on else ""}
    return f"{reverse('targets:entries')}?{urlencode({key: value for key, value in asked.items() if value})}"


def progress_for(targets: Iterable[Target], *, on: dt.date) -> dict[int, Progress]:
    """The progress of each target by its key: the same number of queries for any number of entered targets.

    `programme` is read from the targets: select it with them. Two targets of one figure count it once.
    """
    rows = list(targets)
    sums = _sums_of(rows, on)
    counted: dict[tuple[str, dt.date, dt.date], Counted | None] = {}
    return {target.pk: _progress(target, on, sums[target.pk], counted) for target in rows}


def progress_of(target: Target, *, on: dt.date) -> Progress:
    """How far one target has come by the end of this day."""
    return progress_for([target], on=on)[target.pk]


def _progress(
    target: Target,
    on: dt.date,
    sums: _Sums,
    counted: dict[tuple[str, dt.date, dt.date], Counted | None],
) -> Progress:
    rules, thresholds = target.rules, target.programme.rules.thresholds
    value, as_of = sums.value(rules.takes), sums.at
    url, public = entries_url(target, on=on), False
    if target.figure:
        first, last = span_of(rules, target)
        found = _count((target.figure, first, min(on, last)), counted) if on >= first else None
        value, as_of = (found.value, found.as_of) if found else (None, None)
        url, public = (found.rows_url, found.public) if found else ("", False)
    amount = None if target.amount is None else Fraction(target.amount)
    planned = planned_on(rules, target, on)
    closed = target.closed_at is not None and timezone.localdate(target.closed_at) <= on
    status = status_of(
        value=value, amount=amount, planned=planned, on=on, due=target.due, closed=closed,
        started=bool(sums.entries), lower_is_better=rules.lower_is_better, thresholds=thresholds,
    )  # fmt: skip
    light = light_of(status, value=value, planned=planned, on=on, due=target.due, thresholds=thresholds)
    if rules.lower_is_better:
        light = Light.RED if status == Status.BEHIND else Light.BLUE
    return Progress(
        on=on, value=value, amount=amount, planned=planned,
        last_year=by_month(rules.last_year, on, year=span_of(rules, target)[1].year), status=status, light=light,
        source="counted" if target.figure else "entered", as_of=as_of, rows_url=url, pending=sums.pending,
        pending_sum=sums.pending_sum, entries=sums.entries, lower_is_better=rules.lower_is_better,
        decimals=rules.decimals, rows_public=public,
    )  # fmt: skip


def _count(
    key: tuple[str, dt.date, dt.date], counted: dict[tuple[str, dt.date, dt.date], Counted | None]
) -> Counted | None:
    if key not in counted:
        code, first, last = key
        answers = (counter(code, first=first, last=last) for counter in _counters)
        counted[key] = next((answer for answer in answers if answer is not None), None)
    return counted[key]


def last_known(programmes: Collection[Programme]) -> Mapping[int, dt.date]:
    """For each programme the day of its last approved entry: how far what is over was told, in one query."""
    rows = Entry.objects.filter(
        status=Entry.Status.APPROVED, target__programme__in=[row.pk for row in programmes]
    )
    return dict(rows.order_by().values_list("target__programme").annotate(last=Max("day")))


def day_shown(programme: Programme, last: dt.date | None, today: dt.date) -> dt.date:
    """The day a page speaks of: today while the programme runs, afterwards the last day that was told of."""
    if today <= programme.last_day:
        return today
    return min(last or programme.last_day, programme.last_day)


def at_month_ends(target: Target, until: dt.date) -> list[tuple[dt.date, Fraction | None, Fraction | None]]:
    """(day, value, plan) at the end of every month up to this day, and at the day itself: the curve of the page."""
    first, last = span_of(target.rules, target)
    days: list[dt.date] = []
    day = first
    while day <= last and len(days) < 36:
        after = (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
        end = min(after - dt.timedelta(days=1), last)
        days.append(end)
        day = after
    rows = list(
        target.entries.filter(status=Entry.Status.APPROVED, day__lte=until)
        .order_by("day", "pk")
        .values_list("day", "amount")
    )
    found = []
    for end in days:
        value = None
        if end <= until or end.replace(day=1) <= until:
            value = _value_until(target, rows, min(end, until))
        found.append((end, value, planned_on(target.rules, target, end)))
    return found


def _value_until(target: Target, rows: list[tuple[dt.date, Decimal]], end: dt.date) -> Fraction | None:
    if target.figure:
        first, _last = span_of(target.rules, target)
        found = _count((target.figure, first, end), {})
        return found.value if found else None
    amounts = [Fraction(amount) for day, amount in rows if day <= end]
    sums = _Sums(sum(amounts, Fraction(0)), amounts[-1] if amounts else None, len(amounts))
    return sums.value(target.rules.takes)
