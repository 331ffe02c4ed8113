"""Rounds at the desk: the list with its numbers, who was out, what was found, one round and all that came of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django import forms
from django.db.models import Min, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from huying.cases.policy import cases_for
from huying.cases.views.desk.display import clock_badge, status_badge
from huying.core.journal import entries_of, log
from huying.core.pages import Column, Filter, ListPage
from huying.core.photo_links import photo_url
from huying.core.templatetags.parts import badge
from huying.inspections.campaigns.counting import rounds_counted, rounds_of
from huying.inspections.campaigns.models import Campaign
from huying.inspections.models import Standard
from huying.inspections.policy import plans_for
from huying.inspections.results.rights import may_begin as may_measure
from huying.inspections.results.rights import measures_for
from huying.inspections.rounds.models import Finding, Round, RoundMember
from huying.inspections.rounds.rights import VIEW, rounds_for
from huying.inspections.scoring import NOT_APPLICABLE, verdict
from huying.papers.letter import number_of
from huying.papers.models import Paper
from huying.papers.policy import papers_for
from huying.people.guards import VerbRequired, requires, signed_in
from huying.people.models import User
from huying.places.locate import current_index
from huying.registry.declared.forms import shown_values
from huying.registry.views.desk.lists import any_of, area_choices, department_choices

RESULTS = [
    ("passed", gettext_lazy("合格")),
    ("failed", gettext_lazy("不合格")),
    ("found", gettext_lazy("有问题")),
]


def in_area(rows: QuerySet[Any], code: str, column: str = "area_path") -> QuerySet[Any]:
    """Rows that lie in the area; an unknown one holds nothing."""
    row = current_index().rows.get(code)
    return rows.filter(**{f"{column}__startswith": row.path}) if row else rows.none()


def _in_campaign(rows: QuerySet[Any], code: str, via: str = "") -> QuerySet[Any]:
    campaign = Campaign.objects.filter(code=code).first()
    if campaign is None:
        return rows.none()
    if not via:
        return rounds_of(rows, campaign.rules)
    return rows.filter(
        **{f"{via}__in": rounds_of(Round.objects.all(), campaign.rules).order_by().values("pk")}
    )


def titled(model: Any) -> Any:
    """Choices by code and title of those in use."""
    return lambda: [(row.code, str(row)) for row in model.objects.filter(active=True)]


def _result(rows: QuerySet[Any], value: str, prefix: str) -> QuerySet[Any]:
    column, wanted = {"passed": ("passed", True), "failed": ("passed", False), "found": ("failed__gt", 0)}[
        value
    ]
    return rows.filter(**{f"{prefix}{column}": wanted})


def _of_team(rows: QuerySet[Any], value: str, prefix: str) -> QuerySet[Any]:
    """Rounds on which somebody of the department was."""
    name = "round__in" if prefix else "pk__in"
    return rows.filter(**{name: RoundMember.objects.filter(department__code=value).values("round")})


def day_field(label: Any) -> forms.DateField:
    """A day of the browser's own calendar."""
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))


def choice_field(label: Any, choices: Any) -> forms.ChoiceField:
    """One of these, or none."""
    return forms.ChoiceField(label=label, choices=any_of(choices))


def round_filters(user: User, prefix: str = "") -> list[Filter]:
    """What rounds, and whatever hangs on them by `prefix`, are narrowed by. Plans are those the reader may know of."""
    via = prefix.removesuffix("__")

    def known() -> list[tuple[str, str]]:
        return [(plan.code, str(plan)) for plan in plans_for(user)]

    return [
        Filter(
            "q",
            forms.CharField(
                label=gettext_lazy("地点"), max_length=60, widget=forms.TextInput(attrs={"type": "search"})
            ),
            lookup=f"{prefix}place_title__icontains",
        ),
        Filter(
            "campaign", choice_field(gettext_lazy("专项"), titled(Campaign)),
            apply=lambda rows, code: _in_campaign(rows, code, via),
        ),
        Filter(
            "standard", choice_field(gettext_lazy("标准"), titled(Standard)), lookup=f"{prefix}version__standard__code"
        ),
        Filter(
            "version", forms.IntegerField(label=gettext_lazy("版次"), min_value=1, max_value=32_000),
            lookup=f"{prefix}version__number",
        ),
        Filter("plan", choice_field(gettext_lazy("计划"), known), lookup=f"{prefix}plan__code"),
        Filter(
            "area", choice_field(gettext_lazy("街道、社区"), area_choices),
            apply=lambda rows, code: in_area(rows, code, f"{prefix}area_path"),
        ),
        Filter(
            "result", choice_field(gettext_lazy("结果"), lambda: RESULTS),
            apply=lambda rows, value: _result(rows, value, prefix),
        ),
        Filter(
            "team", choice_field(gettext_lazy("检查单位"), department_choices),
            apply=lambda rows, value: _of_team(rows, value, prefix),
        ),
        Filter("from", day_field(gettext_lazy("从")), lookup=f"{prefix}day__gte"),
        Filter("to", day_field(gettext_lazy("到")), lookup=f"{prefix}day__lte"),
        Filter(
            "paper",
            choice_field(
                gettext_lazy("发文"),
                lambda: [
                    (kind.value, kind.label) for kind in (Paper.Kind.SUPERVISION_LETTER, Paper.Kind.ORDER_TO_CORRECT)
                ],
            ),
            lookup=f"{prefix}paper__kind",
        ),
    ]  # fmt: skip


