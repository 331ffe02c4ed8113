"""Draw the schematic map of the demonstration district and write its places as CSV and GeoJSON.

    python tools/draw_district.py [--out districts/weidong/places] [--seed 410403]

No boundary below the district is public, so none is copied: the outline and everything inside it is
invented (示意图). Only the names and codes of the subdistricts and the codes of communities and villages
are real.

How the map is made, so that nothing can overlap and no gap can open:

1. A straight plan in kilometres: a free outline; in its south-west a town, cut into 3 × 3 blocks of
   subdistricts, each cut into communities and those into grids, always by a straight line of equal share;
   around it 24 villages as relaxed Voronoi cells.
2. All lines are noded together and turned into faces (`polygonize`), so neighbours share every vertex.
3. One smooth function bends the plan (gently in town, more in the country) and every vertex becomes a whole
   number of millionths of a degree, WGS-84. Areas are unions of faces, so they nest exactly, also after
   being written with 6 decimals.

The tree: district → subdistrict → community or village → grid. Grids cover everything and are the leaves.
A compound lies in one community and is either a union of whole grids or a part of one grid; its parent is
the community, as the parent of a grid is. Functional grids (layers) are sets of grids.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import shapely
import weidong_names as names
from shapely import LineString, MultiPoint, Point, Polygon
from shapely.geometry.base import BaseGeometry

CENTRE_LNG, CENTRE_LAT = 113.379, 33.7655
KM_PER_DEGREE_LAT = 111.2
KM_PER_DEGREE_LNG = KM_PER_DEGREE_LAT * math.cos(math.radians(CENTRE_LAT))
MICRO = 1_000_000  # vertices are whole millionths of a degree: about 0.1 m

GRIDS, COMPOUNDS, PARTY_GRIDS, BUILDINGS, ROADS = 449, 165, 200, 2400, 92
VILLAGE_GRIDS = 56

OUTLINE = [
    (-5.7, -4.5),
    (-3.4, -5.0),
    (-1.1, -4.75),
    (1.2, -4.5),
    (3.3, -4.7),
    (5.2, -3.7),
    (5.7, -1.7),
    (6.2, 0.3),
    (5.5, 2.4),
    (4.1, 3.5),
    (2.6, 4.7),
    (0.6, 5.2),
    (-1.3, 4.7),
    (-3.0, 4.9),
    (-4.7, 4.0),
    (-5.5, 2.2),
    (-5.3, 0.2),
    (-5.9, -1.8),
]
TOWN_EAST, TOWN_NORTH = -1.1, -0.75
# Rows from south to north, columns from west to east.
TOWN_BLOCKS = [
    [["410403004"], ["410403002"], ["410403006"]],
    [["410403003"], ["410403001"], ["410403005", "410403011"]],
    [["410403008"], ["410403010"], ["410403007"]],
]
VILLAGE_SEEDS: dict[str, list[tuple[float, float]]] = {
    "410403005": [(-0.2, -1.75), (0.9, -0.9)],
    "410403006": [(-0.3, -4.2)],
    "410403007": [(-0.3, 0.1), (0.4, 1.3)],
    "410403008": [(-4.5, 0.5)],
    "410403009": [(-3.9, 3.7), (-1.8, 3.8), (0.0, 3.2), (1.7, 2.5), (1.7, 4.1)],
    "410403010": [(-2.6, 0.4), (-3.6, 2.0), (-1.5, 1.8)],
    "410403011": [(-0.1, -3.0), (1.3, -2.5), (1.5, -3.9), (3.3, -3.6), (3.1, -1.9), (4.8, -2.4)],
    "410403012": [(2.2, 0.2), (4.1, -0.4), (5.0, 1.0), (3.4, 1.9)],
}


@dataclass
class Leaf:
    """One undivided piece of the straight plan: a grid, or the part of a grid that a small compound fills."""

    shape: Polygon
    unit: str
    grid: int
    compound: int | None = None


@dataclass
class Area:
    code: str
    level: str
    title: str
    parent: str
    title_en: str
    shape: BaseGeometry = field(default_factory=Polygon)
    households: int = 0


# --- the straight plan -----------------------------------------------------------------------------------


def outline() -> Polygon:
    """Closed Catmull-Rom curve through the control points."""
    points = np.array(OUTLINE)
    n = len(points)
    curve = []
    for i in range(n):
        p0, p1, p2, p3 = (points[(i + k - 1) % n] for k in range(4))
        for t in np.linspace(0, 1, 8, endpoint=False):
            curve.append(
                0.5
                * (
                    2 * p1
                    + (p2 - p0) * t
                    + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
                    + (3 * p1 - p0 - 3 * p2 + p3) * t**3
                )
            )
    return Polygon(curve)


def cut(shape: Polygon, angle: float, share: float) -> tuple[Polygon, Polygon, LineString]:
    """Cut by a line of the given direction so that the first part holds `share` of the surface."""
    direction = np.array([math.cos(angle), math.sin(angle)])
    normal = np.array([-direction[1], direction[0]])
    distances = np.array(shape.exterior.coords) @ normal
    low, high = distances.min(), distances.max()

    def side(offset: float, depth: float) -> BaseGeometry:
        a, b = normal * offset - direction * 50, normal * offset + direction * 50
        return shape & Polygon([a, b, b + normal * depth, a + normal * depth])

    first, last = low, high
    for _ in range(50):
        middle = (first + last) / 2
        if side(middle, -100).area < share * shape.area:
            first = middle
        else:
            last = middle
    line = LineString([normal * first - direction * 50, normal * first + direction * 50]) & shape
    return side(first, -100), side(first, 100), line


def long_angle(shape: Polygon) -> float:
    """Direction of the longer side of the smallest rectangle around the shape."""
    box = np.array(shape.minimum_rotated_rectangle.exterior.coords)
    sides = np.diff(box, axis=0)[:2]
    side = max(sides, key=lambda s: float(np.hypot(*s)))
    return math.atan2(side[1], side[0])


def ungainly(shape: BaseGeometry) -> float:
    """How far a shape is from a compact block; a broken one is worst."""
    return shape.length**2 / shape.area + (100 if shape.geom_type != "Polygon" else 0)


def divide(
    shape: Polygon, weights: list[float], rng: np.random.Generator, lines: list[LineString]
) -> list[Polygon]:
    """Cut a shape across its longer side, again and again, into parts of the given relative size."""
    if len(weights) == 1:
        return [shape]
    half = len(weights) // 2 + (len(weights) % 2 and int(rng.integers(2)))
    half = max(1, min(half, len(weights) - 1))
    share = sum(weights[:half]) / sum(weights)
    angle = long_angle(shape) + rng.normal(0, 0.025)
    tries = [cut(shape, angle + turn, share) for turn in (math.pi / 2, 0.0, math.pi / 4, -math.pi / 4)]
    left, right, line = min(tries, key=lambda t: ungainly(t[0]) + ungainly(t[1]))
    if (
        not left.geom_type == right.geom_type == "Polygon"
    ):  # a winding shape: the stray piece joins the other side
        left = max(parts(left), key=lambda g: g.area)
        right = max(parts(shape - left), key=lambda g: g.area)
    if line.geom_type == "LineString":
        lines.append(line)
    return divide(left, weights[:half], rng, lines) + divide(right, weights[half:], rng, lines)


def relax(land: BaseGeometry, seeds: list[tuple[float, float]], rounds: int) -> list[Polygon]:
    """Voronoi cells of the seeds within the land, each seed moved towards the centre of its cell."""
    points = np.array(seeds)
    cells: list[Polygon] = []
    for _ in range(rounds + 1):
        voronoi = shapely.voronoi_polygons(MultiPoint(points), extend_to=land.buffer(5), ordered=True)
        cells = [land & cell for cell in voronoi.geoms]
        centres = np.array([(max(parts(c), key=lambda g: g.area).centroid.coords[0]) for c in cells])
        points = points + 0.5 * (centres - points)
    return cells


def parts(shape: BaseGeometry) -> list[BaseGeometry]:
    return list(getattr(shape, "geoms", [shape]))


def share_out(total: int, weights: list[float], least: int = 1) -> list[int]:
    """Whole numbers that add up to the total, in proportion to the weights (largest remainder)."""
    rest = total - least * len(weights)
    exact = [w / sum(weights) * rest for w in weights]
    counts = [int(x) for x in exact]
    for i in sorted(range(len(weights)), key=lambda i: counts[i] - exact[i])[: rest - sum(counts)]:
        counts[i] += 1
    return [c + least for c in counts]


@dataclass
class Plan:
    """The straight plan: who gets which piece, and the lines that can carry a road."""

    land: Polygon
    units: dict[str, Polygon]
    streets: list[LineString]
    rows: list[float]
    columns: list[float]


def draw_plan(rng: np.random.Generator) -> Plan:
    land = outline()
    town = land & shapely.box(-20, -20, TOWN_EAST, TOWN_NORTH)
    country = land - town
    units: dict[str, Polygon] = {}
    streets: list[LineString] = []

    row_share = np.cumsum([12, 14, 8]) / 34
    _, _, line = cut(town, 0.0, row_share[0])
    rows = [line.coords[0][1], cut(town, 0.0, row_share[1])[2].coords[0][1], TOWN_NORTH]
    column_share = np.cumsum([13, 11, 10]) / 34
    columns = [cut(town, math.pi / 2, s)[2].coords[0][0] for s in 1 - column_share[:2]]
    columns = [*columns, TOWN_EAST]
    for r, row in enumerate(TOWN_BLOCKS):
        for c, codes in enumerate(row):
            block = town & shapely.box(
                columns[c - 1] if c else -20, rows[r - 1] if r else -20, columns[c], rows[r]
            )
            counts = [len(names.COMMUNITIES[code]) for code in codes]
            blocks = [block]
            if (
                len(codes) == 2
            ):  # the second subdistrict reaches the town's edge with one community in the lower corner
                west, east, one = cut(block, -math.pi / 2, 2 / sum(counts))
                lower, upper, two = cut(east, 0.0, 1 / (sum(counts) - 2))
                streets += [one, two]
                first = divide(west, [1.0] * 2, rng, streets) + divide(
                    upper, [1.0] * (counts[0] - 2), rng, streets
                )
                pieces = [first, [lower]]
            else:
                pieces = [
                    divide(blocks[0], [1 + rng.uniform(-0.15, 0.15) for _ in range(counts[0])], rng, streets)
                ]
            for code, shapes in zip(codes, pieces, strict=True):
                shapes.sort(key=lambda s: (-round(s.centroid.y, 1), s.centroid.x))
                for suffix, shape in zip(names.COMMUNITIES[code], shapes, strict=True):
                    units[code + suffix] = shape

    seeds = [
        (code + suffix, seed)
        for code, found in VILLAGE_SEEDS.items()
        for suffix, seed in zip(names.VILLAGES[code], found, strict=True)
    ]
    for (code, _), cell in zip(seeds, relax(country, [s for _, s in seeds], 4), strict=True):
        units[code] = cell
    return Plan(land, units, streets, rows, columns)


# --- grids and compounds in the plan ---------------------------------------------------------------------


def split_units(plan: Plan, rng: np.random.Generator) -> tuple[list[Leaf], dict[str, list[list[int]]]]:
    """Cut every unit into grids and choose compounds: the pieces and, per community, its compounds' grids."""
    towns = [u for u in plan.units if u[9] == "0"]
    villages = [u for u in plan.units if u[9] == "2"]
    grid_counts = dict(
        zip(
            towns,
            share_out(
                GRIDS - VILLAGE_GRIDS, [plan.units[u].area * rng.uniform(0.85, 1.15) for u in towns], 6
            ),
            strict=True,
        )
    )
    grid_counts |= dict(
        zip(villages, share_out(VILLAGE_GRIDS, [plan.units[u].area ** 0.5 for u in villages], 2), strict=True)
    )
    compound_counts = dict(
        zip(
            towns,
            share_out(COMPOUNDS, [grid_counts[u] * rng.uniform(0.8, 1.2) for u in towns], 3),
            strict=True,
        )
    )

    leaves: list[Leaf] = []
    chosen: dict[str, list[list[int]]] = {}
    for unit, shape in plan.units.items():
        lines: list[LineString] = []
        biggest = max(parts(shape), key=lambda g: g.area)
        grids = divide(biggest, [1 + rng.uniform(-0.2, 0.2) for _ in range(grid_counts[unit])], rng, lines)
        grids.sort(key=lambda g: (-round(g.centroid.y / 0.18), g.centroid.x))
        if unit in compound_counts:
            plan.streets += lines
            leaves += town_leaves(unit, grids, compound_counts[unit], rng, chosen)
        else:
            leaves += [Leaf(g, unit, i) for i, g in enumerate(grids)]
    return leaves, chosen


