"""What every page knows of the district it serves."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from huying.places.district import current_district


def district(request: HttpRequest) -> dict[str, Any]:
    """The district's name and hotline, and whether its map and data are real."""
    here = current_district()
    if here is None:
        return {"demo_data": settings.DEMO, "contact_days": settings.CONTACT_DAYS}
    return {
        "district": here,
        "district_title": str(here),
        "hotline": here.hotline,
        "schematic": here.schematic,
        "demo_data": settings.DEMO,
        "contact_days": settings.CONTACT_DAYS,
    }
