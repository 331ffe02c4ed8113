"""Areas as GeoJSON for the maps of every page."""

from __future__ import annotations

import json
from datetime import date
from functools import lru_cache

import numpy as np
import shapely
from django.utils import timezone
from numpy.typing import NDArray
from shapely.geometry import mapping, shape

from huying.places.district import current_district
from huying.places.locate import current_areas, map_version
from huying.places.models import ADMINISTRATIVE, Area

DECIMALS = 5  # a metre
LARGE_VERTICES = 20_000
SIMPLIFIED_DEGREES = 0.00005  # five metres

# Communities and villages divide a subdistrict together, so a map of one level draws both.
_TOGETHER = {Area.Level.COMMUNITY.value: (Area.Level.COMMUNITY.value, Area.Level.VILLAGE.value)}

Version = tuple[int, date, bool]


def collection_version() -> Version:
    """Changes whenever a collection may: with the map, with the day, and with the word 示意图."""
    district = current_district()
    return map_version(), timezone.localdate(), district.schematic if district else True


@lru_cache(maxsize=64)
def areas_geojson(version: Version, level: str, within: str = "", layer: str = ADMINISTRATIVE) -> bytes:
    """The areas of a level inside the area `within` (a code; empty means all) as a FeatureCollection.

    Coordinates are WGS-84 with five decimals. Shared borders stay shared also where a large collection is
    simplified. `schematic` says whether the map is a sketch (示意图), on the collection and on each feature.
    """
    areas = Area.objects.filter(
        current_areas(), layer=layer, level__in=_TOGETHER.get(level, (level,)), boundary__isnull=False
    )
    if within:
        path = Area.objects.filter(code=within).values_list("path", flat=True).first()
        areas = areas.filter(path__startswith=path) if path else areas.none()
    fields = ("code", "title", "title_en", "level", "households", "parent__code", "boundary")
    rows = list(areas.order_by("code").values(*fields))
    geometries = _drawn(np.array([shape(row["boundary"]) for row in rows], dtype=object))
    features = [
        {
            "type": "Feature",
            "id": row["code"],
            "properties": {
                "code": row["code"],
                "title": row["title"],
                "title_en": row["title_en"],
                "level": row["level"],
                "parent": row["parent__code"],
                "households": row["households"],
                "label": _label(geometry),
                "schematic": version[2],
            },
            "geometry": mapping(geometry),
        }
        for row, geometry in zip(rows, geometries, strict=True)
    ]
    collection = {"type": "FeatureCollection", "schematic": version[2], "features": features}
    return json.dumps(collection, ensure_ascii=False, separators=(",", ":")).encode()


def _drawn(geometries: NDArray[np.object_]) -> NDArray[np.object_]:
    if shapely.get_num_coordinates(geometries).sum() > LARGE_VERTICES:
        geometries = shapely.coverage_simplify(geometries, SIMPLIFIED_DEGREES)
    rounded: NDArray[np.object_] = shapely.transform(geometries, lambda xy: np.round(xy, DECIMALS))
    return rounded


def _label(geometry: shapely.Geometry) -> list[float]:
    """A point inside the area to write its name at."""
    point = shapely.point_on_surface(shapely.make_valid(geometry))
    return [round(point.x, DECIMALS), round(point.y, DECIMALS)]