def town_leaves(
    unit: str, grids: list[Polygon], count: int, rng: np.random.Generator, chosen: dict[str, list[list[int]]]
) -> list[Leaf]:
    """Place a community's compounds: one of two grids, some of one grid, the rest in pairs within a grid."""
    order = list(rng.permutation(len(grids)))
    compounds: list[list[int]] = []
    taken: set[int] = set()
    small_pairs = count // 3 if len(grids) - count < 4 else max(1, count // 4)
    for first in order:
        near = [g for g in range(len(grids)) if g != first and touching(grids[first], grids[g])]
        if near:
            wanted = 3 if unit == "410403001005" else 2
            compounds.append(sorted([int(first), *near[: wanted - 1]]))
            taken |= set(compounds[0])
            break
    whole = count - 1 - 2 * small_pairs
    for g in order:
        if whole and g not in taken:
            compounds.append([int(g)])
            taken.add(int(g))
            whole -= 1
    leaves = []
    for g in order:
        if small_pairs and g not in taken:
            small_pairs -= 1
            taken.add(int(g))
            a, b, rest = divide(grids[g], [1.0, 0.9, 1.4], rng, [])
            number = len(compounds)
            compounds += [[int(g)], [int(g)]]
            leaves += [
                Leaf(a, unit, int(g), number),
                Leaf(b, unit, int(g), number + 1),
                Leaf(rest, unit, int(g)),
            ]
    split = {leaf.grid for leaf in leaves}
    for g, shape in enumerate(grids):
        if g not in split:
            owner = next((i for i, members in enumerate(compounds) if g in members), None)
            leaves.append(Leaf(shape, unit, g, owner))
    assert len(compounds) == count, (unit, len(compounds), count)
    chosen[unit] = compounds
    return leaves


