import shapely

from huying.places.area_index import AreaRow
from huying.places.nesting import validate_nesting


def area(code, level, path, *bounds, layer="administrative"):
    return AreaRow(code, layer, level, path, shapely.box(*bounds) if bounds else None, code)


DISTRICT = area("D", "district", "D/", 113.30, 33.70, 113.34, 33.72)
WEST = area("W", "community", "D/W/", 113.30, 33.70, 113.32, 33.72)
EAST = area("E", "village", "D/E/", 113.32, 33.70, 113.34, 33.72)


def told(*rows):
    return [(problem.code, problem.other, str(problem.sentence)) for problem in validate_nesting(rows)]


def test_a_map_that_nests_has_no_problems():
    party = area("P", "grid", "D/P/", 113.31, 33.70, 113.33, 33.71, layer="party")
    compound = area("K", "compound", "D/W/K/", 113.305, 33.705, 113.31, 33.71)
    unmapped = area("U", "grid", "D/W/U/")
    assert told(DISTRICT, WEST, EAST, party, compound, unmapped) == []


def test_a_child_outside_its_parent_is_named_with_its_size():
    sticking_out = area("E", "village", "D/E/", 113.32, 33.70, 113.341, 33.72)
    ((code, other, sentence),) = told(DISTRICT, WEST, sticking_out)
    assert (code, other) == ("E", "D")
    assert "E有 2057" in sentence and "平方米在上级D之外" in sentence


def test_neighbours_that_overlap_are_named_once():
    wider = area("E", "village", "D/E/", 113.319, 33.70, 113.34, 33.72)
    ((code, other, sentence),) = told(DISTRICT, WEST, wider)
    assert {code, other} == {"W", "E"}
    assert "重叠" in sentence


def test_grids_of_two_communities_that_overlap_are_found():
    one = area("G1", "grid", "D/W/G1/", 113.30, 33.70, 113.321, 33.72)
    two = area("G2", "grid", "D/E/G2/", 113.32, 33.70, 113.34, 33.72)
    problems = told(DISTRICT, WEST, EAST, one, two)
    assert [(code, other) for code, other, _ in problems] == [("G1", "W"), ("G1", "G2")]


def test_a_gap_is_named():
    narrow = area("E", "village", "D/E/", 113.325, 33.70, 113.34, 33.72)
    ((code, other, sentence),) = told(DISTRICT, WEST, narrow)
    assert (code, other) == ("D", None)
    assert "不属于任何下级区域" in sentence


def test_layers_do_not_collide_and_may_leave_ground_out():
    party = area("P", "grid", "D/P/", 113.30, 33.70, 113.31, 33.72, layer="party")
    safety = area("S", "grid", "D/S/", 113.30, 33.70, 113.31, 33.72, layer="safety")
    assert told(DISTRICT, party, safety) == []


def test_a_border_that_crosses_itself_is_told_first():
    knot = AreaRow(
        "X", "administrative", "community", "D/X/", shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), "X"
    )
    assert told(knot, WEST)[0][0] == "X"


def test_less_than_the_tolerance_is_rounding():
    hair = area("E", "village", "D/E/", 113.32000001, 33.70, 113.34, 33.72)
    assert told(DISTRICT, WEST, hair) == []
    assert len(validate_nesting([DISTRICT, WEST, hair], tolerance_m2=0.1)) == 1
