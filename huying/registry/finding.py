"""Where things stand: what is in a window of the map, what is nearest to a point.

shown = things_in_box(registers, box, zoom)      # single things, or cells with counts when there are many
nearest_items(lng, lat, registers, within_m=80)  # by distance, at most ten
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection
from django.db.models import QuerySet, Sum

from huying.places.coordinates import distance_m
from huying.registry.models import Item, ItemCell
from huying.registry.rules import RETIRED

CELL_ZOOMS = (10, 12, 14, 16, 18)  # as the triggers of migration 0003 keep them
MOST_ITEMS = 400  # single things on one map: more of them hide each other
_MOST_ACROSS = 256  # cells beside one another: more than any screen shows
_CELLS_ACROSS = 2  # a cell is a quarter of a map tile wide: 64 px
# A register's stripe of the indexed plane; see migration 0003.
_PLACE = "item_place(register_id, lng, lat)"


class Box(NamedTuple):
    """A window of the map, in degrees (WGS-84)."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True)
class Cell:
    """Things of one register that stand close together: how many, and the middle of them."""

    register_id: int
    count: int
    lng: float
    lat: float


@dataclass(frozen=True)
class Near:
    """A thing and how far it is, in metres."""

    item: Item
    distance_m: float


def parse_box(text: str) -> Box:
    """`west,south,east,north` as the map sends it. ValueError when it is not a window."""
    west, south, east, north = (float(part) for part in text.split(","))
    if not all(map(math.isfinite, (west, south, east, north))) or west > east or south > north:
        raise ValueError(text)
    return Box(max(west, -180.0), max(south, -85.0), min(east, 180.0), min(north, 85.0))


def items_in_box(rows: QuerySet[Item], registers: Collection[int], box: Box) -> QuerySet[Item]:
    """Those of `rows` that stand in the window, by index. `registers` are the keys of the registers asked for."""
    windows = " OR ".join(
        f"{_PLACE} <@ box(item_place(%s, %s, %s), item_place(%s, %s, %s))" for _register in registers
    )
    values = [
        value
        for register in registers
        for value in (register, box.west, box.south, register, box.east, box.north)
    ]
    if not windows:
        return rows.none()
    # The window is on the plane of the register's own stripe, so it names the register too.
    return rows.extra(where=[f"({windows})"], params=values)


def cells_in_box(registers: Collection[int], box: Box, zoom: int) -> list[Cell]:
    """How many things stand where, kept by the database: a million of them are a few hundred rows."""
    depth = _depth(zoom)
    west, east = _x(box.west, depth), _x(box.east, depth)
    north, south = _y(box.north, depth), _y(box.south, depth)
    rows = ItemCell.objects.filter(
        register__in=registers, zoom=depth, x__range=(west, east), y__range=(north, south), count__gt=0
    ).values_list("register_id", "count", "sum_lng", "sum_lat")
    return [Cell(register, count, lng / count, lat / count) for register, count, lng, lat in rows]


def items_in_window(rows: QuerySet[Item], registers: Collection[int], box: Box, zoom: int) -> QuerySet[Item]:
    """As `items_in_box`. Where the window holds most of the things, places are compared one by one instead, so that
    what else was chosen (an area, a state) may use its own index.
    """
    inside = sum(cell.count for cell in cells_in_box(registers, box, zoom))
    whole = ItemCell.objects.filter(register__in=registers, zoom=CELL_ZOOMS[0]).aggregate(n=Sum("count"))["n"]
    if inside * 2 < (whole or 0):
        return items_in_box(rows, registers, box)
    return rows.filter(lng__gte=box.west, lng__lte=box.east, lat__gte=box.south, lat__lte=box.north)