def touching(a: BaseGeometry, b: BaseGeometry, least: float = 0.03) -> bool:
    return (a.buffer(1e-6) & b).length / 2 > least


# --- from the plan to the ground -------------------------------------------------------------------------


class Bend:
    """Smooth displacement: streets curve a little, country lines meander. One to one: nothing can cross."""

    def __init__(self, rng: np.random.Generator) -> None:
        waves = [(0.16, 7.0), (0.10, 4.2), (0.045, 1.9), (0.035, 1.1), (0.02, 0.6)]
        self.waves = [
            (
                amplitude,
                2 * math.pi / length * np.array([math.cos(a), math.sin(a)]),
                rng.uniform(0, 2 * math.pi),
                axis,
            )
            for amplitude, length in waves
            for axis in (0, 1)
            for a in rng.uniform(0, 2 * math.pi, 2)
        ]

    def __call__(self, points: np.ndarray) -> np.ndarray:
        outside = np.maximum(np.maximum(points[:, 0] - TOWN_EAST, points[:, 1] - TOWN_NORTH) + 0.1, 0)
        country = np.clip(outside / 1.0, 0, 1)
        country = country * country * (3 - 2 * country)
        moved = points.copy()
        for amplitude, wave, phase, axis in self.waves:
            weight = 1.0 if amplitude > 0.05 else 0.12 + 0.88 * country
            moved[:, axis] += amplitude / math.sqrt(2) * weight * np.sin(points @ wave + phase)
        return moved

    def to_micro(self, points: np.ndarray) -> np.ndarray:
        """Plan kilometres to whole millionths of a degree."""
        km = self(points)
        return np.round(
            np.column_stack(
                [CENTRE_LNG + km[:, 0] / KM_PER_DEGREE_LNG, CENTRE_LAT + km[:, 1] / KM_PER_DEGREE_LAT]
            )
            * MICRO
        )

    def line(self, line: LineString, step: float) -> LineString:
        return LineString(self.to_micro(dense(np.array(line.coords), step)))


