"""What changes places."""

from __future__ import annotations

import random
from collections.abc import Iterator

import shapely
from django.db import connection, transaction
from django.utils.translation import gettext as _
from shapely.geometry import shape

from huying.core.errors import Refusal
from huying.places.fresh import Kept
from huying.places.locate import current_areas, current_index
from huying.places.models import Area, Building, MapVersion, PlaceName, Road
from huying.places.names import place_initials, place_words

# What a resident most likely means comes first: the compound before its buildings.
WEIGHTS = {
    PlaceName.Kind.COMPOUND: 50,
    PlaceName.Kind.LANDMARK: 45,
    PlaceName.Kind.AREA: 40,
    PlaceName.Kind.ROAD: 30,
    PlaceName.Kind.BUILDING: 20,
}


@transaction.atomic
def bump_map_version() -> int:
    """Tell every process that areas or place names changed; call it in the transaction that changes them.

    A number drawn afresh, not one more: a count that was rolled back would be given twice, and a process that
    had seen the first would take the second for what it knows.
    """
    row, _created = MapVersion.objects.select_for_update().get_or_create(pk=1)
    row.version = random.choice([n for n in random.sample(range(1, 2**31), 2) if n != row.version])
    row.save(update_fields=["version"])
    Kept.look_at_all_again()
    return row.version


@transaction.atomic
def materialise_paths() -> int:
    """Write every area's path of codes from its parents; returns how many changed, and bumps the map if
    any did.

    Raises Refusal where parents form a circle.
    """
    table = Area._meta.db_table
    tree = (
        f"WITH RECURSIVE tree (id, path) AS (SELECT id, code || '/' FROM {table} WHERE parent_id IS NULL"
        f" UNION ALL SELECT area.id, tree.path || area.code || '/'"
        f" FROM {table} area JOIN tree ON area.parent_id = tree.id) "
    )
    with connection.cursor() as cursor:
        cursor.execute(f"{tree} SELECT min(code) FROM {table} WHERE id NOT IN (SELECT id FROM tree)")
        (circling,) = cursor.fetchone()
        if circling is not None:
            raise Refusal(_("区域 %(code)s 的上级绕成了圈：请改正它的上级。") % {"code": circling})
        cursor.execute(
            f"{tree} UPDATE {table} SET path = tree.path FROM tree"
            f" WHERE tree.id = {table}.id AND {table}.path <> tree.path"
        )
        changed: int = cursor.rowcount
    if changed:
        bump_map_version()
    return changed


@transaction.atomic
def rebuild_place_names() -> int:
    """Write anew what people may type to name a place, from areas, roads and buildings; returns the number.

    Landmarks come from nowhere else and stay; their spelling and area are brought up to date. Call it
    after areas, roads, buildings or landmarks changed.
    """
    bump_map_version()
    index = current_index()
    codes = dict(Area.objects.values_list("code", "pk"))

    def completed(name: PlaceName) -> PlaceName:
        name.words, name.initials = place_words(name.title), place_initials(name.title)
        name.weight = WEIGHTS[PlaceName.Kind(name.kind)]
        if name.area_id is None and name.kind != PlaceName.Kind.ROAD:
            name.area_id = codes.get(index.locate(name.lng, name.lat).area_code or "")
        return name

    PlaceName.objects.exclude(kind=PlaceName.Kind.LANDMARK).delete()
    landmarks = [completed(name) for name in PlaceName.objects.all()]
    PlaceName.objects.bulk_update(landmarks, ["words", "initials", "weight", "area"], batch_size=500)
    names = PlaceName.objects.bulk_create(
        [completed(name) for name in (*_area_names(), *_road_names(), *_building_names())], batch_size=1000
    )
    return len(landmarks) + len(names)


def _area_names() -> Iterator[PlaceName]:
    areas = Area.objects.filter(current_areas(), layer="administrative", boundary__isnull=False)
    for area in areas.exclude(level=Area.Level.DISTRICT):
        point = shapely.point_on_surface(shapely.make_valid(shape(area.boundary)))
        compound = area.level == Area.Level.COMPOUND
        kind = PlaceName.Kind.COMPOUND if compound else PlaceName.Kind.AREA
        yield PlaceName(title=area.title, kind=kind, lng=point.x, lat=point.y, area=area)


def _road_names() -> Iterator[PlaceName]:
    for road in Road.objects.filter(line__isnull=False):
        middle = shapely.line_interpolate_point(shape(road.line), 0.5, normalized=True)
        if not middle.is_empty:  # a road of several lines has no middle
            yield PlaceName(title=road.title, kind=PlaceName.Kind.ROAD, lng=middle.x, lat=middle.y)


def _building_names() -> Iterator[PlaceName]:
    for building in Building.objects.select_related("compound"):
        compound, title = building.compound, building.title
        if compound is not None and not title.startswith(compound.title):
            title = f"{compound.title}{title}"
        area = building.grid_id or building.compound_id
        kind = PlaceName.Kind.BUILDING
        yield PlaceName(title=title, kind=kind, lng=building.lng, lat=building.lat, area_id=area)
