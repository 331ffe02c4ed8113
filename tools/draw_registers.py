"""Write the demonstration district's registers: signs, toilets, premises, sites, schools and the rest.

    python tools/draw_registers.py

Reads the places that `draw_district.py` wrote and the staff's name lists. What is not invented are the counts of the
district's own reports: 44 toilets and 16 transfer stations, 92 roads with 220 signs, 17 main roads and 100 lanes,
6 rivers, 236 live kitchens, 3,896 small premises, 19 building sites, 240 enterprises, practice centres at three
levels (1, 12, 58), 21 legal-aid stations, 28 civilised campuses, 580 parking spaces. Every point lies inside the
district; every register has a seed of its own, so that a change to one leaves the others as they are.
"""

from __future__ import annotations

import csv
import itertools
import json
import math
import random
import zlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from shapely import LineString, Point, wkt
from shapely.geometry import shape
from shapely.prepared import prep
from staff_district import GIVEN_FIRST, GIVEN_SECOND, NOT_AGAIN, SURNAMES
from stdnum.cn import uscc
from weidong_names import COMPOUND_STEMS, RURAL_ROAD_NAMES, SUBDISTRICTS

PACK = Path(__file__).resolve().parents[1] / "districts" / "weidong"
METRE_NORTH, METRE_EAST = 1 / 110_900, 1 / 92_500  # degrees at 33.75° north
MAIN_ROADS = (
    *(f"road-{number:03}" for number in range(1, 13)),
    *(f"road-{number:03}" for number in range(24, 29)),
)

Row = dict[str, Any]


def length_m(line: LineString) -> int:
    """Along the ground."""
    points = list(line.coords)
    return round(
        sum(
            math.hypot((b[0] - a[0]) / METRE_EAST, (b[1] - a[1]) / METRE_NORTH)
            for a, b in itertools.pairwise(points)
        )
    )


class Road:
    """A road with its line, what it crosses, and points beside it."""

    def __init__(self, code: str, title: str, line: LineString) -> None:
        self.code, self.title, self.line, self.length_m = code, title, line, length_m(line)
        self.crossings: list[tuple[float, str]] = []

    @property
    def main(self) -> bool:
        return self.code in MAIN_ROADS

    @property
    def rural(self) -> bool:
        return self.title in RURAL_ROAD_NAMES and not self.main

    @property
    def grade(self) -> str:
        if self.main:
            return "主干道" if self.length_m > 5000 else "次干道"
        return "乡村道路" if self.rural else ("支路" if self.length_m > 1000 else "街巷")

    def beside(self, share: float, metres: float) -> tuple[float, float]:
        """A point at this share of the way, some metres to its left (right when negative)."""
        here = self.line.interpolate(share, normalized=True)
        ahead = self.line.interpolate(min(share + 0.002, 1.0), normalized=True)
        back = self.line.interpolate(max(share - 0.002, 0.0), normalized=True)
        east, north = (ahead.x - back.x) / METRE_EAST, (ahead.y - back.y) / METRE_NORTH
        size = math.hypot(east, north) or 1.0
        return (
            round(here.x - north / size * metres * METRE_EAST, 6),
            round(here.y + east / size * metres * METRE_NORTH, 6),
        )


class District:
    """What the registers stand on."""

    def __init__(self) -> None:
        outline = json.loads(
            (PACK / "places" / "boundaries" / "district.geojson").read_text(encoding="utf-8")
        )
        self.outline = shape(outline["features"][0]["geometry"])
        self.inside = prep(self.outline)
        self.roads = [
            Road(row["code"], row["title"], wkt.loads(row["line"])) for row in read("places/roads.csv")
        ]
        for road in self.roads:
            for other in self.roads:
                if other is not road and road.line.distance(other.line) < 0.0001:
                    near = road.line.project(other.line.interpolate(other.line.project(road.line.centroid)))
                    crossing = road.line.intersection(other.line)
                    if not crossing.is_empty:
                        near = road.line.project(crossing.representative_point())
                    else:
                        ends = [Point(other.line.coords[0]), Point(other.line.coords[-1])]
                        near = road.line.project(min(ends, key=lambda end: end.distance(road.line)))
                    road.crossings.append((near, other.title))
            road.crossings.sort()
        self.areas = {row["code"]: row for row in read("places/areas.csv")}
        self.landmarks = read("places/landmarks.csv")
        self.keepers = {row["area"]: row["department"] for row in read("people/ownership.csv")}

    @cached_property
    def buildings(self) -> list[dict[str, str]]:
        return read("places/buildings.csv")

    def of_level(self, level: str) -> list[dict[str, str]]:
        return [row for row in self.areas.values() if row["level"] == level]

    def landmark(self, title: str) -> tuple[float, float]:
        found = next(row for row in self.landmarks if row["title"] == title)
        return float(found["lng"]), float(found["lat"])

    def centre(self, code: str) -> tuple[float, float]:
        """Where a community or village has its service centre."""
        stem = self.areas[code]["title"].removesuffix("社区")
        return self.landmark(
            f"{stem}社区党群服务中心" if self.areas[code]["level"] == "community" else f"{stem}党群服务中心"
        )

    def street_of(self, code: str) -> str:
        """The subdistrict office in whose area something lies."""
        return f"street-{code[:9]}"


