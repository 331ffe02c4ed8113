import csv
import json
import math

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import shape

from huying.places.area_index import AreaIndex, AreaRow
from huying.places.coordinates import distance_m


def square(code, level, path, west, south, size=0.01, layer="administrative", title=None):
    return AreaRow(
        code, layer, level, path, shapely.box(west, south, west + size, south + size), title or code
    )


def town() -> list[AreaRow]:
    """A district of two communities; the first has four grids, the second none; a compound lies over two grids."""
    rows = [
        AreaRow("D", "administrative", "district", "D/", shapely.box(113.30, 33.70, 113.34, 33.72), "卫东区"),
        square("C1", "community", "D/C1/", 113.30, 33.70, 0.02, title="地矿社区"),
        square("C2", "village", "D/C2/", 113.32, 33.70, 0.02, title="高皇村"),
        AreaRow(
            "K",
            "administrative",
            "compound",
            "D/C1/K/",
            shapely.box(113.302, 33.702, 113.318, 33.708),
            "建东小区",
        ),
    ]
    for n in range(4):
        west, south = 113.30 + 0.01 * (n % 2), 33.70 + 0.01 * (n // 2)
        rows.append(square(f"G{n}", "grid", f"D/C1/G{n}/", west, south, title=f"第{n}网格"))
    rows.append(square("P", "grid", "D/P/", 113.30, 33.70, 0.02, layer="party", title="党建网格"))
    return rows


TOWN = AreaIndex(town())


class TestLocate:
    def test_the_smallest_area_and_its_chain_are_named(self):
        found = TOWN.locate(113.305, 33.715)
        assert (found.kind, found.area_code, found.chain) == ("inside", "G2", ("D", "C1", "G2"))
        assert str(found.sentence) == "位于第2网格。"

    def test_a_village_without_grids_answers_itself(self):
        assert TOWN.locate(113.33, 33.71).chain == ("D", "C2")

    def test_a_grid_wins_over_the_compound_that_lies_across_it(self):
        assert TOWN.locate(113.305, 33.705).area_code == "G0"
        assert TOWN.locate(113.312, 33.705).area_code == "G1"

    def test_a_compound_answers_where_no_grid_covers_it(self):
        rows = [row for row in town() if row.level != "grid"]
        assert AreaIndex(rows).locate(113.305, 33.705).chain == ("D", "C1", "K")
        assert AreaIndex(rows).locate(113.305, 33.715).chain == ("D", "C1")

    def test_another_layer_has_its_own_areas(self):
        assert TOWN.locate(113.305, 33.705, "party").area_code == "P"

    def test_a_border_takes_the_smaller_code_and_names_both(self):
        for lng, lat in [(113.31, 33.705), (113.31, 33.70371)]:
            found = TOWN.locate(lng, lat)
            assert (found.kind, found.area_code, found.chain) == ("border", "G0", ("D", "C1", "G0"))
            assert str(found.sentence) == "正好在第0网格和第1网格的交界处，按第0网格处理。"

    def test_a_corner_of_four_takes_the_smallest_code(self):
        assert TOWN.locate(113.31, 33.71).area_code == "G0"

    def test_the_outer_border_belongs_to_the_area(self):
        found = TOWN.locate(113.30, 33.705)
        assert (found.kind, found.area_code) == ("border", "G0")
        assert "边界上" in str(found.sentence)
        assert TOWN.locate(113.34, 33.72).area_code == "C2"

    def test_outside_names_the_nearest_area_and_how_far_it_is(self):
        found = TOWN.locate(113.35, 33.71)
        assert (found.kind, found.area_code, found.chain, found.nearest) == ("outside", None, (), "C2")
        assert found.distance_m == pytest.approx(distance_m(113.34, 33.71, 113.35, 33.71), abs=0.1)
        assert str(found.sentence) == f"不在辖区内，距高皇村约 {found.distance_m:.0f} 米。"
        assert "公里" in str(TOWN.locate(116.4, 39.9).sentence)

    def test_the_nearest_is_nearest_on_the_ground_not_in_degrees(self):
        north, east = square("N", "grid", "N/", 0, 60.011), square("E", "grid", "E/", 0.019, 59.99, 0.005)
        assert AreaIndex([north, east]).locate(0, 59.995).nearest == "E"

    def test_turned_coordinates_are_told_apart_from_far_away(self):
        found = TOWN.locate(33.71, 113.305)
        assert (found.kind, found.nearest) == ("outside", None)
        assert "写反" in str(found.sentence)
        assert "写反" in str(TOWN.locate(39.9, 116.4).sentence)

    @pytest.mark.parametrize("lng", [math.nan, math.inf, -math.inf, 1e308, -1e9, 10**400, 113.305])
    @pytest.mark.parametrize("lat", [math.nan, math.inf, 1e308, 400])
    def test_impossible_numbers_are_outside_and_say_so(self, lng, lat):
        found = TOWN.locate(lng, lat)
        assert (found.kind, found.area_code) == ("outside", None)
        assert "无效" in str(found.sentence)

    def test_a_layer_without_boundaries_is_unmapped(self):
        empty = AreaIndex([AreaRow("D", "administrative", "district", "D/", None)])
        for index, layer in [
            (AreaIndex([]), "administrative"),
            (empty, "administrative"),
            (TOWN, "stability"),
        ]:
            assert index.locate(113.3, 33.7, layer).kind == "unmapped"
            assert [found.kind for found in index.locate_many([1, 2], [3, 4], layer)] == ["unmapped"] * 2

    def test_a_gap_between_grids_answers_with_the_area_around_it(self):
        rows = [row for row in town() if row.code != "G3"]
        assert AreaIndex(rows).locate(113.315, 33.715).chain == ("D", "C1")

    def test_a_line_is_in_every_area_that_it_touches(self):
        line = shapely.LineString([(113.305, 33.715), (113.315, 33.715), (113.33, 33.715)])
        assert TOWN.touching(line) == ["G2", "G3", "C2"]

    @given(st.floats(allow_nan=True, allow_infinity=True), st.floats(allow_nan=True, allow_infinity=True))
    def test_any_two_numbers_get_an_answer(self, lng, lat):
        assert TOWN.locate(lng, lat) == TOWN.locate_many([lng], [lat])[0]


def jagged(n: int = 9, seed: int = 7) -> list[AreaRow]:
    """A coverage of n × n leaves with crooked shared borders."""

    def corner(i, j):
        return (
            113.25 + 0.1 * i / n + 0.003 * math.sin(seed * i + 3 * j),
            33.68 + 0.1 * j / n + 0.003 * math.cos(5 * i + j),
        )

    def side(a, b):
        steps = [k / 8 for k in range(1, 8)]
        bend = [
            math.sin(9 * k + a[0] * 1000) * 0.0006 if a < b else math.sin(9 * (1 - k) + b[0] * 1000) * 0.0006
            for k in steps
        ]
        return [
            a,
            *(
                (a[0] + (b[0] - a[0]) * k + d, a[1] + (b[1] - a[1]) * k + d)
                for k, d in zip(steps, bend, strict=True)
            ),
        ]

    rows = []
    for i in range(n):
        for j in range(n):
            ring = [corner(i, j), corner(i + 1, j), corner(i + 1, j + 1), corner(i, j + 1)]
            points = [p for k in range(4) for p in side(ring[k], ring[(k + 1) % 4])]
            code = f"{i}-{j}"
            rows.append(
                AreaRow(
                    code,
                    "administrative",
                    "grid",
                    f"{code}/",
                    shapely.make_valid(shapely.Polygon(points)),
                    code,
                )
            )
    return rows


JAGGED_ROWS = jagged()
JAGGED = AreaIndex(JAGGED_ROWS)


@given(st.floats(113.24, 113.36), st.floats(33.67, 33.79))
def test_it_agrees_with_asking_every_area(lng, lat):
    point = shapely.Point(lng, lat)
    expected = [row.code for row in JAGGED_ROWS if row.geometry.contains(point)]
    found = JAGGED.locate(lng, lat)
    if expected:
        assert (found.kind, found.area_code) == ("inside", min(expected))
    else:
        touching = [row.code for row in JAGGED_ROWS if row.geometry.intersects(point)]
        assert found.kind == ("border" if touching else "outside")
    assert JAGGED.locate_many([lng], [lat]) == [found]


def test_real_cases_lie_in_the_police_district_on_their_record(shared_data):
    folder = shared_data / "cases311"
    features = json.loads((folder / "police_districts.geojson").read_text())["features"]
    rows = []
    for feature in features:
        code, geometry = feature["properties"]["DISTRICT"], shape(feature["geometry"])
        rows.append(
            AreaRow(code, "administrative", "district", f"{code}/", shapely.make_valid(geometry), code)
        )
    index = AreaIndex(rows)
    with (folder / "boston_2011.csv").open(newline="") as file:
        cases = [
            (float(case["longitude"]), float(case["latitude"]), case["police_district"].strip())
            for case in csv.DictReader(file)
            if case["latitude"] and case["longitude"] and case["police_district"].strip()
        ]
    cases = [case for case in cases if case[:2] != (-71.0587, 42.3594)]
    found = index.locate_many([lng for lng, _, _ in cases], [lat for _, lat, _ in cases])
    agreeing = sum(one.area_code == recorded for one, (_, _, recorded) in zip(found, cases, strict=True))
    assert len(cases) > 20_000
    assert agreeing / len(cases) >= 0.995
    sample = cases[::50]
    assert [index.locate(lng, lat) for lng, lat, _ in sample] == found[::50]
