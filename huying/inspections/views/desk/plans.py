"""Plans at the desk: who goes where, how often, in plain words; which days it falls on, and who is missing."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from huying.core.language import is_english
from huying.inspections.models import Draw, Plan, Standard
from huying.inspections.occurrences import Slot, period_of, slots, slots_now
from huying.inspections.places import items_of, places_of
from huying.inspections.plans import PlanRules, overlapping
from huying.inspections.policy import DRAW, VIEW, plans_for
from huying.inspections.saying import Names, by_words, day_words, moment_words, plan_sentence
from huying.inspections.team import team_of
from huying.people.access import can, everywhere
from huying.people.guards import reader, requires
from huying.people.models import Department, User
from huying.places.models import ADMINISTRATIVE, Area
from huying.places.work_calendar import current_calendar
from huying.registry import policy as registry
from huying.registry.finding import (
    MOST_ITEMS,
    count_in_cells,
    items_in_box,
    merge_cells,
    parse_box,
    whole_cells,
)
from huying.registry.models import Register

_GUARD = (VIEW, DRAW)
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")
_NAMED = 12  # places without anybody that are named; the others are counted
_DAY = dt.timedelta(days=1)


def runs_on(rules: PlanRules, day: dt.date) -> bool:
    """Whether the plan runs on this day: in force, in season, and a work day where it says so."""
    return (
        rules.in_force(day)
        and rules.in_season(day)
        and (not rules.work_days or current_calendar().is_workday(day))
    )


def place_count(rules: PlanRules) -> int:
    """How many places the plan visits, counted by the database."""
    if rules.registers:
        return items_of(rules).count()
    if rules.area_level:
        return Area.objects.filter(
            level=rules.area_level, layer=ADMINISTRATIVE, valid_to__isnull=True
        ).count()
    return Department.objects.filter(code__in=rules.at_departments, valid_to__isnull=True).count()


@require_safe
@requires(*_GUARD)
def plans(request: HttpRequest) -> HttpResponse:
    """Every plan in use in one sentence each; those that run today first."""
    user, today = reader(request), timezone.localdate()
    shown = plans_for(user)
    names = Names.of(plan.rules for plan in shown)
    undrawn = _undrawn(shown, today)
    pairs = overlapping(plan.rules for plan in shown)
    overlaps = {code for pair in pairs for code in (pair[0].code, pair[1].code)}
    rows: list[dict[str, Any]] = [
        {
            "plan": plan, "sentence": plan_sentence(plan.rules, names), "today": runs_on(plan.rules, today),
            "standard": names.standards.get(plan.rules.standard, plan.rules.standard), "rules": plan.rules,
            "places": place_count(plan.rules), "undrawn": plan.pk in undrawn, "overlaps": plan.code in overlaps,
        }
        for plan in shown
    ]  # fmt: skip
    wanted = request.GET.get("on", "")
    if wanted == "today":
        rows = [row for row in rows if row["today"]]
    rows.sort(key=lambda row: (not row["today"], row["plan"].code))
    context = {
        "rows": rows, "only_today": wanted == "today", "may_draw": can(user, DRAW), "total": len(shown),
        "running": sum(runs_on(plan.rules, today) for plan in shown),
    }  # fmt: skip
    return render(request, "inspections/desk/plans.html", context)


def _undrawn(shown: list[Plan], today: dt.date) -> set[int]:
    """Plans that draw and have not drawn the period that is under way."""
    periods = {plan.pk: period_of(plan.rules.every.unit, today).name for plan in shown if plan.rules.draw}
    rows = Draw.objects.filter(plan__in=list(periods)).values_list("plan", "period")
    done = {plan for plan, period in rows if periods[plan] == period}
    return {
        plan.pk for plan in shown if plan.pk in periods and plan.pk not in done and runs_on(plan.rules, today)
    }


def plan_for(user: User, code: str) -> Plan:
    """The plan, as far as the reader may know of it; 404 else."""
    found = next((plan for plan in plans_for(user) if plan.code == code), None)
    if found is None:
        raise Http404(_("没有这个计划，或者您不能看它。"))
    return found


@require_safe
@requires(*_GUARD)
def plan(request: HttpRequest, code: str) -> HttpResponse:
    """One plan: its places, its month, who goes, and which other plans ask for the same."""
    user, today = reader(request), timezone.localdate()
    found = plan_for(user, code)
    rules = found.rules
    shown = {each.code: each for each in plans_for(user)}
    names = Names.of([rules])
    team = team_of(rules, today)
    pairs = overlapping([rules, *(each.rules for key, each in shown.items() if key != code)])
    others = [shown[b.code if a.code == code else a.code] for a, b in pairs if code in (a.code, b.code)]
    month = _month(request, today)
    count, coming = place_count(rules), _next(rules, today)
    context: dict[str, Any] = {
        "plan": found, "rules": rules, "sentence": plan_sentence(rules, names), "count": count,
        "today": runs_on(rules, today), "standard": Standard.objects.filter(code=rules.standard).first(),
        "team": team, "nobody": team.nobody[:_NAMED], "more_nobody": max(len(team.nobody) - _NAMED, 0),
        "post": names.posts.get(rules.by_post, rules.by_post), "next": coming,
        "by": by_words(coming.due) if coming else "",
        "from": _opening(coming) if coming else "", "others": [
            (each, plan_sentence(each.rules)) for each in others
        ],
        "registers": [
            {"register": row, "may": can(user, registry.VIEW)}
            for row in Register.objects.filter(code__in=rules.registers)
        ],
        "weeks": _weeks(rules, month, today), "month": month, "month_words": month_words(month),
        "per_month": _total(rules, month),
        "previous": month_before(month), "following": (month.replace(day=28) + 4 * _DAY).replace(day=1),
        "draws": found.draws.select_related("drawn_by")[:6] if rules.draw else [], "may_draw": can(user, DRAW),
        "opens": rules.opens, "remind": rules.remind_after and int(rules.remind_after.total_seconds() // 60),
        "map": {
            "id": "plan-map", "label": _("计划的地点"), "height": "small",
            "clusters_url": reverse("inspections:plan-points", args=[code]),
        } if count else None,
    }  # fmt: skip
    return render(request, "inspections/desk/plan.html", context)


def month_before(month: dt.date) -> dt.date:
    """The first day of the month before."""
    return (month - _DAY).replace(day=1)


def month_words(month: dt.date) -> str:
    """2026年11月, or November 2026."""
    return date_format(month, "F Y" if is_english() else "Y年n月")


def _month(request: HttpRequest, today: dt.date) -> dt.date:
    said = _MONTH.fullmatch(request.GET.get("month", ""))
    return dt.date(int(said[1]), int(said[2]), 1) if said else today.replace(day=1)


def _last(month: dt.date) -> dt.date:
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])


def _total(rules: PlanRules, month: dt.date) -> int:
    return len(slots(rules, month, _last(month)))


def _next(rules: PlanRules, today: dt.date) -> Slot | None:
    """The visit of every place that is due next, within the next year."""
    now = timezone.now()
    coming = [*slots_now(rules, today - _DAY), *slots_now(rules, today)]
    found = next((slot for slot in sorted(coming, key=lambda slot: slot.due) if slot.due > now), None)
    for months in (2, 12):
        found = found or next(
            (slot for slot in slots(rules, today, today + months * 31 * _DAY) if slot.due > now), None
        )
    return found


def _opening(slot: Slot) -> str:
    """From when a visit counts: a day that begins at midnight is that day."""
    opens = timezone.localtime(slot.opens)
    return day_words(opens.date()) if opens.time() == dt.time() else moment_words(slot.opens)


def _weeks(rules: PlanRules, month: dt.date, today: dt.date) -> list[list[dict[str, Any]]]:
    """The month as weeks from Monday. A day says how many visits each place owes on it; work of a week or longer
    stands on the day by which it is due.
    """
    owed: dict[dt.date, int] = {}
    for slot in slots(rules, month, _last(month)):
        owed[slot.day] = owed.get(slot.day, 0) + 1
    work = current_calendar()
    return [
        [
            {
                "day": day, "inside": day.month == month.month, "count": owed.get(day, 0), "today": day == today,
                "free": not work.is_workday(day),
            }
            for day in week
        ]
        for week in calendar.Calendar().monthdatescalendar(month.year, month.month)
    ]  # fmt: skip


@require_safe
@requires(*_GUARD)
def points(request: HttpRequest, code: str) -> HttpResponse:
    """The places of the plan in a window of the map: single ones, or counts where there are many."""
    user = reader(request)
    rules = plan_for(user, code).rules
    try:
        asked = float(request.GET.get("zoom", "14"))
        zoom = round(min(max(asked, 3.0), 19.0)) if asked == asked else 14
        box = whole_cells(parse_box(request.GET.get("bbox", "")), zoom)
    except (ValueError, OverflowError):
        detail = _("请给出 bbox=西,南,东,北（度）和 zoom。")
        return JsonResponse({"title": _("请求有误"), "status": 400, "detail": detail}, status=400)
    if not rules.registers:
        return JsonResponse({"clusters": _middles(rules)})
    keys = list(Register.objects.filter(code__in=rules.registers).values_list("pk", flat=True))
    rows = items_in_box(items_of(rules), keys, box)
    cells = count_in_cells(rows, box, zoom)
    if sum(cell.count for cell in cells) > MOST_ITEMS:
        marks = [
            {
                "lng": cell.lng,
                "lat": cell.lat,
                "count": cell.count,
                "title": _("%(n)s 处") % {"n": cell.count},
            }
            for cell in merge_cells(cells, zoom)
        ]
        return JsonResponse({"clusters": marks})
    # A place that the reader may not open is shown without a link.
    mine = None
    if not everywhere(user, registry.VIEW):
        mine = set(registry.items_for(user).filter(pk__in=rows.values("pk")).values_list("pk", flat=True))
    found = rows.select_related("register").only("code", "title", "lng", "lat", "register__code")
    return JsonResponse({
        "clusters": [
            {
                "lng": item.lng, "lat": item.lat, "count": 1, "title": item.title,
                "url": item.get_absolute_url() if mine is None or item.pk in mine else "",
            }
            for item in found
        ]
    })  # fmt: skip


def _middles(rules: PlanRules) -> list[dict[str, Any]]:
    keys = [place.pk for place in places_of(rules)]
    areas = (
        Area.objects.filter(pk__in=keys) if rules.area_level else Area.objects.filter(departments__in=keys)
    )
    edges = areas.filter(west__isnull=False).distinct().values_list("west", "south", "east", "north", "code")
    titles = {area.code: str(area) for area in areas.defer("boundary")}
    return [
        {"lng": (west + east) / 2, "lat": (south + north) / 2, "count": 1, "title": titles[code]}
        for west, south, east, north, code in edges
        if west is not None and east is not None and south is not None and north is not None
    ]
