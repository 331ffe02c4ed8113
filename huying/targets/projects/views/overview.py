"""Projects as a whole: rates by list and street, who is late, who has been on site, the line of time, the map."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from huying.core.pages import address
from huying.core.spreadsheets import export_xlsx
from huying.people.guards import requires, signed_in
from huying.targets.projects.forms import leaders
from huying.targets.projects.gantt import bars_of
from huying.targets.projects.lookups import asked_year, list_choices
from huying.targets.projects.models import MonthlyUpdate
from huying.targets.projects.models.project import project_rules
from huying.targets.projects.months import (
    by_street as late_by_street,
)
from huying.targets.projects.months import (
    due_at_of,
    late_projects,
    month_in_hand,
    owing,
    parse_month,
    plus,
    without_update,
)
from huying.targets.projects.policy import VIEW, projects_for, updates_for, visits_for
from huying.targets.projects.rates import by_list, by_street, nested, of_year, on_list, rate_of, years_known
from huying.targets.projects.views.lists import Projects, open_url
from huying.targets.projects.views.project import chart_of

MOST_BARS = 160


def _until(request: HttpRequest, year: int) -> int:
    month = parse_month(request.GET.get("until", ""))
    return month.month if month and month.year == year else 12


@never_cache
@require_safe
@requires(VIEW)
def rates(request: HttpRequest) -> HttpResponse:
    """How many, how many began, how much of the plan: by list, level, street; every number opens its rows."""
    user = signed_in(request)
    known = years_known()
    year = asked_year(request.GET.get("year", ""), known)
    last = _until(request, year)
    rows = projects_for(user)
    lists = by_list(rows, year, last)
    streets = by_street(rows, year, last)
    whole = rate_of(of_year(rows, year), year=year, last_month=last, title=_("全部"), filters={})
    if request.GET.get("export") == "xlsx":
        return _export(
            year, [(str(one), rate) for one, rate in lists], [(rate.title, rate) for rate in streets]
        )
    context = {
        "year": year, "years": known, "until": f"{year}-{last:02}", "last": last, "lists": lists, "streets": streets,
        "whole": whole, "nested": nested(lists), "chart": chart_of(of_year(rows, year), year),
        "months": [(f"{year}-{month:02}", month) for month in range(1, 13)],
        "export_url": address(request, export="xlsx"),
    }  # fmt: skip
    return render(request, "targets/projects/rates.html", context)


def _export(year: int, *groups: list[tuple[str, Any]]) -> Any:
    rows = [pair for group in groups for pair in group]
    columns = [
        (_("范围"), lambda row: row[0]), (_("项目数"), lambda row: row[1].projects),
        (_("已开工"), lambda row: row[1].started), (_("开工率"), lambda row: row[1].start_rate),
        (_("总投资（万元）"), lambda row: row[1].total_wan), (_("年度计划（万元）"), lambda row: row[1].plan_wan),
        (_("完成投资（万元）"), lambda row: row[1].done_wan), (_("完成率"), lambda row: row[1].plan_rate),
    ]  # fmt: skip
    return export_xlsx(_("%(year)d 年项目完成情况") % {"year": year}, columns, rows)


@never_cache
@require_safe
@requires(VIEW)
def late(request: HttpRequest) -> HttpResponse:
    """One month: which streets have reported in time, late, not yet; each with its projects."""
    user = signed_in(request)
    month = parse_month(request.GET.get("month", "")) or month_in_hand()
    rows = projects_for(user)
    missing = without_update(rows, month).select_related("street", "officer", "subdistrict")
    waiting = (
        updates_for(user).filter(state=MonthlyUpdate.State.PROPOSED).select_related("project", "submitted_by")
    )
    text = f"{month:%Y-%m}"
    context = {
        "month": text,
        "before": f"{plus(month, -1):%Y-%m}",
        "after": f"{plus(month, 1):%Y-%m}" if month < month_in_hand() else "",
        "due_at": due_at_of(month),
        "past": timezone.now() > due_at_of(month),
        "streets": late_by_street(rows, month),
        "missing": missing.defer("subdistrict__boundary")[:200],
        "late": late_projects(rows, month).count(),
        "expected": owing(rows, month).count(),
        "missing_count": missing.count(),
        "sent": owing(rows, month).count() - missing.count(),
        "waiting": waiting[:50],
        "late_url": open_url("projects", month=f"late:{text}"),
        "missing_url": open_url("projects", month=f"missing:{text}"),
        "sent_url": open_url("projects", month=f"sent:{text}"),
        "in_time": owing(rows, month)
        .filter(
            pk__in=MonthlyUpdate.objects.filter(
                month=month, state=MonthlyUpdate.State.ACCEPTED, late=False
            ).values("project")
        )
        .count(),
    }
    return render(request, "targets/projects/late.html", context)


@never_cache
@require_safe
@requires(VIEW)
def contact(request: HttpRequest) -> HttpResponse:
    """One month: each leader with their projects, and how many of them they have been to."""
    user = signed_in(request)
    month = parse_month(request.GET.get("month", "")) or timezone.localdate().replace(day=1)
    end = plus(month, 1)
    rows = owing(projects_for(user), month).filter(leader__isnull=False)
    went = visits_for(user).filter(struck_at=None, visited_on__gte=month, visited_on__lt=end)
    wanted = project_rules().visits_per_month
    visited = dict(went.order_by().values_list("leader").annotate(Count("pk")))
    reached = {(leader, project) for leader, project in went.order_by().values_list("leader", "project")}
    people = []
    for leader in leaders():
        mine = list(rows.filter(leader=leader))
        if not mine and leader.pk not in visited:
            continue
        without = [project for project in mine if (leader.pk, project.pk) not in reached]
        people.append(
            {
                "leader": leader,
                "visits": visited.get(leader.pk, 0),
                "projects": len(mine),
                "reached": len(mine) - len(without),
                "without": without[:12],
                "more": max(len(without) - 12, 0),
                "lacking": visited.get(leader.pk, 0) < wanted,
                "url": open_url(
                    "project-visits",
                    leader=leader.username,
                    struck="no",
                    **{"from": month, "to": end - dt.timedelta(days=1)},
                ),
                "projects_url": open_url("projects", leader=leader.username),
            }
        )
    people.sort(key=lambda row: (not row["lacking"], row["visits"], row["leader"].pk))
    context = {
        "month": f"{month:%Y-%m}",
        "before": f"{plus(month, -1):%Y-%m}",
        "after": f"{end:%Y-%m}" if end <= timezone.localdate() else "",
        "people": people,
        "wanted": wanted,
        "total": went.count(),
        "all_url": open_url(
            "project-visits", struck="no", **{"from": month, "to": end - dt.timedelta(days=1)}
        ),
        "without": [row["leader"] for row in people if row["lacking"]],
    }
    return render(request, "targets/projects/contact.html", context)


@never_cache
@require_safe
@requires(VIEW)
def gantt(request: HttpRequest) -> HttpResponse:
    """The line of time of a list, for one A3 sheet."""
    user = signed_in(request)
    known = years_known()
    year = asked_year(request.GET.get("year", ""), known)
    rows, code = of_year(projects_for(user), year), request.GET.get("list", "")
    if code:
        rows = on_list(rows, code)
    found = rows.order_by("started_on", "planned_start", "code")
    count = found.count()
    context = {
        "gantt": bars_of(list(found[:MOST_BARS]), year), "year": year, "years": known, "list": code,
        "lists": list_choices(), "count": count, "shown": min(count, MOST_BARS),
        "rows_url": open_url("projects", list=code, year=year),
    }  # fmt: skip
    return render(request, "targets/projects/gantt.html", context)


@never_cache
@require_safe
@requires(VIEW)
def on_map(request: HttpRequest) -> HttpResponse:
    """The projects of a list on the district's map; the list's own filters."""
    page = Projects()
    page.setup(request)
    query = request.GET.urlencode()
    counts = dict(
        page.rows.exclude(subdistrict=None).order_by().values_list("subdistrict__code").annotate(Count("pk"))
    )
    context = {
        "page": page, "form": page.form, "title": _("项目地图"), "clear_url": request.path, "chips": [],
        "count": page.rows.count(), "placed": page.rows.exclude(lng=None).count(),
        "list_url": f"{reverse('targets:projects')}?{query}",
        "map": {
            "id": "projects-map", "label": _("项目地图"), "height": "large",
            "areas_url": f"{reverse('places:areas')}?level=subdistrict",
            "points_url": f"{reverse('targets:project-points')}?{query}", "area_values": counts,
            "area_values_title": _("项目数"), "unit": _("个"),
        },
    }  # fmt: skip
    return render(request, "targets/projects/map.html", context)
