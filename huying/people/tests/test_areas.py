import pytest
from django.urls import reverse

from huying.core.errors import Refusal
from huying.core.journal import entries_of
from huying.core.testing import hold, make_duty, make_post, make_user
from huying.people.models import Organisation
from huying.people.views.areas import functional_grids
from huying.people.views.organisations import build_tree
from huying.places.area_changes import change_area, retire_area
from huying.places.locate import locate, map_version
from huying.places.models import Area


@pytest.fixture
def chief(district):
    return make_user("administrator")


def test_the_page_of_an_area_tells_who_is_there_and_what_lies_over_it(district, chief, client):
    home = district.communities["东苑社区"]
    hold(make_user("grid-worker", name="孙东平"), make_post("area-chief", title="片长"), home)
    make_duty("water", home, district.water)
    Organisation.objects.create(
        code="party", title="东苑社区大党委", kind="community-party-committee", area=home
    )
    client.force_login(chief)
    text = client.get(reverse("people:area", args=[home.code])).content.decode()
    for word in (
        "孙东平",
        "片长",
        "供水公司",
        "东苑社区大党委",
        "东苑党建网格",
        "东苑社区第2网格",
        "东苑小区",
    ):
        assert word in text


def test_functional_grids_that_only_touch_the_border_are_left_out(district):
    assert [name for name, _grids in functional_grids(district.grid_of("东苑社区"))] == ["党建网格"]
    assert functional_grids(district.grid_of("东风社区")) == []
    assert functional_grids(district.grid_of("中兴社区", 2)) == []


def test_a_renamed_area_is_told_and_reaches_the_map(district, chief, client):
    client.force_login(chief)
    home = district.communities["东苑社区"]
    client.post(reverse("people:edit-area", args=[home.code]), {"title": "东苑新社区", "households": "640"})
    entry = entries_of(home).last()
    assert entry.data["changed"] == {"title": ["东苑社区", "东苑新社区"], "households": ["600", "640"]}
    assert Area.objects.get(pk=home.pk).title == "东苑新社区"


def test_an_area_with_areas_below_is_not_retired(district, chief):
    with pytest.raises(Refusal, match="还有 3 个下级区域"):
        retire_area(district.communities["东苑社区"], actor=chief)
    with pytest.raises(Refusal, match="本区"):
        retire_area(district.root, actor=chief)


def test_a_retired_area_leaves_the_list(district, chief, client):
    client.force_login(chief)
    client.post(reverse("people:retire-area", args=[district.compound.code]))

    def listed(query=""):
        rows = client.get(reverse("people:areas") + query).context["rows"]
        return "东苑小区" in [row["object"].title for row in rows]

    assert not listed()
    assert listed("?retired=on")


def test_a_street_is_not_retired_by_its_own_administrator(district, client):
    client.force_login(make_user("administrator", area=district.east))
    assert client.post(reverse("people:retire-area", args=[district.east.code])).status_code == 403


def test_nothing_changed_writes_nothing(district, chief):
    change_area(district.east, actor=chief, title=district.east.title)
    assert not entries_of(district.east).exists()


def test_a_rename_reaches_the_point_index(district, chief):
    assert locate(*district.in_west).area_code == f"{district.communities['西沟村'].code}002"
    before = map_version()
    change_area(district.west, actor=chief, title="西岭街道")
    assert map_version() != before


def test_the_tree_nests_and_counts(db):
    top = Organisation.objects.create(code="a", title="街道党工委", kind="party-working-committee")
    middle = Organisation.objects.create(
        code="b", title="社区大党委", kind="community-party-committee", parent=top
    )
    Organisation.objects.create(code="c", title="小区党组织", kind="compound-party", parent=middle)
    tree = build_tree(list(Organisation.objects.order_by("code")))
    assert [node.organisation.code for node in tree] == ["a"]
    assert tree[0].below == 2
