"""Me: posts and duties, my area with the functional grids over it, my numbers this month, and how I want the pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import shapely
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe
from shapely.geometry import mapping

from huying.cases.models import Case, Report, Topic
from huying.cases.views.field.access import areas_of, in_the_field, worker
from huying.cases.views.field.display import month_start
from huying.core.models import JournalEntry
from huying.people.access import can, roles_of
from huying.people.models import Duty, PostHolding, User
from huying.people.roles import ROLES
from huying.places.locate import AreaIndex, current_index
from huying.places.models import ADMINISTRATIVE, Area
from huying.registry.policy import VERIFY

# A functional grid lies over my area when they share more than a strip along the border.
_SHARED = 0.02
_LAYERS = {
    ADMINISTRATIVE: gettext_lazy("基础网格"),
    "party": gettext_lazy("党建"),
    "urban-management": gettext_lazy("城管"),
    "stability": gettext_lazy("综治"),
    "safety": gettext_lazy("安全"),
    "environment": gettext_lazy("环保"),
}


Link = tuple[str, str, str]
_links: list[Callable[[User], Iterable[Link]]] = []


def register_links(function: Callable[[User], Iterable[Link]]) -> None:
    """Other floors name pages about the reader: `function(user)` gives (address, title, icon)."""
    if function not in _links:
        _links.append(function)


def over(index: AreaIndex, areas: list[Area], layer: str) -> list[str]:
    """Codes of the grids of a layer that lie over these areas."""
    rows = index.rows
    if layer == ADMINISTRATIVE:
        paths = tuple(area.path for area in areas)
        return [
            code for code, row in rows.items()
            if row.layer == ADMINISTRATIVE and row.level == Area.Level.GRID and row.path.startswith(paths)
        ]  # fmt: skip
    mine = shapely.union_all(
        [rows[a.code].geometry for a in areas if a.code in rows and rows[a.code].geometry]
    )
    if mine.is_empty:
        return []
    return [
        code for code, row in rows.items()
        if row.layer == layer and row.geometry is not None and row.geometry.intersects(mine)
        and row.geometry.intersection(mine).area > _SHARED * min(mine.area, row.geometry.area)
    ]  # fmt: skip


@in_the_field
@require_safe
def me(request: HttpRequest) -> HttpResponse:
    """The page about the reader."""
    user = worker(request)
    index, areas = current_index(), areas_of(user)
    layers = [
        {
            "code": layer,
            "title": _LAYERS.get(layer, layer),
            "grids": [str(index.rows[c].title) for c in over(index, areas, layer)],
        }
        for layer in sorted(
            {row.layer for row in index.rows.values() if row.level == Area.Level.GRID}, key=_order
        )
        if areas
    ]
    layers = [layer for layer in layers if layer["grids"]]
    shown = request.GET.get("layer", ADMINISTRATIVE)
    holdings = PostHolding.objects.on().filter(user=user).select_related("post", "area", "road")
    duties = list(Duty.objects.on().filter(user=user).select_related("area", "department")[:20])
    topics = (
        {t.code: str(t) for t in Topic.objects.filter(code__in=[d.topic for d in duties])} if duties else {}
    )
    context: dict[str, Any] = {
        "person": user,
        "roles": [ROLES[role].title for role in sorted(roles_of(user)) if role in ROLES],
        "holdings": holdings,
        "duties": [(topics.get(duty.topic, duty.topic), duty) for duty in duties],
        "areas": areas,
        "layers": layers,
        "shown": shown,
        "map": {"id": "map", "areas_url": f"{reverse('field:grids')}?layer={shown}"} if layers else None,
        "numbers": _numbers(user),
        "may_verify": can(user, VERIFY),
        "links": [link for function in _links for link in function(user)],
    }
    return render(request, "cases/field/me.html", context)


def _order(layer: str) -> int:
    known = list(_LAYERS)
    return known.index(layer) if layer in known else len(known)


def _numbers(user: User) -> list[dict[str, Any]]:
    """This month, counted from the rows: reported, handled, of these in time, looked at."""
    since = month_start()
    reported = Report.objects.filter(reported_by=user, reported_at__gte=since).count()
    done = Case.objects.filter(handled_by=user, handled_at__gte=since).aggregate(
        all=Count("pk"), late=Count("pk", filter=Q(overdue=True))
    )
    seen = JournalEntry.objects.filter(code="case.seen_on_site", actor_id=user.pk, at__gte=since).count()
    return [
        {
            "title": _("上报"),
            "value": reported,
            "unit": _("件"),
            "url": reverse("field:home") + "?tab=reported",
        },
        {
            "title": _("办结"),
            "value": done["all"],
            "unit": _("件"),
            "url": reverse("field:home") + "?tab=done",
        },
        {
            "title": _("其中超期"),
            "value": done["late"],
            "unit": _("件"),
            "colour": "red" if done["late"] else "",
        },
        {"title": _("到场核实"), "value": seen, "unit": _("次")},
    ]


def _short(title: str, areas: list[Area]) -> str:
    """葡萄园社区第3网格 is 第3网格 on the map of 葡萄园社区."""
    for area in areas:
        if title.startswith(str(area)) and title != str(area):
            return title.removeprefix(str(area)).strip()
    return title


@in_the_field
@require_safe
def grids(request: HttpRequest) -> HttpResponse:
    """The outlines of the grids over the reader's own area, for the map."""
    user = worker(request)
    index, areas = current_index(), areas_of(user)
    codes = over(index, areas, request.GET.get("layer", ADMINISTRATIVE)) if areas else []
    features = [
        {
            "type": "Feature", "geometry": mapping(row.geometry),
            "properties": {"code": row.code, "title": _short(str(row.title), areas), "title_en": ""},
        }
        for row in (index.rows[code] for code in codes) if row.geometry is not None
    ]  # fmt: skip
    return JsonResponse({"type": "FeatureCollection", "features": features})
