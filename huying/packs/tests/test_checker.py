"""A district officer is told every mistake with its file, its line and the nearest valid word."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from huying.packs.checker import check_pack, understand_pack
from huying.packs.reader import LATER_KINDS
from huying.packs.tests.conftest import PackFolder
from huying.packs.wording import Mistake

LEDGER, TOPICS, AREAS = "ledgers/requests.yaml", "topics.yaml", "places/areas.csv"
DEPARTMENTS, STAFF, DUTIES = "people/departments.csv", "people/staff.csv", "people/duties.csv"

EVERYTHING = """\
campaign: covers
title: {zh: 井盖, en: Covers}
register:
  register: cover
  title: 井盖
  fields: {kind: {type: choice, of: [上水, 污水], required: true}, size: number (mm)}
  people: {owner: department, supervisor: urban-management}
  states: [in use, retired]
  public: {map: true, fields: [kind]}
ledger:
  title: 台账
  concerns: {register: [cover], required: true}
  categories:
    - {code: broken, title: 破损, limit: 4 work hours, department: urban-management, keywords: [破], urgent: true}
  categories_from: {catalogue: [component], only: []}
  who: {check: checker}
  extend: {at_most: 2, approvals: 2}
  park: {allowed: true, at_most: 1, longest: 365 days}
  returns: {at_most: 2}
  look_back: {share: 5%}
  merge: {within_m: 50, within_hours: 24}
  fields: {floor: {type: text, title: {zh: 楼层, en: Floor}, when: "channel == 'portal'"}}