def result_badge(round_: Round) -> SafeString:
    """Passed or not, as colour, icon and word."""
    return badge(_("合格"), "green", "check") if round_.passed else badge(_("不合格"), "red", "alert")


def _score(round_: Round) -> str:
    return f"{round_.percent}{' · ' + round_.grade if round_.grade else ''}"


class _RoundPages(VerbRequired, ListPage):
    """What the three lists share."""

    verb = VIEW
    template_name = "inspections/desk/rounds.html"
    here = ""

    @cached_property
    def _filters(self) -> list[Filter]:
        return round_filters(signed_in(self.request))

    def get_filters(self) -> Sequence[Filter]:
        return self._filters

    def asked_values(self) -> dict[str, object]:
        """The filters in use, as the address has them."""
        return {each.name: self.request.GET.get(each.name, "") for each, _value in self.active}

    @cached_property
    def found(self) -> QuerySet[Round]:
        """The rounds behind the rows."""
        rows: QuerySet[Any] = rounds_for(self.request.user)
        plain = {each.name: each for each in round_filters(signed_in(self.request))}
        for each, value in self.active:
            rows = plain[each.name].narrow(rows, value)
        return rows

    def exported(self, rows: QuerySet[Any]) -> None:
        """Who took which list is on record."""
        user = signed_in(self.request)
        log(
            user, "round.list_exported", actor=user, list=self.name, filter=self.request.GET.urlencode()[:200]
        )

    def extra_context(self) -> dict[str, Any]:
        numbers = rounds_counted(self.found, self.asked_values())
        return {
            "numbers": numbers,
            "crumbs": [(_("检查"), reverse("inspections:rounds")), (self.title, "")][-2:],
        }


class Rounds(_RoundPages):
    """Every round that the reader may see."""

    name = "rounds"
    title = gettext_lazy("检查记录")
    order = "-ended_at"
    columns = (
        Column("place_title", gettext_lazy("地点"), css="cell--wide"),
        Column("standard", gettext_lazy("标准"), "version.standard", css="cell--kind"),
        Column("ended_at", gettext_lazy("时间"), sort="ended_at", css="cell--nowrap"),
        Column("score", gettext_lazy("得分"), _score, css="cell--nowrap"),
        Column("tenths", gettext_lazy("得分（%）"), lambda row: row.tenths / 10, css="number", shown=False),
        Column(
            "passed", gettext_lazy("结果"), lambda row: _("合格") if row.passed else _("不合格"), result_badge,
            css="cell--nowrap",
        ),
        Column("failed", gettext_lazy("问题"), css="number"),
        Column("who", gettext_lazy("检查人"), lambda row: str(row.made_by or "")),
        Column("people", gettext_lazy("人数"), css="number", shown=False),
        Column("plan", gettext_lazy("计划"), lambda row: str(row.plan or ""), css="cell--kind"),
        Column("subdistrict", gettext_lazy("街道"), lambda row: str(row.subdistrict or "")),
        Column(
            "paper", gettext_lazy("发文"), lambda row: number_of(row.paper) if row.paper else "", css="cell--nowrap"
        ),
        Column("proved", gettext_lazy("到场有据"), shown=False),
        Column("version", gettext_lazy("版次"), "version.number", css="number", shown=False),
    )  # fmt: skip
    empty = {
        "title": gettext_lazy("没有这样的检查"),
        "text": gettext_lazy("检查在手机上做：打开“巡查”，选计划和地点。"),
        "icon": "eye",
    }

    def get_queryset(self) -> QuerySet[Round]:
        return rounds_for(self.request.user).select_related(
            "version__standard", "plan", "made_by", "subdistrict", "paper"
        ).defer("answers", "values", "subdistrict__boundary", "version__declaration", "paper__body")  # fmt: skip