def dense(points: np.ndarray, step: float) -> np.ndarray:
    """Add points along each segment; the same segment gets the same points whichever way it is walked."""
    out = [points[0]]
    for a, b in pairwise(points):
        n = max(1, math.ceil(round(float(np.hypot(*(b - a))), 9) / step))
        p, q = (a, b) if tuple(a) < tuple(b) else (b, a)
        between = [p + (q - p) * (k / n) for k in range(1, n)]
        out += between if tuple(a) < tuple(b) else between[::-1]
        out.append(b)
    return np.array(out)


def faces_of(leaves: list[Leaf], land: Polygon) -> list[tuple[Leaf, Polygon]]:
    """Node all pieces together and give each face to the piece that holds it (slivers to a neighbour)."""
    lines = shapely.union_all([leaf.shape.boundary for leaf in leaves] + [land.boundary], grid_size=1e-5)
    faces = list(shapely.get_parts(shapely.polygonize(parts(lines))))
    tree = shapely.STRtree([leaf.shape for leaf in leaves])
    owned: list[list[Polygon]] = [[] for _ in leaves]
    loose = []
    for face in faces:
        inner = face.representative_point()
        hits = [int(i) for i in tree.query(inner, predicate="intersects")]
        if hits and face.area > 1e-6:
            owned[hits[0]].append(face)
        elif land.contains(inner):
            loose.append(face)
    for index, found in enumerate(owned):  # keep the largest piece, hand others to a neighbour
        found.sort(key=lambda f: -f.area)
        merged = parts(shapely.union_all(found))
        if len(merged) > 1:
            keep = max(merged, key=lambda g: g.area)
            loose += [f for f in found if not keep.covers(f.representative_point())]
            owned[index] = [f for f in found if keep.covers(f.representative_point())]
    for face in sorted(loose, key=lambda f: -f.area):
        index = max(range(len(leaves)), key=lambda i: sum((g & face).length for g in owned[i]))
        owned[index].append(face)
    return [(leaf, face) for leaf, found in zip(leaves, owned, strict=True) for face in found]


def bend_face(face: Polygon, bend: Bend) -> Polygon:
    """Every ring of a face on the ground. The step depends on the edge only, so neighbours agree."""
    return Polygon(bend.to_micro(dense(np.array(face.exterior.coords), 0.12)))


def degrees(shape: BaseGeometry) -> BaseGeometry:
    return shapely.transform(shape, lambda c: np.round(c / MICRO, 6))


def union(shapes: list[BaseGeometry]) -> BaseGeometry:
    return shapely.coverage_union_all(shapes) if len(shapes) > 1 else shapes[0]


# --- names, households, buildings ------------------------------------------------------------------------


