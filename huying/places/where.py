"""Where a thing or a matter lies: the smallest area around its point, its path, its subdistrict and compound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from shapely.geometry import shape

from huying.places.area_index import AreaIndex, AreaRow
from huying.places.fresh import Kept
from huying.places.locate import current_areas, current_index, map_version
from huying.places.models import ADMINISTRATIVE, Area


@dataclass(frozen=True)
class Where:
    """The answer for one point; every part may be missing, `sentence` says why in words."""

    area_id: int | None = None
    area_path: str = ""
    subdistrict_id: int | None = None
    compound_id: int | None = None
    sentence: str = ""

    @property
    def fields(self) -> dict[str, Any]:
        """The columns of whatever lies there."""
        return {
            "area_id": self.area_id,
            "area_path": self.area_path,
            "subdistrict_id": self.subdistrict_id,
            "compound_id": self.compound_id,
        }


class _Known(NamedTuple):
    pk: int
    path: str
    level: str


def _read_areas() -> dict[str, _Known]:
    rows = Area.objects.filter(layer=ADMINISTRATIVE).values_list("code", "pk", "path", "level")
    return {code: _Known(pk, path, level) for code, pk, path, level in rows}


def _read_compounds() -> AreaIndex:
    """Compounds lie over the grids, so they have an index of their own."""
    rows = Area.objects.filter(
        current_areas(), layer=ADMINISTRATIVE, level=Area.Level.COMPOUND, boundary__isnull=False
    )
    return AreaIndex(
        AreaRow(code, ADMINISTRATIVE, level, path, shape(boundary), "")
        for code, level, path, boundary in rows.values_list("code", "level", "path", "boundary")
    )


_areas: Kept[dict[str, _Known]] = Kept(map_version, _read_areas)
_compounds: Kept[AreaIndex] = Kept(map_version, _read_compounds)


def where_is(lng: float | None, lat: float | None) -> Where:
    """Place a point on the map of the district; a point outside or unmapped is placed nowhere."""
    if lng is None or lat is None:
        return Where()
    located = current_index().locate(lng, lat)
    known = _areas.get()
    chain = [known[code] for code in located.chain if code in known]
    compound = known.get(_compounds.get().locate(lng, lat).area_code or "")
    ground = [area for area in chain if area.level != Area.Level.COMPOUND]
    return Where(
        area_id=ground[-1].pk if ground else None,
        area_path=ground[-1].path if ground else "",
        subdistrict_id=next((a.pk for a in ground if a.level == Area.Level.SUBDISTRICT), None),
        compound_id=compound.pk if compound else None,
        sentence=str(located.sentence),
    )
