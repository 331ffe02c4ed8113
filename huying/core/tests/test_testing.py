"""The mini district of the tests is itself in order."""

from shapely.geometry import Point, shape
from shapely.ops import unary_union

from huying.core.testing import MiniDistrict, make_user
from huying.people.access import scopes
from huying.places.models import Area


def test_grids_fill_the_district_without_overlap(district: MiniDistrict) -> None:
    grids = [shape(grid.boundary) for grid in district.grids.values()]
    whole = shape(district.root.boundary)
    assert unary_union(grids).equals(whole)
    assert abs(sum(grid.area for grid in grids) - whole.area) < 1e-12


def test_paths_name_every_ancestor(district: MiniDistrict) -> None:
    for area in Area.objects.exclude(parent=None):
        assert area.path == f"{area.parent.path}{area.code}/"


def test_points_lie_where_their_names_say(district: MiniDistrict) -> None:
    assert shape(district.compound.boundary).contains(Point(district.in_compound))
    assert shape(district.east.boundary).contains(Point(district.in_east))
    assert shape(district.west.boundary).contains(Point(district.in_west))
    assert not shape(district.root.boundary).contains(Point(district.outside))


def test_a_user_has_the_verbs_of_the_role_in_its_area(district: MiniDistrict) -> None:
    alice = make_user("dispatcher", area=district.east)
    assert [scope.path for scope in scopes(alice, "case.dispatch")] == [district.east.path]