class RoundPlaces(Rounds):
    """Every place that somebody was at, with the first round there."""

    name = "round-places"
    title = gettext_lazy("去过的地方")
    lead = gettext_lazy("一个地方一行，列的是那里最早的一次检查。")

    @cached_property
    def rows(self) -> QuerySet[Any]:
        """The first round of each place, among those that are asked for."""
        firsts = (
            self.found.order_by()
            .values("item", "area", "department")
            .annotate(first=Min("pk"))
            .values("first")
        )
        return self.get_queryset().filter(pk__in=firsts)


class Findings(_RoundPages):
    """Opinions: each item that failed somewhere."""

    name = "findings"
    title = gettext_lazy("督导意见")
    order = "-pk"
    columns = (
        Column("title", gettext_lazy("问题"), css="cell--wide"),
        Column("words", gettext_lazy("情况")),
        Column("place", gettext_lazy("地点"), "round.place_title", css="cell--place"),
        Column("standard", gettext_lazy("标准"), "round.version.standard", css="cell--kind"),
        Column("day", gettext_lazy("日期"), "round.day", css="cell--nowrap"),
        Column(
            "case", gettext_lazy("案件"), lambda row: row.case.number if row.case else "",
            lambda row: status_badge(row.case) if row.case else (_("当场已改") if row.fixed_at_once else _("记录在案")),
            css="cell--nowrap",
        ),
    )  # fmt: skip

    @cached_property
    def _filters(self) -> list[Filter]:
        return round_filters(signed_in(self.request), "round__")

    def get_queryset(self) -> QuerySet[Finding]:
        mine = rounds_for(self.request.user).order_by().values("pk")
        rows = Finding.objects.filter(round__in=mine).select_related("round__version__standard", "case")
        return rows.defer(
            "round__answers", "round__version__declaration", "case__search", "case__search_text"
        )

    def row_url(self, row: Finding) -> str:
        return row.round.get_absolute_url()


class RoundPeople(_RoundPages):
    """Person-times: one line for each person and day."""

    name = "round-people"
    title = gettext_lazy("出动人次")
    lead = gettext_lazy("一个人一天出去一次算一人次，去了几处都一样。")
    order = "-pk"
    columns = (
        Column("day", gettext_lazy("日期"), "round.day", css="cell--nowrap"),
        Column("user", gettext_lazy("人员")),
        Column("department", gettext_lazy("单位"), lambda row: str(row.department or "")),
        Column("place", gettext_lazy("第一处"), "round.place_title", css="cell--place"),
    )  # fmt: skip

    @cached_property
    def _filters(self) -> list[Filter]:
        return round_filters(signed_in(self.request), "round__")

    def get_queryset(self) -> QuerySet[RoundMember]:
        return RoundMember.objects.select_related("round", "user", "department").defer("round__answers")

    @cached_property
    def rows(self) -> QuerySet[Any]:
        """The first place of each person on each day, among the rounds that are asked for."""
        among = RoundMember.objects.filter(round__in=self.found.order_by().values("pk")).order_by()
        firsts = among.values("user", "round__day").annotate(first=Min("pk")).values("first")
        return self.get_queryset().filter(pk__in=firsts)

    def row_url(self, row: RoundMember) -> str:
        return row.round.get_absolute_url()


# -- one round -----------------------------------------------------------------------------------------------


def round_for(request: HttpRequest, pk: int) -> Round:
    """The round with what its page needs; 404 for one that the reader may not see."""
    rows = rounds_for(request.user).select_related(
        "version__standard", "plan", "item__register", "area", "department", "made_by", "subdistrict", "community",
        "paper", "signature",
    )  # fmt: skip
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404(_("没有这次检查，或者它不在您负责的区域和部门内。"))
    return found


_WORDS = {
    "pass": gettext_lazy("合格"),
    "fail": gettext_lazy("不合格"),
    NOT_APPLICABLE: gettext_lazy("不适用"),
}