def compound_titles(
    units: list[str], counts: dict[str, int], rng: np.random.Generator
) -> dict[str, list[str]]:
    """A title for every compound, none used twice."""
    used = {t for found in names.KNOWN_COMPOUNDS.values() for t in found}
    endings = list(names.COMPOUND_ENDINGS)
    pool = [f"{stem}{endings[int(rng.integers(len(endings)))]}" for stem in names.COMPOUND_STEMS]
    pool += [f"{firm}家属院" for firm in names.FAMILY_COURTS]
    pool += [f"{stem}{endings[int(rng.integers(len(endings)))]}" for stem in names.COMPOUND_STEMS]
    pool = [t for t in dict.fromkeys(pool) if t not in used]
    pool = [pool[i] for i in rng.permutation(len(pool))]
    titles = {}
    for unit in units:
        known = names.KNOWN_COMPOUNDS.get(unit, [])
        titles[unit] = known + [pool.pop() for _ in range(counts[unit] - len(known))]
    return titles


def spread(shape: BaseGeometry, count: int, rng: np.random.Generator, clustered: bool) -> list[Point]:
    """Points well inside a shape and well apart; in villages gathered around one settlement."""
    room = shape.buffer(-0.2 * math.sqrt(shape.area / math.pi))
    if room.is_empty:
        room = shape.buffer(-0.05 * math.sqrt(shape.area / math.pi))
    if clustered:
        hamlet = room & room.representative_point().buffer(2500)
        room = hamlet if hamlet.area > 0 else room
    west, south, east, north = room.bounds
    candidates = []
    while len(candidates) < 12 * count + 20:
        point = Point(round(rng.uniform(west, east)), round(rng.uniform(south, north)))
        if room.contains(point):
            candidates.append(point)
    picked = [candidates.pop()]
    while len(picked) < count:
        far = max(candidates, key=lambda p: min(p.distance(q) for q in picked))
        candidates.remove(far)
        picked.append(far)
    return sorted(picked, key=lambda p: (-round(p.y / 600), p.x))


# --- roads -----------------------------------------------------------------------------------------------


def trunk_lines(plan: Plan) -> dict[str, LineString]:
    """The roads that hold the plan together, through town and country."""
    south, middle, north = plan.rows
    west, centre, east = plan.columns
    return {
        "建设路": LineString([(-9, south), (east, south), (1.5, south + 0.1), (9, south + 0.9)]),
        "矿工路": LineString([(-9, middle), (east, middle), (1.2, middle + 0.2), (9, middle + 0.6)]),
        "平安大道": LineString([(-9, north), (east, north), (1.8, north + 0.35), (9, north + 2.6)]),
        "平煤大道": LineString([(-9, 1.3), (-3.0, 1.15), (0.0, 1.0), (3.0, 1.25), (9, 2.3)]),
        "北环路": LineString([(-9, 2.7), (-3.4, 2.9), (-0.6, 2.5), (2.2, 3.3), (9, 4.4)]),
        "优越路": LineString([(west, -9), (west, north), (west + 0.25, 1.2), (west + 0.1, 9)]),
        "东安路": LineString([(centre, -9), (centre, north)]),
        "东环路": LineString([(east, -9), (east, north), (east + 0.15, 1.0), (east + 0.6, 9)]),
        "平郑东路": LineString([(east, north), (0.8, 1.1), (2.6, 3.2), (4.6, 6.0)]),
        "机场路": LineString([(1.3, -9), (1.2, south), (1.5, north + 0.3), (1.9, 1.1)]),
        "长寿路": LineString([(3.4, -9), (3.5, south + 0.5), (3.3, north + 0.9), (3.5, 1.4), (3.4, 2.6)]),
        "阳光路": LineString([(east, (south + middle) / 2), (2.0, -2.4), (5.0, -2.0), (9, -1.6)]),
    }


def name_streets(plan: Plan, count: int) -> list[tuple[str, LineString]]:
    """Name the town's longest dividing streets: beside the community of that name, 经 north, 纬 east."""
    streets = sorted(plan.streets, key=lambda s: -s.length)[:count]
    wanted = [t for t in names.ROAD_NAMES if t not in trunk_lines(plan)][:count]
    homes = {
        title[:2]: plan.units[sub + x]
        for sub, found in names.COMMUNITIES.items()
        for x, title in found.items()
    }
    named = []

    def fits(title: str, street: LineString) -> float:
        home = homes.get(title[:2])
        if home is not None:
            return (street & home.buffer(0.05)).length
        (x0, y0), (x1, y1) = street.coords[0], street.coords[-1]
        steep = abs(y1 - y0) > abs(x1 - x0)
        return street.length if title[0] not in "经纬" or steep == (title[0] == "经") else 0

    for title in sorted(wanted, key=lambda t: (t[:2] not in homes, t[0] not in "经纬")):
        best = max(streets, key=lambda s: fits(title, s))
        streets.remove(best)
        named.append((title, best))
    return sorted(named, key=lambda pair: wanted.index(pair[0]))


