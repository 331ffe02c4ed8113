"""Loading a pack: only what differs, twice the same, and nothing of the past is lost."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from huying.cases.models import Category, Ledger, Topic
from huying.core import journal
from huying.packs.changes import Changes
from huying.packs.loader import PackMistakes, load_declaration, load_pack
from huying.packs.tests.conftest import PackFolder
from huying.people.access import can
from huying.people.models import Department, Duty, Grant, Post, PostHolding, User
from huying.places.clock import Clock
from huying.places.locate import locate, map_version
from huying.places.models import Area, Building, CalendarDay, District, PlaceName, PublishedYear, Road
from huying.places.names import search_places
from huying.places.work_calendar import is_published
from huying.registry.models import Item

pytestmark = pytest.mark.django_db

TWENTY_LINES = """\
ledger: fallen-trees
title: {zh: 倒伏树木, en: Fallen trees}
channels: [portal, field]
stages: [dispatch, handle, check, close]
dispatch: automatic
responsible: category
categories:
  - {code: on-road, title: 倒在路上, limit: 2 emergency hours, department: urban-management, urgent: true}
  - {code: leaning, title: {zh: 倾斜, en: Leaning}, limit: 2 work days, topic: roads}
gates: {report_handled: [photo_after], close: [checked_by_other]}
ladder: [{at: 80%, do: remind}, {at: 100%, do: urge}]
public: {list: true, map: true, photos: after}
"""


def load(pack: PackFolder, **options: bool) -> Changes:
    return load_pack(pack.path, report=lambda line: None, **options)


def writes_of(pack: PackFolder) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        load(pack)
    return [q["sql"] for q in queries if q["sql"].split()[0] in ("INSERT", "UPDATE", "DELETE", "WITH")]


def test_everything_of_a_new_pack_is_there(pack: PackFolder) -> None:
    changes = load(pack)
    assert changes
    grid = Area.objects.get(code="990101001001001")
    assert grid.path == "990101/990101001/990101001001/990101001001001/"
    assert (grid.west, grid.south, grid.east, grid.north) == (113.3, 33.7, 113.32, 33.715)
    assert Area.objects.count() == 12
    district = District.objects.get()
    assert (district.code, district.title, district.lng) == ("990101", "示例区", 113.33)
    assert not Department.objects.get(code="community-east-1").can_lead
    assert Topic.objects.get(code="roads-lighting").parent == Topic.objects.get(code="roads")
    ledger = Ledger.objects.get()
    assert ledger.rules.callback_asked
    assert ledger.categories.count() == Topic.objects.count() == 4
    assert ledger.categories.get(code="sanitation").time_limit.clock is Clock.WORK_DAYS
    assert Post.objects.get(code="grid-worker").place == "grid"
    assert PostHolding.objects.filter(user__username="grid-1").count() == 2
    assert Duty.objects.get(topic="roads").starts_on == dt.date(2020, 1, 1)


def test_points_are_found_on_the_loaded_map(pack: PackFolder) -> None:
    before = map_version()
    load(pack)
    assert map_version() != before
    assert locate(113.31, 33.707).area_code == "990101001001001"
    assert [name.title for name in search_places("zxl")] == ["中心路"]
    assert [name.title for name in search_places("东一家属院1号楼")] == ["东一家属院1号楼"]


def test_people_have_their_rights_and_no_password(pack: PackFolder) -> None:
    load(pack)
    dispatcher, clerk = User.objects.get(username="dispatcher"), User.objects.get(username="clerk")
    assert can(dispatcher, "case.dispatch")
    assert dispatcher.grants.get().department is None  # a dispatcher serves all departments
    assert clerk.grants.get().department == clerk.department
    assert not clerk.has_usable_password()


def test_loading_twice_writes_nothing(pack: PackFolder) -> None:
    load(pack)
    version = map_version()
    assert writes_of(pack) == []
    assert not load(pack)
    assert map_version() == version


def test_a_dry_run_shows_the_changes_and_writes_nothing(pack: PackFolder) -> None:
    changes = load(pack, dry_run=True)
    assert len(changes.of("areas").added) == 12
    assert not Area.objects.exists()
    assert not District.objects.exists()


def test_what_a_load_changed_is_reported_and_in_the_journal(pack: PackFolder) -> None:
    load(pack)
    pack.edit("people/departments.csv", "城市管理局", "城市管理和综合执法局")
    lines: list[str] = []
    load_pack(pack.path, report=lines.append)
    assert any("~1 (城市管理和综合执法局)" in line for line in lines)
    entry = journal.entries_of(District.objects.get()).last()
    assert entry is not None
    assert entry.code == "pack.loaded"
    assert entry.data["changes"] == {
        "departments": {"changed": {"count": 1, "names": ["城市管理和综合执法局"]}}
    }
    assert list(journal.verify()) == []


def test_a_pack_with_a_mistake_changes_nothing(pack: PackFolder) -> None:
    pack.edit("topics.yaml", "limit: 2 work days", "limit: soon")
    with pytest.raises(PackMistakes) as refused:
        load(pack)
    assert refused.value.mistakes[0].file == "topics.yaml"
    assert not District.objects.exists()


def test_another_districts_pack_is_refused(pack: PackFolder) -> None:
    District.objects.create(code="410403", title="卫东区")
    with pytest.raises(ImproperlyConfigured, match="卫东区"):
        load(pack)


# -- what left the pack --------------------------------------------------------------------------------------


def without(pack: PackFolder, file: str, *beginnings: str) -> None:
    lines = pack.read(file).splitlines(keepends=True)
    pack.write(file, "".join(line for line in lines if not line.startswith(beginnings)))


def test_what_left_the_pack_is_retired_not_deleted(pack: PackFolder) -> None:
    load(pack)
    without(pack, "people/departments.csv", "street-west")
    without(pack, "people/staff.csv", "clerk-west", "leader")
    without(pack, "people/holdings.csv", "grid-worker,grid-1,990101001001002")
    without(pack, "people/duties.csv", "sanitation,street-west")
    changes = load(pack)
    today = timezone.localdate()
    assert Department.objects.get(code="street-west").valid_to == today
    assert not User.objects.get(username="leader").is_active
    assert Grant.objects.get(user__username="leader").ends_on == today - dt.timedelta(days=1)
    assert PostHolding.objects.get(area__code="990101001001002").ends_on == today
    assert Duty.objects.get(department__code="street-west").ends_on == today
    assert changes.of("departments").retired == ["西街街道办事处"]
    assert writes_of(pack) == []


def test_what_comes_back_is_in_use_again(pack: PackFolder) -> None:
    load(pack)
    whole = pack.read("people/staff.csv")
    without(pack, "people/staff.csv", "leader")
    load(pack)
    pack.write("people/staff.csv", whole)
    load(pack)
    leader = User.objects.get(username="leader")
    assert leader.is_active
    assert can(leader, "cockpit.view")
    assert leader.grants.count() == 2  # the right that ended stays on record


def test_a_ledger_and_a_category_that_left_are_switched_off(pack: PackFolder) -> None:
    pack.write("ledgers/fallen-trees.yaml", TWENTY_LINES)
    load(pack)
    pack.edit("ledgers/fallen-trees.yaml", "code: leaning", "code: bent")
    load(pack)
    assert not Category.objects.get(ledger__code="fallen-trees", code="leaning").active
    (pack.path / "ledgers/fallen-trees.yaml").unlink()
    load(pack)
    ledger = Ledger.objects.get(code="fallen-trees")
    assert not ledger.active
    assert not ledger.categories.filter(active=True).exists()


def test_a_thing_without_an_end_is_deleted_only_when_nothing_refers_to_it(pack: PackFolder) -> None:
    load(pack)
    road = Road.objects.get()
    PostHolding.objects.create(
        post=Post.objects.get(code="grid-worker"), user=User.objects.get(username="grid-1"), road=road
    )
    header = pack.read("places/roads.csv").splitlines()[0]
    pack.write("places/roads.csv", header + "\n")
    pack.write("places/buildings.csv", pack.read("places/buildings.csv").splitlines()[0] + "\n")
    load(pack)
    assert Road.objects.filter(pk=road.pk).exists()
    assert not Building.objects.exists()
    assert not PlaceName.objects.filter(kind=PlaceName.Kind.BUILDING).exists()
    assert writes_of(pack) == []


# -- what people did by hand ---------------------------------------------------------------------------------


def test_what_people_entered_is_left_alone(pack: PackFolder) -> None:
    load(pack)
    Department.objects.create(code="parks", title="园林中心", kind="district-department")
    User.objects.create(username="new-one", name="新人")
    load(pack)
    assert Department.objects.get(code="parks").valid_to is None
    assert User.objects.get(username="new-one").is_active


def test_what_people_changed_stays_until_the_pack_says_something_new(pack: PackFolder) -> None:
    load(pack)
    User.objects.filter(username="clerk").update(phone="13800000000", title="副科长")
    changes = load(pack)
    assert User.objects.get(username="clerk").phone == "13800000000"
    assert changes.of("staff").kept == ["李四"]
    assert not changes
    pack.edit("people/staff.csv", "李四,承办人", "李四,科长")
    load(pack)
    assert User.objects.get(username="clerk").title == "科长"


def test_a_right_that_was_taken_away_by_hand_does_not_come_back(pack: PackFolder) -> None:
    load(pack)
    Grant.objects.filter(user__username="leader").update(ends_on=timezone.localdate() - dt.timedelta(days=3))
    changes = load(pack)
    assert not can(User.objects.get(username="leader"), "cockpit.view")
    assert changes.of("grants").kept == ["陈十 区领导"]


# -- calendar, layers, items, catalogue ----------------------------------------------------------------------


def test_a_published_year_and_local_days_reach_the_calendar(pack: PackFolder) -> None:
    pack.edit(
        "calendar.yaml",
        "years: {}",
        "years: {2027: {notice: 国办发明电, off: [2027-01-01..2027-01-03], work: [2027-01-09]}}",
    )
    pack.edit("calendar.yaml", "days: []", "days: [{day: 2026-03-06, workday: false, title: 供电检修}]")
    load(pack)
    assert PublishedYear.objects.get().year == 2027
    days = dict(CalendarDay.objects.values_list("day", "is_workday"))
    # 2027-01-02 and -03 are a weekend: off anyway.
    assert days == {dt.date(2026, 3, 6): False, dt.date(2027, 1, 1): False, dt.date(2027, 1, 9): True}
    assert is_published(2027)


def test_a_functional_grid_is_the_ground_of_its_members(pack: PackFolder) -> None:
    pack.edit("district.yaml", "layers: []", "layers: [{code: party, title: 党建网格}]")
    pack.write(
        "places/layers.csv",
        "layer,code,title,title_en,members\nparty,party-1,东一党建网格,,990101001001001 990101001001002\n",
    )
    load(pack)
    area = Area.objects.get(code="party-1")
    assert (area.layer, area.path, area.households) == ("party", "990101/party-1/", 600)
    assert (area.south, area.north) == (33.7, 33.73)
    assert locate(113.31, 33.72, "party").area_code == "party-1"
    assert writes_of(pack) == []


def test_items_lie_in_their_grid_and_know_their_people(pack: PackFolder) -> None:
    pack.write(
        "registers/lamp.yaml",
        "register: lamp\ntitle: {zh: 路灯, en: Lamp}\nfields:\n  height: {type: number, unit: m}\n"
        "people: {owner: department, supervisor: urban-management}\n"
        "states: [in use, out, retired]\nitems: items/lamp.csv\n",
    )
    pack.write(
        "registers/items/lamp.csv",
        "code,title,lng,lat,owner,height\nL1,一号灯,113.31,33.707,street-east,9\nL2,二号灯,,,,\n",
    )
    load(pack)
    lamp = Item.objects.get(code="L1")
    assert lamp.area == Area.objects.get(code="990101001001001")
    assert lamp.owner == Department.objects.get(code="street-east")
    assert lamp.supervisor == Department.objects.get(code="urban-management")
    assert (lamp.data, lamp.state) == ({"height": 9}, "in use")
    assert writes_of(pack) == []
    without(pack, "registers/items/lamp.csv", "L1")
    load(pack)
    assert Item.objects.get(code="L1").state == "retired"


def test_catalogue_entries_become_categories(pack: PackFolder) -> None:
    pack.write(
        "catalogue/parts.csv",
        "code,kind,class_code,class_title,title,title_en,condition,closing,limit,topic,department\n"
        "0101-1,component,01,公用设施,上水井盖,Water cover,缺失,盖好,2 emergency hours,roads,\n"
        "0101-1,event,01,市容环境,私搭乱建,Unauthorised,正在建,恢复,2 days,,street-east\n"
        "0203-1,event,02,街面秩序,占道,Stalls,占道,清走,1 work days,,street-east\n",
    )
    pack.edit(
        "ledgers/requests.yaml",
        "topics_from: all",
        "categories_from: {catalogue: [component, event], only: ['0101']}",
    )
    load(pack)
    found = {category.code: category for category in Category.objects.filter(active=True)}
    assert set(found) == {"component-0101-1", "event-0101-1"}
    cover = found["component-0101-1"]
    assert (cover.kind, cover.standard_code, cover.urgent) == ("component", "0101-1", True)
    assert cover.department == Department.objects.get(code="urban-management")  # its topic's


# -- one declaration -----------------------------------------------------------------------------------------


def test_a_ledger_of_a_dozen_lines_loads_from_a_string(pack: PackFolder) -> None:
    load(pack)
    ledger = load_declaration(TWENTY_LINES)
    assert ledger.rules.automatic_dispatch
    assert set(ledger.categories.values_list("code", flat=True)) == {"on-road", "leaning"}
    leaning = ledger.categories.get(code="leaning")
    assert leaning.department == Department.objects.get(code="urban-management")
    again = load_declaration(TWENTY_LINES.replace("code: leaning", "code: bent"))
    assert again.pk == ledger.pk
    assert not ledger.categories.get(code="leaning").active


def test_a_wrong_declaration_is_refused_with_its_line(pack: PackFolder) -> None:
    load(pack)
    with pytest.raises(PackMistakes) as refused:
        load_declaration(TWENTY_LINES.replace("urban-management", "urban-managment"))
    (mistake,) = refused.value.mistakes
    assert mistake.line == 8
    assert "urban-management" in str(mistake)


def test_a_declaration_without_a_ledger_is_refused() -> None:
    with pytest.raises(PackMistakes):
        load_declaration("posts: a\nlist: []\n")


def test_another_pack_folder_of_the_same_district_loads_over_it(pack: PackFolder, tmp_path: Path) -> None:
    load(pack)
    moved = PackFolder(tmp_path / "moved")
    pack.path.rename(moved.path)
    assert not load(moved)
