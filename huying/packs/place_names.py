"""Rebuilds what people type to name a place: roads, compounds, buildings, areas and landmarks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import shapely
from django.utils import timezone

from huying.places.models import ADMINISTRATIVE, Area, Building, PlaceName, Road
from huying.places.names import place_initials, place_words

# A district has more buildings than people ask for: whole places come first among equal hits.
_WEIGHTS = {"subdistrict": 6, "community": 5, "village": 5, "compound": 4}


def rebuild_place_names(landmarks: Iterable[tuple[str, float, float]] | None = None) -> bool:
    """Write the names that the places have now; whether anything differs from before.

    Landmarks stand nowhere else: without new ones the old ones stay.
    """
    wanted = {_identity(name): name for name in _names(landmarks or ())}
    names = (
        PlaceName.objects.all()
        if landmarks is not None
        else PlaceName.objects.exclude(kind=PlaceName.Kind.LANDMARK)
    )
    existing = {_identity(name): name for name in names}
    gone = [name.pk for identity, name in existing.items() if identity not in wanted]
    new = [name for identity, name in wanted.items() if identity not in existing]
    if gone:
        PlaceName.objects.filter(pk__in=gone).delete()
    PlaceName.objects.bulk_create(new, batch_size=1000)
    return bool(gone or new)


def _identity(name: PlaceName) -> tuple[Any, ...]:
    return (name.title, name.kind, name.words, name.initials, name.lng, name.lat, name.area_id, name.weight)


def _names(landmarks: Iterable[tuple[str, float, float]]) -> Iterator[PlaceName]:
    today = timezone.localdate()
    areas = {area.pk: area for area in Area.objects.filter(layer=ADMINISTRATIVE)}
    for area in areas.values():
        if area.level not in _WEIGHTS or area.boundary is None or (area.valid_to and area.valid_to <= today):
            continue
        point = shapely.geometry.shape(area.boundary).representative_point()
        kind = PlaceName.Kind.COMPOUND if area.level == Area.Level.COMPOUND else PlaceName.Kind.AREA
        yield _name(area.title, kind, point.x, point.y, area.pk, _WEIGHTS[area.level])
    for road in Road.objects.exclude(line=None):
        middle = shapely.geometry.shape(road.line).interpolate(0.5, normalized=True)
        yield _name(road.title, PlaceName.Kind.ROAD, middle.x, middle.y, None, 4)
    for building in Building.objects.all():
        compound = areas.get(building.compound_id or 0)
        title = building.title
        if compound and not title.startswith(compound.title):
            title = compound.title + title
        yield _name(title, PlaceName.Kind.BUILDING, building.lng, building.lat, building.grid_id, 1)
    for title, lng, lat in landmarks:
        yield _name(title, PlaceName.Kind.LANDMARK, lng, lat, None, 3)


def _name(
    title: str, kind: PlaceName.Kind, lng: float, lat: float, area_id: int | None, weight: int
) -> PlaceName:
    return PlaceName(
        title=title[:120], kind=kind.value, words=place_words(title), initials=place_initials(title),
        lng=round(lng, 6), lat=round(lat, 6), area_id=area_id, weight=weight,
    )  # fmt: skip
