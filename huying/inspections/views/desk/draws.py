"""双随机 at the desk: what weighs, the draw itself, its public record, and whether it can be drawn again the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from huying.core.errors import Conflict, Refusal
from huying.core.pages import Column, Filter, ListPage, export_xlsx
from huying.core.toasts import toast
from huying.inspections.actions import draw as draw_period
from huying.inspections.actions import drawable
from huying.inspections.draws import PlaceFact, weights_of
from huying.inspections.models import Draw, Plan
from huying.inspections.places import places_of
from huying.inspections.plans import DrawRules
from huying.inspections.policy import DRAW, VIEW, may_see, plans_for
from huying.inspections.saying import day_words, plan_sentence
from huying.inspections.saying import drawn as drawn_words
from huying.inspections.views.desk.plans import plan_for
from huying.inspections.weighing import gather, population
from huying.people.access import can
from huying.people.guards import VerbRequired, reader, requires
from huying.people.models import Department, User

_SHOWN = 30  # places of a population on the page; all of them are in the spreadsheet of the draw


class Draws(VerbRequired, ListPage):
    """Every draw that the reader may know of, the newest first."""

    verbs = (VIEW, DRAW)
    name = "draws"
    title = gettext_lazy("随机抽取")
    lead = gettext_lazy("抽哪里、谁去，都由种子决定，谁都可以再抽一次来核对。")
    order = "-drawn_at"
    columns = (
        Column("period", gettext_lazy("抽取时段"), sort="period", css="cell--nowrap"),
        Column("plan", gettext_lazy("计划")),
        Column("count", gettext_lazy("抽到"), value=lambda row: len(row.chosen), css="cell--number"),
        Column("of", gettext_lazy("总数"), value=lambda row: len(row.facts["places"]), css="cell--number"),
        Column("seed", gettext_lazy("种子"), css="cell--nowrap"),
        Column("drawn_at", gettext_lazy("抽取时间"), sort="drawn_at"),
        Column("drawn_by", gettext_lazy("抽取人")),
    )
    filters = (
        Filter("plan", forms.ModelChoiceField(Plan.objects.none(), to_field_name="code", label=gettext_lazy("计划"))),
    )  # fmt: skip
    empty = {
        "title": gettext_lazy("还没有抽过"), "text": gettext_lazy("在“巡查计划”里打开一个随机抽查的计划来抽。"),
    }  # fmt: skip

    def get_filters(self) -> tuple[Filter, ...]:
        mine = [plan.pk for plan in plans_for(reader(self.request)) if plan.rules.draw]
        field = forms.ModelChoiceField(
            Plan.objects.filter(pk__in=mine), to_field_name="code", label=_("计划"), empty_label=_("全部")
        )
        return (Filter("plan", field),)

    def get_queryset(self) -> QuerySet[Draw]:
        return Draw.objects.filter(plan__in=plans_for(reader(self.request))).select_related(
            "plan", "drawn_by"
        )

    def row_url(self, row: Draw) -> str:
        return reverse("inspections:draw", args=[row.pk])


def drawing_plan(user: User, code: str) -> Plan:
    """A plan that draws; 404 where there is none that the reader may know of."""
    plan = plan_for(user, code)
    if plan.rules.draw is None:
        raise Http404(_("这个计划不抽查：每个地方都要去。"))
    return plan


@requires(DRAW)
@require_http_methods(["GET", "HEAD", "POST"])
def draw_page(request: HttpRequest, code: str) -> HttpResponse:
    """What would be drawn from, with its weights; a POST draws."""
    user = reader(request)
    plan = drawing_plan(user, code)
    if request.method == "POST":
        return _draw(request, user, plan)
    return _before(request, plan)


def _draw(request: HttpRequest, user: User, plan: Plan) -> HttpResponse:
    visited, risks = gather(plan, places_of(plan.rules))
    period = request.POST.get("period", "")[:10]
    try:
        made = draw_period(plan, period, actor=user, visited=visited, risks=risks)
    except Conflict as conflict:
        first = Draw.objects.get(plan=plan, period=period)
        return _before(request, plan, conflict=str(conflict), first=first, status=409)
    except Refusal as refusal:
        return _before(request, plan, refusal=str(refusal), status=refusal.status)
    toast(request, _("已抽出 %(count)d 处。") % {"count": len(made.chosen)})
    return redirect("inspections:draw", made.pk)


def _before(request: HttpRequest, plan: Plan, *, status: int = 200, **more: Any) -> HttpResponse:
    rules = plan.rules
    assert rules.draw is not None
    current, following = drawable(rules)
    asked = request.POST.get("period") or request.GET.get("period", "")
    period = following if asked == following.name else current
    done = {row.period: row for row in plan.draws.filter(period__in=[current.name, following.name])}
    found = population(plan)
    context = {
        "plan": plan, "rules": rules, "sentence": plan_sentence(rules), "drawn_words": drawn_words(rules.draw),
        "periods": [(each, done.get(each.name)) for each in (current, following)], "period": period,
        "done": done.get(period.name), "population": found, "shown": found.places[:_SHOWN],
        "more": max(len(found.places) - _SHOWN, 0), "weighs": _weighs(rules.draw),
        "first": day_words(period.first), "last": day_words(period.last), **more,
    }  # fmt: skip
    return render(request, "inspections/desk/draw_page.html", context, status=status)


def _weighs(rules: DrawRules) -> str:
    risk, time = "risk" in rules.by, "time since last visit" in rules.by
    if risk and time:
        return _("权重 = 风险 × 距上次检查的天数：问题多的、久没查的更容易抽到。")
    if risk:
        return _("权重 = 风险：问题多的更容易抽到。")
    if time:
        return _("权重 = 距上次检查的天数：久没查的更容易抽到。")
    return _("每个地方的机会一样。")


def draw_for(user: User, pk: int) -> Draw:
    """The draw, as far as the reader may know of it; 404 else."""
    found = get_object_or_404(Draw.objects.select_related("plan", "drawn_by"), pk=pk)
    if not may_see(user, found.plan):
        raise Http404(_("没有这次抽取，或者您不能看它。"))
    return found


def record(draw: Draw) -> list[dict[str, Any]]:
    """What was drawn, in its order, with what weighed and who goes: the public record."""
    facts = {fact["key"]: fact for fact in draw.facts["places"]}
    weights = _weights(draw)
    titles = _titles(draw)
    people = _people(draw)
    total = sum(weights.values()) or 1
    return [
        {
            "number": number, "key": key, "title": titles.get(key, key), "risk": facts[key]["risk"],
            "days": facts[key]["days"], "weight": weights[key], "chance": weights[key] / total,
            "inspectors": [people.get(name, name) for name in draw.inspectors.get(key, ())],
        }
        for number, key in enumerate(draw.chosen, start=1)
    ]  # fmt: skip


def _weights(draw: Draw) -> dict[str, int]:
    facts = [PlaceFact(**fact | {"units": tuple(fact["units"])}) for fact in draw.facts["places"]]
    rules = _rules(draw)
    return {fact.key: weight for fact, weight in zip(facts, weights_of(rules, facts), strict=True)}


def _rules(draw: Draw) -> DrawRules:
    """How it was drawn: the plan may say otherwise by now."""
    return DrawRules(**draw.rules | {"by": tuple(draw.rules["by"])})


def _titles(draw: Draw) -> Mapping[str, str]:
    """What the drawn places are called now; one that is gone keeps its key."""
    chosen = set(draw.chosen)
    return {place.key: place.title for place in places_of(draw.plan.rules) if place.key in chosen}


def _people(draw: Draw) -> Mapping[str, str]:
    names = {name for going in draw.inspectors.values() for name in going}
    rows = User.objects.filter(username__in=names).select_related("department")
    return {
        user.username: f"{user}（{user.department}）" if user.department else str(user) for user in rows
    }  # fmt: skip


@requires(VIEW, DRAW)
@require_safe
def draw(request: HttpRequest, pk: int) -> HttpResponse:
    """The public record of one draw; `?check=1` draws again from what was kept."""
    user = reader(request)
    found = draw_for(user, pk)
    rows = record(found)
    if request.GET.get("export") == "xlsx":
        return _export(found, rows)
    rules = _rules(found)
    context = {
        "draw": found, "plan": found.plan, "rows": rows, "of": len(found.facts["places"]),
        "inspectors": len(found.facts["inspectors"]), "drawn_words": drawn_words(rules), "weighs": _weighs(rules),
        "checked": found.holds() if request.GET.get("check") == "1" else None, "may_draw": can(user, DRAW),
    }  # fmt: skip
    return render(request, "inspections/desk/draw.html", context)


def _export(draw: Draw, rows: list[dict[str, Any]]) -> HttpResponse:
    """The drawn places, and on the sheet of notes everything that draws them again."""
    units = {row.code: str(row) for row in Department.objects.all().only("code", "title", "title_en")}
    everyone = "、".join(
        f"{one['username']}（{units.get(one['unit'], one['unit'])}）" for one in draw.facts["inspectors"]
    )
    columns = [
        (_("次序"), lambda row: row["number"]), (_("地点"), lambda row: row["title"]),
        (_("编号"), lambda row: row["key"]),
        (_("风险"), lambda row: row["risk"]), (_("距上次检查（天）"), lambda row: row["days"]),
        (_("权重"), lambda row: row["weight"]), (_("检查人"), lambda row: "、".join(row["inspectors"])),
    ]  # fmt: skip
    notes = [
        (_("计划"), str(draw.plan)), (_("抽取时段"), draw.period), (_("种子"), draw.seed),
        (_("抽取时间"), f"{draw.drawn_at:%Y-%m-%d %H:%M:%S %z}"), (_("抽取人"), str(draw.drawn_by or "")),
        (_("总数"), str(len(draw.facts["places"]))), (_("可派的人"), everyone[:30_000]),
    ]  # fmt: skip
    title = _("%(plan)s %(period)s 抽取结果") % {"plan": draw.plan, "period": draw.period}
    return cast(HttpResponse, export_xlsx(title, columns, rows, notes))
