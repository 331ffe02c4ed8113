"""Public answers about places: outlines for the maps, names while they are typed, and which area a point
is in."""

from __future__ import annotations

import math
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import condition, require_safe
from django.views.decorators.vary import vary_on_headers

from huying.places.coordinates import System, convert, parse_point
from huying.places.geojson import areas_geojson, collection_version
from huying.places.locate import AreaIndex, current_index
from huying.places.models import ADMINISTRATIVE, Area, PlaceName
from huying.places.names import search_places


def _bad_request(detail: object) -> JsonResponse:
    """A problem document (RFC 9457) that says what to send instead."""
    body = {"type": "about:blank", "title": _("请求有误"), "status": 400, "detail": str(detail)}
    return JsonResponse(
        body, status=400, content_type="application/problem+json", json_dumps_params={"ensure_ascii": False}
    )


def _json(body: Any) -> JsonResponse:
    return JsonResponse(body, safe=False, json_dumps_params={"ensure_ascii": False})


def _etag(request: HttpRequest) -> str:
    return '"{}-{}-{:d}"'.format(*collection_version())


@require_safe
@condition(etag_func=_etag)
def areas(request: HttpRequest) -> HttpResponse:
    """Outlines of a level, `?level=grid&within=410403001&layer=administrative`; communities come with
    villages."""
    level = request.GET.get("level", Area.Level.SUBDISTRICT.value)
    within, layer = request.GET.get("within", ""), request.GET.get("layer", ADMINISTRATIVE)
    if level not in Area.Level.values:
        levels = "、".join(Area.Level.values)
        return _bad_request(
            _("没有“%(level)s”这一层级：可用 %(levels)s。") % {"level": level, "levels": levels}
        )
    known = current_index().rows
    if within and within not in known:
        return _bad_request(_("没有代码为“%(code)s”的区域。") % {"code": within})
    if layer != ADMINISTRATIVE and layer not in {row.layer for row in known.values()}:
        return _bad_request(_("没有“%(layer)s”这一图层。") % {"layer": layer})
    body = areas_geojson(collection_version(), level, within, layer)
    response = HttpResponse(body, content_type="application/geo+json")
    patch_cache_control(response, public=True, max_age=60)
    return response


@require_safe
@vary_on_headers("HX-Request", "Accept-Language", "Cookie")
def search(request: HttpRequest) -> HttpResponse:
    """Names and typed coordinates that match `?q=`; options of a list for htmx, JSON otherwise."""
    query = request.GET.get("q", "").strip()
    index = current_index()
    places = [*_typed_point(query, index), *(_place(name, index) for name in search_places(query))]
    if getattr(request, "htmx", False):
        return render(request, "places/_options.html", {"places": places, "query": query})
    return _json({"query": query, "places": places})


@require_safe
def at(request: HttpRequest) -> HttpResponse:
    """Which area `?lng=&lat=` is in; `system` (default wgs84) and `layer` may be given."""
    try:
        lng, lat = _number(request, "lng"), _number(request, "lat")
        lng, lat = convert(lng, lat, request.GET.get("system", System.WGS84), System.WGS84)
    except ValueError as problem:
        return _bad_request(problem)
    index = current_index()
    found = index.locate(lng, lat, request.GET.get("layer", ADMINISTRATIVE))
    return _json(
        {
            "kind": found.kind,
            "area": _area(found.area_code, index),
            "chain": [_area(code, index) for code in found.chain],
            "nearest": _area(found.nearest, index),
            "distance_m": found.distance_m,
            "sentence": str(found.sentence),
        }
    )


def _number(request: HttpRequest, name: str) -> float:
    text = request.GET.get(name, "")
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(
            _("请用 %(name)s 给出以度为单位的数字，例如 lng=113.31&lat=33.74，收到“%(text)s”。")
            % {"name": name, "text": text}
        )
    return number


def _area(code: str | None, index: AreaIndex) -> dict[str, str] | None:
    row = index.rows.get(code) if code else None
    return {"code": row.code, "title": str(row.title), "level": row.level} if row else None


def _where(path: str, title: str, index: AreaIndex) -> str:
    """The areas around a place in words, without the district and without the place itself."""
    around = [str(index.rows[code].title) for code in path.split("/")[1:] if code in index.rows]
    # 地矿社区第1网格 says already which community it is in.
    told = [name for name, finer in zip(around, [*around[1:], ""], strict=True) if not finer.startswith(name)]
    return " ".join(name for name in told if name != title)


def _place(name: PlaceName, index: AreaIndex) -> dict[str, Any]:
    return {
        "id": name.pk,
        "title": name.title,
        "kind": name.kind,
        "kind_title": name.get_kind_display(),
        "lng": round(name.lng, 6),
        "lat": round(name.lat, 6),
        "area": name.area.code if name.area else None,
        "where": _where(name.area.path, name.title, index) if name.area else "",
    }


def _typed_point(query: str, index: AreaIndex) -> list[dict[str, Any]]:
    """What was typed as a place of its own, where it can be read as coordinates."""
    try:
        lng, lat = parse_point(query)
    except ValueError:
        return []
    found = index.locate(lng, lat)
    return [
        {
            "id": None,
            "title": f"{lng:.6f}, {lat:.6f}",
            "kind": "point",
            "kind_title": _("坐标"),
            "lng": lng,
            "lat": lat,
            "area": found.area_code,
            "where": str(found.sentence),
        }
    ]
