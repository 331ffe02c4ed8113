"""What is counted of projects: how many began, how much was invested of what was planned, by list, level, street.

Every number carries the address of the list that it was counted from. Shares are exact and rounded once, half up.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet, Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from huying.targets.projects.models import ListEntry, MonthlyUpdate, Project, ProjectList, YearPlan
from huying.targets.projects.models.project import project_rules

ZERO = Decimal(0)
YI = Decimal(10_000)  # 万元 in one 亿元


def share(part: Decimal | int, whole: Decimal | int) -> Fraction | None:
    """A part of a whole; None of nothing."""
    return Fraction(part) / Fraction(whole) if whole else None


def percent(value: Fraction | None, decimals: int = 2) -> str:
    """`91.32%`, rounded once, half up."""
    if value is None:
        return "—"
    exact = Decimal(value.numerator * 100) / Decimal(value.denominator)
    return f"{exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)}%"


def wan(value: Decimal | None) -> str:
    """An amount of 万元 as people write it: 亿元 from one 亿 on."""
    if value is None:
        return "—"
    if abs(value) >= YI:
        return _("%(n)s 亿元") % {"n": f"{(value / YI).quantize(Decimal('0.01'), ROUND_HALF_UP):,}"}
    plain = value.quantize(Decimal("0.01"), ROUND_HALF_UP)
    return _("%(n)s 万元") % {
        "n": f"{plain:,f}".rstrip("0").rstrip(".") if "." in f"{plain}" else f"{plain:,}"
    }


@dataclass(frozen=True)
class Rate:
    """A row of counts about some projects: how many, how many began, invested of planned; each with its list."""

    code: str
    title: str
    projects: int
    started: int
    total_wan: Decimal
    plan_wan: Decimal
    done_wan: Decimal
    filter: Mapping[str, str]

    @property
    def start_rate(self) -> str:
        """Began of all."""
        return percent(share(self.started, self.projects))

    @property
    def plan_rate(self) -> str:
        """Invested of planned."""
        return percent(share(self.done_wan, self.plan_wan))

    @property
    def url(self) -> str:
        """The projects."""
        return list_address(self.filter)

    @property
    def started_url(self) -> str:
        """Those that began."""
        return list_address({**self.filter, "begun": "yes"})

    @property
    def total(self) -> str:
        return wan(self.total_wan)

    @property
    def plan(self) -> str:
        return wan(self.plan_wan)

    @property
    def done(self) -> str:
        return wan(self.done_wan)


def list_address(filters: Mapping[str, str]) -> str:
    """The list of projects, narrowed."""
    return f"{reverse('targets:projects')}?{urlencode(filters)}" if filters else reverse("targets:projects")


def done_in(rows: QuerySet[Project], first: dt.date, last: dt.date) -> QuerySet[MonthlyUpdate]:
    """The updates that hold of these projects, of the months from `first` to `last`."""
    return MonthlyUpdate.objects.filter(
        project__in=rows.order_by().values("pk"),
        state=MonthlyUpdate.State.ACCEPTED,
        month__gte=first,
        month__lte=last,
    )


def rate_of(
    rows: QuerySet[Project], *, year: int, last_month: int = 12, code: str = "", title: str = "",
    filters: Mapping[str, str] | None = None,
) -> Rate:  # fmt: skip
    """The counts of these projects in one year up to a month."""
    last = dt.date(year, last_month, 1)
    counted = rows.order_by().aggregate(
        n=Count("pk"), begun=Count("pk", filter=Q(started_on__isnull=False)), total=Sum("total_wan")
    )
    plan = YearPlan.objects.filter(project__in=rows.order_by().values("pk"), year=year).aggregate(
        n=Sum("plan_wan")
    )["n"]
    done = done_in(rows, dt.date(year, 1, 1), last).aggregate(n=Sum("done_wan"))["n"]
    until = {} if last_month == 12 else {"until": f"{last:%Y-%m}"}
    return Rate(
        code, title, counted["n"], counted["begun"], counted["total"] or ZERO, plan or ZERO, done or ZERO,
        {**(filters or {}), "year": str(year), **until},
    )  # fmt: skip


def on_list(rows: QuerySet[Project], code: str) -> QuerySet[Project]:
    """Those that are on a list now."""
    entries = ListEntry.objects.filter(list__code=code, left_on=None)
    return rows.filter(pk__in=entries.values("project"))


def of_year(rows: QuerySet[Project], year: int) -> QuerySet[Project]:
    """Those that are on any list of the year, or have a plan for it."""
    listed = ListEntry.objects.filter(list__year=year, left_on=None).values("project")
    planned = YearPlan.objects.filter(year=year).values("project")
    return rows.filter(Q(pk__in=listed) | Q(pk__in=planned))


def by_list(rows: QuerySet[Project], year: int, last_month: int = 12) -> list[tuple[ProjectList, Rate]]:
    """Every list of the year in the order of the pack, with its counts. A project counts on each of its lists."""
    kinds = list(project_rules().lists)
    lists = list(ProjectList.objects.filter(year=year, active=True))
    lists.sort(
        key=lambda one: (kinds.index(one.kind) if one.kind in kinds else 99, one.day or dt.date.min, one.code)
    )
    return [
        (one, rate_of(on_list(rows, one.code), year=year, last_month=last_month, code=one.code, title=str(one),
                      filters={"list": one.code}))
        for one in lists
    ]  # fmt: skip


def nested(pairs: Iterable[tuple[ProjectList, Rate]]) -> str:
    """`6 个在 26 个之内，26 个在 126 个之内`, where the lists of the levels lie within each other; else empty."""
    rules = project_rules()
    levels = {
        level: one for one, _rate in pairs if (level := getattr(rules.lists.get(one.kind), "level", ""))
    }
    chain = [levels[level] for level in ("provincial", "municipal", "district") if level in levels]
    if len(chain) < 2:
        return ""
    members = [
        set(ListEntry.objects.filter(list=one, left_on=None).values_list("project", flat=True))
        for one in chain
    ]
    words = []
    for place in range(len(chain) - 1):
        inner, outer = members[place], members[place + 1]
        both = len(inner & outer)
        values = {
            "inner": chain[place], "outer": chain[place + 1], "n": len(inner), "m": len(outer), "both": both,
        }  # fmt: skip
        if both == len(inner):
            words.append(_("%(inner)s %(n)d 个都在%(outer)s %(m)d 个之内") % values)
        else:
            words.append(_("%(inner)s %(n)d 个里有 %(both)d 个同时在%(outer)s %(m)d 个之内") % values)
    return "；".join(words)


def by_street(rows: QuerySet[Project], year: int, last_month: int = 12) -> list[Rate]:
    """Every street that has projects in the year."""
    rows = of_year(rows, year)
    streets = (
        rows.exclude(subdistrict=None).order_by("subdistrict__code")
        .values_list("subdistrict__code", "subdistrict__title").distinct()
    )  # fmt: skip
    return [
        rate_of(rows.filter(subdistrict__code=code), year=year, last_month=last_month, code=code, title=title,
                filters={"area": code})
        for code, title in streets
    ]  # fmt: skip


def curve(rows: QuerySet[Project], year: int) -> dict[str, list[Decimal]]:
    """Twelve months of what was planned and what was done, each summed up from January on, in 万元."""
    keys = rows.order_by().values("pk")
    planned, done = [ZERO] * 12, [ZERO] * 12
    for plan in YearPlan.objects.filter(project__in=keys, year=year):
        for month in range(12):
            planned[month] += plan.of_month(month + 1)
    updates = done_in(rows, dt.date(year, 1, 1), dt.date(year, 12, 1))
    for month, value in updates.order_by().values_list("month").annotate(Sum("done_wan")):
        done[month.month - 1] += value
    return {"planned": _running(planned), "done": _running(done), "by_month": done}


def _running(values: list[Decimal]) -> list[Decimal]:
    found, sum_ = [], ZERO
    for value in values:
        sum_ += value
        found.append(sum_)
    return found


def years_known() -> list[int]:
    """The years that have a list or a plan, the newest first."""
    found: set[Any] = set(ProjectList.objects.filter(active=True).values_list("year", flat=True))
    found |= set(YearPlan.objects.values_list("year", flat=True).distinct())
    return sorted(found, reverse=True)
