"""How a case looks on the phone: a card with three large buttons."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases.models import Case, CaseFile
from huying.cases.views.desk.display import clock_badge, metres_words, status_badge
from huying.cases.views.field.todo import NEEDS
from huying.core.photo_links import photo_url
from huying.core.templatetags.parts import badge
from huying.places.coordinates import distance_m

Point = tuple[float, float]
# Beyond this a photo was hardly taken at the case's place: a phone among houses is off by up to 50 m.
FAR_M = 200
OLD = dt.timedelta(hours=24)

# What the list reads of a case: without texts and search columns.
CARD_FIELDS = (
    "number", "status", "title", "address", "lng", "lat", "due_at", "clock_started_at", "parked_at", "handled_at",
    "left_when_stopped", "overdue", "colour", "needs_arbitration", "returns", "reopenings", "reports_count",
    "department", "handler", "handled_by", "category", "subdistrict", "area", "reported_at",
)  # fmt: skip


def distance_to(case: Case, here: Point | None) -> float | None:
    """Metres from the phone to the case, where both are known."""
    if here is None or case.lng is None or case.lat is None:
        return None
    return distance_m(*here, case.lng, case.lat)


def place_of(case: Case) -> str:
    """Where, as one says it on the street: address and grid."""
    area = str(case.area or case.subdistrict or "")
    return " · ".join(part for part in (case.address, area) if part) or _("没有写地点")


def geo_link(case: Case) -> str:
    """The address that opens the phone's own map on this place; empty where the place is unknown."""
    if case.lng is None or case.lat is None:
        return ""
    point = f"{case.lat:.6f},{case.lng:.6f}"
    return f"geo:{point}?q={point}({quote((case.address or case.title)[:40])})"


def card(case: Case, here: Point | None = None) -> dict[str, Any]:
    """One case for the list; `need` comes from `todo.needing` where the list is about needs."""
    code = getattr(case, "need", "")
    need, url = NEEDS.get(code), reverse("field:task", args=[case.number])
    metres = distance_to(case, here)
    return {
        "case": case,
        "url": url,
        "place": place_of(case),
        "distance": metres_words(metres) if metres is not None else "",
        "metres": metres,
        "state": badge(str(need.title), need.colour, need.icon) if need else status_badge(case),
        "clock": clock_badge(case) if code != "see" else "",
        "geo": geo_link(case),
        "take_up_url": reverse("field:take-up", args=[case.number]) if code == "take_up" else "",
        "call_url": f"{url}?call=1#call" if code == "handle" and case.has_phone else "",  # type: ignore[attr-defined]
        "reports": case.reports_count,
    }


def photos_of(case: Case) -> list[dict[str, Any]]:
    """The case's photos in the order of the loop, each with when and how far from the place it was taken."""
    order: list[str] = [role for role in CaseFile.Role if role != CaseFile.Role.DOCUMENT]
    files = case.files.exclude(role=CaseFile.Role.DOCUMENT).select_related("file")
    rows: Iterable[CaseFile] = sorted(files, key=lambda row: (order.index(row.role), row.pk))
    return [_photo(row, case) for row in rows]


def _photo(row: CaseFile, case: Case) -> dict[str, Any]:
    file = row.file
    place = (file.lng, file.lat) if file.lng is not None and file.lat is not None else None
    metres = distance_to(case, place)
    late = file.taken_at is not None and row.added_at - file.taken_at > OLD
    return {
        "url": photo_url(file), "thumb": photo_url(file, small=True), "title": row.get_role_display(),
        "role": row.role, "taken_at": file.taken_at, "distance": metres_words(metres) if metres is not None else "",
        "far": metres is not None and metres > FAR_M, "old": late,
    }  # fmt: skip


def month_start() -> dt.datetime:
    """Midnight of the first of this month."""
    return timezone.localtime().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