def name_roads(plan: Plan, bend: Bend, rng: np.random.Generator) -> list[tuple[str, LineString]]:
    """92 roads: trunk roads, the longest dividing streets of the town, village roads."""
    roads = [(title, line & plan.land) for title, line in trunk_lines(plan).items()]
    roads = [(t, max(parts(g), key=lambda p: p.length)) for t, g in roads]
    used = {t for t, _ in roads}
    country = [t for t in names.RURAL_ROAD_NAMES if t not in used]
    trunks = shapely.union_all([g for _, g in roads])
    for title in country:
        village = title[:-1]
        code = next(
            (
                u
                for u, s in ((sub + x, v) for sub, found in names.VILLAGES.items() for x, v in found.items())
                if s.startswith(village)
            ),
            None,
        )
        if code is None:
            continue
        centre = plan.units[code].representative_point()
        far, near = shapely.shortest_line(centre, trunks).coords
        along = np.array(far) - np.array(near)
        length = float(np.hypot(*along))
        beyond = np.array(far) + along / length * max(0.5, 1.1 - length)
        reach = LineString([near, far, beyond]) & plan.land
        roads.append((title, max(parts(reach), key=lambda p: p.length)))
    roads += name_streets(plan, ROADS - len(roads))
    assert len(roads) == ROADS, len(roads)
    return [(title, bend.line(line, 0.12)) for title, line in roads]


# --- functional grids ------------------------------------------------------------------------------------


def neighbours(grids: dict[str, BaseGeometry]) -> dict[str, set[str]]:
    codes = list(grids)
    tree = shapely.STRtree([grids[c] for c in codes])
    near: dict[str, set[str]] = defaultdict(set)
    for i, j in tree.query([grids[c] for c in codes], predicate="touches").T:
        if (grids[codes[i]] & grids[codes[j]]).length > 0:
            near[codes[i]].add(codes[j])
    return near


def grow(
    members: list[str], seeds: list[str], near: dict[str, set[str]], grids: dict[str, BaseGeometry]
) -> list[list[str]]:
    """Share neighbouring grids among the seeds, the smallest group first: connected groups of like size."""
    groups = [[s] for s in seeds]
    free = [m for m in members if m not in seeds]
    while free:
        for group in sorted(groups, key=len):
            around = [m for m in free if any(m in near[g] for g in group)]
            if around:
                break
        else:
            group, around = groups[0], free
        home = grids[group[0]].centroid
        nearest = min(around, key=lambda m: grids[m].centroid.distance(home))
        group.append(nearest)
        free.remove(nearest)
    return [sorted(g) for g in groups]


def apart(members: list[str], count: int, grids: dict[str, BaseGeometry]) -> list[str]:
    """Grids far from one another, to start groups from."""
    picked = [members[0]]
    while len(picked) < count:
        picked.append(
            max(
                (m for m in members if m not in picked),
                key=lambda m: min(grids[m].centroid.distance(grids[p].centroid) for p in picked),
            )
        )
    return picked


def layers(
    areas: dict[str, Area], compound_grids: dict[str, list[str]]
) -> list[tuple[str, str, str, str, list[str]]]:
    """Functional grids. Party grids follow the compounds' 200 branches (town only); the others cover all."""
    grids = {c: a.shape for c, a in areas.items() if a.level == "grid"}
    near = neighbours(grids)
    rows = []
    by_size = sorted(compound_grids, key=lambda c: -areas[c].households)
    double = set(by_size[: PARTY_GRIDS - COMPOUNDS])
    for unit in sorted({areas[c].parent for c in compound_grids}):
        members = [g for g in grids if areas[g].parent == unit]
        seeds, branches = [], []
        for compound in sorted(c for c in compound_grids if areas[c].parent == unit):
            for number in range(1, 3 if compound in double else 2):
                wanted = [g for g in compound_grids[compound] if g not in seeds]
                home = areas[compound].shape.centroid
                free = wanted or [g for g in members if g not in seeds]
                seeds.append(
                    min(
                        free,
                        key=lambda g: (
                            g in {x for o in compound_grids.values() for x in o} and g not in wanted,
                            grids[g].centroid.distance(home),
                        ),
                    )
                )
                branches.append((compound, number))
        for (compound, number), group in zip(branches, grow(members, seeds, near, grids), strict=True):
            title = areas[compound].title + ("第一" if number == 1 else "第二") * (compound in double)
            rows.append(
                (
                    "party",
                    f"party-{compound}-{number}",
                    f"{title}党建网格",
                    f"{areas[compound].title_en} Party Grid {number}",
                    group,
                )
            )
    for layer, size, label, label_en in [
        ("urban-management", 8, "城管网格", "Urban Management Grid"),
        ("safety", 14, "安全网格", "Safety Grid"),
        ("environment", 20, "环保网格", "Environment Grid"),
    ]:
        for street in sorted(a.code for a in areas.values() if a.level == "subdistrict"):
            members = [g for g in grids if g.startswith(street)]
            seeds = apart(members, max(1, round(len(members) / size)), grids)
            for number, group in enumerate(grow(members, seeds, near, grids), 1):
                short = areas[street].title.removesuffix("街道")
                rows.append(
                    (
                        layer,
                        f"{layer}-{street}-{number:02}",
                        f"{short}{label}{number}",
                        f"{names.pinyin(short)} {label_en} {number}",
                        group,
                    )
                )
    for unit in sorted(a.code for a in areas.values() if a.level in ("community", "village")):
        rows.append(
            (
                "stability",
                f"stability-{unit}",
                f"{areas[unit].title}综治网格",
                f"{areas[unit].title_en} Stability Grid",
                [g for g in grids if areas[g].parent == unit],
            )
        )
    return rows


