"""Coordinate systems at the edge: inside the product every point is WGS-84, longitude first.

- `WGS84`: what GPS and phones give.
- `CGCS2000`: China's national system; its ellipsoid differs by 0.1 mm and its frame by less than a metre from
  today's WGS-84, within the error of a phone, so that it is read as WGS-84.
- `GCJ02`: the shifted system of Chinese maps (高德, 腾讯); 100 to 700 m off WGS-84 inside China.
- `BD09`: Baidu's, shifted once more.

The shifts hold inside China's bounding box only; outside it all systems are the same.

No Django here.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from huying.places.sentences import Sentence, gettext_noop


class System(StrEnum):
    WGS84 = "wgs84"
    CGCS2000 = "cgcs2000"
    GCJ02 = "gcj02"
    BD09 = "bd09"


class Point(NamedTuple):
    """Degrees, longitude first."""

    lng: float
    lat: float


Step = Callable[[float, float], Point]

# Krasovsky 1940, on which the GCJ-02 shift is defined.
_AXIS_M = 6378245.0
_ECCENTRICITY = 0.00669342162296594323
_BAIDU = math.pi * 3000.0 / 180.0
_EARTH_RADIUS_M = 6371008.8  # mean radius of WGS-84
_CLOSE = 1e-11  # degrees: a millionth of a metre


def in_china(lng: float, lat: float) -> bool:
    """Whether the shifts apply: China's bounding box, as every public implementation draws it."""
    return 73.66 < lng < 135.05 and 3.86 < lat < 53.55


def _waves(value: float, *waves: tuple[float, float]) -> float:
    return sum(weight * math.sin(value * math.pi / length) for weight, length in waves) * 2.0 / 3.0


def _wgs84_to_gcj02(lng: float, lat: float) -> Point:
    if not in_china(lng, lat):
        return Point(lng, lat)
    x, y = lng - 105.0, lat - 35.0
    common = (20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + common
    north += _waves(y, (20.0, 1.0), (40.0, 3.0)) + _waves(y, (160.0, 12.0), (320.0, 30.0))
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + common
    east += _waves(x, (20.0, 1.0), (40.0, 3.0)) + _waves(x, (150.0, 12.0), (300.0, 30.0))
    radians = math.radians(lat)
    flat = 1 - _ECCENTRICITY * math.sin(radians) ** 2
    north = math.degrees(north * flat * math.sqrt(flat) / (_AXIS_M * (1 - _ECCENTRICITY)))
    east = math.degrees(east * math.sqrt(flat) / (_AXIS_M * math.cos(radians)))
    return Point(lng + east, lat + north)


def _gcj02_to_bd09(lng: float, lat: float) -> Point:
    if not in_china(lng, lat):
        return Point(lng, lat)
    radius = math.hypot(lng, lat) + 0.00002 * math.sin(lat * _BAIDU)
    angle = math.atan2(lat, lng) + 0.000003 * math.cos(lng * _BAIDU)
    return Point(radius * math.cos(angle) + 0.0065, radius * math.sin(angle) + 0.006)


def _bd09_to_gcj02(lng: float, lat: float) -> Point:
    """The inverse that everybody uses, for agreement with them; up to 20 cm off the exact one."""
    if not in_china(lng, lat):
        return Point(lng, lat)
    x, y = lng - 0.0065, lat - 0.006
    radius = math.hypot(x, y) - 0.00002 * math.sin(y * _BAIDU)
    angle = math.atan2(y, x) - 0.000003 * math.cos(x * _BAIDU)
    return Point(radius * math.cos(angle), radius * math.sin(angle))


def _gcj02_to_wgs84(lng: float, lat: float) -> Point:
    """Step back by what is left of the shift until nothing is; it changes slowly, so a few steps do."""
    if not in_china(lng, lat):
        return Point(lng, lat)
    x, y = lng, lat
    for _ in range(20):
        shifted = _wgs84_to_gcj02(x, y)
        east, north = lng - shifted.lng, lat - shifted.lat
        x, y = x + east, y + north
        if abs(east) < _CLOSE and abs(north) < _CLOSE:
            break
    return Point(x, y)


_LADDER = (System.WGS84, System.GCJ02, System.BD09)
_UP: tuple[Step, ...] = (_wgs84_to_gcj02, _gcj02_to_bd09)
_DOWN: tuple[Step, ...] = (_gcj02_to_wgs84, _bd09_to_gcj02)


def convert(lng: float, lat: float, source: System | str, target: System | str = System.WGS84) -> Point:
    """The same place in another system; points outside China come back unchanged.

    There and back again is the same to 1e-9 degrees, with BD-09 to 2e-6 (20 cm).
    Raises ValueError for an unknown system.
    """
    start, end = (_rung(system) for system in (source, target))
    point = Point(lng, lat)
    for step in _UP[start:end]:
        point = step(*point)
    for step in reversed(_DOWN[end:start]):
        point = step(*point)
    return point


def _rung(system: System | str) -> int:
    try:
        known = System(str(system).lower().replace("-", "").replace("_", ""))
    except ValueError:
        raise ValueError(
            Sentence(
                gettext_noop("不认识坐标系“%(system)s”：可用 %(known)s。"),
                {"system": system, "known": "、".join(System)},
            )
        ) from None
    return _LADDER.index(System.WGS84 if known is System.CGCS2000 else known)


def distance_m(lng1: float, lat1: float, lng2: float, lat2: float) -> float:
    """Metres between two points along a sphere (haversine); within 0.5 % of the ellipsoid."""
    phi1, phi2 = math.radians(lat1), math.radians(lat2)
    half = math.sin((phi2 - phi1) / 2) ** 2
    half += math.cos(phi1) * math.cos(phi2) * math.sin(math.radians(lng2 - lng1) / 2) ** 2
    return 2 * _EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, half)))


