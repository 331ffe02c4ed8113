"""How many points a second find their area, on one core, on the map of the demonstration district.

    python benchmarks/point_to_area.py

The floor is what anybody would write first, measured in the same run: an STRtree of the same grids asked
with one shapely point after the other. Medians of five rounds over 50,000 points inside the district.
"""

from __future__ import annotations

import csv
import json
import random
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import shapely
from shapely.geometry import shape

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from huying.places.area_index import AreaIndex, AreaRow  # noqa: E402

PLACES = ROOT / "districts" / "weidong" / "places"
POINTS = 50_000


class Result(NamedTuple):
    name: str
    value: float
    unit: str
    floor: float

    @property
    def ratio(self) -> float:
        return self.value / self.floor


def pack_rows() -> list[AreaRow]:
    """The areas of the pack with their boundaries, without a database."""
    boundaries = {}
    for file in sorted((PLACES / "boundaries").glob("*.geojson")):
        for feature in json.loads(file.read_text())["features"]:
            boundaries[feature["properties"]["code"]] = shape(feature["geometry"])
    rows: list[AreaRow] = []
    paths = {"": ""}
    with (PLACES / "areas.csv").open(newline="") as file:
        for area in csv.DictReader(file):
            path = paths[area["code"]] = f"{paths[area['parent']]}{area['code']}/"
            geometry = boundaries.get(area["code"])
            rows.append(AreaRow(area["code"], "administrative", area["level"], path, geometry, area["title"]))
    return rows


def per_second(work: Callable[[], object], rounds: int = 5) -> float:
    work()
    times = []
    for _ in range(rounds):
        began = perf_counter()
        work()
        times.append(perf_counter() - began)
    return POINTS / statistics.median(times)


def run() -> list[Result]:
    rows = pack_rows()
    grids = [row.geometry for row in rows if row.level == "grid" and row.geometry is not None]
    district = shapely.union_all(grids)
    shapely.prepare(district)
    west, south, east, north = district.bounds
    chance = random.Random(410403)
    points: list[tuple[float, float]] = []
    while len(points) < POINTS:
        lng, lat = chance.uniform(west, east), chance.uniform(south, north)
        if shapely.contains_xy(district, lng, lat):
            points.append((lng, lat))

    tree = shapely.STRtree(grids)
    shapely.prepare(grids)
    floor = per_second(lambda: [tree.query(shapely.Point(lng, lat), "within") for lng, lat in points])
    bulk_floor = per_second(lambda: tree.query(shapely.points(points), "within"))

    index = AreaIndex(rows)
    lngs, lats = zip(*points, strict=True)
    locate = index.locate
    return [
        Result("point → area, one at a time", per_second(lambda: [locate(*p) for p in points]), "/s", floor),
        Result("point → area, in bulk", per_second(lambda: index.locate_many(lngs, lats)), "/s", bulk_floor),
    ]


def main() -> None:
    print(f"{'what':40} {'value':>12} {'unit':5} {'floor':>12} {'ratio':>8}")
    for result in run():
        print(
            f"{result.name:40} {result.value:12,.0f} {result.unit:5} {result.floor:12,.1f} {result.ratio:8.1f}"
        )


if __name__ == "__main__":
    main()