# --- putting it together ---------------------------------------------------------------------------------


def build(seed: int, out: Path) -> None:
    rng = np.random.default_rng(seed)
    plan = draw_plan(rng)
    leaves, chosen = split_units(plan, rng)
    bend = Bend(np.random.default_rng(seed + 1))
    pieces = [(leaf, bend_face(face, bend)) for leaf, face in faces_of(leaves, plan.land)]

    areas: dict[str, Area] = {"410403": Area("410403", "district", "卫东区", "", "Weidong District")}
    for code, title in names.SUBDISTRICTS.items():
        areas[code] = Area(code, "subdistrict", title, "410403", names.english(title))
    for level, table in (("community", names.COMMUNITIES), ("village", names.VILLAGES)):
        for code, found in table.items():
            for suffix, title in found.items():
                areas[code + suffix] = Area(code + suffix, level, title, code, names.english(title))

    titles = compound_titles(list(chosen), {u: len(c) for u, c in chosen.items()}, rng)
    grid_shapes: dict[str, list[BaseGeometry]] = defaultdict(list)
    compound_shapes: dict[str, list[BaseGeometry]] = defaultdict(list)
    compound_grids: dict[str, list[str]] = {}
    blocks: dict[tuple[str, str], list[BaseGeometry]] = defaultdict(list)
    for leaf, face in pieces:
        grid = f"{leaf.unit}{leaf.grid + 1:03}"
        compound = f"{leaf.unit}C{leaf.compound + 1:02}" if leaf.compound is not None else ""
        grid_shapes[grid].append(face)
        blocks[grid, compound].append(face)
        if compound:
            compound_shapes[compound].append(face)
    for grid in sorted(grid_shapes):
        unit = areas[grid[:12]]
        areas[grid] = Area(
            grid,
            "grid",
            f"{unit.title}第{int(grid[12:])}网格",
            unit.code,
            f"{unit.title_en} Grid {int(grid[12:])}",
            union(grid_shapes[grid]),
            int(rng.integers(250, 351)),
        )
    for compound in sorted(compound_shapes):
        unit_code, number = compound.split("C")
        title = titles[unit_code][int(number) - 1]
        areas[compound] = Area(
            compound, "compound", title, unit_code, names.english(title), union(compound_shapes[compound])
        )
        compound_grids[compound] = [f"{unit_code}{g + 1:03}" for g in chosen[unit_code][int(number) - 1]]

    buildings = place_buildings(areas, {k: union(v) for k, v in blocks.items()}, plan, bend, rng)
    for row in buildings:
        if row["compound"]:
            areas[str(row["compound"])].households += int(row["households"])
    for level in ("community", "village", "subdistrict", "district"):
        for area in areas.values():
            if area.level == level:
                children = [a for a in areas.values() if a.parent == area.code and a.level != "compound"]
                area.shape = union([c.shape for c in children])
                area.households = sum(c.households for c in children)

    write(out, areas, layers(areas, compound_grids), name_roads(plan, bend, rng), buildings, seed)


def place_buildings(
    areas: dict[str, Area],
    blocks: dict[tuple[str, str], BaseGeometry],
    plan: Plan,
    bend: Bend,
    rng: np.random.Generator,
) -> list[dict[str, object]]:
    """2,400 buildings (in villages: groups of farmhouses) that share out each grid's households."""
    keys = sorted(blocks)
    homes: dict[tuple[str, str], int] = {}
    for grid in sorted({g for g, _ in keys}):
        mine = [k for k in keys if k[0] == grid]
        homes |= dict(
            zip(mine, share_out(areas[grid].households, [blocks[k].area for k in mine], 20), strict=True)
        )
    counts = dict(
        zip(keys, share_out(BUILDINGS, [homes[k] * rng.uniform(0.75, 1.25) for k in keys], 2), strict=True)
    )
    main_roads = [
        (title, bend.line(line & plan.land, 0.2))
        for title, line in trunk_lines(plan).items()
        if (line & plan.land).geom_type == "LineString"
    ]
    numbers: dict[str, int] = defaultdict(int)
    rows: list[dict[str, object]] = []
    for grid, compound in keys:
        village = areas[areas[grid].parent].level == "village"
        points = spread(blocks[grid, compound], counts[grid, compound], rng, village)
        shares = share_out(homes[grid, compound], [rng.uniform(0.7, 1.3) for _ in points], 4)
        for point, households in zip(points, shares, strict=True):
            if compound:
                owner = compound
                numbers[owner] += 1
                title = f"{areas[compound].title}{numbers[owner]}号楼"
                code = f"{compound}{numbers[owner]:03}"
            elif village:
                numbers[areas[grid].parent] += 1
                title = f"{areas[areas[grid].parent].title}{numbers[areas[grid].parent]}组"
                numbers[grid] += 1
                code = f"{grid}B{numbers[grid]:02}"
            else:
                road = min(main_roads, key=lambda r: r[1].distance(point))[0]
                numbers[road] += 1
                title = f"{road}{numbers[road]}号院"
                numbers[grid] += 1
                code = f"{grid}B{numbers[grid]:02}"
            floors = (
                int(rng.integers(1, 4))
                if village
                else int(rng.choice([5, 6, 6, 6, 7, 11, 18] if households < 70 else [6, 11, 18, 26]))
            )
            rows.append(
                {
                    "code": code,
                    "title": title,
                    "compound": compound,
                    "grid": grid,
                    "lng": f"{point.x / MICRO:.6f}",
                    "lat": f"{point.y / MICRO:.6f}",
                    "households": households,
                    "floors": floors,
                }
            )
    return sorted(rows, key=lambda r: str(r["code"]))