class Drawing:
    """One register being drawn: its rows, its own random numbers, and names and places from the district."""

    def __init__(self, district: District, name: str) -> None:
        self.district, self.name = district, name
        self.rng = random.Random(zlib.crc32(name.encode()))
        self.rows: list[Row] = []

    def add(self, code: str, title: str, point: tuple[float, float] | None, **values: Any) -> None:
        lng, lat = point or ("", "")
        if point and not self.district.inside.contains(Point(point)):
            raise SystemExit(
                f"{self.name} {code} lies outside the district: redraw the map, then run this again."
            )
        self.rows.append({"code": code, "title": title, "lng": lng, "lat": lat} | values)

    def person(self) -> str:
        while True:
            name = "".join(self.rng.choice(part) for part in (SURNAMES, GIVEN_FIRST, GIVEN_SECOND))
            if name not in NOT_AGAIN:
                return name

    def credit(self) -> str:
        """A code with a right check digit and a number that nobody has been given."""
        body = f"92410403MA9{self.rng.randint(0, 999_999):06}"
        return body + str(uscc.calc_check_digit(body))

    def phone(self) -> str:
        return f"0375-000{self.rng.randint(0, 9999):04}"

    def yes(self, chance: float) -> str:
        return "是" if self.rng.random() < chance else "否"

    def day(self, first: int, last: int) -> str:
        return f"{self.rng.randint(first, last)}-{self.rng.randint(1, 12):02}-{self.rng.randint(1, 28):02}"

    def by_roads(
        self, roads: Sequence[Road], metres: tuple[float, float]
    ) -> Iterator[tuple[Road, tuple[float, float]]]:
        """Endless points beside roads, the longer ones more often."""
        weights = [road.length_m for road in roads]
        while True:
            road = self.rng.choices(roads, weights=weights)[0]
            aside = self.rng.uniform(*metres) * self.rng.choice((-1, 1))
            point = road.beside(self.rng.random(), aside)
            if self.district.inside.contains(Point(point)):
                yield road, point

    def near(self, point: tuple[float, float], metres: float) -> tuple[float, float]:
        while True:
            found = (
                round(point[0] + self.rng.uniform(-metres, metres) * METRE_EAST, 6),
                round(point[1] + self.rng.uniform(-metres, metres) * METRE_NORTH, 6),
            )
            if self.district.inside.contains(Point(found)):
                return found

    def write(self) -> None:
        columns = list(dict.fromkeys(column for row in self.rows for column in row))
        path = PACK / "registers" / "items" / f"{self.name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n", restval="")
            writer.writeheader()
            writer.writerows(self.rows)


