"""Compliance: of what was owed, how much was done in time; by plan, area, department, person and day."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.db.models import Q
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from huying.cases.catalogue import subdistricts
from huying.core.pages import address, export_xlsx
from huying.inspections.duties import figures
from huying.inspections.duties.figures import Asked, Tally, Work
from huying.inspections.duties.rights import Reach, reach
from huying.inspections.models import Plan
from huying.inspections.occurrences import Period, period_of
from huying.inspections.rounds.rights import VIEW
from huying.inspections.views.desk.duties import day_asked, plan_choices, where_asked
from huying.people.access import can
from huying.people.guards import reader, requires
from huying.people.models import Department, Shift, User
from huying.people.rosters import figures as rosters
from huying.people.rosters.policy import VIEW as ROSTERS
from huying.people.rosters.policy import shifts_for
from huying.places.models import Area
from huying.registry.models import Item

SPANS = {
    "day": gettext_lazy("日"), "week": gettext_lazy("周"), "month": gettext_lazy("月"), "year": gettext_lazy("年"),
}  # fmt: skip
_DAY = dt.timedelta(days=1)
MOST_PEOPLE = 50
MOST_LINES = 120
# From which share of duties done in time a day counts as good, and as fair: the colours of the calendar.
GOOD, FAIR = 0.95, 0.8
_LEGEND = (
    (gettext_lazy("九成五以上"), "green", "check"), (gettext_lazy("八成以上"), "yellow", "clock"),
    (gettext_lazy("不到八成"), "red", "alert"),
)  # fmt: skip


class AskedForm(forms.Form):
    """Which plan, area, department, and which day, week, month or year."""

    plan = forms.ChoiceField(
        label=gettext_lazy("计划"), required=False,
        choices=plan_choices,
    )  # fmt: skip
    area = forms.ChoiceField(label=gettext_lazy("区域"), required=False)
    unit = forms.ChoiceField(label=gettext_lazy("责任单位"), required=False)
    span = forms.ChoiceField(label=gettext_lazy("时段"), required=False, choices=list(SPANS.items()))
    day = forms.DateField(
        label=gettext_lazy("哪一天所在的时段"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, area: Area | None, unit: Department | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        places = subdistricts()
        if area is not None and all(code != area.code for code, _title in places):
            places = [(area.code, str(area)), *places]
        self.fields["area"].choices = [("", _("全部")), *places]  # type: ignore[attr-defined]
        codes = {code for plan in Plan.objects.filter(active=True) for code in plan.rules.by_departments}
        units = Department.objects.filter(Q(code__in=codes) | Q(pk=unit.pk if unit else None)).order_by(
            "code"
        )
        self.fields["unit"].choices = [("", _("全部")), *((one.code, str(one)) for one in units)]  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Line:
    """One line of a table: what it is called, its tally, where its page and its rows are."""

    group: str
    title: str
    tally: Tally
    url: str = ""
    rows: str = ""


@require_safe
@requires(VIEW)
def compliance(request: HttpRequest) -> HttpResponse:
    """The page, its print and its spreadsheet."""
    asked, span, period = _asked(request)
    mine = reach(reader(request))
    page = _Page(request, asked, mine)
    by_day = figures.tallies("day", asked, mine)
    whole = sum(by_day.values(), Tally())
    tables = page.tables()
    if request.GET.get("export") == "xlsx":
        lines = [Line(_("合计"), "", whole), *(line for _title, found in tables for line in found)]
        return cast(HttpResponse, _export(asked, lines))
    people, counted = page.people()
    context = {
        "form": AskedForm(asked.area, asked.doer, _bound(request, span, asked)),
        "asked": asked, "span": span, "spans": _spans(request, span), "period": period, "whole": whole,
        "tiles": page.tiles(whole), "heat": _heat(page, asked, by_day), "tables": tables, "people": people,
        "people_counted": counted, "worst": page.worst(), "shifts": _shifts(request, asked),
        "before": address(request, day=asked.first - _DAY), "after": address(request, day=period.last + _DAY),
        "legend": _LEGEND, "is_now": asked.first <= timezone.localdate() <= period.last, "until": timezone.now(),
        "export_url": address(request, export="xlsx"), "crumbs": _crumbs(request, asked),
    }  # fmt: skip
    return render(request, "inspections/desk/duties_compliance.html", context)


def _bound(request: HttpRequest, span: str, asked: Asked) -> dict[str, Any]:
    return {**request.GET.dict(), "span": span, "day": request.GET.get("day") or asked.last.isoformat()}


def _asked(request: HttpRequest) -> tuple[Asked, str, Period]:
    span = request.GET.get("span", "")
    span = span if span in SPANS else "month"
    period = period_of(span, day_asked(request))
    code, unit = request.GET.get("plan", ""), request.GET.get("unit", "")
    plan = Plan.objects.filter(code=code).first() if code else None
    doer = Department.objects.filter(code=unit).first() if unit else None
    if (code and plan is None) or (unit and doer is None):
        raise Http404(_("没有这个计划或单位。"))
    # What is still to come is no failure: a period under way is counted until today.
    last = min(period.last, max(timezone.localdate(), period.first))
    return Asked(period.first, last, plan, where_asked(request), doer), span, period


def _spans(request: HttpRequest, span: str) -> list[dict[str, Any]]:
    return [
        {"title": title, "url": address(request, span=code), "active": code == span, "count": None}
        for code, title in SPANS.items()
    ]


def _crumbs(request: HttpRequest, asked: Asked) -> list[tuple[str, str]]:
    found = [(_("日常工作"), reverse("inspections:duties"))]
    if asked.area is not None:
        found.append((_("完成情况"), address(request, area=None)))
        parent = asked.area.parent
        if parent is not None and parent.level == Area.Level.SUBDISTRICT:
            found.append((str(parent), address(request, area=parent.code)))
    return found


class _Page:
    """What the parts of the page share: what is asked for, and the addresses of the rows behind its numbers."""

    def __init__(self, request: HttpRequest, asked: Asked, mine: Reach) -> None:
        self.request, self.asked, self.mine = request, asked, mine

    def rows(self, **changes: object) -> str:
        """The list of places and days that a number counts."""
        asked = self.asked
        query: dict[str, object] = {
            "plan": asked.plan.code if asked.plan else "", "area": asked.area.code if asked.area else "",
            "unit": asked.doer.code if asked.doer else "", "from": asked.first, "to": asked.last,
        } | changes  # fmt: skip
        kept = {name: value for name, value in query.items() if value}
        return f"{reverse('inspections:duties-days')}?{urlencode(kept)}"

    def visits(self, **changes: object) -> str:
        """The list of visits."""
        return self.rows(**changes).replace(
            reverse("inspections:duties-days"), reverse("inspections:duties-visits")
        )

    def tiles(self, whole: Tally) -> list[dict[str, Any]]:
        """Five numbers, each with its rows."""
        return [
            {"title": _("应做"), "value": f"{whole.due:,}", "unit": _("次"), "url": self.rows(),
             "note": _("其中 %s 次还能做") % f"{whole.waiting:,}" if whole.waiting else ""},
            {"title": _("按时"), "value": f"{whole.done:,}", "unit": _("次"), "url": self.rows(only="done"),
             "colour": "green"},
            {"title": _("迟了"), "value": f"{whole.late:,}", "unit": _("次"), "url": self.rows(only="late"),
             "colour": "yellow" if whole.late else ""},
            {"title": _("缺"), "value": f"{whole.missed:,}", "unit": _("次"), "url": self.rows(only="missed"),
             "colour": "red" if whole.missed else ""},
            {"title": _("按时率"), "value": percent(whole) or "—", "note": _("按时 ÷（按时 + 迟了 + 缺）"),
             "url": self.rows()},
        ]  # fmt: skip

    def tables(self) -> list[tuple[str, list[Line]]]:
        """By plan, by area and by department; what is chosen already needs no table."""
        found = []
        if self.asked.plan is None:
            found.append((_("按计划"), self._by_plan()))
        if areas := self._by_area():
            found.append((_("按区域"), areas))
        if self.asked.doer is None:
            found.append((_("按责任单位"), self._by_doer()))
        return [(title, lines) for title, lines in found if lines]

    def _by_plan(self) -> list[Line]:
        counts = figures.tallies("plan", self.asked, self.mine)
        plans = Plan.objects.in_bulk(list(counts))
        return _sorted(
            Line(
                _("计划"), str(plans[pk]), tally, address(self.request, plan=plans[pk].code),
                self.rows(plan=plans[pk].code),
            )
            for pk, tally in counts.items()
        )  # fmt: skip

    def _by_area(self) -> list[Line]:
        counts = figures.tallies("area", self.asked, self.mine)
        areas = Area.objects.defer("boundary").in_bulk(list(counts))
        return _sorted(
            Line(
                _("区域"), str(areas[pk]), tally, address(self.request, area=areas[pk].code),
                self.rows(area=areas[pk].code),
            )
            for pk, tally in counts.items()
            if self.asked.area is None or pk != self.asked.area.pk
        )  # fmt: skip

    def _by_doer(self) -> list[Line]:
        counts = figures.tallies("doer", self.asked, self.mine)
        units = Department.objects.in_bulk(list(counts))
        return _sorted(
            Line(
                _("责任单位"), str(units[pk]), tally, address(self.request, unit=units[pk].code),
                self.rows(unit=units[pk].code),
            )
            for pk, tally in counts.items()
        )  # fmt: skip

    def people(self) -> tuple[list[tuple[User, Work, str]], bool]:
        """Who did how much, the most first; and whether people are counted for this area at all."""
        counts = figures.people(self.asked, self.mine)
        if counts is None:
            return [], False
        most = sorted(counts.items(), key=lambda pair: (-pair[1].done - pair[1].late, pair[0]))[:MOST_PEOPLE]
        users = User.objects.in_bulk([pk for pk, _work in most])
        return [(users[pk], work, self.visits(person=users[pk].username)) for pk, work in most], True

    def worst(self) -> list[dict[str, Any]]:
        """The places with the most missed duties."""
        found = figures.places(self.asked, self.mine)
        plans = Plan.objects.in_bulk({row["plan"] for row in found})
        titles: dict[str, dict[int, Any]] = {
            "item": Item.objects.in_bulk([row["item"] for row in found if row["item"]]),
            "area": Area.objects.defer("boundary").in_bulk([row["area"] for row in found if row["area"]]),
            "department": Department.objects.in_bulk(
                [row["department"] for row in found if row["department"]]
            ),
        }
        lines = []
        for row in found:
            kind = next(kind for kind in titles if row[kind])
            url = reverse("inspections:duties-place", args=[plans[row["plan"]].code, kind, row[kind]])
            lines.append(
                {
                    "place": titles[kind][row[kind]], "plan": plans[row["plan"]], "times": row["times"],
                    "days": row["days"], "url": f"{url}?day={self.asked.last}",
                }
            )  # fmt: skip
        return lines


def percent(tally: Tally) -> str:
    """98.4%, never rounded up to 100; nothing where nothing is decided."""
    if tally.rate is None:
        return ""
    tenths = 1000 * tally.done // tally.decided
    return f"{tenths / 10:.1f}%"


def _sorted(lines: Iterable[Line]) -> list[Line]:
    """The worst first: whoever looks at a table looks for them."""
    ordered = sorted(
        lines, key=lambda line: (line.tally.rate if line.tally.rate is not None else 2, line.title)
    )
    return ordered[:MOST_LINES]


def _heat(page: _Page, asked: Asked, by_day: Mapping[dt.date, Tally]) -> list[dict[str, Any]]:
    """The days by months, each with its share done in time and its colour."""
    months = []
    rows = page.rows(**{"from": "", "to": ""})
    rows += "" if rows.endswith("?") else "&"
    month = asked.first.replace(day=1)
    while month <= asked.last:
        cells = []
        for number in range(1, calendar.monthrange(month.year, month.month)[1] + 1):
            day = month.replace(day=number)
            tally = by_day.get(day, Tally())
            cells.append(
                {
                    "day": day, "tally": tally, "colour": _colour(tally), "percent": _whole_percent(tally),
                    "url": f"{rows}from={day}&to={day}" if tally.due else "",
                }
            )  # fmt: skip
        months.append({"month": month, "cells": cells})
        month = (month + 31 * _DAY).replace(day=1)
    return months


def _whole_percent(tally: Tally) -> int | None:
    return 100 * tally.done // tally.decided if tally.decided else None


def _colour(tally: Tally) -> str:
    if tally.rate is None:
        return ""
    return "green" if tally.rate >= GOOD else "yellow" if tally.rate >= FAIR else "red"


def _shifts(request: HttpRequest, asked: Asked) -> dict[str, Any] | None:
    """Was the post filled: the rosters of the same area and days."""
    user = reader(request)
    if not can(user, ROSTERS):
        return None
    shifts = shifts_for(user).filter(on__range=(asked.first, asked.last))
    if asked.area is not None:
        shifts = shifts.filter(roster__area__path__startswith=asked.area.path)
    if asked.doer is not None:
        shifts = shifts.filter(roster__department=asked.doer)
    figure = rosters.filled(Shift.objects.filter(pk__in=shifts.values("pk")))
    query = urlencode({"from": asked.first, "to": asked.last})
    return {
        "figure": figure, "percent": f"{figure.rate:.1%}" if figure.rate is not None else "",
        "empty": figure.by["empty"], "url": f"{reverse('people:all-shifts')}?{query}",
    }  # fmt: skip


def _export(asked: Asked, lines: list[Line]) -> FileResponse:
    columns = [
        (_("分类"), lambda line: line.group), (_("名称"), lambda line: line.title),
        (_("应做"), lambda line: line.tally.due), (_("按时"), lambda line: line.tally.done),
        (_("迟了"), lambda line: line.tally.late), (_("缺"), lambda line: line.tally.missed),
        (_("还能做"), lambda line: line.tally.waiting), (_("按时率"), lambda line: percent(line.tally)),
    ]  # fmt: skip
    notes = [
        (_("时段"), f"{asked.first} – {asked.last}"),
        (_("计划"), str(asked.plan or _("全部"))),
        (_("区域"), str(asked.area or _("全部"))),
        (_("责任单位"), str(asked.doer or _("全部"))),
        (_("按时率"), _("按时 ÷（按时 + 迟了 + 缺）")),
    ]
    return export_xlsx(_("日常工作完成情况"), columns, lines, notes)