_EAST_WEST = {"e": 1, "w": -1, "东经": 1, "西经": -1, "东": 1, "西": -1}
_NORTH_SOUTH = {"n": 1, "s": -1, "北纬": 1, "南纬": -1, "北": 1, "南": -1}
_SIDE = "东经|西经|北纬|南纬|[东西南北ewns]"
_ANGLE = re.compile(
    rf"(?P<before>{_SIDE})?\s*(?P<degrees>[-+]?\d+(?:\.\d+)?)\s*(?:[°度]\s*)?"
    r"(?:(?P<minutes>\d+(?:\.\d+)?)\s*['分]\s*)?"
    r"(?:(?P<seconds>\d+(?:\.\d+)?)\s*(?:[\"秒]|'')\s*)?"
    r"(?(before)|(?P<after>[ewns]|[东西南北](?![经纬]))?)"
)
# Two angles are parted by a comma, a space, or a letter or sign that ends one or begins the other.
_BETWEEN = re.compile(r"\s*[,;、]\s*|(?<=[\sewns东西南北\"'分秒°度])|(?=[ewns东西南北])")
_MARKS = str.maketrans(
    {"’": "'", "‘": "'", "′": "'", "”": '"', "“": '"', "″": '"', "º": "°", "˚": "°", "−": "-"}
)


class _Angle(NamedTuple):
    value: float
    axis: str | None


def parse_point(text: str) -> Point:
    """Read what people type or paste: `113.31, 33.74`, `东经113.31 北纬33.74`, `33°44′24″N 113°18′36″E`.

    Without letters longitude comes first, except where only the other order makes sense (a latitude
    beyond 90°, or a place that is in China only that way round). The system is whatever the writer's map
    used. Raises ValueError with a sentence that shows how to write it.
    """
    plain = unicodedata.normalize("NFKC", str(text).translate(_MARKS)).lower().strip("()[] \t\r\n")
    first = _ANGLE.match(plain)
    gap = first and _BETWEEN.match(plain, first.end())
    second = gap and _ANGLE.fullmatch(plain, gap.end())
    if not first or not second:
        raise _unreadable(text)
    one, other = _angle(first), _angle(second)
    if one is None or other is None or (one.axis and one.axis == other.axis):
        raise _unreadable(text)
    a, b = one.value, other.value
    if one.axis == "lat" or other.axis == "lng" or (not (one.axis or other.axis) and looks_turned(a, b)):
        a, b = b, a
    if not is_on_earth(a, b):
        raise ValueError(
            Sentence(
                gettext_noop(
                    "坐标超出范围：经度在 -180 到 180 之间，纬度在 -90 到 90 之间，收到 %(lng)s, %(lat)s。"
                ),
                {"lng": a, "lat": b},
            )
        )
    return Point(a, b)


def is_on_earth(lng: float, lat: float) -> bool:
    """Whether these are degrees at all; false for NaN and infinity."""
    return -180.0 <= lng <= 180.0 and -90.0 <= lat <= 90.0


def looks_turned(lng: float, lat: float) -> bool:
    """Whether latitude was probably given first."""
    if not is_on_earth(lng, lat):
        return is_on_earth(lat, lng)
    return not in_china(lng, lat) and in_china(lat, lng)


def _angle(match: re.Match[str]) -> _Angle | None:
    """Degrees with sign, and the axis that its letter names; None where it contradicts itself."""
    sides = [side for side in (match["before"], match["after"]) if side]
    minutes, seconds = float(match["minutes"] or 0), float(match["seconds"] or 0)
    if len(sides) > 1 or minutes >= 60 or seconds >= 60:
        return None
    degrees = float(match["degrees"])
    value = math.copysign(abs(degrees) + minutes / 60 + seconds / 3600, degrees)
    if not sides:
        return _Angle(value, None)
    side = sides[0]
    if side in _EAST_WEST:
        return _Angle(value * _EAST_WEST[side], "lng")
    return _Angle(value * _NORTH_SOUTH[side], "lat")


def _unreadable(text: object) -> ValueError:
    example = gettext_noop("读不懂坐标“%(text)s”：请先写经度再写纬度，用逗号隔开，例如 113.31, 33.74。")
    return ValueError(Sentence(example, {"text": text}))
