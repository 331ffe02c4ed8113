"""/i/<label>/: what the code on a thing leads to. Without a login; staff who are signed in find their work here."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_safe

from huying.core.limits import count_attempt
from huying.core.photo_links import photo_url
from huying.people.models import User
from huying.people.signin import client_address
from huying.places.district import current_district
from huying.registry import policy
from huying.registry.display import state_badge
from huying.registry.models import Item
from huying.registry.public import Sheet, public_sheets, signs_of
from huying.registry.scanning import field_panels, labelled, public_panels, read_label
from huying.registry.sketch import Sketch, sketch

# A crowd behind one address of a mobile network scans; a guesser of labels finds none of 28^8.
SCANS, MISSES, WITHIN = 600, 40, dt.timedelta(hours=1)
_MOST_PHOTOS = 6


@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """A label typed by hand, when the code is scratched."""
    typed = request.GET.get("label", "")
    label = read_label(typed)
    if not label:
        return render(request, "registry/find_label.html", {"typed": typed})
    return redirect("portal:scan", label)


@require_safe
def scan(request: HttpRequest, label: str) -> HttpResponse:
    """The thing with this label, in the words that everybody may read; or what to do when there is none."""
    who = client_address(request)
    count_attempt("scan", who, most=SCANS, within=WITHIN)
    wanted = read_label(label)
    item = labelled(wanted)
    if item is None:
        count_attempt("scan-missed", who, most=MISSES, within=WITHIN)
        return render(request, "registry/find_label.html", {"typed": label, "unknown": True}, status=404)
    if wanted != label:
        return redirect("portal:scan", wanted)
    response = render(request, "registry/scan.html", _context(request, item))
    add_never_cache_headers(response)  # what is known of the thing changes, and staff see more than others
    return response


def _context(request: HttpRequest, item: Item) -> dict[str, Any]:
    rules = item.rules
    sheets = public_sheets(item)
    others = signs_of(item)
    staff: User | None = request.user if request.user.is_authenticated else None
    seen = staff is not None and policy.may(staff, policy.VIEW, item)
    district = current_district()
    return {
        "item": item,
        "rules": rules,
        "badge": state_badge(item) if sheets or seen else "",
        "sheets": sheets,
        "road_sheet": next((sheet for sheet in sheets if sheet.item.rules.place == "line"), None),
        "drawing": _drawing(sheets, item, others),
        "others": [other for other in others if other.pk != item.pk],
        "photos": _photos(item) if sheets and rules.photos else [],
        "panels": public_panels(item),
        "field_panels": field_panels(item, staff) if seen and staff is not None else [],
        "staff": seen,
        "may_verify": seen
        and staff is not None
        and rules.verified
        and policy.may(staff, policy.VERIFY, item),
        "report_url": f"{reverse('portal:report')}?item={item.label}",
        "hotline": (district.hotline if district else "") or "12345",
        "map": _map(item) if sheets and rules.public_map and rules.place == "point" else None,
    }


def _drawing(sheets: list[Sheet], item: Item, others: list[Item]) -> Sketch | None:
    """The course of the road that a sign speaks of, with the signs on it."""
    for sheet in sheets:
        if sheet.item.geometry and sheet.item.rules.public_map:
            marked = others if sheet.item.pk != item.pk else []
            return sketch(sheet.item.geometry, str(sheet.item), marked, here=item)
    return None


def _photos(item: Item) -> list[dict[str, str]]:
    rows = item.photos.select_related("file")[:_MOST_PHOTOS]
    return [
        {"url": photo_url(row.file), "thumb": photo_url(row.file, small=True), "alt": row.words or item.title}
        for row in rows
    ]


def _map(item: Item) -> dict[str, Any] | None:
    if item.lng is None or item.lat is None:
        return None
    return {
        "id": "item-map", "lng": item.lng, "lat": item.lat, "marker_title": item.title, "height": "small",
    }  # fmt: skip
