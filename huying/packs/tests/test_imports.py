"""Spreadsheets: wrong rows are named, the rest goes in, and what is exported comes back unchanged."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile

from huying.core import journal
from huying.packs.imports import (
    KINDS,
    ImportResult,
    UnreadableSheet,
    export_rows,
    import_rows,
    read_sheet,
    run,
)
from huying.packs.loader import load_pack
from huying.packs.tests.conftest import PackFolder
from huying.people.models import Department, Duty, Grant, User
from huying.places.locate import map_version
from huying.places.models import Area, District
from huying.places.names import search_places

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _loaded(pack: PackFolder) -> None:
    pack.edit("district.yaml", "layers: []", "layers: [{code: party, title: 党建网格}]")
    pack.write("places/layers.csv", "layer,code,title,title_en,members\nparty,p1,党建,,990101001001001\n")
    load_pack(pack.path, report=lambda line: None)


def upload(kind: str, text: str, name: str = "table.csv", actor: Any = None) -> ImportResult:
    return import_rows(kind, SimpleUploadedFile(name, text.encode()), actor)


def workbook(rows: list[list[Any]]) -> SimpleUploadedFile:
    held = io.BytesIO()
    with xlsxwriter.Workbook(held, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return SimpleUploadedFile("table.xlsx", held.getvalue())


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_exported_comes_back_unchanged(kind: str) -> None:
    columns, rows = export_rows(kind)
    assert rows
    held = io.StringIO()
    csv.writer(held).writerows([columns, *rows])
    by_csv = upload(kind, held.getvalue())
    by_excel = import_rows(kind, workbook([columns, *([str(cell) for cell in row] for row in rows)]))
    for result in (by_csv, by_excel):
        assert [str(error) for error in result.errors] == []
        assert (result.created, result.changed, result.unchanged) == (0, 0, len(rows))


def test_wrong_rows_are_named_and_the_rest_goes_in() -> None:
    result = upload(
        "departments",
        "code,title,kind,parent,can_lead\n"
        "parks,园林中心,district-department,,true\n"
        "water,自来水公司,utilty,,true\n"
        "community-west-1,西一社区,community,street-west,true\n"
        "greens,绿化所,district-department,park,\n"
        "parks,又一个,district-department,,\n"
        ",没有代码,district-department,,\n",
    )
    assert result.created == 1
    assert Department.objects.get(code="parks").can_lead
    assert [(error.row, error.column) for error in result.errors] == [
        (3, "kind"), (4, "can_lead"), (5, "parent"), (6, "code"), (7, "code"),
    ]  # fmt: skip
    assert "utility" in str(result.errors[0])
    assert str(result.errors[0]).startswith("第 3 行 kind：")


def test_a_column_that_is_absent_leaves_what_is_there() -> None:
    result = upload("departments", "code,title,kind\nurban-management,城管局,district-department\n")
    department = Department.objects.get(code="urban-management")
    assert (result.changed, department.title) == (1, "城管局")
    assert department.area == Area.objects.get(code="990101")


def test_a_child_may_stand_before_its_parent_but_not_without_it() -> None:
    result = upload(
        "departments",
        "code,title,kind,parent\n"
        "team-1,一中队,district-department,team\n"
        "team,大队,district-department,\n"
        "group,小组,district-department,broken\n"
        "broken,坏了,nothing,\n",
    )
    assert result.created == 2
    assert Department.objects.get(code="team-1").parent == Department.objects.get(code="team")
    assert [(error.row, error.column) for error in result.errors] == [(4, "parent"), (5, "kind")]


def test_numbers_of_a_spreadsheet_are_read_as_typed() -> None:
    result = import_rows(
        "areas",
        workbook(
            [
                ["code", "level", "title", "parent", "households"],
                ["990101002001003", "grid", "西一社区第3网格", 990101002001.0, 280.0],
            ]
        ),
    )
    assert result.errors == []
    area = Area.objects.get(code="990101002001003")
    assert (area.households, area.path) == (280, "990101/990101002/990101002001/990101002001003/")


def test_an_area_keeps_its_boundary_and_the_map_is_read_again() -> None:
    before = map_version()
    result = upload("areas", "code,level,title,parent\n990101001001,community,东大社区,990101001\n")
    area = Area.objects.get(code="990101001001")
    assert (result.changed, area.title) == (1, "东大社区")
    assert area.boundary
    assert area.households == 600
    assert map_version() != before
    assert [name.title for name in search_places("东大社区")] == ["东大社区"]


def test_an_area_does_not_change_its_level_and_there_is_one_district() -> None:
    result = upload(
        "areas",
        "code,level,title,parent\n"
        "990101001001001,community,东一,990101001\n"
        "990102,district,另一个区,\n"
        "990101009,grid,街道下的网格,990101001\n",
    )
    assert [(error.row, error.column) for error in result.errors] == [
        (2, "level"),
        (3, "level"),
        (4, "parent"),
    ]


def test_staff_get_and_lose_roles_with_the_sheet() -> None:
    result = upload(
        "staff",
        "username,name,department,roles,area,post\n"
        "clerk,李四,urban-management,clerk head,,\n"
        "leader,陈十,,supervisor,,\n"
        "new-one,新人,community-east-1,grid-worker,990101001001,grid-worker\n"
        "lost,无部门,,clerk,,\n",
    )
    assert (result.created, result.changed) == (1, 2)
    assert [(error.row, error.column) for error in result.errors] == [(5, "department")]
    held = {
        name: set(Grant.objects.on().filter(user__username=name).values_list("role", flat=True))
        for name in ("clerk", "leader", "new-one")
    }
    assert held == {"clerk": {"clerk", "head"}, "leader": {"supervisor"}, "new-one": {"grid-worker"}}
    assert User.objects.get(username="new-one").holdings.get().post.code == "grid-worker"


def test_rights_in_several_areas_are_not_guessed_from_one_row() -> None:
    clerk = User.objects.get(username="clerk-east")
    Grant.objects.create(user=clerk, role="clerk", area=Area.objects.get(code="990101002"))
    same = upload(
        "staff", "username,name,department,roles,area\nclerk-east,卫二,street-east,clerk,990101001\n"
    )
    assert (same.errors, same.unchanged) == ([], 1)
    result = upload(
        "staff", "username,name,department,roles,area\nclerk-east,卫二,street-east,head,990101001\n"
    )
    assert [(error.row, error.column) for error in result.errors] == [(2, "roles")]
    assert Grant.objects.on().filter(user=clerk).count() == 2


def test_a_community_gets_no_duty_to_lead() -> None:
    result = upload(
        "duties",
        "topic,department,area,layer,post,username,from,to\n"
        "roads,community-east-1,990101001001,,,,2026-01-01,\n"
        "roads,street-east,p1,,,,2026-01-01,2025-01-01\n"
        "roads,street-east,p1,party,,,2026-01-01,\n"
        "roads,urban-management,990101,,,,2020-01-01,2026-12-31\n",
    )
    assert [(error.row, error.column) for error in result.errors] == [(2, "department"), (3, "to")]
    assert (result.created, result.changed) == (1, 1)
    assert Duty.objects.get(topic="roads", area__code="990101").ends_on is not None


def test_a_building_outside_the_district_is_refused() -> None:
    result = upload(
        "buildings",
        "code,title,grid,lng,lat\nb-1,一号楼,990101001001001,113.31,33.71\nb-2,二号楼,990101001001001,114.31,33.71\n",
    )
    assert result.created == 1
    assert [(error.row, error.column) for error in result.errors] == [(3, "lng")]
    assert [name.title for name in search_places("一号楼")][:1] == ["东一家属院1号楼"] or search_places(
        "一号楼"
    )


def test_a_missing_column_stops_the_file_and_an_unknown_one_is_named() -> None:
    result = upload("areas", "code,levl,title\n1,grid,x\n")
    assert {error.row for error in result.errors} == {1}
    assert any("level" in str(error) for error in result.errors)
    assert result.created == 0


@pytest.mark.parametrize(("name", "text"), [("a.xlsx", "not a workbook"), ("a.xlsx", ""), ("a.csv", "")])
def test_a_file_that_is_no_table_says_what_to_do(name: str, text: str) -> None:
    result = upload("areas", text or " ", name)
    assert result.errors
    assert result.errors[0].row == 1


def test_an_import_is_in_the_journal_once_and_only_when_something_changed() -> None:
    admin = User.objects.get(username="admin")
    text = "code,title,kind\nparks,园林中心,district-department\n"
    upload("departments", text, "parks.csv", actor=admin)
    upload("departments", text, "parks.csv", actor=admin)
    entries = journal.entries_of(District.objects.get()).filter(code="spreadsheet.imported")
    (entry,) = entries
    assert (entry.actor_name, entry.data["file"], entry.data["created"]) == ("赵一", "parks.csv", 1)


def test_the_command_reports_rows_and_a_summary(tmp_path: Path) -> None:
    file = tmp_path / "d.csv"
    file.write_bytes("code,title,kind\nparks,园林中心,district-department\nx,坏,nothing\n".encode("gb18030"))
    lines: list[str] = []
    assert run("departments", file, report=lines.append) == 1
    assert any("第 3 行 kind" in line for line in lines)
    assert "新增 1" in lines[-1] or "1" in lines[-1]
    assert run("departments", file, report=lines.append) == 1


def test_a_table_with_one_cell_in_the_last_corner_is_refused_before_it_fills_the_memory() -> None:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        sheet.write_string(0, 0, "code")
        sheet.write_string(1_048_575, 16_383, "x")
    with pytest.raises(UnreadableSheet) as refused:
        read_sheet(SimpleUploadedFile("areas.xlsx", file.getvalue()))
    assert "太大" in str(refused.value.sentence)
