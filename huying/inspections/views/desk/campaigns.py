"""Special campaigns at the desk: all of them, one with its figures, its ledger, awards."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from huying.cases.models import Ledger
from huying.cases.views.desk.fields import DayField
from huying.core.errors import Refusal
from huying.core.files import store_photo
from huying.core.language import is_english
from huying.core.pages import Column, Filter, ListPage, address
from huying.core.photo_links import photo_url
from huying.core.spreadsheets import export_xlsx
from huying.core.toasts import toast
from huying.inspections.campaigns.awards import record_award
from huying.inspections.campaigns.bulletins import progress
from huying.inspections.campaigns.counting import Counted, Counting, list_url, rounds_of
from huying.inspections.campaigns.models import Award, Campaign
from huying.inspections.campaigns.ranking import compute
from huying.inspections.campaigns.rights import (
    MANAGE,
    VIEW,
    awards_for,
    bulletins_for,
    campaigns_for,
    may_manage,
    require_manage,
)
from huying.inspections.campaigns.rules import Span
from huying.inspections.models import Plan, Standard
from huying.inspections.occurrences import period_of
from huying.inspections.rounds.rights import rounds_for
from huying.inspections.views.desk.rounds import choice_field, day_field
from huying.people.guards import VerbRequired, requires, signed_in
from huying.people.models import Department, User
from huying.places.models import Area
from huying.registry.models import Register
from huying.registry.views.desk.lists import any_of, area_choices, department_choices

MONTHS_SHOWN = 24


def campaign_for(request: HttpRequest, code: str) -> Campaign:
    """The campaign; 404 for one that there is not."""
    found = campaigns_for(request.user).filter(code=code).first()
    if found is None:
        raise Http404(_("没有这个专项。请从专项列表里选。"))
    return found


class PartForm(forms.Form):
    """Which part of a campaign is looked at."""

    area = choice_field(gettext_lazy("街道、社区"), area_choices)
    first = DayField(label=gettext_lazy("从"), required=False)
    last = DayField(label=gettext_lazy("到"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.required = False

    def span(self) -> Span:
        """The days that are asked for."""
        cleaned = getattr(self, "cleaned_data", {})
        days = [cleaned.get(name) or () for name in ("first", "last")]
        return Span(*(dt.date.fromisoformat(day[0]) if day else None for day in days))


@never_cache
@require_safe
@requires(VIEW)
def campaigns(request: HttpRequest) -> HttpResponse:
    """Every campaign, with how much it has found and how much is fixed."""
    user = signed_in(request)
    rows: list[dict[str, Any]] = []
    for campaign in campaigns_for(user):
        counting = Counting(campaign, user)
        numbers = {number.code: number for number in counting.case_numbers()[:3]}
        rounds = rounds_of(rounds_for(user), campaign.rules).count()
        rows.append(
            {
                "campaign": campaign, "about": about_of(campaign), "period": period_words(campaign.rules.period),
                "rounds": Counted("rounds", _("检查"), rounds, list_url("rounds", campaign=campaign.code), _("次")),
                "numbers": numbers.values(), "running": timezone.localdate() in campaign.rules.period,
            }
        )  # fmt: skip
    rows.sort(key=lambda row: (not row["running"], str(row["campaign"].code)))
    return render(request, "inspections/desk/campaigns.html", {"rows": rows})


def about_of(campaign: Campaign) -> str:
    """What it is, in the reader's language."""
    rules = campaign.rules
    return (rules.about_en if is_english() else "") or rules.about


def period_words(span: Span) -> str:
    """The period as people read it."""
    if span.first and span.last:
        if (span.first.month, span.first.day, span.last.month, span.last.day) == (1, 1, 12, 31):
            first, last = span.first.year, span.last.year
            return str(first) if first == last else f"{first}–{last}"
        return f"{span.first} – {span.last}"
    if span.first:
        return _("%(day)s 起") % {"day": span.first}
    return _("%(day)s 止") % {"day": span.last} if span.last else _("长期")


@never_cache
@require_safe
@requires(VIEW)
def campaign(request: HttpRequest, code: str) -> HttpResponse:
    """One campaign: what it is, its figures, by area and month, its ledger, ranking, bulletins, awards."""
    user, found = signed_in(request), campaign_for(request, code)
    form = PartForm(request.GET, auto_id="filter-%s")
    area = form.cleaned_data["area"] if form.is_valid() else ""
    counting = Counting(found, user, form.span(), area)
    areas = counting.by_area()
    if request.GET.get("export") == "xlsx":
        return _export(found, counting, areas)
    context = {
        "campaign": found, "about": about_of(found), "rules": found.rules, "form": form,
        "period": period_words(found.rules.period), "lead": Department.objects.filter(code=found.rules.lead).first(),
        "figures": counting.figures(), "numbers": counting.round_numbers(), "cases": counting.case_numbers(),
        "measures": counting.measures(), "areas": _area_rows(counting, areas), "months": _months_chart(counting),
        "parts": _parts(found), "ledger_url": counting.filter("all").url(), "open_url": counting.filter("open").url(),
        "rankings": _rankings(found), "awards": awards_for(user).filter(campaign=found)[:5],
        "series": [_series(user, series) for series in found.bulletin_series.filter(active=True)],
        "may_manage": may_manage(user, found), "export_url": address(request, export="xlsx"), "map": _map(areas),
    }  # fmt: skip
    return render(request, "inspections/desk/campaign.html", context)


