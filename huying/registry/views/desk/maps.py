"""Things on the map: one register or all, with the filters of their list and the same numbers."""

from __future__ import annotations

import math
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from huying.people.access import everywhere
from huying.people.guards import requires, signed_in
from huying.registry import policy
from huying.registry.display import crumbs, look_of
from huying.registry.finding import (
    MOST_ITEMS,
    Box,
    Cell,
    cells_in_box,
    count_in_cells,
    fitting_zoom,
    items_in_window,
    merge_cells,
    parse_box,
    whole_cells,
)
from huying.registry.models import Item
from huying.registry.views.desk.lists import AllItems, Items

BESIDE = 40  # things named beside the map


def _list_page(request: HttpRequest, register: str) -> AllItems | Items:
    """The list whose rows the map shows: its filters, its rights."""
    page = Items() if register else AllItems()
    page.setup(request, **({"register": register} if register else {}))
    return page


def _keys(page: AllItems | Items) -> list[int]:
    return [page.register.pk] if isinstance(page, Items) else [one.pk for one in page.registers]


@require_GET
@requires(policy.VIEW)
def show(request: HttpRequest, register: str = "") -> HttpResponse:
    """The map; the number above it opens the same rows as a list."""
    page = _list_page(request, register)
    query = page.map_query()
    address = [register] if register else []
    row = page.register if isinstance(page, Items) else None
    points = reverse("desk:register-points" if register else "desk:items-points", args=address)
    lists = reverse("desk:register" if register else "desk:items", args=address)
    context: dict[str, Any] = {
        "page": page, "form": page.form, "title": _("%(register)s地图") % {"register": row} if row else _("名录地图"),
        "crumbs": crumbs(row), "register": row, "clear_url": request.path, "list_url": lists + query,
        "map": {
            "id": "items-map", "label": _("名录地图"), "clusters_url": points + query, "height": "large",
        },
    }  # fmt: skip
    return render(request, "registry/map.html", context)


def _wrong() -> HttpResponse:
    return JsonResponse(
        {"title": _("请求有误"), "status": 400, "detail": _("请给出 bbox=西,南,东,北（度）和 zoom。")},
        status=400,
        content_type="application/problem+json",
    )


@require_GET
@requires(policy.VIEW)
def points(request: HttpRequest, register: str = "") -> HttpResponse:
    """What stands in the window: single things, or counts by cell when there are many.

    The window is widened to whole cells; `box` says it, and the list with this box has `total` rows.
    """
    page = _list_page(request, register)
    try:
        asked = float(request.GET.get("zoom", "14"))
        zoom = round(min(max(asked, 3.0), 19.0)) if math.isfinite(asked) else 14
        asked_box = parse_box(request.GET.get("bbox", ""))
        zoom = fitting_zoom(asked_box, zoom)
        box = whole_cells(asked_box, zoom)
    except ValueError:
        return _wrong()
    found = window(page, box, zoom, kept_counts=everywhere(signed_in(request), policy.VIEW))
    query = {
        name: value for name, value in page.request.GET.items() if name not in ("bbox", "zoom", "placed")
    }
    found["box"] = ",".join(f"{edge:.7f}" for edge in box)
    found["list_url"] = (
        f"{page.request.path.removesuffix('points.json')}?{urlencode({**query, 'bbox': found['box']})}"
    )
    return JsonResponse(found, json_dumps_params={"ensure_ascii": False})


def window(page: AllItems | Items, box: Box, zoom: int, *, kept_counts: bool) -> dict[str, Any]:
    """The single things or counted cells of a window. `kept_counts`: the counts that the database keeps hold for
    this reader; they know registers, but no other filter.
    """
    keys = _keys(page)
    chosen = [each.name for each, _value in page.active if each.name not in ("bbox", "placed")]
    kept = kept_counts and not chosen
    rows = items_in_window(page.unboxed_rows, keys, box, zoom)
    cells = cells_in_box(keys, box, zoom) if kept else count_in_cells(rows, box, zoom)
    total = sum(cell.count for cell in cells)
    if total <= MOST_ITEMS:
        shown = list(rows.order_by("title", "pk")[: MOST_ITEMS + 1])
        marks = [_mark(item) for item in shown]
        return {"clusters": marks, "items": marks[:BESIDE], "total": len(marks)}
    bubbles = [
        _bubble(cell, whole_cells(Box(cell.lng, cell.lat, cell.lng, cell.lat), zoom))
        for cell in merge_cells(cells, zoom)
    ]
    return {"clusters": bubbles, "items": [], "total": total}


def _mark(item: Item) -> dict[str, Any]:
    return {
        "lng": item.lng, "lat": item.lat, "count": 1, "title": f"{item.title}（{item.stands}）",
        "url": item.get_absolute_url(), "colour": look_of(item.state)[0] or "accent",
        "code": item.code, "register": str(item.register),
    }  # fmt: skip


def _bubble(cell: Cell, box: Box) -> dict[str, Any]:
    """A cell; `box` opens its things as a list."""
    title = _("%(n)s 件，看列表") % {"n": cell.count}
    return {"lng": cell.lng, "lat": cell.lat, "count": cell.count, "title": title, "box": _text(box)}


def _text(box: Box) -> str:
    return ",".join(f"{edge:.7f}" for edge in box)
