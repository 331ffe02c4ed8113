"""The demonstration district's map and people keep the counts of its own reports and the rules of geometry."""

from __future__ import annotations

import csv
import json
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
import shapely
import yaml

PACK = Path(__file__).parents[3] / "districts" / "weidong"
SHARED_CODES = Path(__file__).parents[4] / "shared" / "data" / "areas" / "weidong_codes_2020.csv"


@cache
def table(name: str) -> list[dict[str, str]]:
    with (PACK / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def areas() -> dict[str, dict[str, str]]:
    return {row["code"]: row for row in table("places/areas.csv")}


@cache
def shapes() -> dict[str, shapely.Geometry]:
    found = {}
    for path in (PACK / "places" / "boundaries").glob("*.geojson"):
        for feature in json.loads(path.read_text(encoding="utf-8"))["features"]:
            code = feature["properties"]["code"]
            assert code not in found
            found[code] = shapely.geometry.shape(feature["geometry"])
    return found


def at(level: str) -> list[str]:
    return [code for code, row in areas().items() if row["level"] == level]


def inside(parent: str) -> list[str]:
    return [c for c, row in areas().items() if row["parent"] == parent and row["level"] != "compound"]


def test_the_district_has_the_areas_of_its_reports():
    assert Counter(row["level"] for row in areas().values()) == {
        "district": 1,
        "subdistrict": 12,
        "community": 34,
        "village": 24,
        "compound": 165,
        "grid": 449,
    }
    assert len(table("places/roads.csv")) == 92


def test_a_grid_has_about_300_households():
    assert all(250 <= int(areas()[grid]["households"]) <= 350 for grid in at("grid"))


def test_households_add_up():
    for code in [*at("district"), *at("subdistrict"), *at("community"), *at("village")]:
        assert int(areas()[code]["households"]) == sum(int(areas()[c]["households"]) for c in inside(code))
    for column, level in (("grid", "grid"), ("compound", "compound")):
        counted: Counter[str] = Counter()
        for building in table("places/buildings.csv"):
            counted[building[column]] += int(building["households"])
        assert all(counted[code] == int(areas()[code]["households"]) for code in at(level))


def test_codes_are_those_of_the_2020_list():
    if not SHARED_CODES.exists():
        pytest.skip("the public code list is not here")
    with SHARED_CODES.open(encoding="utf-8") as file:
        listed = {row["code"] for row in csv.DictReader(file)}
    ours = {code.ljust(12, "0") for code in [*at("subdistrict"), *at("community"), *at("village"), "410403"]}
    assert ours == listed


def test_everything_below_a_subdistrict_says_that_it_is_demonstration_data():
    for row in areas().values():
        assert row["demonstration"] == str(row["level"] not in ("district", "subdistrict")).lower()


def test_every_area_is_one_valid_polygon_with_six_decimals():
    assert shapes().keys() == areas().keys()
    for code, shape in shapes().items():
        assert shape.geom_type == "Polygon", code
        assert shape.is_valid, code
        coordinates = shapely.get_coordinates(shape)
        assert (coordinates == coordinates.round(6)).all(), code


def test_areas_nest_without_gaps_and_without_overlaps():
    for level in ("subdistrict", "community", "grid"):
        codes = at("community") + at("village") if level == "community" else at(level)
        assert shapely.coverage_is_valid([shapes()[c] for c in codes])
    for parent in [*at("district"), *at("subdistrict"), *at("community"), *at("village")]:
        children = [shapes()[c] for c in inside(parent)]
        whole = shapes()[parent]
        assert shapely.union_all(children).symmetric_difference(whole).area < 1e-12
        assert abs(sum(c.area for c in children) - whole.area) < 1e-12


def test_no_two_grids_overlap():
    grids = [shapes()[c] for c in at("grid")]
    left, right = shapely.STRtree(grids).query(grids, predicate="intersects")
    for i, j in zip(left, right, strict=True):
        if i < j:
            assert grids[i].intersection(grids[j]).area < 1e-12


def test_a_compound_is_part_of_one_grid_or_made_of_whole_grids():
    for compound in at("compound"):
        shape = shapes()[compound]
        unit = areas()[compound]["parent"]
        shares = {g: shapes()[g].intersection(shape).area / shapes()[g].area for g in inside(unit)}
        touched = {g: share for g, share in shares.items() if share > 1e-6}
        assert abs(sum(shapes()[g].area * s for g, s in touched.items()) - shape.area) < 1e-12, compound
        assert len(touched) == 1 or all(share > 1 - 1e-6 for share in touched.values()), compound


def test_no_two_compounds_overlap():
    compounds = [shapes()[c] for c in at("compound")]
    left, right = shapely.STRtree(compounds).query(compounds, predicate="overlaps")
    assert len(left) == len(right) == 0


def test_a_building_stands_in_its_grid_and_its_compound():
    for building in table("places/buildings.csv"):
        point = shapely.Point(float(building["lng"]), float(building["lat"]))
        assert shapes()[building["grid"]].contains(point), building
        assert not building["compound"] or shapes()[building["compound"]].contains(point), building


def test_the_building_of_the_report_exists():
    found = [b for b in table("places/buildings.csv") if b["title"] == "东城国际小区4号楼"]
    assert len(found) == 1
    assert areas()[areas()[found[0]["grid"]]["parent"]]["title"] == "葡萄园社区"


def test_functional_grids_share_out_the_grids():
    for layer in ("party", "urban-management", "stability", "safety", "environment"):
        zones = [row["members"].split() for row in table("places/layers.csv") if row["layer"] == layer]
        members = [grid for zone in zones for grid in zone]
        towns = {g for g in at("grid") if areas()[areas()[g]["parent"]]["level"] == "community"}
        assert len(members) == len(set(members))
        assert set(members) == (towns if layer == "party" else set(at("grid")))
        if layer == "party":
            assert len(zones) == 200


def test_the_organisation_tree_has_five_tiers_each_below_the_one_before():
    rows = {row["code"]: row for row in table("people/organisations.csv")}
    kinds = Counter(row["kind"] for row in rows.values())
    tiers = [
        ("party-working-committee", 12),
        ("community-party-committee", 34),
        ("compound-party", 165),
        ("grid-party-branch", 200),
        ("building-party-group", 287),
    ]
    for number, (kind, count) in enumerate(tiers):
        assert kinds[kind] == count
        parents = {
            rows[r["parent"]]["kind"] if r["parent"] else "" for r in rows.values() if r["kind"] == kind
        }
        assert parents == {tiers[number - 1][0] if number else ""}
    assert (kinds["property-party"], kinds["owners-committee"], kinds["social-organisation"]) == (22, 45, 97)


def test_there_are_1202_grid_workers_and_every_grid_has_one_chief():
    staff = table("people/staff.csv")
    assert sum("grid-worker" in row["roles"].split() for row in staff) == 1202
    chiefs = Counter(
        h["area"] for h in table("people/holdings.csv") if h["post"] == "grid-chief" and not h["to"]
    )
    assert chiefs == dict.fromkeys(at("grid"), 1)
    assert len({row["username"] for row in staff}) == len({row["phone"] for row in staff}) == len(staff)


def test_every_reference_between_the_tables_is_known():
    known_areas = areas().keys() | {row["code"] for row in table("places/layers.csv")}
    roads = {row["code"] for row in table("places/roads.csv")}
    departments = {row["code"]: row for row in table("people/departments.csv")}
    people = {row["username"] for row in table("people/staff.csv")}
    declared = yaml.safe_load((PACK / "people" / "posts.yaml").read_text(encoding="utf-8"))
    posts = {post["code"] for post in declared["list"]}
    for row in departments.values():
        assert row["parent"] in departments.keys() | {""} and row["area"] in known_areas
        assert (row["can_lead"] == "false") == (row["kind"] in ("community", "village"))
    for row in table("people/staff.csv"):
        assert row["department"] in departments and row["area"] in known_areas | {""} and row["post"] in posts
    for row in table("people/holdings.csv"):
        assert row["post"] in posts and row["username"] in people and row["area"] in known_areas | roads
    for row in table("people/duties.csv"):
        assert row["area"] in known_areas and departments[row["department"]]["can_lead"] == "true"
        assert row["username"] in people | {""} and row["post"] in posts | {""}
    assert {row["area"] for row in table("people/ownership.csv")} == set(at("compound"))
    assert all(row["area"] in known_areas for row in table("people/organisations.csv"))


def test_a_duty_is_for_a_topic_that_the_pack_declares():
    topics = yaml.safe_load((PACK / "topics.yaml").read_text(encoding="utf-8"))
    assert {row["topic"] for row in table("people/duties.csv")} <= {topic["code"] for topic in topics["list"]}


def test_landmarks_have_names_of_their_own_and_lie_in_the_district():
    rows = table("places/landmarks.csv")
    assert len({row["title"] for row in rows}) == len(rows)
    assert all(shapes()["410403"].contains(shapely.Point(float(r["lng"]), float(r["lat"]))) for r in rows)