def _series(user: User, series: Any) -> dict[str, Any]:
    mine = bulletins_for(user).filter(series=series)
    return {"series": series, "progress": progress(mine), "bulletins": mine.order_by("-pk")[:3]}


def _rankings(found: Campaign) -> list[dict[str, Any]]:
    """The top of each ranking in the running period."""
    rows = []
    for ranking in found.rankings.filter(active=True):
        period = period_of(ranking.rules.every, timezone.localdate())
        places = [place for place in compute(ranking.rules, period) if place.rank][:3]
        rows.append({"ranking": ranking, "period": period, "places": places, "table": ranking.tables.first()})
    return rows


def _parts(found: Campaign) -> list[tuple[str, list[tuple[str, str]]]]:
    """What the campaign is made of, each with its page."""
    uses = found.rules.uses
    registers = Register.objects.filter(code__in=uses.get("register", ()), active=True)
    standards = Standard.objects.filter(code__in=uses.get("standard", ()), active=True)
    plans = Plan.objects.filter(code__in=uses.get("plan", ()), active=True)
    ledgers = Ledger.objects.filter(code__in=uses.get("ledger", ()), active=True)
    cases = reverse("desk:cases")
    found_parts = [
        (_("名录"), [(str(row), row.get_absolute_url()) for row in registers]),
        (_("标准"), [(str(row), reverse("inspections:standard", args=[row.code])) for row in standards]),
        (_("计划"), [(str(row), reverse("inspections:plan", args=[row.code])) for row in plans]),
        (_("台账"), [(str(row), f"{cases}?ledger={row.code}") for row in ledgers]),
    ]
    return [(title, rows) for title, rows in found_parts if rows]


def _area_rows(counting: Counting, areas: list[tuple[str, str, dict[str, int]]]) -> list[dict[str, Any]]:
    states = ("all", "fixed", "open", "overdue")
    rows = []
    for code, title, numbers in areas:
        rounds = list_url(
            "rounds", campaign=counting.campaign.code, area=code,
            **{"from": counting.asked.first, "to": counting.asked.last},
        )  # fmt: skip
        cells = [
            (numbers.get("rounds", 0), rounds),
            (numbers.get("findings", 0), rounds.replace("/rounds/?", "/findings/?")),
        ]
        cells += [(numbers.get(state, 0), counting.filter(state, area=code).url()) for state in states]
        rows.append({"title": title, "code": code, "cells": cells})
    return rows


def _months_chart(counting: Counting) -> dict[str, Any] | None:
    months = counting.by_month()[-MONTHS_SHOWN:]
    if not months:
        return None

    def url(month: str, state: str) -> str:
        first = dt.date.fromisoformat(f"{month}-01")
        last = period_of("month", first).last
        inside = counting.asked.within(Span(first, last))
        if state != "rounds":
            return counting.filter(state).with_(reported_from=inside.first, reported_to=inside.last).url()
        return list_url(
            "rounds",
            campaign=counting.campaign.code,
            area=counting.area,
            **{"from": inside.first, "to": inside.last},
        )

    lines = (("rounds", _("检查（次）")), ("all", _("发现问题（件）")), ("fixed", _("其中已整改（件）")))
    return {
        "id": "campaign-months", "title": _("逐月"), "kind": "bar", "labels": [month for month, _n in months],
        "label_title": _("月份"), "until": f"{timezone.localtime():%Y-%m-%d %H:%M}", "height": "small",
        "series": [
            {
                "name": name, "values": [numbers.get(code, 0) for _m, numbers in months],
                "urls": [url(month, code) for month, _n in months],
            }
            for code, name in lines
        ],
    }  # fmt: skip


def _map(areas: list[tuple[str, str, dict[str, int]]]) -> dict[str, Any]:
    return {
        "id": "campaign-map", "label": _("各街道正在整改的问题"), "height": "small",
        "areas_url": f"{reverse('places:areas')}?level=subdistrict",
        "area_values": {code: numbers["open"] for code, _title, numbers in areas if numbers.get("open")},
        "area_values_title": _("正在整改"), "unit": _("件"),
    }  # fmt: skip


