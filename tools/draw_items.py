"""Place demonstration covers, lamps and heating stations on the schematic map of the Weidong pack.

Every point lies inside the district outline; owners follow the kind of the thing (谁所有、谁负责).
The positions, numbers and sizes are demonstration data. Run it again after the map is redrawn:
the seed keeps the result the same for the same map.

    python tools/draw_items.py
"""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

from shapely import Point, wkt
from shapely.geometry import shape
from shapely.prepared import prep

PACK = Path(__file__).resolve().parents[1] / "districts" / "weidong"
SEED = 410403
LAMPS, FIRST_LAMPS = 1236, 200  # as many as the district's report says are kept in order
BASE_COLUMNS = ["code", "title", "lng", "lat", "owner", "keeper", "supervisor", "state"]
COVER_OWNERS = {  # kind: (owner, share of all covers)
    "污水": ("drainage", 22),
    "雨水": ("drainage", 16),
    "雨水篦子": ("drainage", 18),
    "上水": ("water-company", 13),
    "通信": ("telecom", 11),
    "电力": ("power-company", 7),
    "热力": ("heating-company", 5),
    "燃气": ("gas-company", 4),
    "路灯": ("lighting", 2),
    "不明": ("urban-management", 2),
}


def rows_of(name: str, folder: str = "places") -> list[dict[str, str]]:
    with (PACK / folder / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write(name: str, extra: list[str], rows: list[list[object]]) -> None:
    path = PACK / "registers" / "items" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(BASE_COLUMNS + extra)
        writer.writerows(rows)


def main() -> None:
    rng = random.Random(SEED)
    outline = json.loads((PACK / "places" / "boundaries" / "district.geojson").read_text(encoding="utf-8"))
    inside = prep(shape(outline["features"][0]["geometry"]))
    roads = [(row["title"], wkt.loads(row["line"])) for row in rows_of("roads.csv")]
    lengths = [line.length for _, line in roads]

    def by_the_road(metres_aside: float, rng: random.Random = rng) -> tuple[str, float, float]:
        """A point within some metres of a road's axis, in the district."""
        while True:
            title, line = rng.choices(roads, weights=lengths)[0]
            axis = line.interpolate(rng.random(), normalized=True)
            degrees = metres_aside / 100_000
            point = Point(axis.x + rng.uniform(-degrees, degrees), axis.y + rng.uniform(-degrees, degrees))
            if inside.contains(point):
                return title, round(point.x, 6), round(point.y, 6)

    kinds = list(COVER_OWNERS)
    covers: list[list[object]] = []
    for number in range(1, 301):
        kind = rng.choices(kinds, weights=[COVER_OWNERS[k][1] for k in kinds])[0]
        owner = COVER_OWNERS[kind][0]
        road, lng, lat = by_the_road(8)
        state = rng.choices(["in use", "replaced", "missing"], weights=[86, 12, 2])[0]
        size = 450 if kind == "雨水篦子" else rng.choice([600, 700, 700, 800])
        material = rng.choice(["球墨铸铁", "球墨铸铁", "复合材料", "混凝土"])
        net = "有" if kind in ("污水", "雨水") and rng.random() < 0.7 else "无"
        title = road + (kind if kind == "雨水篦子" else f"{kind}井盖") + str(number)
        covers.append(
            [
                f"JG-{number:04d}",
                title,
                lng,
                lat,
                owner,
                owner,
                "urban-management",
                state,
                kind,
                size,
                material,
                net,
                road,
            ]
        )
    write("manhole-cover.csv", ["kind", "size", "material", "net", "road"], covers)

    lamps: list[list[object]] = []
    later = random.Random(
        SEED + 1
    )  # lamps that were added leave the first ones, and what follows, as they are
    for number in range(1, LAMPS + 1):
        draw = rng if number <= FIRST_LAMPS else later
        road, lng, lat = by_the_road(12, draw)
        kind = draw.choices(["单臂灯", "双臂灯", "高杆灯", "太阳能灯"], weights=[6, 3, 1, 2])[0]
        state = draw.choices(["in use", "out", "replaced"], weights=[93, 4, 3])[0]
        box = f"KX-{draw.randint(1, 40):02d}"
        height = {"单臂灯": 9, "双臂灯": 10, "高杆灯": 20, "太阳能灯": 6}[kind]
        lamps.append(
            [
                f"LD-{number:04d}",
                f"{road}{number}号灯杆",
                lng,
                lat,
                "lighting",
                "lighting",
                "urban-management",
                state,
                kind,
                height,
                box,
                road,
            ]
        )
    write("lamp.csv", ["kind", "height", "box", "road"], lamps)

    homes: dict[str, list[dict[str, str]]] = {}
    for building in rows_of("buildings.csv"):
        if building["compound"]:
            homes.setdefault(building["compound"], []).append(building)
    titles = {row["code"]: row["title"] for row in rows_of("areas.csv")}
    keepers = {row["area"]: row["department"] for row in rows_of("ownership.csv", "people")}
    largest = sorted(homes, key=lambda code: (-sum(int(b["households"]) for b in homes[code]), code))[:60]
    stations: list[list[object]] = []
    for number, compound in enumerate(sorted(largest), 1):
        owner = "heating-company" if rng.random() < 0.7 else keepers[compound]
        near = rng.choice(homes[compound])
        lng, lat = round(float(near["lng"]) + 0.00008, 6), round(float(near["lat"]) + 0.00005, 6)
        households = sum(int(b["households"]) for b in homes[compound])
        mode = rng.choice(["地暖", "暖气片", "混合"])
        title = f"{titles.get(compound, compound)}换热站"
        stations.append(
            [
                f"HR-{number:03d}",
                title,
                lng,
                lat,
                owner,
                owner,
                "housing",
                "in use",
                compound,
                households,
                households * 95,
                mode,
            ]
        )
    if not all(inside.contains(Point(float(str(r[2])), float(str(r[3])))) for r in covers + lamps + stations):
        raise SystemExit("A point lies outside the district: redraw the map, then run this again.")
    write("heating-station.csv", ["compound", "households", "area", "mode"], stations)


if __name__ == "__main__":
    main()
