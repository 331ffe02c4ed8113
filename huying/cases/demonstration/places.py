"""Where things happen in the demonstration: at buildings and along roads, denser where more people live."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass

import shapely
from shapely.geometry import shape

from huying.places.models import ADMINISTRATIVE, Area, Building, Road
from huying.places.where import Where, where_is

_NUMBER = re.compile(r"(\d+)号")
_OF_ROADS = frozenset({"road", "crossing"})


@dataclass(frozen=True)
class Place:
    """A point with its address, its areas and what a text may call it."""

    lng: float
    lat: float
    address: str
    where: Where
    names: Mapping[str, str]
    compound_code: str = ""
    community_code: str = ""


class Places:
    """The places of the district, to be drawn from."""

    def __init__(self) -> None:
        self._communities = {
            area.pk: area
            for area in Area.objects.filter(
                layer=ADMINISTRATIVE, level__in=(Area.Level.COMMUNITY, Area.Level.VILLAGE)
            )
        }
        self._by_code = {area.code: area for area in self._communities.values()}
        self.homes: list[Place] = []
        weights: list[float] = []
        for building in Building.objects.select_related("compound", "grid").order_by("code"):
            if place := self._home(building):
                self.homes.append(place)
                weights.append(building.households or 1)
        self._weights = list(itertools.accumulate(weights))
        self._in_compounds = self._where(lambda place: "compound" in place.names, weights)
        self._in_villages = self._where(lambda place: "village" in place.names, weights)
        self._corners = self._read_roads()
        tree = shapely.STRtree([shapely.Point(corner.lng, corner.lat) for corner in self._corners])
        nearest = tree.nearest([shapely.Point(home.lng, home.lat) for home in self.homes])
        self._corner_of = [int(index) for index in nearest]

    def _where(self, wanted: object, weights: list[float]) -> tuple[list[int], list[float]]:
        chosen = [index for index, place in enumerate(self.homes) if wanted(place)]  # type: ignore[operator]
        return chosen, list(itertools.accumulate(weights[index] for index in chosen))

    def _home(self, building: Building) -> Place | None:
        where = where_is(building.lng, building.lat)
        codes = where.area_path.split("/")
        community = self._by_code.get(codes[2]) if len(codes) > 2 else None
        if where.area_id is None or community is None:
            return None
        number = _NUMBER.search(building.title)
        names = {"building": number[1] if number else "1", "community": community.title}
        if building.compound:
            names["compound"] = building.compound.title
        if community.level == Area.Level.VILLAGE:
            names["village"] = community.title
        address = building.title if building.compound else f"{community.title}{building.title}"
        return Place(
            building.lng, building.lat, address, where, names,
            building.compound.code if building.compound else "", community.code,
        )  # fmt: skip

    def _read_roads(self) -> list[Place]:
        """Every bend of every road inside the district, with the crossing that is nearest to it."""
        lines = {road.title: shape(road.line) for road in Road.objects.order_by("code") if road.line}
        titles, shapes = list(lines), list(lines.values())
        tree = shapely.STRtree(shapes)
        crossings: dict[str, list[tuple[shapely.Point, str]]] = {title: [] for title in titles}
        for first, second in zip(*tree.query(shapes, predicate="intersects"), strict=True):
            if first != second:
                point = shapes[first].intersection(shapes[second]).representative_point()
                crossings[titles[first]].append((point, titles[second]))
        corners = []
        for title, line in lines.items():
            for lng, lat in list(line.coords)[::3]:
                where = where_is(lng, lat)
                codes = where.area_path.split("/")
                community = self._by_code.get(codes[2]) if len(codes) > 2 else None
                if where.area_id is None or community is None:
                    continue
                here = shapely.Point(lng, lat)
                near = min(crossings[title], key=lambda pair: here.distance(pair[0]), default=None)
                crossing = f"{title}与{near[1]}交叉口" if near else f"{title}中段"
                names = {"road": title, "crossing": crossing, "community": community.title}
                address = f"{title}靠近{near[1]}" if near else title
                corners.append(Place(lng, lat, address, where, names, "", community.code))
        return corners

    def draw(self, draw: random.Random, slots: set[str]) -> Place:
        """A place that can fill these slots; a road corner near somebody's home where a road is meant."""
        if slots & _OF_ROADS and not slots & {"compound", "village"}:
            return self._corners[self._corner_of[self._index(draw, self._weights)]]
        if "village" in slots and self._in_villages[0]:
            home = self._among(draw, *self._in_villages)
        elif "compound" in slots:
            home = self._among(draw, *self._in_compounds)
        else:
            home = self._index(draw, self._weights)
        place = self.homes[home]
        if not slots <= place.names.keys():
            corner = self._corners[self._corner_of[home]]
            fallback = {"compound": place.names["community"], "village": place.names["community"]}
            names = {**fallback, **corner.names, **place.names}
            return Place(
                place.lng,
                place.lat,
                place.address,
                place.where,
                names,
                place.compound_code,
                place.community_code,
            )
        return place

    def near(self, place: Place) -> Place:
        """The same spot again, as another person would mark it: some metres away."""
        return Place(
            place.lng + 0.00008, place.lat - 0.00006, place.address, place.where, place.names, place.compound_code,
            place.community_code,
        )  # fmt: skip

    def at_home(self, address: str) -> Place:
        """The building of this address. Raises KeyError when the map has none."""
        for place in self.homes:
            if place.address == address:
                return place
        raise KeyError(address)

    @staticmethod
    def _index(draw: random.Random, running: list[float]) -> int:
        return draw.choices(range(len(running)), cum_weights=running)[0]

    def _among(self, draw: random.Random, chosen: list[int], running: list[float]) -> int:
        return chosen[self._index(draw, running)]