def _export(found: Campaign, counting: Counting, areas: list[tuple[str, str, dict[str, int]]]) -> Any:
    """Every number of the page, with the address of its rows."""
    numbers = [
        (_("总数"), each)
        for each in [
            *counting.figures(),
            *counting.round_numbers(),
            *counting.case_numbers(),
            *counting.measures(),
        ]
    ]
    rows: list[tuple[str, str, int | float, str]] = [
        (group, number.title, number.value, number.unit) for group, number in numbers
    ]
    names = {
        "rounds": _("检查"), "findings": _("督导意见"), "all": _("发现的问题"), "fixed": _("已整改销号"),
        "open": _("正在整改"),
        "overdue": _("超期未改"),
    }  # fmt: skip
    rows += [
        (title, names[name], values.get(name, 0), "") for _code, title, values in areas for name in names
    ]
    rows += [
        (month, names[name], value, "")
        for month, values in counting.by_month()
        for name, value in values.items()
    ]
    columns = [
        (_("范围"), lambda row: row[0]), (_("数目"), lambda row: row[1]), (_("数"), lambda row: row[2]),
        (_("单位"), lambda row: row[3]),
    ]  # fmt: skip
    return export_xlsx(str(found), columns, rows, [(_("时段"), period_words(counting.span))])


# -- awards --------------------------------------------------------------------------------------------------


class Awards(VerbRequired, ListPage):
    """Awards of the province and the city, with what the district adds."""

    verb = VIEW
    name = "awards"
    title = gettext_lazy("获奖和匹配")
    template_name = "inspections/desk/awards.html"
    order = "-awarded_on"
    columns = (
        Column("title", gettext_lazy("奖项"), css="cell--wide"),
        Column("level", gettext_lazy("级别"), lambda row: row.get_level_display()),
        Column("winner", gettext_lazy("获奖的"), lambda row: str(row.winner)),
        Column("awarded_on", gettext_lazy("日期"), sort="awarded_on", css="cell--nowrap"),
        Column("amount", gettext_lazy("奖金（元）"), css="number"),
        Column(
            "percent", gettext_lazy("匹配比例"), lambda row: f"{row.percent.normalize():f}%", css="number"
        ),
        Column("matched", gettext_lazy("区级匹配（元）"), css="number"),
        Column("campaign", gettext_lazy("专项")),
        Column("words", gettext_lazy("文件")),
        Column("rule_since", gettext_lazy("匹配规则自"), css="cell--nowrap", shown=False),
    )
    empty = {
        "title": gettext_lazy("还没有记获奖"),
        "text": gettext_lazy("在专项的页面上记一笔。"),
        "icon": "star",
    }
    filters = (
        Filter(
            "campaign",
            choice_field(
                gettext_lazy("专项"), lambda: [(row.code, str(row)) for row in Campaign.objects.all()]
            ),
            lookup="campaign__code",
        ),
        Filter("level", choice_field(gettext_lazy("级别"), lambda: Award.Level.choices)),
        Filter("from", day_field(gettext_lazy("从")), lookup="awarded_on__gte"),
        Filter("to", day_field(gettext_lazy("到")), lookup="awarded_on__lte"),
    )

    def get_queryset(self) -> Any:
        return (
            awards_for(self.request.user)
            .select_related("campaign", "area", "department")
            .defer("area__boundary")
        )

    def row_url(self, row: Award) -> str:
        return photo_url(row.evidence) if row.evidence else ""


class AwardForm(forms.Form):
    """An award as its paper says."""

    level = forms.ChoiceField(label=gettext_lazy("级别"), choices=Award.Level.choices)
    title = forms.CharField(label=gettext_lazy("奖项"), max_length=120)
    area = forms.ChoiceField(
        label=gettext_lazy("获奖的街道、村"), required=False, choices=any_of(area_choices)
    )
    department = forms.ChoiceField(
        label=gettext_lazy("或者单位"), required=False, choices=any_of(department_choices)
    )
    awarded_on = forms.DateField(
        label=gettext_lazy("获奖日期"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    amount = forms.DecimalField(
        label=gettext_lazy("奖金（元）"), max_digits=12, decimal_places=2, min_value=0
    )
    words = forms.CharField(label=gettext_lazy("表彰文件文号"), required=False, max_length=200)
    evidence = forms.FileField(label=gettext_lazy("文件照片"), required=False)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(MANAGE)
def add_award(request: HttpRequest, code: str) -> HttpResponse:
    """Record an award; what the district adds is worked out by the rule of that day."""
    user, found = signed_in(request), campaign_for(request, code)
    require_manage(user, found)
    form = AwardForm(request.POST or None, request.FILES or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            said = form.cleaned_data
            try:
                upload = said.pop("evidence")
                award = record_award(
                    found, **said | {
                        "area": Area.objects.filter(code=said["area"]).first() if said["area"] else None,
                        "department": Department.objects.filter(code=said["department"]).first()
                        if said["department"] else None,
                        "evidence": store_photo(upload, by=user) if upload else None,
                    }, actor=user,
                )  # fmt: skip
            except Refusal as refusal:
                form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
            else:
                toast(
                    request,
                    _("已记。区级匹配 %(percent)s%%，%(matched)s 元。")
                    % {"percent": f"{award.percent.normalize():f}", "matched": award.matched},
                )
                return HttpResponseRedirect(f"{reverse('inspections:awards')}?campaign={found.code}")
    context = {"campaign": found, "form": form, "cancel_url": found.get_absolute_url()}
    return render(request, "inspections/desk/award_form.html", context, status=status)
