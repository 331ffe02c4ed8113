"""The daily report of one topic (供暖日报 ...): new, solved, open; by cause, building and station.

Every number is a count of cases and names the `CaseFilter` that lists exactly these. A day ends at midnight; on the
day itself the report stands as of now. A case is solved when its handling was reported; whether that holds is for
check and callback to say, and is counted there.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, F, Q
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from huying.cases.filters import CaseFilter, day_start
from huying.cases.models import Case, CaseQuerySet, Meeting, Topic

SEASON_DAYS = 120
MOST_OLDEST = 10


@dataclass(frozen=True)
class Counted:
    """A number and the list of its rows."""

    value: int
    filter: CaseFilter | None

    @property
    def url(self) -> str:
        """The page that lists what was counted; empty where no address can ask for it."""
        return self.filter.url() if self.filter is not None else ""


@dataclass(frozen=True)
class Row:
    """One cause, building or station: what was new, solved, and is still open."""

    title: str
    new: Counted
    solved: Counted
    open: Counted

    @property
    def cells(self) -> tuple[Counted, Counted, Counted]:
        """The three numbers in the order of the columns."""
        return self.new, self.solved, self.open


@dataclass(frozen=True)
class DailyReport:
    """One day of one topic, over the cases that its reader may see."""

    cases: CaseQuerySet
    topic: Topic
    day: dt.date
    now: dt.datetime

    @property
    def until(self) -> dt.datetime:
        """The moment the report stands at: the end of its day, or now, to the full second that addresses can name."""
        now = self.now.replace(microsecond=0) + dt.timedelta(seconds=1)
        return min(now, day_start(self.day + dt.timedelta(days=1)) - dt.timedelta(seconds=1))

    def _filters(self, day: dt.date, until: dt.datetime) -> dict[str, CaseFilter]:
        about = CaseFilter(topic=self.topic.code, status="accepted")
        return {
            "new": about.with_(reported_from=day, reported_to=day),
            "solved": about.with_(handled_from=day, handled_to=day),
            "open": about.with_(open_at=until),
        }

    @cached_property
    def filters(self) -> dict[str, CaseFilter]:
        """What the three numbers of the day count."""
        return self._filters(self.day, self.until)

    @cached_property
    def numbers(self) -> dict[str, Counted]:
        """New, solved, open, and of the open ones how many are past their limit."""
        found = {name: self._count(one) for name, one in self.filters.items()}
        late = Q(due_at__lt=self.until)
        found["late"] = Counted(self.filters["open"].apply(self.cases, self.now).filter(late).count(), None)
        return found

    def _count(self, wanted: CaseFilter) -> Counted:
        return Counted(wanted.apply(self.cases, self.now).count(), wanted)

    def on(self, day: dt.date) -> dict[str, Counted]:
        """The same numbers of another day, for comparison."""
        until = day_start(day + dt.timedelta(days=1)) - dt.timedelta(seconds=1)
        return {name: self._count(one) for name, one in self._filters(day, until).items()}

    # --- by cause, building, station -------------------------------------------------------------------

    def by_cause(self) -> list[Row]:
        """Causes as the fitters wrote them; what is not yet handled has none."""
        return self._rows("handling__cause", "cause", {}, _("还没有查明"))

    def by_building(self) -> list[Row]:
        """Compounds, most new first."""
        return self._rows("compound__code", "area", self._titles("compound"), _("不在小区里"))

    def by_station(self) -> list[Row]:
        """The stations (things of a register) that the cases concern."""
        return self._rows("item__code", "item", self._titles("item"), _("没有登记换热站"))

    def _titles(self, relation: str) -> dict[str, str]:
        """Titles by code, only of those that occur."""
        kept: dict[str, str] = {}
        for one in self.filters.values():
            rows = one.apply(self.cases, self.now).exclude(**{relation: None})
            pairs = rows.order_by().values_list(f"{relation}__code", f"{relation}__title").distinct()
            kept |= dict(pairs)
        return kept

    def _rows(self, field: str, key: str, titles: dict[str, str], without: str) -> list[Row]:
        counts: dict[str, dict[str, int]] = {}
        for name, one in self.filters.items():
            rows = one.apply(self.cases, self.now).order_by().values(group=F(field)).annotate(n=Count("pk"))
            for row in rows:
                counts.setdefault(str(row["group"] or ""), {})[name] = row["n"]
        found = [
            Row(
                titles.get(code, code) if code else without,
                *(
                    Counted(counts[code].get(name, 0), one.with_(**{key: code}) if code else None)
                    for name, one in self.filters.items()
                ),
            )
            for code in counts
        ]
        return sorted(found, key=lambda row: (-row.open.value, -row.new.value, -row.solved.value, row.title))

    # --- the rest of the page ----------------------------------------------------------------------------

    def oldest(self) -> Sequence[Case]:
        """What has been open longest."""
        rows = self.filters["open"].apply(self.cases, self.now)
        return list(rows.select_related("department", "compound").order_by("reported_at")[:MOST_OLDEST])

    def share(self) -> tuple[int, int]:
        """New cases of this topic, and of all topics, on the day."""
        everything = CaseFilter(status="accepted", reported_from=self.day, reported_to=self.day)
        return self.numbers["new"].value, everything.apply(self.cases, self.now).count()

    def season(self) -> list[tuple[dt.date, int, int, int]]:
        """(day, new, solved, still open) of the days up to this one, oldest first."""
        first = self.day - dt.timedelta(days=SEASON_DAYS - 1)
        about = CaseFilter(topic=self.topic.code, status="accepted").apply(self.cases, self.now)
        new = _per_day(about, "reported_at", first, self.day)
        solved = _per_day(about, "handled_at", first, self.day)
        started = CaseFilter(topic=self.topic.code, open_at=day_start(first) - dt.timedelta(seconds=1))
        waiting, found = started.apply(self.cases, self.now).count(), []
        for number in range(SEASON_DAYS):
            day = first + dt.timedelta(days=number)
            waiting += new.get(day, 0) - solved.get(day, 0)
            found.append((day, new.get(day, 0), solved.get(day, 0), waiting))
        begun = next((i for i, (_day, n, s, w) in enumerate(found) if n or s or w), len(found) - 1)
        return found[begun:]

    def meetings(self) -> Iterable[Meeting]:
        """The meetings of the day with their decisions."""
        return (
            Meeting.objects.filter(topic=self.topic, held_at__date=self.day)
            .prefetch_related("decisions__case__department")
            .select_related("recorded_by")
        )


def _per_day(rows: CaseQuerySet, field: str, first: dt.date, last: dt.date) -> dict[dt.date, int]:
    span = {f"{field}__gte": day_start(first), f"{field}__lt": day_start(last + dt.timedelta(days=1))}
    counted = (
        rows.filter(**span).annotate(on=TruncDate(field)).order_by().values("on").annotate(n=Count("pk"))
    )
    return {row["on"]: row["n"] for row in counted}


def report_on(cases: CaseQuerySet, topic: Topic, day: dt.date, now: dt.datetime | None = None) -> DailyReport:
    """The report of a topic's day over these cases."""
    return DailyReport(cases, topic, day, now or timezone.now())
