"""Everything that the cockpit counts, from the tallies: the period, the period before; and what is open now.

Numbers of the period are about the cases reported in it, as they stand now. Numbers called 现在 are about every open
case, whenever it was reported. Each carries the address of its rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Case as Choice
from django.db.models import Count, Q, When
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from huying.cases.filters import CaseFilter, day_start, due_q
from huying.cases.models import OPEN, Case
from huying.cases.rates import MEASURES, Number, Ratio, Tally
from huying.cases.tallies.reading import Reach, by_area, by_day, tallies
from huying.figures.views.cockpit.periods import Span
from huying.places.area_index import ADMINISTRATIVE
from huying.places.locate import current_index
from huying.places.models import Area

GROUPINGS = ("topic", "subtopic", "subdistrict", "department", "ledger")
MEASURED = (
    "reported", "closed", "closed_on_time", "scored", "overdue", "returned", "reopened",
    "unsolved", "asked_solved", "satisfied", "graded",
)  # fmt: skip
SMALL = 20
"""Below this many a rate is shown with its two numbers, but neither ranked nor compared in per cent."""
HOT_LEAST = 10
"""Fewer reports than this are no hot topic, however fast they grew."""
HOT_GROWTH = 1.25
HOT_SHOWN = 6
SOON_SHOWN = 6
TREND_DAYS = 30


@dataclass(frozen=True)
class Change:
    """A count against that of the period before."""

    now: int
    before: Number

    @property
    def difference(self) -> int:
        return self.now - self.before.value

    @property
    def percent(self) -> int | None:
        """Rounded; None where the period before is too small to speak of per cent."""
        return round(self.difference * 100 / self.before.value) if self.before.value >= SMALL else None


@dataclass(frozen=True)
class Line:
    """One row of a table: a group with its share of the whole and its place by the on-time rate."""

    tally: Tally
    whole: int
    rank: int | None = None
    inside_url: str = ""  # the cockpit of this area alone

    @property
    def share(self) -> float:
        """Per cent of everything reported, one decimal."""
        return round(self.tally.counts.get("reported", 0) * 100 / self.whole, 1) if self.whole else 0.0

    @cached_property
    def on_time(self) -> Ratio:
        return self.tally.rate("on_time_closing")

    @cached_property
    def satisfaction(self) -> Ratio:
        return self.tally.rate("satisfaction")

    def __getattr__(self, code: str) -> Number:
        """A measure by its code, for templates."""
        if code not in MEASURES:
            raise AttributeError(code)
        return self.tally.number(code)


@dataclass(frozen=True)
class Hot:
    """A topic that people report more often than in the period before."""

    title: str
    now: Number
    change: Change


class Board:
    """The cockpit's numbers for one reader: `reach` is how far they see, `scope` what the filters keep."""

    def __init__(self, reach: Reach, span: Span, scope: CaseFilter) -> None:
        self.reach, self.cases, self.span = reach, reach.cases, span
        self.scope = scope
        self.now = scope.with_(at=span.at)
        self.period = self._within(span)

    def _within(self, span: Span) -> CaseFilter:
        return CaseFilter(**(self.scope.values | span.filter().values))

    # --- the period -----------------------------------------------------------------------------------

    @cached_property
    def _tables(self) -> dict[str, list[Tally]]:
        return tallies(self.reach, base=self.period, by=GROUPINGS, measures=MEASURED)

    @cached_property
    def whole(self) -> Tally:
        return self._tables[""][0]

    @cached_property
    def _before(self) -> dict[str, list[Tally]]:
        measures = ("reported", "closed_on_time", "scored")
        return tallies(self.reach, base=self._within(self.span.before()), by=("subtopic",), measures=measures)

    @cached_property
    def before(self) -> Tally:
        return self._before[""][0]

    @property
    def reported(self) -> Change:
        return Change(self.whole.number("reported").value, self.before.number("reported"))

    @property
    def on_time(self) -> Ratio:
        return self.whole.rate("on_time_closing")

    @property
    def on_time_points(self) -> float | None:
        """Percentage points above the period before; None where either has too few cases."""
        now, before = self.on_time, self.before.rate("on_time_closing")
        if min(now.denominator.value, before.denominator.value) < SMALL:
            return None
        assert now.percent is not None and before.percent is not None
        return round(float(now.percent - before.percent), 1)

    def lines(self, by: str) -> list[Line]:
        """A table in its order: by what was reported; departments and subdistricts carry their place."""
        whole = self.whole.counts.get("reported", 0)
        groups = self._tables[by]
        ranks = _ranks(groups) if by in ("subdistrict", "department") else {}
        return [Line(group, whole, ranks.get(group.key)) for group in groups]

    def areas(self, codes: Sequence[str]) -> list[Line]:
        """The same table of these areas."""
        whole = self.whole.counts.get("reported", 0)
        groups = by_area(self.reach, codes, base=self.period, measures=MEASURED)
        ranks = _ranks(groups)
        return [Line(group, whole, ranks.get(group.key)) for group in groups]

    def hot_topics(self) -> list[Hot]:
        """The topics that rose most against the period before."""
        before = {group.key: group for group in self._before["subtopic"]}
        risen = []
        for group in self._tables["subtopic"]:
            now = group.counts.get("reported", 0)
            earlier = before[group.key].counts.get("reported", 0) if group.key in before else 0
            if group.openable and now >= HOT_LEAST and now >= earlier * HOT_GROWTH:
                risen.append((earlier - now, group.title, group))
        then = self._within(self.span.before())
        found = []
        for _less, title, group in sorted(risen, key=lambda one: one[:2])[:HOT_SHOWN]:
            empty = Tally(group.key, title, then.with_(topic=group.key), {})
            now_number = group.number("reported")
            change = Change(now_number.value, before.get(group.key, empty).number("reported"))
            found.append(Hot(title, now_number, change))
        return found

    # --- now ------------------------------------------------------------------------------------------

    @cached_property
    def _open(self) -> dict[str, list[int]]:
        """Area path → open, overdue, due later today, due tomorrow."""
        at, today = self.span.at, timezone.localdate(self.span.at)
        midnight, next_midnight = (day_start(today + dt.timedelta(days=days)) for days in (1, 2))
        # One look at each row: which of the three it is, if any. Most are none, which their date tells first.
        due = Choice(
            When(Q(due_at=None) | Q(due_at__gte=next_midnight), then=0),
            When(due_q("overdue", at), then=1),
            When(due_q("in-time", at) & Q(due_at__lt=midnight), then=2),
            When(due_q("in-time", at), then=3),
            default=0,
        )
        found: dict[str, list[int]] = {}
        for cases in self.reach.apart():
            rows = self.now.apply(cases).filter(status__in=OPEN).order_by()
            for path, place, n in rows.values_list("area_path", due).annotate(n=Count("*")):
                counts = found.setdefault(path, [0, 0, 0, 0])
                counts[0] += n
                if place:
                    counts[place] += n
        return found

    def _sum(self, place: int) -> int:
        return sum(counts[place] for counts in self._open.values())

    @property
    def open(self) -> Number:
        return Number(self._sum(0), MEASURES["open"].url(self.now))

    @property
    def overdue(self) -> Number:
        return Number(self._sum(1), MEASURES["overdue"].url(self.now))

    def due_on(self, days: int) -> Number:
        """What still runs in time and is due today (0) or tomorrow (1)."""
        day = timezone.localdate(self.span.at) + dt.timedelta(days=days)
        rows = self.now.with_(status="open", due="in-time", due_from=day, due_to=day)
        return Number(self._sum(2 + days), rows.url())

    @property
    def due_today(self) -> Number:
        return self.due_on(0)

    @property
    def due_tomorrow(self) -> Number:
        return self.due_on(1)

    def soon(self) -> list[Case]:
        """The cases whose time ends first within the next 24 hours."""
        at = self.span.at
        rows = self.now.apply(self.cases).filter(due_q("in-time", at), due_at__lt=at + dt.timedelta(days=1))
        rows = rows.select_related("department", "subdistrict").only(
            "number", "title", "due_at", "clock_started_at", "department__title", "department__title_en",
            "subdistrict__title", "subdistrict__title_en",
        )  # fmt: skip
        return list(rows.order_by("due_at", "pk")[:SOON_SHOWN])

    def load(self, level: str, within: str = "") -> dict[str, Number]:
        """Open cases by area of a level (inside `within`), also those with none."""
        rows = current_index().rows
        levels = ("community", "village") if level == "community" else (level,)
        inside = rows[within].path if within else ""
        codes = [
            row.code for row in rows.values()
            if row.layer == ADMINISTRATIVE and row.level in levels and row.path.startswith(inside)
        ]  # fmt: skip
        counted = dict.fromkeys(codes, 0)
        for path, counts in self._open.items():
            for code in path.split("/"):
                if code in counted:
                    counted[code] += counts[0]
        url = self.now.with_(status="open", area=None).url()
        return {code: Number(count, f"{url}&area={code}") for code, count in counted.items()}

    def unplaced(self, load: dict[str, Number]) -> int:
        """Open cases that lie in none of these areas."""
        return self._sum(0) - sum(number.value for number in load.values())

    # --- the last days --------------------------------------------------------------------------------

    def trend(self) -> list[tuple[dt.date, Number, Number]]:
        """(day, reported, closed) of the days up to the end of the period."""
        last = self.span.last
        days = [last - dt.timedelta(days=back) for back in reversed(range(TREND_DAYS))]
        # What was closed was reported before: only the reports need the moment.
        reported = by_day(self.reach, self.now, "reported", days[0], last)
        closed = by_day(self.reach, self.scope, "closed", days[0], last)
        return [
            (
                day,
                Number(reported.get(day, 0), _on(self.now, "reported", day).url()),
                Number(closed.get(day, 0), _on(self.scope, "closed", day).url()),
            )
            for day in days
        ]


