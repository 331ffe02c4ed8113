import pytest
import shapely
from shapely.geometry import mapping

from huying.places.actions import materialise_paths, rebuild_place_names
from huying.places.models import Area, Building, PlaceName, Road


def outline(west, south, width, height):
    return mapping(shapely.box(west, south, west + width, south + height))


@pytest.fixture
def town(db) -> dict[str, Area]:
    """A district of one subdistrict with a community of two grids, a compound in it, and a village."""
    areas: dict[str, Area] = {}

    def add(code, level, title, parent, *ground, layer="administrative", title_en=""):
        areas[code] = Area.objects.create(
            code=code, level=level, title=title, title_en=title_en, parent=areas.get(parent), layer=layer,
            boundary=outline(*ground) if ground else None,
        )  # fmt: skip

    add("4104", "district", "卫东区", None, 113.30, 33.70, 0.04, 0.02, title_en="Weidong District")
    add("4104-1", "subdistrict", "东安路街道", "4104", 113.30, 33.70, 0.04, 0.02)
    add("4104-1-1", "community", "地矿社区", "4104-1", 113.30, 33.70, 0.02, 0.02)
    add("4104-1-2", "village", "高皇村", "4104-1", 113.32, 33.70, 0.02, 0.02)
    add("4104-1-1-1", "grid", "地矿社区第1网格", "4104-1-1", 113.30, 33.70, 0.01, 0.02)
    add("4104-1-1-2", "grid", "地矿社区第2网格", "4104-1-1", 113.31, 33.70, 0.01, 0.02)
    add("4104-1-1-K", "compound", "东城国际", "4104-1-1", 113.302, 33.702, 0.006, 0.01)
    add("party-1", "grid", "第一党建网格", "4104", 113.30, 33.70, 0.02, 0.02, layer="party")
    materialise_paths()
    for number in (1, 4, 14):
        Building.objects.create(
            code=f"B{number}", title=f"{number}号楼", lng=113.303 + number / 10000, lat=33.705,
            compound=areas["4104-1-1-K"], grid=areas["4104-1-1-1"],
        )  # fmt: skip
    line = {"type": "LineString", "coordinates": [[113.30, 33.71], [113.34, 33.71]]}
    Road.objects.create(code="R1", title="建设路", line=line)
    PlaceName.objects.create(kind="landmark", title="东苑小学", lng=113.315, lat=33.705)
    rebuild_place_names()
    return areas
