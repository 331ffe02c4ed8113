"""Rankings at the desk: the period that runs, those that are over, and the tables as they were published."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from huying.cases.filters import CaseFilter
from huying.core.errors import NotAllowed, Refusal
from huying.core.pages import address
from huying.core.spreadsheets import export_xlsx
from huying.core.toasts import toast
from huying.inspections.campaigns.counting import STATES
from huying.inspections.campaigns.models import Ranking
from huying.inspections.campaigns.ranking import (
    Place,
    compute,
    corrections,
    periods_back,
    publish_ranking,
    published_places,
    rounds_url,
)
from huying.inspections.campaigns.rights import MANAGE, VIEW, may_manage
from huying.inspections.campaigns.rules import RankingRules
from huying.inspections.occurrences import Period, period_named
from huying.people.access import everywhere
from huying.people.guards import requires, signed_in

PERIODS = 14


def ranking_for(code: str) -> Ranking:
    """The ranking; 404 for one that there is not."""
    found = Ranking.objects.filter(code=code, active=True).select_related("campaign").first()
    if found is None:
        raise Http404(_("没有这个排名。请从专项的页面打开。"))
    return found


def _period(rules: RankingRules, name: str) -> Period:
    if not name:
        return periods_back(rules.every, timezone.localdate(), 1)[0]
    try:
        return period_named(rules.every, name)
    except ValueError as error:
        raise Http404(str(error)) from None


@never_cache
@require_safe
@requires(VIEW)
def rankings(request: HttpRequest) -> HttpResponse:
    """All rankings with their newest published table."""
    rows = [
        {"ranking": row, "rules": row.rules, "table": row.tables.first()}
        for row in Ranking.objects.filter(active=True).select_related("campaign")
    ]
    return render(request, "inspections/desk/rankings.html", {"rows": rows})


@never_cache
@require_safe
@requires(VIEW)
def ranking(request: HttpRequest, code: str) -> HttpResponse:
    """One period of a ranking: as published where it is, else as the rows stand."""
    user, found = signed_in(request), ranking_for(code)
    rules = found.rules
    period = _period(rules, request.GET.get("period", ""))
    live = compute(rules, period)
    table = found.tables.filter(period=period.name).select_related("published_by").first()
    places = published_places(table) if table else live
    ruled = RankingRules.from_declaration(table.rules) if table else rules
    deductions = [(name, points) for name, points in ruled.deductions.items()]
    if request.GET.get("export") == "xlsx":
        return _export(found, period, places, [name for name, _points in deductions])
    over = period.last < timezone.localdate()
    context = {
        "ranking": found, "rules": ruled, "period": period, "table": table,
        "places": [_line(ruled, period, place, [name for name, _p in deductions]) for place in places],
        "deductions": [(DEDUCTION_TITLES[name], points) for name, points in deductions],
        "corrections": corrections(table, live) if table else [],
        "periods": [
            (each.name, each.name == period.name)
            for each in periods_back(rules.every, timezone.localdate(), PERIODS)
        ],
        "unranked": sum(1 for place in places if not place.rank), "over": over,
        "may_publish": over and table is None and may_manage(user, found.campaign),
        # Scores are made of all rounds; the rows behind them are those that the reader may see.
        "partial": not everywhere(user, "round.view"),
        "export_url": address(request, export="xlsx"),
    }  # fmt: skip
    return render(request, "inspections/desk/ranking.html", context)


DEDUCTION_TITLES = {
    "open": gettext_lazy("未改"), "overdue": gettext_lazy("超期"), "reopened": gettext_lazy("重办"),
    "reworked": gettext_lazy("返工"),
}  # fmt: skip


def _line(rules: RankingRules, period: Period, place: Place, names: list[str]) -> dict[str, Any]:
    cases = []
    for name in names:
        count = (place.cases or {}).get(name, 0)
        asked = CaseFilter(
            campaign=rules.campaign or None,
            reported_from=period.first,
            reported_to=period.last,
            **STATES[name],
        )
        asked = asked.with_(**{"department" if rules.of == "department" else "area": place.code})
        cases.append((count, asked.url() if count else ""))
    return {
        "place": place,
        "rounds_url": rounds_url(rules, period, place.code) if place.rounds else "",
        "cases": cases,
    }


def _export(found: Ranking, period: Period, places: list[Place], names: list[str]) -> Any:
    marks = {"first": _("奖励"), "last": _("通报批评"), "": ""}
    titles = DEDUCTION_TITLES
    columns: list[tuple[str, Any]] = [
        (_("名次"), lambda row: row.rank or ""), (_("名称"), lambda row: row.title),
        (_("检查次数"), lambda row: row.rounds), (_("平均分"), lambda row: row.mean_points),
        *((str(titles[name]), lambda row, name=name: (row.cases or {}).get(name, 0)) for name in names),
        (_("扣分"), lambda row: row.deducted_points), (_("得分"), lambda row: row.points),
        (_("奖惩"), lambda row: marks[row.mark]),
    ]  # fmt: skip
    return export_xlsx(
        f"{found} {period.name}", columns, places, [(_("时段"), f"{period.first} – {period.last}")]
    )


@require_POST
@requires(MANAGE)
def publish(request: HttpRequest, code: str) -> HttpResponse:
    """Freeze the table of one period."""
    found = ranking_for(code)
    period = _period(found.rules, request.POST.get("period", ""))
    try:
        publish_ranking(found, period, actor=signed_in(request))
    except NotAllowed:
        raise
    except Refusal as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    else:
        toast(request, _("%(period)s 的排名已公布。") % {"period": period.name})
    return HttpResponseRedirect(f"{reverse('inspections:ranking', args=[code])}?period={period.name}")