def _on(base: CaseFilter, field: str, day: dt.date) -> CaseFilter:
    """The cases of one day, by the day that they were reported or closed on."""
    return CaseFilter.of({**base.values, f"{field}_from": (f"{day}",), f"{field}_to": (f"{day}",)})


def _ranks(groups: Sequence[Tally]) -> dict[str, int]:
    """Place by on-time rate, the best first; equal rates share a place; the small ones have none."""
    rates = {
        group.key: group.rate("on_time_closing").percent
        for group in groups
        if group.openable and group.counts.get("scored", 0) >= SMALL
    }
    ordered = sorted((rate for rate in rates.values() if rate is not None), reverse=True)
    return {key: ordered.index(rate) + 1 for key, rate in rates.items() if rate is not None}


LEVELS: dict[str, Promise] = {
    "subdistrict": gettext_lazy("街道"),
    "community": gettext_lazy("社区（村）"),
    "grid": gettext_lazy("网格"),
}


def choose_subdistricts(paths: Iterable[str]) -> list[tuple[str, str]]:
    """(code, title) of the subdistricts that a reader with these scopes can see into."""
    limits = list(paths)
    return [
        (row.code, str(row.title))
        for row in current_index().rows.values()
        if row.layer == ADMINISTRATIVE
        and row.level == Area.Level.SUBDISTRICT
        and any(row.path.startswith(limit) or limit.startswith(row.path) for limit in limits)
    ]


__all__ = ["LEVELS", "Board", "Change", "Hot", "Line", "choose_subdistricts"]
