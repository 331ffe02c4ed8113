"""Which area is a point in? In process, in microseconds, with an answer for every input.

Areas nest; the *leaves* (areas without smaller areas inside them in the tree) decide, and the chain up to
the district is read from the leaf's path. A leaf that finer leaves cover does not decide (a compound that
lies in grids); where leaves overlap otherwise the finer level wins.

The map is cut once into square cells. Most cells lie wholly in one leaf, which then is the answer; for the
others the few leaves that touch the cell are asked. What no leaf contains (a border, a gap, the world
outside) goes to an STRtree.

Longitude first, WGS-84. No Django here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from huying.places.coordinates import distance_m, in_china, is_on_earth
from huying.places.sentences import Sentence, gettext_noop

ADMINISTRATIVE = "administrative"
LEVELS = ("district", "subdistrict", "community", "village", "compound", "grid", "building-group")
_RANK = {level: LEVELS.index("community" if level == "village" else level) for level in LEVELS}
_EDGE = 1e-9  # degrees, a tenth of a millimetre: a cell this close to a border is not wholly inside
_WORDLESS = Sentence("")


class AreaRow(NamedTuple):
    """What the index needs of an area. `title` is anything whose `str` is the title in the reader's
    language."""

    code: str
    layer: str
    level: str
    path: str
    geometry: BaseGeometry | None
    title: object = ""


@dataclass(frozen=True, slots=True)
class Located:
    """Where a point lies.

    `inside` and `border` name the smallest area and the chain of codes from the district down to it; on
    a border the smallest code is taken. `outside` names the nearest area and its distance in metres
    where the point is on the globe and not turned; `unmapped` means that the layer has no boundaries.
    `sentence` says it in words.
    """

    kind: Literal["inside", "border", "outside", "unmapped"]
    area_code: str | None = None
    chain: tuple[str, ...] = ()
    nearest: str | None = None
    distance_m: float | None = None
    sentence: Sentence = _WORDLESS


class AreaIndex:
    """Point → area for every layer of a set of areas; `rows` has every area by its code, mapped or not."""

    def __init__(self, rows: Iterable[AreaRow]) -> None:
        self.rows = {row.code: row for row in rows}
        layers: dict[str, list[AreaRow]] = {}
        for row in self.rows.values():
            layers.setdefault(row.layer, []).append(row)
        self._layers = {layer: _Layer(members) for layer, members in layers.items() if _mapped(members)}

    @property
    def layers(self) -> list[str]:
        """The layers that have boundaries."""
        return list(self._layers)

    def locate(self, lng: float, lat: float, layer: str = ADMINISTRATIVE) -> Located:
        """Where the point lies; never an exception for any two numbers."""
        known = self._layers.get(layer)
        return known.locate(lng, lat) if known is not None else _unmapped(layer)

    def locate_many(self, lngs: ArrayLike, lats: ArrayLike, layer: str = ADMINISTRATIVE) -> list[Located]:
        """The same for many points at once."""
        known = self._layers.get(layer)
        xs, ys = np.asarray(lngs, dtype=float), np.asarray(lats, dtype=float)
        return known.locate_many(xs, ys) if known is not None else [_unmapped(layer)] * len(xs)

    def touching(self, geometry: BaseGeometry, layer: str = ADMINISTRATIVE) -> list[str]:
        """Codes of the leaves that a line or a piece of ground shares points with."""
        known = self._layers.get(layer)
        return known.touching(geometry) if known is not None else []


def _mapped(rows: Sequence[AreaRow]) -> list[AreaRow]:
    return [row for row in rows if row.geometry is not None and not row.geometry.is_empty]


def _unmapped(layer: str) -> Located:
    return Located(
        "unmapped", sentence=Sentence(gettext_noop("图层“%(layer)s”还没有区域边界。"), {"layer": layer})
    )


class _Layer:
    """One layer. Areas are sorted by preference, leaves first, so that the first hit is the answer."""

    def __init__(self, rows: Sequence[AreaRow]) -> None:
        mapped = _mapped(rows)
        inner = {code for row in mapped for code in _chain(row)[:-1]}
        inner |= _covered([row for row in mapped if row.code not in inner])

        def preference(row: AreaRow) -> tuple[bool, int, int, str]:
            return row.code in inner, -_rank(row), -row.path.count("/"), row.code

        self.rows = sorted(mapped, key=preference)
        leaves = sum(row.code not in inner for row in self.rows)
        self.geometries: NDArray[np.object_] = np.array([row.geometry for row in self.rows], dtype=object)
        self.leaves = self.geometries[:leaves]
        shapely.prepare(self.geometries)
        self.tree = shapely.STRtree(self.geometries)
        self.leaf_tree = shapely.STRtree(self.leaves)
        self.answers = [_inside(row) for row in self.rows]
        self._cut_into_cells()

    def _cut_into_cells(self) -> None:
        """About six cells across a leaf: smaller ones cost more to make than they save."""
        self.west, self.south, self.east, self.north = (float(v) for v in shapely.total_bounds(self.leaves))
        self.across = int(min(256, max(1, 6 * math.sqrt(len(self.leaves)))))
        self.per_lng = self.across / max(self.east - self.west, 1e-6)
        self.per_lat = self.across / max(self.north - self.south, 1e-6)
        columns, rows = np.divmod(np.arange(self.across**2), self.across)
        boxes = shapely.box(
            self.west + columns / self.per_lng - _EDGE,
            self.south + rows / self.per_lat - _EDGE,
            self.west + (columns + 1) / self.per_lng + _EDGE,
            self.south + (rows + 1) / self.per_lat + _EDGE,
        )
        touching: dict[int, list[int]] = {}
        for cell, leaf in zip(
            *(hit.tolist() for hit in self.leaf_tree.query(boxes, "intersects")), strict=True
        ):
            touching.setdefault(cell, []).append(leaf)
        covering = set(zip(*(hit.tolist() for hit in self.leaf_tree.query(boxes, "covered_by")), strict=True))
        # A cell holds the answer, or the leaves to ask in order of preference.
        self.cells: list[Located | tuple[tuple[BaseGeometry, Located], ...]] = [()] * self.across**2
        self.whole = np.full(self.across**2, -1)
        for cell, found in touching.items():
            found.sort()
            if (cell, found[0]) in covering:
                self.cells[cell] = self.answers[found[0]]
                self.whole[cell] = found[0]
            else:
                self.cells[cell] = tuple((self.leaves[leaf], self.answers[leaf]) for leaf in found)

    def locate(self, lng: float, lat: float) -> Located:
        if self.west <= lng < self.east and self.south <= lat < self.north:
            last = self.across - 1
            column = min(int((lng - self.west) * self.per_lng), last)
            row = min(int((lat - self.south) * self.per_lat), last)
            cell = self.cells[column * self.across + row]
            if isinstance(cell, Located):
                return cell
            for geometry, answer in cell:
                if shapely.contains_xy(geometry, lng, lat):
                    return answer
        return self._settle(lng, lat)

    def locate_many(self, xs: NDArray[np.float64], ys: NDArray[np.float64]) -> list[Located]:
        found = np.full(len(xs), -1)
        within = (self.west <= xs) & (xs < self.east) & (self.south <= ys) & (ys < self.north)
        columns = np.minimum(((xs[within] - self.west) * self.per_lng).astype(int), self.across - 1)
        rows = np.minimum(((ys[within] - self.south) * self.per_lat).astype(int), self.across - 1)
        found[within] = self.whole[columns * self.across + rows]
        open_ones = np.flatnonzero(within & (found < 0))
        if len(open_ones):
            points = shapely.points(xs[open_ones], ys[open_ones])
            asked, leaves = self.leaf_tree.query(points, "within")
            best = np.full(len(open_ones), len(self.rows))
            np.minimum.at(best, asked, leaves)
            found[open_ones] = np.where(best < len(self.rows), best, -1)
        answers = self.answers
        return [
            answers[leaf] if leaf >= 0 else self._settle(float(xs[i]), float(ys[i]))
            for i, leaf in enumerate(found.tolist())
        ]

    def touching(self, geometry: BaseGeometry) -> list[str]:
        return [
            self.rows[leaf].code for leaf in sorted(self.leaf_tree.query(geometry, "intersects").tolist())
        ]

    def _settle(self, lng: float, lat: float) -> Located:
        """A point that no leaf contains."""
        if not is_on_earth(lng, lat):
            if is_on_earth(lat, lng):
                return _turned()
            return Located(
                "outside",
                sentence=Sentence(gettext_noop("坐标无效：经度在 -180 到 180 之间，纬度在 -90 到 90 之间。")),
            )
        point = shapely.Point(lng, lat)
        hits: list[int] = sorted(self.tree.query(point, "dwithin", distance=_EDGE).tolist())
        if not hits:
            return self._outside(lng, lat)
        best = hits[0]
        if shapely.contains_xy(self.geometries[best], lng, lat):
            return self.answers[best]
        level = self.rows[best].level
        neighbour = next((hit for hit in hits[1:] if self.rows[hit].level == level), None)
        return _border(self.rows[best], None if neighbour is None else self.rows[neighbour])

    def _outside(self, lng: float, lat: float) -> Located:
        turned_inside = self.west <= lat <= self.east and self.south <= lng <= self.north
        if turned_inside or (
            not in_china(lng, lat) and in_china(lat, lng) and in_china(self.west, self.south)
        ):
            return _turned()
        tree, geometries, scale = self._flat
        point = shapely.Point(lng * scale, lat)
        nearest = min(tree.query_nearest(point).tolist())
        x, y = shapely.shortest_line(geometries[nearest], point).coords[0]
        row, metres = self.rows[nearest], distance_m(lng, lat, x / scale, y)
        if metres < 10_000:
            text, values = gettext_noop("不在辖区内，距%(area)s约 %(metres)s 米。"), {"metres": round(metres)}
        else:
            text, values = (
                gettext_noop("不在辖区内，距%(area)s约 %(km)s 公里。"),
                {"km": round(metres / 1000)},
            )
        return Located(
            "outside", None, (), row.code, round(metres, 1), Sentence(text, {"area": row.title, **values})
        )

    @cached_property
    def _flat(self) -> tuple[shapely.STRtree, NDArray[np.object_], float]:
        """The leaves with degrees of longitude as long as degrees of latitude, so that the nearest is
        the nearest."""
        scale = max(math.cos(math.radians((self.south + self.north) / 2)), 0.01)
        flat = shapely.transform(self.leaves, lambda xy: xy * (scale, 1.0))
        return shapely.STRtree(flat), flat, scale


def _covered(leaves: Sequence[AreaRow]) -> set[str]:
    """Leaves that finer leaves cover although they are not below them in the tree, as grids cover a
    compound."""
    tree = shapely.STRtree([row.geometry for row in leaves])
    covered = set()
    for row in leaves:
        near = [leaves[hit] for hit in tree.query(row.geometry, "intersects")]
        finer = shapely.union_all([other.geometry for other in near if _rank(other) > _rank(row)])
        if shapely.difference(row.geometry, finer).area <= shapely.area(row.geometry) * 1e-6:
            covered.add(row.code)
    return covered


def _rank(row: AreaRow) -> int:
    return _RANK.get(row.level, 0)


def _chain(row: AreaRow) -> tuple[str, ...]:
    return tuple(code for code in row.path.split("/") if code) or (row.code,)


def _inside(row: AreaRow) -> Located:
    sentence = Sentence(gettext_noop("位于%(area)s。"), {"area": row.title})
    return Located("inside", row.code, _chain(row), sentence=sentence)


def _border(row: AreaRow, neighbour: AreaRow | None) -> Located:
    values: Mapping[str, object] = {"area": row.title}
    text = gettext_noop("正好在%(area)s的边界上，按%(area)s处理。")
    if neighbour is not None:
        text = gettext_noop("正好在%(area)s和%(other)s的交界处，按%(area)s处理。")
        values = {"area": row.title, "other": neighbour.title}
    return Located("border", row.code, _chain(row), sentence=Sentence(text, values))


def _turned() -> Located:
    return Located("outside", sentence=Sentence(gettext_noop("经度和纬度可能写反了：请先写经度，再写纬度。")))
