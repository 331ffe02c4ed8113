import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huying.places.coordinates import System, convert, distance_m, in_china, looks_turned, parse_point

# Away from the edge of the box by more than the shift, where a point and its image are both inside.
inside = st.tuples(st.floats(73.7, 135.0), st.floats(3.9, 53.5))
anywhere = st.tuples(st.floats(-180, 180), st.floats(-90, 90))
systems = st.sampled_from(System)


def test_published_conversions_are_met(shared_data):
    rows = json.loads((shared_data / "vectors" / "coord_transform.json").read_text())
    met = 0
    for row in rows:
        if "do NOT use" in row["source"]:
            continue
        source, target = row["op"].split("_")[0].split("to")
        expected = pytest.approx((row["out_lng"], row["out_lat"]), abs=1e-9)
        if row["op"].endswith("singlepass"):
            # One step back: what most programs do, and up to a metre off.
            shifted = convert(row["lng"], row["lat"], target, source)
            assert (2 * row["lng"] - shifted.lng, 2 * row["lat"] - shifted.lat) == expected
            exact = convert(row["lng"], row["lat"], source, target)
            assert 0.01 < distance_m(*exact, row["out_lng"], row["out_lat"]) < 1
        else:
            assert tuple(convert(row["lng"], row["lat"], source, target)) == expected, row
        met += 1
    assert met >= 12


def test_the_readme_example_of_wgs84_to_gcj02():
    assert tuple(convert(116.404, 39.915, "wgs84", "gcj02")) == pytest.approx(
        (116.41024449916938, 39.91640428150164), abs=1e-9
    )


@given(inside)
def test_gcj02_there_and_back_is_the_same_to_a_hair(point):
    back = convert(*convert(*point, "wgs84", "gcj02"), "gcj02", "wgs84")
    assert math.dist(back, point) < 1e-9


@given(inside, systems, systems)
def test_any_system_there_and_back_is_the_same_to_twenty_centimetres(point, source, target):
    image = convert(*point, source, target)
    if in_china(*image):
        assert math.dist(convert(*image, target, source), point) < 2e-6


@given(inside)
def test_the_shift_is_between_0_and_1_5_kilometres_in_china(point):
    assert distance_m(*point, *convert(*point, "wgs84", "bd09")) < 3000
    assert distance_m(*point, *convert(*point, "wgs84", "gcj02")) < 1500


@given(anywhere, systems, systems)
def test_outside_china_nothing_moves(point, source, target):
    if not in_china(*point):
        assert convert(*point, source, target) == point


def test_cgcs2000_is_read_as_wgs84_and_systems_may_be_written_with_a_dash():
    assert convert(113.3, 33.7, "cgcs2000", "wgs84") == (113.3, 33.7)
    assert convert(113.3, 33.7, "GCJ-02", "WGS-84") == convert(113.3, 33.7, System.GCJ02, System.WGS84)


def test_an_unknown_system_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="gcj02"):
        convert(113.3, 33.7, "mars", "wgs84")


def test_distances_are_metres():
    assert distance_m(113.3, 33.7, 113.3, 33.7) == 0
    assert distance_m(113.3, 33.7, 113.3, 34.7) == pytest.approx(111_195, rel=1e-4)
    assert distance_m(0, 0, 180, 0) == pytest.approx(20_015_115, rel=1e-4)


@pytest.mark.parametrize(
    "text",
    [
        "113.31, 33.74",
        "113.31 33.74",
        "113.31，33.74",
        "１１３．３１、３３．７４",
        "(113.31,33.74)",
        "33.74, 113.31",
        "33.74N 113.31E",
        "东经113.31 北纬33.74",
        "北纬33.74度，东经113.31度",
        "113.31°E,33.74°N",
        "33°44′24″N 113°18′36″E",
        "33°44'24\"N, 113°18'36\"E",
        "33°44’24”N, 113°18’36”E",
        "E113°18′36″，N33°44′24″",
        "E113°18′36″N33°44′24″",
        "113度18分36秒 33度44分24秒",
        "113°18.6' 33°44.4'",
        "东经113度18分36秒北纬33度44分24秒",
        "  113.31 ,\t33.74\n",
    ],
)
def test_a_point_is_read_as_people_write_it(text):
    assert tuple(parse_point(text)) == pytest.approx((113.31, 33.74), abs=1e-9)


def test_a_point_abroad_keeps_its_order_and_its_signs():
    assert parse_point("-71.0587, 42.3594") == (-71.0587, 42.3594)
    assert parse_point("71.0587W 42.3594N") == (-71.0587, 42.3594)
    assert tuple(parse_point("-71°30', 42°0'")) == (-71.5, 42.0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "113",
        "113.3133.74",
        "1,2,3",
        "nan,nan",
        "1e5,3",
        "东经113 东经33",
        "113°61' 33",
        "E113W, 33",
        "113.31 33.74 米",
    ],
)
def test_what_is_not_a_point_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match=r"113\.31, 33\.74"):
        parse_point(text)


def test_a_point_off_the_globe_is_refused():
    with pytest.raises(ValueError, match="超出范围"):
        parse_point("200, 300")


@given(st.text(max_size=30))
def test_any_text_is_either_a_point_or_refused(text):
    try:
        lng, lat = parse_point(text)
    except ValueError:
        return
    assert abs(lng) <= 180 and abs(lat) <= 90


@given(inside)
def test_turned_coordinates_in_china_are_noticed(point):
    lng, lat = point
    assert not looks_turned(lng, lat)
    if not in_china(lat, lng):
        assert looks_turned(lat, lng)
