"""The course of a road or river as a drawing: no script, so it prints, and weighs next to nothing.

Crossing roads are drawn thin with their names, labelled things as dots. The drawing is schematic; north is up.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from huying.places.models import Road
from huying.registry.models import Item

WIDTH = 440  # close to what a phone shows, so that the names can be read there
_MARGIN, _ASLANT = 60, 120
_FLATTEST, _TALLEST = 190, 560
_NEAR_DEGREES = 0.0004  # about 40 m: roads that end beside another one meet it
_MOST_NAMES = 14
_APART = 24  # between two names, in units of the drawing

Point = tuple[float, float]
Line = Sequence[Point]


@dataclass(frozen=True)
class Mark:
    """A name or a dot on the drawing."""

    x: float
    y: float
    title: str = ""
    here: bool = False


@dataclass
class Sketch:
    """Paths for SVG, in a box of `width` by `height`."""

    height: int
    path: str
    title: str
    wide: bool = True  # more east to west than north to south: names stand aslant
    crossings: list[tuple[str, Mark]] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    width: int = WIDTH


def lines_of(geometry: Any) -> list[Line]:
    """The lines of a GeoJSON line; empty for anything else."""
    if not isinstance(geometry, dict):
        return []
    kind, coordinates = geometry.get("type"), geometry.get("coordinates") or []
    if kind == "LineString":
        return [[(float(x), float(y)) for x, y, *_z in coordinates]]
    if kind == "MultiLineString":
        return [[(float(x), float(y)) for x, y, *_z in part] for part in coordinates]
    return []


def sketch(
    geometry: Any, title: str, marked: Iterable[Item] = (), *, here: Item | None = None
) -> Sketch | None:
    """The drawing of a line with what crosses it; None when there is no line."""
    lines = [line for line in lines_of(geometry) if len(line) > 1]
    if not lines:
        return None
    onto = _Paper([point for line in lines for point in line])
    crossings: list[tuple[str, Mark]] = []
    taken: list[Point] = []
    for road, where in _crossing(lines, title):
        x, y = onto(where)
        far = all(math.hypot(x - other_x, y - other_y) > _APART for other_x, other_y in taken)
        named = far and len(taken) < _MOST_NAMES
        if named:
            taken.append((x, y))
        path = " ".join(onto.path(part) for part in _around(road, where, onto.reach))
        crossings.append((path, Mark(x, y, str(road) if named else "")))
    marks = [
        Mark(*onto((item.lng, item.lat)), item.title, here is not None and item.pk == here.pk)
        for item in marked
        if item.lng is not None and item.lat is not None
    ]
    marks.sort(key=lambda mark: mark.here)  # the one that was scanned is drawn last, on top
    path = " ".join(onto.path(line) for line in lines)
    return Sketch(onto.height, path, title, onto.wide, crossings, marks)


class _Paper:
    """From degrees to the box of the drawing, with room for names around."""

    def __init__(self, points: Line) -> None:
        lngs, lats = [point[0] for point in points], [point[1] for point in points]
        self.west, self.north = min(lngs), max(lats)
        self.squeeze = math.cos(math.radians((min(lats) + max(lats)) / 2))
        wide, tall = (max(lngs) - self.west) * self.squeeze, self.north - min(lats)
        self.wide = wide >= tall
        room = WIDTH - 2 * _MARGIN
        self.scale = min(room / max(wide, 1e-9), (_TALLEST - 2 * _MARGIN) / max(tall, 1e-9))
        # Names of crossing roads stand aslant above a road from east to west, and beside any other.
        above = _ASLANT if self.wide else _MARGIN
        self.height = max(_FLATTEST, round(tall * self.scale) + above + _MARGIN)
        self.left = (WIDTH - wide * self.scale) / 2
        self.top = (
            self.height - _MARGIN - tall * self.scale if self.wide else (self.height - tall * self.scale) / 2
        )
        self.reach = 26 / self.scale  # degrees of latitude that a crossing road is drawn to either side

    def __call__(self, point: Point) -> Point:
        x = self.left + (point[0] - self.west) * self.squeeze * self.scale
        return round(x, 1), round(self.top + (self.north - point[1]) * self.scale, 1)

    def path(self, line: Line) -> str:
        return "M" + "L".join("{} {}".format(*self(point)) for point in line)


def _crossing(lines: Sequence[Line], title: str) -> list[tuple[Road, Point]]:
    import shapely
    from shapely.ops import nearest_points

    own = shapely.MultiLineString([list(line) for line in lines])
    shapely.prepare(own)
    found = []
    for road in Road.objects.exclude(line=None):
        if road.title == title:
            continue
        other = shapely.MultiLineString([list(line) for line in lines_of(road.line)])
        if own.distance(other) > _NEAR_DEGREES:
            continue
        where = nearest_points(own, other)[0]
        found.append((own.project(where), road, (where.x, where.y)))
    return [(road, where) for _along, road, where in sorted(found, key=lambda row: row[0])]


def _around(road: Road, where: Point, reach: float) -> list[Line]:
    """The piece of a crossing road that is near the crossing."""
    import shapely

    piece = shapely.MultiLineString([list(line) for line in lines_of(road.line)]).intersection(
        shapely.Point(where).buffer(reach)
    )
    parts = getattr(piece, "geoms", [piece])
    return [list(part.coords) for part in parts if part.geom_type == "LineString"]