def _answers(
    round_: Round, findings: dict[str, Finding], photos: dict[str, list[dict[str, Any]]]
) -> list[Any]:
    """The answers under their headings, as the version of the day asked."""
    groups = []
    for title, items in round_.version.rules.groups:
        rows = []
        for item in items:
            answer = round_.answers.get(item.code)
            said = verdict(item, answer)
            reading = f"{answer:g} {item.unit}".strip() if isinstance(answer, int | float) else ""
            rows.append(
                {
                    "item": item, "verdict": said, "words": _WORDS.get(said, _("没有答")), "reading": reading,
                    "finding": findings.get(item.code), "photos": photos.get(item.code, []),
                }
            )  # fmt: skip
        groups.append((title, rows))
    return groups


@never_cache
@require_safe
@requires(VIEW)
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """One round: score, answers, photos, place, people, signature, letter, cases, measures, history."""
    user, round_ = signed_in(request), round_for(request, pk)
    findings = {row.code: row for row in round_.findings.select_related("case__department").order_by("pk")}
    photos: dict[str, list[dict[str, Any]]] = {}
    for row in round_.photos.select_related("file"):
        shot = {"url": photo_url(row.file), "thumb": photo_url(row.file, small=True), "alt": _("检查照片")}
        photos.setdefault(row.code, []).append(shot)
    mine = set(cases_for(user).filter(findings__round=round_).values_list("pk", flat=True))
    cases = [
        (row, status_badge(row.case), clock_badge(row.case))
        for row in findings.values()
        if row.case is not None and row.case.pk in mine
    ]
    paper = round_.paper if round_.paper and papers_for(user).filter(pk=round_.paper.pk).exists() else None
    point = (round_.lng, round_.lat) if round_.lng is not None else None
    if point is None and round_.item is not None and round_.item.lng is not None:
        point = (round_.item.lng, round_.item.lat)
    rules = round_.version.rules
    context = {
        "round": round_, "badge": result_badge(round_), "rules": rules, "groups": _answers(round_, findings, photos),
        "photos": photos.get("", []), "fields": shown_values(rules.fields, round_.values, private=False),
        "cases": cases,
        "hidden_cases": sum(1 for row in findings.values() if row.case_id) - len(cases),
        "team": round_.members.select_related("user", "department"), "paper": paper,
        "paper_number": number_of(paper) if paper else "", "earlier": _earlier(request, round_),
        "signature": photo_url(round_.signature) if round_.signature else "",
        "measures": measures_for(user).filter(round=round_), "events": _events(round_),
        "may_measure": round_.item is not None and may_measure(user, round_.item),
        "map": {
            "id": "round-map", "lng": point[0], "lat": point[1], "height": "small", "marker_title": round_.place_title,
            "label": _("%(title)s的位置") % {"title": round_.place_title},
        } if point else None,
    }  # fmt: skip
    return render(request, "inspections/desk/round.html", context)


def _earlier(request: HttpRequest, round_: Round) -> list[Round]:
    """The rounds of the same place by the same standard before and after this one, the newest first."""
    place = {name: getattr(round_, f"{name}_id") for name in ("item", "area", "department")}
    same = Q(**{name: pk for name, pk in place.items() if pk}) & Q(
        version__standard=round_.version.standard_id
    )
    return list(rounds_for(request.user).filter(same).exclude(pk=round_.pk).order_by("-ended_at")[:6])


_TOLD: dict[str, tuple[Any, str]] = {
    "round.made": (gettext_lazy("检查完成"), "check"),
}


def _events(round_: Round) -> list[dict[str, Any]]:
    found = []
    for entry in entries_of(round_):
        title, icon = _TOLD.get(entry.code, (entry.code, "info"))
        words = []
        if off := entry.data.get("clock_off_s"):
            words.append(_("手机时间差 %(s)d 秒，已按系统时间记。") % {"s": off})
        if newer := entry.data.get("newer_version"):
            words.append(_("检查时标准已有第 %(n)d 版，按开始时的版次计分。") % {"n": newer})
        found.append(
            {"title": title, "icon": icon, "who": entry.actor_name, "at": entry.at, "text": " ".join(words)}
        )
    received = round_.received_at
    if received and received - round_.ended_at > dt.timedelta(minutes=2):
        found.append(
            {"title": _("送到系统"), "icon": "inbox", "who": "", "at": received, "text": _("当时没有信号。")}
        )
    return found