def landmarks(areas: dict[str, Area], seed: int) -> list[list[object]]:
    """What people name when they have no address: each unit's service centre, schools, markets, squares."""
    rng = np.random.default_rng(seed + 2)
    rows: list[list[object]] = []
    for unit in (a for a in areas.values() if a.level in ("community", "village")):
        stem, english = unit.title.removesuffix("社区"), unit.title_en
        kinds = [(unit.title + "党群服务中心", f"{english} Service Centre")]
        english = english.removesuffix(" Community")
        if unit.level == "community":
            kinds += [
                (f"{stem}小学", f"{english} Primary School"),
                (f"{stem}卫生服务中心", f"{english} Health Centre"),
            ]
            kinds.append(
                [(f"{stem}农贸市场", f"{english} Market"), (f"{stem}游园", f"{english} Garden")][
                    len(rows) % 2
                ]
            )
        else:
            kinds += [(f"{stem}文化广场", f"{english} Square"), (f"{stem}卫生室", f"{english} Clinic")]
        for (title, title_en), point in zip(kinds, spread(unit.shape, len(kinds), rng, False), strict=True):
            rows.append([title, title_en, f"{point.x / MICRO:.6f}", f"{point.y / MICRO:.6f}"])
    return rows


def write(
    out: Path,
    areas: dict[str, Area],
    functional: list[tuple[str, str, str, str, list[str]]],
    roads: list[tuple[str, LineString]],
    buildings: list[dict[str, object]],
    seed: int,
) -> None:
    (out / "boundaries").mkdir(parents=True, exist_ok=True)
    order = ["district", "subdistrict", "community", "village", "compound", "grid"]
    listed = sorted(areas.values(), key=lambda a: (order.index(a.level), a.code))
    table(
        out / "areas.csv",
        ["code", "level", "title", "title_en", "parent", "households", "demonstration"],
        [
            [
                a.code,
                a.level,
                a.title,
                a.title_en,
                a.parent,
                a.households,
                "false" if a.level in ("district", "subdistrict") else "true",
            ]
            for a in listed
        ],
    )
    collection(
        out / "boundaries" / "district.geojson", [a for a in listed if a.level in ("district", "subdistrict")]
    )
    for street in names.SUBDISTRICTS:
        collection(
            out / "boundaries" / f"{street}.geojson",
            [a for a in listed if a.code.startswith(street) and a.code != street],
        )
    table(
        out / "layers.csv",
        ["layer", "code", "title", "title_en", "members"],
        [
            [layer, code, title, title_en, " ".join(members)]
            for layer, code, title, title_en, members in functional
        ],
    )
    table(
        out / "roads.csv",
        ["code", "title", "title_en", "line", "demonstration"],
        [
            [
                f"road-{i:03}",
                title,
                names.english(title),
                shapely.to_wkt(degrees(line), rounding_precision=6),
                "true",
            ]
            for i, (title, line) in enumerate(roads, 1)
        ],
    )
    table(out / "landmarks.csv", ["title", "title_en", "lng", "lat"], landmarks(areas, seed))
    columns = ["code", "title", "compound", "grid", "lng", "lat", "households", "floors"]
    table(out / "buildings.csv", columns, [[row[c] for c in columns] for row in buildings])


def table(path: Path, header: list[str], rows: list[list[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def collection(path: Path, areas: list[Area]) -> None:
    """One feature per line, so that a change of one area is one changed line."""
    features = [
        json.dumps(
            {
                "type": "Feature",
                "properties": {"code": a.code},
                "geometry": shapely.geometry.mapping(degrees(shapely.normalize(a.shape))),
            },
            separators=(",", ":"),
        )
        for a in areas
    ]
    path.write_text(
        '{"type":"FeatureCollection","features":[\n' + ",\n".join(features) + "\n]}\n", encoding="utf-8"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent.parent / "districts" / "weidong" / "places"
    )
    parser.add_argument("--seed", type=int, default=410403)
    options = parser.parse_args()
    build(options.seed, options.out)


if __name__ == "__main__":
    main()
