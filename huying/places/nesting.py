"""Do the areas of a map nest? For `pack check`, before anything is loaded. No Django here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import shapely

from huying.places.area_index import ADMINISTRATIVE, AreaRow
from huying.places.sentences import Sentence, gettext_noop

TOLERANCE_M2 = 10.0
"""Rounding coordinates to 6 decimals moves a border by 10 cm; along a kilometre of it that is 100 m² at
the very most,
and nothing where neighbours share their vertices."""

_M_PER_DEGREE = 111_195.0
# Levels that divide their parent's ground among them; a compound only lies in its community.
_DIVIDING = {"subdistrict": 1, "community": 2, "village": 2, "grid": 4}


class Problem(NamedTuple):
    """What is wrong with an area, and with which other one; `square_metres` says how much."""

    code: str
    other: str | None
    square_metres: float
    sentence: Sentence


def validate_nesting(areas: Iterable[AreaRow], tolerance_m2: float = TOLERANCE_M2) -> list[Problem]:
    """Every place where the map does not nest, worst first.

    Boundaries are valid; an area lies inside its parent; areas of one layer and level do not overlap; the
    administrative children of an area leave no gap in it. Areas without a boundary are left out.
    """
    mapped = [row for row in areas if row.geometry is not None and not row.geometry.is_empty]
    broken = [row for row in mapped if not shapely.is_valid(row.geometry)]
    problems = [
        Problem(
            row.code,
            None,
            0.0,
            Sentence(
                gettext_noop("%(area)s的边界自相交或不闭合：%(reason)s。"),
                {"area": row.title, "reason": shapely.is_valid_reason(row.geometry)},
            ),
        )
        for row in broken
    ]
    sound = [row for row in mapped if shapely.is_valid(row.geometry)]
    found = [*_outside_parent(sound), *_overlaps(sound), *_gaps(sound)]
    found = [problem for problem in found if problem.square_metres > tolerance_m2]
    return problems + sorted(found, key=lambda problem: -problem.square_metres)


def _square_metres(geometry: object, latitude: float) -> float:
    """Area on the ground; good to a per cent for a piece of a district."""
    return float(shapely.area(geometry)) * _M_PER_DEGREE**2 * math.cos(math.radians(latitude))


def _latitude(row: AreaRow) -> float:
    _, south, _, north = shapely.bounds(row.geometry).tolist()
    return float((south + north) / 2)


def _parent_code(row: AreaRow) -> str | None:
    chain = [code for code in row.path.split("/") if code]
    return chain[-2] if len(chain) > 1 else None


def _outside_parent(rows: Sequence[AreaRow]) -> Iterable[Problem]:
    by_code = {row.code: row for row in rows}
    for row in rows:
        parent = by_code.get(_parent_code(row) or "")
        if parent is None:
            continue
        size = _square_metres(shapely.difference(row.geometry, parent.geometry), _latitude(row))
        text = gettext_noop("%(area)s有 %(size)s 平方米在上级%(parent)s之外。")
        values = {"area": row.title, "parent": parent.title, "size": f"{size:.0f}"}
        yield Problem(row.code, parent.code, size, Sentence(text, values))


def _overlaps(rows: Sequence[AreaRow]) -> Iterable[Problem]:
    groups: dict[tuple[str, object], list[AreaRow]] = {}
    for row in rows:
        groups.setdefault((row.layer, _DIVIDING.get(row.level, row.level)), []).append(row)
    for members in groups.values():
        geometries = np.array([row.geometry for row in members], dtype=object)
        first, second = shapely.STRtree(geometries).query(geometries, "intersects")
        once = first < second
        first, second = first[once], second[once]
        shared = shapely.intersection(geometries[first], geometries[second])
        for one, other, ground in zip(first.tolist(), second.tolist(), shared, strict=True):
            size = _square_metres(ground, _latitude(members[one]))
            text = gettext_noop("%(area)s与%(other)s重叠 %(size)s 平方米。")
            values = {"area": members[one].title, "other": members[other].title, "size": f"{size:.0f}"}
            yield Problem(members[one].code, members[other].code, size, Sentence(text, values))


def _gaps(rows: Sequence[AreaRow]) -> Iterable[Problem]:
    children: dict[str, list[AreaRow]] = {}
    for row in rows:
        parent = _parent_code(row)
        if parent and row.layer == ADMINISTRATIVE and row.level in _DIVIDING:
            children.setdefault(parent, []).append(row)
    for row in rows:
        if row.code not in children:
            continue
        covered = shapely.union_all([child.geometry for child in children[row.code]])
        size = _square_metres(shapely.difference(row.geometry, covered), _latitude(row))
        text = gettext_noop("%(area)s有 %(size)s 平方米不属于任何下级区域。")
        yield Problem(row.code, None, size, Sentence(text, {"area": row.title, "size": f"{size:.0f}"}))