def read(name: str) -> list[dict[str, str]]:
    with (PACK / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


# -- place names ---------------------------------------------------------------------------------------------

_COMPASS = (("东", "西"), ("南", "北"))
_MEANINGS = {
    "建设": "寓意建设家园、建设城市",
    "矿工": "纪念为煤城奉献的几代矿工",
    "平安": "取平安吉祥之意",
    "平煤": "因平顶山煤业发展得名",
    "优越": "取位置优越之意",
    "阳光": "取沐浴阳光、前景光明之意",
    "长寿": "取健康长寿之意",
    "光明": "取前程光明之意",
    "繁荣": "取繁荣兴旺之意",
    "康复": "因沿线曾有职工康复医院得名",
    "同乐": "取与民同乐之意",
    "开源": "取开源创业之意",
    "园丁": "因沿线学校多，以园丁赞教师",
}


def road_names(district: District) -> None:
    made = Drawing(district, "road-name")
    for number, road in enumerate(district.roads, 1):
        rng = made.rng
        first, last = road.line.coords[0], road.line.coords[-1]
        lies_east_west = abs(last[0] - first[0]) / METRE_EAST > abs(last[1] - first[1]) / METRE_NORTH
        if (last[0] < first[0]) if lies_east_west else (last[1] > first[1]):
            first, last = (
                last,
                first,
            )  # westwards or northwards: names are written from the west and the north
        start_side, end_side = ("西", "东") if lies_east_west else ("北", "南")
        crossed = [title for _where, title in road.crossings]
        ends = [near(district, end, road) for end in (first, last)]
        stem = road.title.rstrip("路街道大")
        year = rng.choice(range(1958, 1990)) if road.main or not road.rural else rng.choice(range(2005, 2017))
        widened = year + rng.randint(12, 30)
        width = {
            "主干道": rng.choice((40, 45, 50, 60)),
            "次干道": rng.choice((24, 30, 36)),
            "支路": rng.choice((14, 16, 20)),
            "街巷": rng.choice((8, 10, 12)),
            "乡村道路": rng.choice((6, 7, 8)),
        }[road.grade]
        middle = road.line.interpolate(0.5, normalized=True)
        beside = on_both_sides(district, road)
        lanes = {
            "主干道": "双向六车道",
            "次干道": "双向四车道",
            "支路": "双向两车道",
            "街巷": "不划分车道",
            "乡村道路": "双向两车道",
        }[road.grade]
        buses = sorted(rng.sample(range(1, 70), rng.randint(2, 5))) if road.main else []
        bus = f"沿线有{'、'.join(map(str, buses))}路公交，" if buses else "沿线没有公交线路，"
        parking = (
            "早晚高峰车流较大，路内停车按标线停放。"
            if road.main
            else "允许非机动车和小型车通行，消防通道禁止停车。"
        )
        street = SUBDISTRICTS.get(street_around(district, (middle.x, middle.y)), "")
        made.add(
            f"DM-{number:03}",
            road.title,
            (round(middle.x, 6), round(middle.y, 6)),
            road=road.code,
            keeper=f"street-{street_around(district, (middle.x, middle.y))}",
            location=f"卫东区{street}，{'东西' if lies_east_west else '南北'}走向",
            grade=road.grade,
            start=f"{start_side}起{ends[0]}",
            end=f"{end_side}至{ends[1]}",
            crossings="、".join(dict.fromkeys(crossed)),
            length=road.length_m,
            width=width,
            surface="沥青" if road.main or rng.random() < 0.7 else "水泥",
            history=f"始建于{year}年，{widened}年拓宽改造"
            + (f"，{min(widened + rng.randint(6, 14), 2019)}年铺设雨污分流管网。" if road.main else "。"),
            origin=origin(road, stem, crossed),
            meaning=meaning(stem),
            both_sides=beside,
            traffic=f"{lanes}，{bus}{parking}",
        )
    made.write()


def near(district: District, end: tuple[float, float], road: Road) -> str:
    """What a road begins or ends at: the road it meets there, or the edge of the district."""
    found = [
        other for other in district.roads if other is not road and other.line.distance(Point(end)) < 0.0008
    ]
    if found:
        return min(found, key=lambda other: other.line.distance(Point(end))).title
    return "区界" if district.outline.exterior.distance(Point(end)) < 0.004 else "现状道路尽头"


def street_around(district: District, point: tuple[float, float]) -> str:
    """The code of the subdistrict of the building that is nearest."""
    best = min(
        district.buildings,
        key=lambda row: (float(row["lng"]) - point[0]) ** 2 + (float(row["lat"]) - point[1]) ** 2,
    )
    return str(best["grid"][:9])


def on_both_sides(district: District, road: Road) -> str:
    """Schools, markets and other landmarks within 150 m of the road."""
    found = [
        (road.line.project(Point(float(row["lng"]), float(row["lat"]))), row["title"])
        for row in district.landmarks
        if road.line.distance(Point(float(row["lng"]), float(row["lat"]))) < 0.0015
    ]
    return "、".join(title for _where, title in sorted(found)[:10]) or "以居民住宅和沿街商铺为主"


def origin(road: Road, stem: str, crossed: Sequence[str]) -> str:
    if road.rural:
        return f"因道路通往{stem}村而得名。"
    if stem[0] in "经纬" and len(stem) == 2:
        return f"按经纬序列命名，{'南北' if stem[0] == '经' else '东西'}向道路依次编号。"
    if f"{stem}社区" in {row["title"] for row in read("places/areas.csv")}:
        return f"因位于{stem}社区而得名。"
    return f"以吉祥嘉言命名，{'与' + crossed[0] + '相接，' if crossed else ''}沿用至今。"


def meaning(stem: str) -> str:
    if stem in _MEANINGS:
        return _MEANINGS[stem] + "。"
    if stem[0] in "经纬":
        return "“经”指南北、“纬”指东西，序号便于寻找。"
    return f"“{stem}”二字沿用当地旧称，便于群众记忆。"


def road_signs(district: District, count: int = 220) -> None:
    """Two at least on every road, the longer ones more, at crossings where there are any."""
    made = Drawing(district, "road-sign")
    shares = {road.code: 2 for road in district.roads}
    by_length = sorted(district.roads, key=lambda road: -road.length_m)
    for number in range(count - sum(shares.values())):
        shares[by_length[number % 18].code] += 1
    number = 0
    for index, road in enumerate(district.roads, 1):
        places = [where / road.line.length for where, _title in road.crossings]
        titles = [title for _where, title in road.crossings]
        for sign in range(shares[road.code]):
            number += 1
            share = (sign + 0.5) / shares[road.code]
            stands = "路段中部"
            if places:
                nearest = min(range(len(places)), key=lambda each: abs(places[each] - share))
                share = min(max(places[nearest] + (0.004 if sign % 2 else -0.004), 0.001), 0.999)
                side = ("东北", "西南", "东南", "西北")[number % 4]
                stands = f"{titles[nearest]}口{side}角"
            point = road.beside(share, 12 if sign % 2 else -12)
            while not district.inside.contains(Point(point)):
                share = 0.5 + (share - 0.5) * 0.95
                point = road.beside(share, 12 if sign % 2 else -12)
            made.add(
                f"LP-{number:03}",
                f"{road.title}标志牌（{stands}）",
                point,
                road=road.code,
                state="in use",
                name=f"DM-{index:03}",
                stands=stands,
                kind="双立柱" if road.main else made.rng.choice(("单立柱", "单立柱", "墙挂")),
                put_on=f"2020-0{made.rng.choice((5, 6))}-{made.rng.randint(1, 28):02}",
            )
    made.write()


# -- cleaning ------------------------------------------------------------------------------------------------


def cleaning(district: District) -> None:
    toilets = Drawing(district, "public-toilet")
    rural = [road for road in district.roads if road.rural]
    town = [road for road in district.roads if not road.rural]
    points = toilets.by_roads(town, (14, 30))
    for number in range(1, 45):
        road, point = next(points) if number <= 36 else next(toilets.by_roads(rural, (14, 30)))
        kind = toilets.rng.choices(("一类", "二类", "三类"), weights=(2, 5, 3))[0]
        toilets.add(
            f"GC-{number:03}",
            f"{road.title}{'公厕' if number <= 36 else '乡村公厕'}{number}",
            point,
            address=f"{road.title}路侧",
            road=road.code,
            state="in use" if number != 29 else "under repair",
            **{"class": kind},
            seats=toilets.rng.randint(8, 20),
            hours="24小时" if kind == "一类" else "06:00–22:00",
            accessible="是" if kind != "三类" else "否",
            baby="是" if kind == "一类" else toilets.yes(0.3),
            attendant=toilets.person(),
        )
    toilets.write()
    stations = Drawing(district, "transfer-station")
    for number in range(1, 17):
        road, point = next(stations.by_roads(town if number <= 12 else rural, (25, 45)))
        kind = stations.rng.choice(("压缩式", "压缩式", "地埋式", "转运式"))
        stations.add(
            f"ZZ-{number:03}",
            f"{road.title}垃圾中转站{number}",
            point,
            address=f"{road.title}路侧",
            road=road.code,
            state="in use",
            kind=kind,
            capacity=stations.rng.choice((20, 30, 40, 60)),
            sorted="是",
            hours="04:30–22:00",
            attendant=stations.person(),
        )
    stations.write()
    bins = Drawing(district, "bin")
    main = bins.by_roads([road for road in district.roads if road.main], (9, 14))
    lanes = bins.by_roads([road for road in town if not road.main], (5, 9))
    for number in range(1, 901):
        road, point = next(main) if number <= 600 else next(lanes)
        kind = (
            "果皮箱"
            if number <= 600
            else bins.rng.choice(("绿色垃圾桶", "绿色垃圾桶", "绿色垃圾桶", "四分类投放点"))
        )
        bins.add(
            f"GP-{number:04}",
            f"{road.title}{kind}{number}",
            point,
            road=road.code,
            state=bins.rng.choices(("in use", "replaced", "missing"), weights=(90, 9, 1))[0],
            kind=kind,
            volume={"果皮箱": 60, "绿色垃圾桶": 240, "四分类投放点": 960}[kind],
            put_on=bins.day(2017, 2024),
        )
    bins.write()
    cleaned_roads(district)


def cleaned_roads(district: District) -> None:
    """17 main roads, and 100 lanes: the other streets of the town and the lanes that leave them."""
    made = Drawing(district, "cleaned-road")
    main = [road for road in district.roads if road.main]
    streets = [road for road in district.roads if not road.main and not road.rural]
    rows: list[tuple[str, Road, LineString | None]] = [(road.title, road, None) for road in (*main, *streets)]
    used: dict[str, int] = {}
    while len(rows) < 117:
        road = streets[len(rows) % len(streets)]
        used[road.code] = used.get(road.code, 0) + 1
        share = 0.3 + 0.4 * made.rng.random()
        begin, end = (
            road.beside(share, 3),
            road.beside(share, made.rng.choice((-1, 1)) * made.rng.randint(90, 160)),
        )
        lane = LineString([begin, end])
        if district.inside.contains(lane):
            rows.append(
                (
                    f"{road.title.removesuffix('街').removesuffix('路')}{'一二三四'[used[road.code] - 1]}巷",
                    road,
                    lane,
                )
            )
    for number, (title, road, lane) in enumerate(rows, 1):
        line = lane or road.line
        middle = line.interpolate(0.5, normalized=True)
        long = length_m(line)
        width = (24 if road.main else 9) if lane is None else 5
        own: Row = {"line": wkt_of(lane)} if lane is not None else {"road": road.code}
        made.add(
            f"BJ-{number:03}",
            title,
            (round(middle.x, 6), round(middle.y, 6)),
            **own,
            grade="主次干道" if road.main else "背街小巷",
            length=long,
            area=round(long * width, -1),
            rails="是" if road.main else "否",
            level="一级" if road.main else ("二级" if lane is None else "三级"),
        )
    made.write()


def wkt_of(line: LineString) -> str:
    return f"LINESTRING ({', '.join(f'{lng:.6f} {lat:.6f}' for lng, lat in line.coords)})"


def rivers(district: District) -> None:
    """Schematic courses between places that are on the map."""
    made = Drawing(district, "river")
    courses = [
        ("湛河（卫东段）", (113.3165, 33.7335), (113.4200, 33.7290), "区界西侧", "区界东侧", "Ⅳ类", 0.0022),
        ("城东河", (113.3700, 33.7960), (113.3712, 33.7300), "北环路", "湛河", "Ⅴ类", 0.0016),
        ("吴寨河", (113.3900, 33.7720), (113.3925, 33.7330), "吴寨村", "湛河", "Ⅴ类", 0.0014),
        ("月台河", (113.3620, 33.7700), (113.3600, 33.7330), "程庄村", "湛河", "Ⅴ类", 0.0010),
        ("金鹰河", (113.3240, 33.7640), (113.3230, 33.7340), "平安大道", "湛河", "Ⅴ类", 0.0008),
        ("焦庄沟", (113.3560, 33.8020), (113.3690, 33.7800), "焦庄村", "城东河", "Ⅴ类", 0.0012),
    ]
    for number, (title, begin, end, source, mouth, quality, swing) in enumerate(courses, 1):
        steps = 24
        points = []
        for step in range(steps + 1):
            t = step / steps
            bend = swing * math.sin(t * math.pi * 3 + number) * math.sin(t * math.pi)
            across = (begin[1] - end[1], end[0] - begin[0])
            size = math.hypot(*across)
            points.append(
                (
                    begin[0] + (end[0] - begin[0]) * t + across[0] / size * bend,
                    begin[1] + (end[1] - begin[1]) * t + across[1] / size * bend,
                )
            )
        line = LineString(points).intersection(district.outline)
        if line.geom_type != "LineString":
            line = max(line.geoms, key=lambda part: part.length)
        middle = line.interpolate(0.5, normalized=True)
        made.add(
            f"HD-{number:02}",
            title,
            (round(middle.x, 6), round(middle.y, 6)),
            line=wkt_of(line),
            length=length_m(line),
            **{"from": source},
            to=mouth,
            quality=quality,
            cleaner=made.person(),
        )
    made.write()


# -- works ---------------------------------------------------------------------------------------------------


def works(district: District) -> None:
    pumps = Drawing(district, "pump-station")
    main = [road for road in district.roads if road.main]
    for number in range(1, 15):
        road, point = next(pumps.by_roads(main, (18, 40)))
        kind = "供热泵站" if number <= 8 else ("雨水泵站" if number <= 12 else "污水泵站")
        owner = "heating-company" if kind == "供热泵站" else "drainage"
        pumps.add(
            f"BZ-{number:03}",
            f"{road.title}{kind}",
            point,
            address=f"{road.title}路侧",
            road=road.code,
            owner=owner,
            keeper=owner,
            state="in use",
            kind=kind,
            pumps=pumps.rng.randint(2, 5),
            power=pumps.rng.choice((55, 75, 110, 160, 220)),
            serves=f"{road.title}沿线",
            board="是" if kind == "供热泵站" else pumps.yes(0.5),
            duty_phone=pumps.phone(),
        )
    # Two stations on one road are told apart by their number.
    seen: dict[str, int] = {}
    for row in pumps.rows:
        seen[row["title"]] = seen.get(row["title"], 0) + 1
        if seen[row["title"]] > 1:
            row["title"] += str(seen[row["title"]])
    pumps.write()

    compounds = district.of_level("compound")
    homes: dict[str, list[dict[str, str]]] = {}
    for building in district.buildings:
        homes.setdefault(building["compound"], []).append(building)
    charging = Drawing(district, "charging-point")
    for number in range(1, 109):
        compound = compounds[(number * 7) % len(compounds)]
        home = charging.rng.choice(homes[compound["code"]])
        keeper = district.keepers.get(compound["code"]) or district.street_of(compound["code"])
        point = charging.near((float(home["lng"]), float(home["lat"])), 25)
        charging.add(
            f"CD-{number:03}",
            f"{compound['title']}充电桩{number}",
            point,
            address=home["title"],
            owner=keeper,
            keeper=keeper,
            state=charging.rng.choices(("in use", "out", "under repair"), weights=(94, 4, 2))[0],
            kind="电动自行车" if number <= 92 else "新能源汽车",
            sockets=charging.rng.choice((10, 20)) if number <= 92 else 4,
            price="1元/4小时" if number <= 92 else "0.95元/度",
            shelter=charging.yes(0.7),
        )
    charging.write()

    parking = Drawing(district, "parking")
    left = 580
    for number in range(1, 30):
        road, point = next(parking.by_roads(main, (6, 20)))
        spaces = left if number == 29 else min(left, parking.rng.choice((12, 16, 18, 20, 24, 28)))
        left -= spaces
        parking.add(
            f"TC-{number:03}",
            f"{road.title}泊位{number}",
            point,
            address=f"{road.title}路侧",
            road=road.code,
            owner="urban-management",
            keeper="traffic-police",
            state="in use",
            kind="路内泊位" if number % 4 else "路外停车场",
            spaces=spaces,
            accessible=max(spaces // 25, 1),
            price="免费" if number % 3 else "首小时3元，之后每小时1元",
        )
    parking.write()

    boards = Drawing(district, "notice-board")
    number = 0
    for kind, count, owner in (
        ("路长公示牌", 34, "urban-management"),
        ("河长公示牌", 12, "agriculture"),
        ("供暖保障公示牌", 16, "heating-company"),
        ("物业服务公示牌", 28, "housing"),
    ):
        for _each in range(count):
            number += 1
            road, point = next(boards.by_roads(main, (8, 16)))
            boards.add(
                f"GS-{number:03}",
                f"{road.title}{kind}{number}",
                point,
                road=road.code,
                owner=owner,
                keeper=owner,
                state=boards.rng.choices(("in use", "worn", "missing"), weights=(92, 7, 1))[0],
                kind=kind,
                says="责任人、职责、监督电话",
                put_on=boards.day(2019, 2024),
            )
    boards.write()

    video = Drawing(district, "video-point")
    for number in range(1, 137):
        if number <= 102:
            community = district.of_level("community")[(number - 1) // 3]
            point, title, kind = (
                video.near(district.centre(community["code"]), 150),
                f"{community['title']}探头{number}",
                "社区",
            )
        else:
            road, point = next(video.by_roads(main, (6, 12)))
            title, kind = f"{road.title}探头{number}", "路口" if number <= 126 else "重点部位"
        video.add(
            f"SP-{number:03}",
            title,
            point,
            state="in use" if number % 47 else "out",
            kind=kind,
            camera=video.rng.choice(("枪机", "枪机", "球机", "全景")),
            channel=f"34020000001320{number:06}",
            keeps=30,
        )
    video.write()


# -- premises and sites --------------------------------------------------------------------------------------

_KINDS = {
    "小餐饮店": (1480, ("饭馆", "面馆", "烩面馆", "早餐店", "小吃店", "快餐店", "饺子馆", "胡辣汤馆")),
    "小食品店": (1060, ("便利店", "副食店", "水果店", "烟酒店", "熟食店", "面包房")),
    "小理发美容店": (560, ("理发店", "美发店", "美容店", "造型室")),
    "小诊所": (226, ("诊所", "口腔诊所", "中医诊所")),
    "小旅馆": (240, ("宾馆", "旅馆", "招待所")),
    "小网吧": (120, ("网吧", "网咖")),
    "小浴室": (130, ("浴池", "洗浴店", "足浴店")),
    "小歌舞厅": (80, ("歌厅", "舞厅")),
}
_SHOP_WORDS = tuple("老小好香福顺鑫聚味乐佳美百合兴隆万家亿和源德天龙凤春喜来旺盛")
_LICENCES = {
    "小餐饮店": "营业执照、食品经营许可证",
    "小食品店": "营业执照、食品经营许可证",
    "小旅馆": "营业执照、卫生许可证、特种行业许可证",
    "小理发美容店": "营业执照、卫生许可证",
    "小浴室": "营业执照、卫生许可证",
    "小歌舞厅": "营业执照、卫生许可证",
    "小网吧": "营业执照",
    "小诊所": "医疗机构执业许可证",
}


def premises(district: District) -> None:
    town = [road for road in district.roads if not road.rural]
    rural = [road for road in district.roads if road.rural]
    # People's shops stand where people live, so short streets get as many as long ones.
    made = Drawing(district, "small-premises")
    number = 0
    for kind, (count, words) in _KINDS.items():
        points, outside = made.by_roads(town, (12, 26)), made.by_roads(rural, (10, 20))
        for each in range(count):
            number += 1
            road, point = next(outside) if each % 14 == 13 else next(points)
            name = "".join(made.rng.sample(_SHOP_WORDS, 2)) + made.rng.choice(words)
            made.add(
                f"BX-{number:04}",
                name,
                point,
                address=f"{road.title}{made.rng.randint(1, 400)}号",
                road=road.code,
                keeper=f"street-{_street(district, point)}",
                state="open",
                kind=kind,
                area=made.rng.randint(12, 90) if kind != "小旅馆" else made.rng.randint(80, 300),
                licences=_LICENCES[kind] if made.rng.random() < 0.93 else "营业执照",
                health_cards=made.rng.randint(1, 6) if kind != "小网吧" else "",
                fire=made.yes(0.96),
                operator=made.person(),
            )
    made.write()

    kitchens = Drawing(district, "restaurant")
    for number in range(1, 237):
        road, point = next(kitchens.by_roads(town, (16, 34)))
        size = kitchens.rng.choices(("大型", "中型", "小型"), weights=(1, 3, 4))[0]
        cuisine = kitchens.rng.choice(("中餐", "中餐", "快餐", "火锅", "烧烤", "小吃", "面馆", "集体食堂"))
        word = {
            "中餐": "酒楼",
            "快餐": "快餐厅",
            "火锅": "火锅店",
            "烧烤": "烧烤店",
            "小吃": "小吃城",
            "面馆": "面庄",
            "集体食堂": "食堂",
        }[cuisine]
        stem = kitchens.rng.choice(COMPOUND_STEMS)
        kitchens.add(
            f"CY-{number:03}",
            f"{stem}{word}",
            point,
            address=f"{road.title}{kitchens.rng.randint(1, 400)}号",
            road=road.code,
            keeper=f"street-{_street(district, point)}",
            state="open",
            size=size,
            cuisine=cuisine,
            seats={"大型": 320, "中型": 120, "小型": 46}[size] + kitchens.rng.randint(0, 60),
            cameras={"大型": 8, "中型": 4, "小型": 2}[size],
            grade=kitchens.rng.choices("ABC", weights=(3, 6, 1))[0],
            licence_until=kitchens.day(2027, 2030),
            credit=kitchens.credit(),
            operator=kitchens.person(),
            phone=kitchens.phone(),
        )
    kitchens.write()

    markets = Drawing(district, "market")
    found = [row for row in district.landmarks if row["title"].endswith("农贸市场")]
    for number, row in enumerate(found, 1):
        point = (float(row["lng"]), float(row["lat"]))
        markets.add(
            f"SC-{number:03}",
            row["title"],
            point,
            keeper=f"street-{_street(district, point)}",
            state="open",
            stalls=markets.rng.randint(30, 160),
            area=markets.rng.randrange(800, 6000, 100),
            hours="05:30–20:00",
            testing=markets.yes(0.7),
            scales="是",
            manager=markets.person(),
        )
    markets.write()


_street_cache: dict[tuple[int, int], str] = {}


def _street(district: District, point: tuple[float, float]) -> str:
    """The subdistrict around a point, to some 60 m."""
    key = (round(point[0] * 1500), round(point[1] * 1800))
    if key not in _street_cache:
        _street_cache[key] = street_around(district, point)
    return _street_cache[key]


def sites(district: District) -> None:
    made = Drawing(district, "construction-site")
    monitors = [2] * 9 + [1] * 10  # 28 air-quality and spray sets on 19 sites
    town = [road for road in district.roads if not road.rural]
    for number in range(1, 20):
        road, point = next(made.by_roads(town, (60, 140)))
        kind = made.rng.choices(("房屋建筑", "市政道路", "管网", "拆除"), weights=(12, 3, 2, 1))[0]
        estate = f"{COMPOUND_STEMS[number * 3]}{made.rng.choice(('花园', '华庭', '佳苑'))}"
        project = {
            "房屋建筑": f"{estate}{made.rng.choice('二三四')}期",
            "市政道路": f"{road.title}提升改造工程",
            "管网": f"{road.title}雨污分流工程",
            "拆除": f"{road.title}片区拆除工程",
        }[kind]
        sets = monitors[number - 1]
        made.add(
            f"GD-{number:03}",
            f"{project}工地",
            point,
            address=f"{road.title}路侧",
            road=road.code,
            keeper=f"street-{_street(district, point)}",
            state="under way",
            project=project,
            kind=kind,
            stage=made.rng.choice(("土方", "基础", "主体", "主体", "装饰", "收尾")),
            area=made.rng.randrange(3000, 42000, 500),
            builder=f"{made.rng.choice(('中原', '鹰城', '豫中', '平宁', '恒基'))}建设工程有限公司",
            monitors=1,
            sprays=sets - 1,
            linked="是",
            officer=made.person(),
        )
    made.write()

    renewed = Drawing(district, "compound-renovation")
    areas = {row["title"]: row for row in district.of_level("compound")}
    done = ["嘉林小区", "东安铭座", "东苑小区", "鸿鹰小区"]
    eight = [
        "地质四队家属院",
        "同乐街小区",
        "棉织厂家属院",
        "机械厂家属院",
        "供销社家属院",
        "邮电局家属院",
        "煤机厂家属院",
        "百货公司家属院",
    ]
    shares = _split(482, [3, 3, 3, 2]), _split(4299, [9, 8, 7, 7, 6, 6, 5, 5])
    rows = [(title, 2023, homes) for title, homes in zip(done, shares[0], strict=True)]
    rows += [(title, 2023, homes) for title, homes in zip(eight, shares[1], strict=True)]
    for number, (title, year, households) in enumerate(rows, 1):
        code = areas[title]["code"]
        home = next(row for row in district.buildings if row["compound"] == code)
        renewed.add(
            f"GZ-{number:03}",
            f"{title}改造",
            renewed.near((float(home["lng"]), float(home["lat"])), 20),
            keeper=district.street_of(code),
            state="finished",
            compound=code,
            buildings=(3, 3, 3, 2)[number - 1] if number <= 4 else households // 48,
            households=households,
            works="道路、雨污管网、绿化、照明、安防" + ("、强弱电入地" if number % 2 else "、停车位"),
            year=year,
            done=100,
            builder="鹰城建设工程有限公司",
        )
    renewed.write()


def _split(total: int, weights: Sequence[int]) -> list[int]:
    parts = [total * weight // sum(weights) for weight in weights]
    parts[0] += total - sum(parts)
    return parts


# -- organisations and services ------------------------------------------------------------------------------


def schools(district: District) -> list[tuple[str, str]]:
    """Primary schools are the map's; returns (code, title) of all schools but kindergartens."""
    made = Drawing(district, "school")
    found = [
        (row["title"], "小学", (float(row["lng"]), float(row["lat"])))
        for row in district.landmarks
        if row["title"].endswith("小学")
    ]
    town = [road for road in district.roads if not road.rural]
    for kind, count in (("初中", 9), ("九年一贯制", 3), ("高中", 4), ("幼儿园", 28)):
        for each in range(1, count + 1):
            _road, point = next(made.by_roads(town, (50, 110)))
            ordinal = "一二三四五六七八九"[(each - 1) % 9]
            title = {
                "初中": f"卫东区第{ordinal}初级中学",
                "九年一贯制": f"{COMPOUND_STEMS[each]}实验学校",
                "高中": f"平顶山市卫东第{ordinal}高级中学",
                "幼儿园": f"{COMPOUND_STEMS[each * 3]}幼儿园",
            }[kind]
            found.append((title, kind, point))
    for number, (title, kind, point) in enumerate(found, 1):
        classes = {"小学": 24, "初中": 30, "九年一贯制": 36, "高中": 42, "幼儿园": 9}[
            kind
        ] + made.rng.randint(-6, 6)
        made.add(
            f"XX-{number:03}",
            title,
            point,
            keeper=f"street-{_street(district, point)}",
            state="open",
            kind=kind,
            pupils=classes * made.rng.randint(28, 46),
            classes=classes,
            phone=made.phone(),
        )
    made.write()
    return [(row["code"], row["title"]) for row in made.rows if row["kind"] != "幼儿园"]


def enterprises(district: District) -> None:
    made = Drawing(district, "enterprise")
    industries = {
        "规上工业": (86, ("装备制造", "新材料", "食品加工", "建材", "电气机械")),
        "资质建筑业": (38, ("房屋建筑", "市政工程", "装饰装修")),
        "限上商贸": (72, ("批发", "零售", "餐饮", "住宿")),
        "规上服务业": (44, ("物流", "软件信息", "人力资源", "环保服务")),
    }
    number = 0
    for kind, (count, words) in industries.items():
        for each in range(count):
            number += 1
            road, point = next(made.by_roads(district.roads, (40, 120)))
            industry = made.rng.choice(words)
            stem = COMPOUND_STEMS[(number * 7) % len(COMPOUND_STEMS)]
            made.add(
                f"QY-{number:03}",
                f"平顶山{stem}{industry}有限公司",
                point,
                address=f"{road.title}{made.rng.randint(1, 400)}号",
                road=road.code,
                keeper=f"street-{_street(district, point)}",
                state="open",
                kind=kind,
                industry=industry,
                staff=made.rng.choice((24, 38, 55, 80, 120, 210, 430)),
                since=2024 if each < 2 else made.rng.randint(2012, 2023),
                credit=made.credit(),
                contact=made.person(),
                phone=made.phone(),
            )
    made.write()


def services(district: District) -> None:
    made = Drawing(district, "service-point")
    desk = "打气筒、轮椅、拐杖、茶水、修理工具、雨伞、针线包"
    communities, villages = district.of_level("community"), district.of_level("village")
    everywhere = [*communities, *villages]

    def put(kind: str, title: str, code: str, **values: Any) -> None:
        place = made.near(district.centre(code), 60)
        owner = {
            "法律援助工作站": "justice",
            "长明灯卫生室": "health",
            "人民调解室": "justice",
            "儿童之家": "civil-affairs",
            "日间照料中心": "civil-affairs",
            "智慧书屋": "education",
        }.get(kind, district.street_of(code))
        number = len(made.rows) + 1
        made.add(
            f"FW-{number:03}",
            title,
            place,
            owner=owner,
            keeper=district.street_of(code),
            supervisor="district-office",
            state="open",
            kind=kind,
            hours={"长明灯卫生室": "24小时", "智慧书屋": "24小时", "志愿服务台": "08:00–20:00"}.get(
                kind, "08:30–17:30"
            ),
            phone=made.phone(),
            **values,
        )

    for row in communities:
        put(
            "志愿服务台",
            f"{row['title']}志愿服务台",
            row["code"],
            equipment=desk + ("、应急药箱" if made.rng.random() < 0.6 else ""),
            staff=2,
        )
    put("文明实践中心", "卫东区新时代文明实践中心", communities[0]["code"], staff=12)
    for code, title in SUBDISTRICTS.items():
        there = next(row["code"] for row in everywhere if row["code"].startswith(code))
        put("文明实践所", f"{title}新时代文明实践所", there, staff=5)
    for row in everywhere:
        put("文明实践站", f"{row['title']}新时代文明实践站", row["code"], staff=3)
    for row in communities[:10]:
        put(
            "日间照料中心",
            f"{row['title']}老年日间照料中心",
            row["code"],
            beds=made.rng.randint(10, 30),
            staff=4,
        )
    for row in communities[10:15]:
        put("儿童之家", f"{row['title']}儿童之家", row["code"], staff=2)
    for index, (code, title) in enumerate(SUBDISTRICTS.items()):
        first = [row for row in everywhere if row["code"].startswith(code)]
        put("法律援助工作站", f"{title}司法所法律援助工作站", first[0]["code"], staff=2)
        if index < 9 and len(first) > 1:
            put("法律援助工作站", f"{first[1]['title']}法律援助工作站", first[1]["code"], staff=1)
    for row in villages:
        put("长明灯卫生室", f"{row['title']}长明灯卫生室", row["code"], staff=2)
    for row in communities:
        put("人民调解室", f"{row['title']}人民调解室", row["code"], staff=3)
    put("智慧书屋", "新华路智慧书屋", communities[3]["code"])
    if sum(row["kind"] == "法律援助工作站" for row in made.rows) != 21:
        raise SystemExit("There have to be 21 legal-aid stations: the areas have changed.")
    made.write()


def honours(district: District, campuses: Sequence[tuple[str, str]]) -> None:
    made = Drawing(district, "honour")

    def give(kind: str, level: str, holder: str, owner: str, by: str, **values: Any) -> None:
        number = len(made.rows) + 1
        made.add(
            f"RY-{number:03}",
            f"{level}{kind} {holder}",
            None,
            owner=owner,
            keeper=owner,
            state="held",
            kind=kind,
            level=level,
            holder=holder,
            year=made.rng.randint(2017, 2021),
            by=by,
            **values,
        )

    picked = made.rng.sample(list(campuses), 28)
    for index, (code, title) in enumerate(picked):
        level = "全国" if index < 1 else ("省级" if index < 6 else "市级")
        give(
            "文明校园",
            level,
            title,
            "education",
            {"全国": "中央文明办", "省级": "省文明办", "市级": "市文明办"}[level],
            school=code,
        )
    communities = [row["title"] for row in district.of_level("community")]
    for title in communities[:21]:
        give("规范化社区", "省级", title, "civil-affairs", "省民政厅")
    for title in communities[20:]:
        give("规范化社区", "市级", title, "civil-affairs", "市民政局")
    for who in ("出租车驾驶员", "小学教师", "社区志愿者", "环卫工人", "公交司机", "退役军人"):
        give("身边好人", "市级", f"{who}{made.person()}", "district-office", "市文明办")
    for row in district.of_level("village")[:6]:
        give("绿化先进村", "区级", row["title"], "agriculture", "区委区政府")
    made.write()


def main() -> None:
    district = District()
    road_names(district)
    road_signs(district)
    cleaning(district)
    rivers(district)
    works(district)
    premises(district)
    sites(district)
    campuses = schools(district)
    enterprises(district)
    services(district)
    honours(district, campuses)


if __name__ == "__main__":
    main()