def count_in_cells(rows: QuerySet[Item], box: Box, zoom: int) -> list[Cell]:
    """As `cells_in_box`, counted now: for things that were chosen by more than their register.

    `box` is a window of whole cells: see `whole_cells`.
    """
    depth = _depth(zoom)
    inner, values = rows.order_by().values("register_id", "lng", "lat").query.sql_with_params()
    # A search in a list of edges is ten times as quick as projecting every row.
    edges = [_lat(y, depth) for y in range(_y(box.south, depth) + 1, _y(box.north, depth) - 1, -1)]
    query = f"""
        SELECT register_id, count(*), avg(lng), avg(lat) FROM ({inner}) AS chosen
        GROUP BY register_id, floor((lng + 180) / 360 * %s), width_bucket(lat, %s::float8[])
    """
    with connection.cursor() as cursor:
        cursor.execute(query, [*values, 1 << depth, edges])
        return [Cell(*row) for row in cursor.fetchall()]


def fitting_zoom(box: Box, zoom: int) -> int:
    """The zoom, or a smaller one when the window is far larger than a screen at this zoom."""
    while zoom > CELL_ZOOMS[0] and _x(box.east, _depth(zoom)) - _x(box.west, _depth(zoom)) > _MOST_ACROSS:
        zoom -= 1
    return zoom


def merge_cells(cells: Iterable[Cell], zoom: int) -> list[Cell]:
    """The cells of several registers as one for each place of the map; `register_id` is 0 where they differ."""
    depth, found = _depth(zoom), dict[tuple[int, int], Cell]()
    for cell in cells:
        place = _x(cell.lng, depth), _y(cell.lat, depth)
        known = found.get(place)
        if known is None:
            found[place] = cell
            continue
        count = known.count + cell.count
        found[place] = Cell(
            known.register_id if known.register_id == cell.register_id else 0, count,
            (known.lng * known.count + cell.lng * cell.count) / count,
            (known.lat * known.count + cell.lat * cell.count) / count,
        )  # fmt: skip
    return list(found.values())


def whole_cells(box: Box, zoom: int) -> Box:
    """The window widened to the edges of its cells: what is counted by cells stands exactly in it."""
    depth = _depth(zoom)
    return Box(
        _lng(_x(box.west, depth), depth), _lat(_y(box.south, depth) + 1, depth),
        _lng(_x(box.east, depth) + 1, depth), _lat(_y(box.north, depth), depth),
    )  # fmt: skip


def nearest_items(
    lng: float, lat: float, registers: Collection[int], *, within_m: float = 200, most: int = 10
) -> list[Near]:
    """The things nearest to a point that are still there, by distance; each register is asked through the index."""
    if not registers or not (math.isfinite(lng) and math.isfinite(lat)):
        return []
    query = f"""
        SELECT near.id FROM unnest(%s::bigint[]) AS r (id) CROSS JOIN LATERAL (
            SELECT id FROM registry_item
            WHERE register_id = r.id AND lng IS NOT NULL AND state <> %s
            ORDER BY {_PLACE} <-> item_place(r.id, %s, %s) LIMIT %s
        ) AS near
    """
    with connection.cursor() as cursor:
        cursor.execute(query, [list(registers), RETIRED, lng, lat, most])
        keys = [row[0] for row in cursor.fetchall()]
    found = [
        Near(item, distance_m(lng, lat, item.lng or 0.0, item.lat or 0.0))
        for item in Item.objects.filter(pk__in=keys)
        .select_related("register", "owner", "area")
        .defer("area__boundary", "search", "words")
    ]
    return sorted((near for near in found if near.distance_m <= within_m), key=lambda near: near.distance_m)[
        :most
    ]


def _depth(zoom: int) -> int:
    return min(CELL_ZOOMS, key=lambda depth: (abs(depth - zoom - _CELLS_ACROSS), depth))


def _x(lng: float, depth: int) -> int:
    return math.floor((lng + 180) / 360 * (1 << depth))


def _lng(x: int, depth: int) -> float:
    return x / (1 << depth) * 360 - 180


def _lat(y: int, depth: int) -> float:
    turned = 180 - y / (1 << depth) * 360
    return math.degrees(2 * math.atan(math.exp(math.radians(turned)))) - 90


def _y(lat: float, depth: int) -> int:
    turned = math.degrees(math.log(math.tan(math.radians(45 + lat / 2))))
    return math.floor((180 - turned) / 360 * (1 << depth))