"""

# file, what is replaced, with what, the file and line of the mistake, words that it must hold
SPOILT = [
    # words that nobody knows
    (LEDGER, "channels: [portal,", "channels: [portel,", LEDGER, 6, "portal"),
    (LEDGER, "ledger: requests", "ledgre: requests", LEDGER, 3, "ledger"),
    (LEDGER, "dispatch: by hand", "dispatch: by foot", LEDGER, 9, "by hand"),
    (LEDGER, "reopen_within:", "reopen_witin:", LEDGER, 18, "reopen_within"),
    (LEDGER, "topics_from: all", "topics_from: [road]", LEDGER, 13, "roads"),
    (LEDGER, "[answer_text,", "[answer_txt,", LEDGER, 16, "answer_text"),
    (LEDGER, "gates:", "who: {check: cheker}\ngates:", LEDGER, 16, "checker"),
    (LEDGER, "contact: optional", "concerns: {register: lamps}\ncontact: optional", LEDGER, 7, "lamps"),
    (TOPICS, "parent: roads", "parent: raods", TOPICS, 7, "roads"),
    (TOPICS, "department: hotline-desk", "department: hotline-desc", TOPICS, 9, "hotline-desk"),
    (TOPICS, "weak: [臭]", "weka: [臭]", TOPICS, 8, "weak"),
    (TOPICS, "fallback: other", "fallback: othr", TOPICS, 4, "other"),
    (DEPARTMENTS, "hotline-desk,,990101", "hotline-dask,,990101", DEPARTMENTS, 2, "hotline-desk"),
    (DEPARTMENTS, "street-east,990101001001", "street-eas,990101001001", DEPARTMENTS, 6, "street-east"),
    (STAFF, "urban-management,clerk", "urban-managment,clerk", STAFF, 5, "urban-management"),
    (STAFF, "hotline-desk,dispatcher", "hotline-desk,dispacher", STAFF, 4, "dispatcher"),
    (DUTIES, "roads,", "rods,", DUTIES, 2, "roads"),
    (DUTIES, "layer,post", "layr,post", DUTIES, 1, "layer"),
    ("people/holdings.csv", "grid-1,", "grid-9,", "people/holdings.csv", 2, "grid-1"),
    (AREAS, ",community,东一", ",comunity,东一", AREAS, 5, "community"),
    ("people/posts.yaml", "of: grid", "of: gird", "people/posts.yaml", 5, "grid"),
    ("district.yaml", "hotline:", "hotlin:", "district.yaml", 7, "hotline"),
    ("calendar.yaml", "years:", "yeers:", "calendar.yaml", 5, "years"),
    # limits, dates, numbers, expressions
    (TOPICS, "limit: 2 work days", "limit: 2 workdays", TOPICS, 7, "work"),
    (TOPICS, "limit: 2 work days", "limit: 48 hours", TOPICS, 7, "hours"),
    (LEDGER, "file_within: 4 work hours", "file_within: soon", LEDGER, 10, "soon"),
    (LEDGER, "at: 150%", "at: 150", LEDGER, 17, "80%"),
    (DUTIES, "2020-01-01", "2020-13-01", DUTIES, 2, "2020-13-01"),
    (DUTIES, "2020-01-01,", "2020-01-01,2019-01-01", DUTIES, 2, "2019-01-01"),
    (AREAS, "001,600,", "001,many,", AREAS, 5, "many"),
    ("places/buildings.csv", "113.31,", "a113,", "places/buildings.csv", 2, "a113"),
    ("places/roads.csv", "LINESTRING (", "LINE (", "places/roads.csv", 2, "LINESTRING"),
    (LEDGER, "required: true}", 'required: true, when: "channel == "}', LEDGER, 15, "channel =="),
    (LEDGER, "[answer_text, ", '[answer_text, "reworks >", ', LEDGER, 16, "reworks >"),
    ("district.yaml", '"08:00-12:00"', '"12:00-08:00"', "district.yaml", 10, "12:00"),
    ("calendar.yaml", "days: []", "days:\n  - {day: 2026-02-30, workday: true}", "calendar.yaml", 5, "2026-02-30"),
    ("calendar.yaml", "days: []", "days:\n  - {day: 2026-02-03}", "calendar.yaml", 5, "workday"),
    # what must not be
    (DEPARTMENTS, "990101001001,,false", "990101001001,,true", DEPARTMENTS, 6, "can_lead"),
    (DUTIES, "street-east,", "community-east-1,", DUTIES, 3, "community-east-1"),
    (TOPICS, "department: hotline-desk", "department: community-east-1", TOPICS, 9, "community-east-1"),
    (STAFF, ",urban-management,clerk", ",,clerk", STAFF, 5, "department"),
    (AREAS, "Dongyi Grid 1,990101001001", "Dongyi Grid 1,990101001", AREAS, 8, "community"),
    (AREAS, "990101002,subdistrict", "990101001,subdistrict", AREAS, 4, "990101001"),
    (AREAS, "东街街道", "", AREAS, 3, "title"),
    (TOPICS, "title: {zh: 其他, en: Other}", "title: {en: Other}", TOPICS, 9, "title"),
    (TOPICS, "code: other", "code: Other", TOPICS, 9, "Other"),
    (TOPICS, "code: sanitation", "code: roads", TOPICS, 8, "roads"),
    (STAFF, "agent,钱二", "admin,钱二", STAFF, 3, "admin"),
    ("places/buildings.csv", "113.31,33.707", "113.91,33.707", "places/buildings.csv", 2, "113.91"),
    ("district.yaml", '"990101"', '"990102"', "district.yaml", 5, "990101"),
    ("district.yaml", "centre: {lng: 113.33,", "centre: {", "district.yaml", 6, "centre"),
    # writing
    (LEDGER, "title: {zh: 群众诉求,", "title: {zh: 群众诉求", LEDGER, 4, ""),
    (LEDGER, "contact: optional", "title: 又一个", LEDGER, 7, "title"),
    (LEDGER, "ledger: requests", "ledger: Requests", LEDGER, 3, "Requests"),
    (LEDGER, "ledger: requests", "service: requests", LEDGER, 3, "service"),
    (STAFF, "agent,钱二,热线受理员,", "agent,钱二,热线,受理员,", STAFF, 3, ""),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "where", "line", "word"), SPOILT)
def test_a_mistake_names_its_file_its_line_and_the_word(
    pack: PackFolder, file: str, old: str, new: str, where: str, line: int, word: str
) -> None:
    pack.edit(file, old, new)
    found = check_pack(pack.path)
    here = [mistake for mistake in found if (mistake.file, mistake.line) == (where, line)]
    assert here, f"nothing at {where}:{line}, but: {[str(mistake) for mistake in found]}"
    assert any(word in str(mistake.sentence) for mistake in here), [str(mistake) for mistake in here]


def test_a_new_pack_has_no_mistake(pack: PackFolder) -> None:
    assert check_pack(pack.path) == []


def test_all_mistakes_are_told_at_once(pack: PackFolder) -> None:
    pack.edit(TOPICS, "limit: 2 work days", "limit: soon")
    pack.edit(STAFF, "hotline-desk,dispatcher", "hotline-desk,dispacher")
    pack.edit(LEDGER, "contact: optional", "contact: maybe")
    assert [mistake.file for mistake in check_pack(pack.path)] == [LEDGER, STAFF, TOPICS]


def test_a_misspelt_reference_is_answered_with_the_nearest_name(pack: PackFolder) -> None:
    pack.edit(STAFF, "urban-management,clerk", "urban-managment,clerk")
    (mistake,) = check_pack(pack.path)
    assert str(mistake) == f"{STAFF}:5: department 列：没有“urban-managment”，是不是“urban-management”？"


@pytest.mark.parametrize("kind", LATER_KINDS)
def test_a_kind_of_a_later_version_is_said_to_be_unknown_yet(pack: PackFolder, kind: str) -> None:
    pack.write("later.yaml", f"{kind}: something\ntitle: 以后\n")
    (mistake,) = check_pack(pack.path)
    assert (mistake.file, mistake.line) == ("later.yaml", 1)
    assert f"{kind}:" in str(mistake.sentence)


def test_a_table_that_nobody_knows_is_a_mistake(pack: PackFolder) -> None:
    (pack.path / "people/staff.csv").rename(pack.path / "people/staf.csv")
    assert any(m.file == "people/staf.csv" and "people/staff.csv" in str(m) for m in check_pack(pack.path))


def test_a_code_declared_twice_names_the_first_place(pack: PackFolder) -> None:
    pack.write("ledgers/again.yaml", pack.read(LEDGER))
    assert any(
        mistake.file == LEDGER and "ledgers/again.yaml:3" in str(mistake) for mistake in check_pack(pack.path)
    )


def test_a_boundary_that_leaves_its_parent_is_a_mistake(pack: PackFolder) -> None:
    file = "places/boundaries/district.geojson"
    lines = pack.read(file).splitlines()
    index = next(number for number, line in enumerate(lines) if '"990101001001001"' in line)
    lines[index] = lines[index].replace("[113.3,33.7]", "[113.29,33.7]")
    pack.write(file, "\n".join(lines))
    found = [mistake for mistake in check_pack(pack.path) if mistake.line == index + 1]
    assert any("990101001001" in str(mistake) for mistake in found)


def test_a_boundary_of_nobody_is_a_mistake(pack: PackFolder) -> None:
    pack.edit("places/boundaries/district.geojson", '"990101002001002"', '"990101002001009"')
    assert any("990101002001009" in str(mistake) for mistake in check_pack(pack.path))


def test_a_grid_is_in_one_functional_grid_of_a_layer_only(pack: PackFolder) -> None:
    pack.edit("district.yaml", "layers: []", "layers: [{code: party, title: 党建网格}]")
    pack.write(
        "places/layers.csv",
        "layer,code,title,title_en,members\n"
        "party,p1,第一,,990101001001001 990101001001002\n"
        "party,p2,第二,,990101001001002\n",
    )
    (mistake,) = check_pack(pack.path)
    assert (mistake.file, mistake.line) == ("places/layers.csv", 3)


def test_an_item_of_a_register_is_checked_against_its_fields(pack: PackFolder) -> None:
    pack.write(
        "registers/lamp.yaml",
        "register: lamp\ntitle: 路灯\nfields:\n  kind: {type: choice, of: [单臂灯, 双臂灯], required: true}\n"
        "people: {owner: department}\nstates: [in use, retired]\nitems: items/lamp.csv\n",
    )
    pack.write(
        "registers/items/lamp.csv",
        "code,title,lng,lat,owner,state,kind\n"
        "L1,一号灯,113.31,33.71,urban-management,in use,单臂灯\n"
        "L2,二号灯,113.31,33.71,urban-managment,in use,单臂灯\n"
        "L3,三号灯,113.31,33.71,urban-management,in us,单臂灯\n"
        "L4,四号灯,113.31,33.71,urban-management,in use,单管灯\n"
        "L5,五号灯,100.31,33.71,urban-management,in use,单臂灯\n"
        "L1,六号灯,113.31,33.71,urban-management,in use,双臂灯\n",
    )
    assert [mistake.line for mistake in check_pack(pack.path)] == [3, 4, 5, 6, 7]


def test_a_campaign_bundles_register_and_ledger(pack: PackFolder) -> None:
    pack.write(
        "campaigns/covers.yaml",
        "campaign: covers-2023\n"
        "title: 窨井盖专项整治\n"
        "register:\n"
        "  register: manhole-cover\n"
        "  title: 窨井盖\n"
        "ledger:\n"
        "  title: 窨井盖台账\n"
        "  concerns: {register: manhole-cover}\n"
        "  categories:\n"
        "    - {code: broken, title: 破损, limit: 4 work hours, department: urban-managment}\n"
        "papers: []\n",
    )
    contents = understand_pack(pack.path)
    assert ("register", "manhole-cover") in contents.pack.by_code
    assert (
        "ledger",
        "covers-2023",
    ) in contents.pack.by_code  # without a code of its own it takes the campaign's
    assert [(mistake.file, mistake.line) for mistake in contents.mistakes] == [
        ("campaigns/covers.yaml", 10),
        ("campaigns/covers.yaml", 11),
    ]


def test_an_empty_folder_says_what_is_missing(tmp_path) -> None:  # type: ignore[no-untyped-def]
    assert {mistake.file for mistake in check_pack(tmp_path)} == {"district.yaml", "places/areas.csv"}
    assert isinstance(check_pack(tmp_path / "nowhere")[0], Mistake)


def places(value: Any, keys: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every key and list item of a declaration."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield (*keys, key)
        yield from places(each, (*keys, key))


def replaced(value: Any, keys: tuple[str | int, ...], new: Any) -> Any:
    whole = copy.deepcopy(value)
    inner = whole
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = new
    return whole


@pytest.mark.parametrize(
    "file", [LEDGER, TOPICS, "district.yaml", "calendar.yaml", "people/posts.yaml", "more.yaml"]
)
@pytest.mark.schema
def test_a_value_of_the_wrong_shape_is_a_mistake_and_never_a_crash(pack: PackFolder, file: str) -> None:
    pack.edit(
        "calendar.yaml", "years: {}", "years: {2027: {notice: 甲, off: [2027-01-01], work: [2027-01-09]}}"
    )
    pack.write("more.yaml", EVERYTHING)
    value = yaml.safe_load(
        pack.read(file).replace("[2027", "['2027").replace("01]", "01']").replace("09]", "09']")
    )
    told = 0
    for keys in places(value):
        for junk in (None, 7, "x", [1, [2]], {"a": {"b": 1}}):
            pack.write(file, yaml.safe_dump(replaced(value, keys, junk), allow_unicode=True, sort_keys=False))
            told += bool(check_pack(pack.path))
    assert told


def test_a_notice_names_only_what_the_system_can_fill_in(pack: PackFolder) -> None:
    pack.write(
        "notices.yaml",
        "notices: xinhua\nmoments:\n  closed:\n    page: 已办结：{anwser}\n"
        "  filed: 已受理，{due 前办结\n  finished: 好了\n",
    )
    found = {mistake.line: str(mistake.sentence) for mistake in check_pack(pack.path)}
    assert set(found) == {4, 5, 6}
    assert "answer" in found[4]


def test_a_chat_group_is_told_nothing_that_a_reporter_wrote(pack: PackFolder) -> None:
    pack.write(
        "notices.yaml",
        "notices: xinhua\nquiet: 25:00-7\nflood: {more_than: many, often: 1}\nstaff:\n  case.urged:\n"
        "    robot: 催办 {title}\n    email: 催办 {title}\n  case.urgd: {robot: 催办}\n",
    )
    found = [(mistake.line, str(mistake.sentence)) for mistake in check_pack(pack.path)]
    assert sorted({line for line, _sentence in found}) == [2, 3, 6, 8]
    assert any("case.urged" in sentence for line, sentence in found if line == 8)


def test_a_text_that_is_longer_than_its_column_is_a_mistake(pack: PackFolder) -> None:
    pack.edit(TOPICS, "zh: 路灯", f"zh: {'路' * 121}")
    pack.edit(STAFF, "李四", "李" * 61)
    assert [(mistake.file, mistake.line) for mistake in check_pack(pack.path)] == [(STAFF, 5), (TOPICS, 7)]
