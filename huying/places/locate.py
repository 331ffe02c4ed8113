"""Point → area over the areas in the database; a change by any process is noticed within a second."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import shapely
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language
from shapely.geometry import shape

from huying.places.area_index import ADMINISTRATIVE, AreaIndex, AreaRow, Located
from huying.places.fresh import Kept
from huying.places.models import Area, MapVersion

__all__ = ["AreaIndex", "Located", "current_index", "locate", "map_version"]


@dataclass(frozen=True, slots=True)
class _Title:
    zh: str
    en: str

    def __str__(self) -> str:
        return self.en if self.en and (get_language() or "").startswith("en") else self.zh


def locate(lng: float, lat: float, layer: str = ADMINISTRATIVE) -> Located:
    """Where this point (WGS-84) lies today; never an exception for any two numbers."""
    return _index.get().locate(lng, lat, layer)


def current_index() -> AreaIndex:
    """The index of today's areas."""
    return _index.get()


def map_version() -> int:
    """The number that changes whenever areas or place names do; 0 before there are any."""
    return MapVersion.objects.filter(pk=1).values_list("version", flat=True).first() or 0


def current_areas() -> Q:
    """Areas that are in force today."""
    today = timezone.localdate()
    return (Q(valid_from=None) | Q(valid_from__lte=today)) & (Q(valid_to=None) | Q(valid_to__gte=today))


def _rows() -> Iterator[AreaRow]:
    areas = Area.objects.filter(current_areas())
    fields = ("code", "layer", "level", "path", "boundary", "title", "title_en")
    for code, layer, level, path, boundary, zh, en in areas.values_list(*fields):
        geometry = shapely.make_valid(shape(boundary)) if boundary else None
        yield AreaRow(code, layer, level, path, geometry, _Title(zh, en))


# An area may begin or end at midnight without anything being written.
_index: Kept[AreaIndex] = Kept(lambda: (map_version(), timezone.localdate()), lambda: AreaIndex(_rows()))
