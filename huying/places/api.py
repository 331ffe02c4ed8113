"""Areas, the area around a point, and the work calendar over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from ninja import Router, Schema

from huying.core.api import Problem, query
from huying.core.errors import Refusal
from huying.places.area_index import AreaRow
from huying.places.clock import parse_limit
from huying.places.locate import current_index, locate
from huying.places.work_calendar import current_calendar

router = Router(tags=["places"])


class AreaOut(Schema):
    """An area: district, subdistrict, community, compound or grid; `path` names those above it.

    `lng` and `lat` (WGS-84) are a point inside it, null where its border is not on the map.
    """

    code: str
    title: str
    level: str
    layer: str
    path: str
    lng: float | None
    lat: float | None


@router.get("/areas", response=list[AreaOut], summary="List areas")
def list_areas(request: HttpRequest, level: str = "", within: str = "") -> list[dict[str, Any]]:
    """Every area in use, or those of a level, or inside the area `within`."""
    rows = current_index().rows
    above = rows[within].path if within in rows else None
    if within and above is None:
        raise Http404(_("没有这个区域。"))
    return [
        area_out(row)
        for row in rows.values()
        if (not level or row.level == level) and (above is None or row.path.startswith(above))
    ]


def area_out(row: AreaRow) -> dict[str, Any]:
    """An area with a point inside it."""
    inside = row.geometry.representative_point() if row.geometry is not None else None
    return {
        "code": row.code, "title": str(row.title), "level": row.level, "layer": row.layer, "path": row.path,
        "lng": round(inside.x, 6) if inside is not None else None,
        "lat": round(inside.y, 6) if inside is not None else None,
    }  # fmt: skip


class LocatedOut(Schema):
    """The areas around a point, from the largest to the smallest, and a sentence when it is on a border or outside."""

    areas: list[str]
    said: str


@router.get("/locate", response={200: LocatedOut, 422: Problem}, summary="Point to area")
def locate_point(
    request: HttpRequest,
    lng: float = query(..., ge=-180, le=180),
    lat: float = query(..., ge=-90, le=90),
    layer: str = "administrative",
) -> dict[str, Any]:
    """Which areas lie around a point (WGS-84)."""
    if layer not in current_index().layers:
        raise Refusal(_("没有这个图层。"), field="layer")
    found = locate(lng, lat, layer)
    return {"areas": list(found.chain), "said": str(found.sentence)}


class DeadlineOut(Schema):
    """When a time limit ends."""

    due_at: datetime
    provisional: bool


@router.get("/deadline", response={200: DeadlineOut, 422: Problem}, summary="When a time limit ends")
def deadline(request: HttpRequest, start: datetime, limit: str) -> dict[str, Any]:
    """The end of a limit like `5 work days` that starts at this moment, by the district's calendar."""
    if start.tzinfo is None or not 2000 <= start.year <= 2100:
        raise Refusal(_("请写带时区的时刻，例如 2026-11-20T09:00:00+08:00。"), field="start")
    try:
        parsed = parse_limit(limit)
    except ValueError as error:
        raise Refusal(str(error), field="limit") from None
    due = current_calendar().deadline(start, parsed)
    return {"due_at": due.at, "provisional": due.provisional}
