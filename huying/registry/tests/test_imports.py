"""Tables of things: what is refused and why, what a second upload changes, and that all of it is true at once."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

import pytest
import python_calamine
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from huying.core.errors import Conflict, Refusal
from huying.core.journal import entries_of, verify
from huying.core.testing import AS_PART, AccessSuite, MiniDistrict, make_user
from huying.people.models import User
from huying.registry.actions import change_item
from huying.registry.imports.apply import apply_upload, claim, take
from huying.registry.models import Item, ItemsUpload, Register
from huying.registry.tests.test_desk_pages import make_lamp, make_lamps

HEAD = ("编号", "名称", "类型", "杆高", "看护人", "权属单位", "经度", "纬度")
GOOD = ("LD-0007", "7号灯", "单臂灯", "8 m", "李小明", "城市管理局", 113.3225, 33.715)


def csv(*rows: Sequence[Any]) -> bytes:
    return "\n".join(",".join(map(str, row)) for row in rows).encode()


def run(register: Register, raw: bytes, actor: User, name: str = "灯.csv") -> ItemsUpload:
    upload = take(register, name, raw, actor=actor)
    claim(upload)
    apply_upload(upload.pk)
    upload.refresh_from_db()
    return upload


class ImportPage(AccessSuite):
    role = "administrator"
    page = "register-import"

    def prepare(self) -> None:
        self.lamps = make_lamps()

    def address(self) -> str:
        return reverse(f"desk:{self.page}", args=["lamp"])


class TestUploadPage(ImportPage):
    pass


class TestEmptyTable(ImportPage):
    page = "register-import-empty"


@pytest.mark.parametrize("page", ["look", "progress", "result"])
def test_nobody_sees_the_table_of_another(client: Client, admin: User, lamps: Register, page: str) -> None:
    upload = take(lamps, "灯.csv", csv(HEAD, GOOD), actor=admin)
    url = reverse(f"desk:register-import-{page}", args=["lamp", upload.pk])
    for user, status in ((admin, 200), (make_user("administrator"), 404), (make_user("dispatcher"), 403)):
        client.force_login(user)
        assert client.get(url, headers=AS_PART).status_code == status


def test_a_table_is_looked_at_and_taken_in(client: Client, admin: User, lamps: Register) -> None:
    client.force_login(admin)
    file = SimpleUploadedFile("灯.csv", csv(HEAD, GOOD))
    looked = client.post(reverse("desk:register-import", args=["lamp"]), {"file": file}, follow=True)
    page = looked.content.decode()
    assert "新增 1" in page and "7号灯" in page
    assert not Item.objects.exists()
    done = client.post(looked.redirect_chain[-1][0], follow=True)
    assert "已导入" in done.content.decode()
    item = Item.objects.get()
    assert (item.code, item.data) == ("LD-0007", {"kind": "单臂灯", "height": 8, "guard": "李小明"})
    assert item.owner is not None and item.owner.code == "urban-management"
    assert item.supervisor is not None and item.area is not None and len(item.part_code) == 16
    assert item.origin == Item.Origin.IMPORT
    (entry,) = entries_of(item)
    assert (entry.code, entry.actor_id) == ("item.added", admin.pk)
    assert entry.data["title"] == "7号灯"
    assert list(verify()) == []
    # What is in needs no copy in the upload.
    assert ItemsUpload.objects.get().lines == []


def test_the_same_table_again_changes_nothing_and_a_correction_says_what(
    admin: User, lamps: Register
) -> None:
    run(lamps, csv(HEAD, GOOD), admin)
    assert run(lamps, csv(HEAD, GOOD), admin).result["counts"] == {"same": 1}
    upload = take(lamps, "灯.csv", csv(("编号", "杆高", "看护人"), ("LD-0007", 10, "王大力")), actor=admin)
    (row,) = upload.preview["rows"]
    assert row["changes"] == ["杆高：8 m → 10 m", "看护人：有改动（个人信息，不显示）"]
    claim(upload)
    apply_upload(upload.pk)
    item = Item.objects.get()
    assert item.data == {"kind": "单臂灯", "height": 10, "guard": "王大力"}
    assert [entry.code for entry in entries_of(item)] == ["item.added", "item.changed"]


def test_an_export_is_read_back_without_a_change(client: Client, admin: User, lamps: Register) -> None:
    run(lamps, csv(HEAD, GOOD), admin)
    client.force_login(admin)
    answer = client.get(reverse("desk:register", args=["lamp"]), {"export": "xlsx"})
    raw = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    rows = python_calamine.load_workbook(io.BytesIO(raw)).get_sheet_by_index(0).to_python()
    assert "看护人" not in rows[0]  # personal fields stay in the house
    upload = take(lamps, "路灯.xlsx", raw, actor=admin)
    assert upload.preview["counts"] == {"same": 1}


@pytest.mark.parametrize(
    ("column", "text", "said"),
    [
        ("类型", "单壁灯", "是不是“单臂灯”"),
        ("杆高", "八米", "要写成数字"),
        ("类型", "", "不能为空"),
        ("权属单位", "城管局", "是不是“城市管理局”"),
        ("经度", "113.4", "不在本区范围内"),
        ("经度", "abc", "要写成数字"),
        ("经度", "nan", "要写成数字"),
        ("经度", "", "要一起填"),
        ("名称", "", "不能为空"),
        ("名称", "灯" * 121, "太长了"),
    ],
)
def test_a_mistake_names_its_column_and_what_was_expected(
    admin: User, lamps: Register, column: str, text: str, said: str
) -> None:
    row = list(GOOD)
    row[HEAD.index(column)] = text
    upload = take(lamps, "灯.csv", csv(HEAD, row), actor=admin)
    (mistake,) = upload.preview["errors"]["2"]
    assert mistake[0] == column
    assert said in mistake[1]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (csv((*HEAD, "杆稿"), (*GOOD, 8)), "杆稿”（是不是“杆高”"),
        (csv((*HEAD, "杆高"), (*GOOD, 8)), "写了两次"),
        (csv(HEAD), "没有数据行"),
        (b"", "空"),
        (b"PK\x03\x04broken", "打不开"),
    ],
)
def test_a_table_that_cannot_be_right_is_refused(admin: User, lamps: Register, raw: bytes, said: str) -> None:
    name = "灯.xlsx" if raw.startswith(b"PK") else "灯.csv"
    with pytest.raises(Refusal, match=said):
        take(lamps, name, raw, actor=admin)


def test_one_code_twice_is_wrong_in_the_second_row(admin: User, lamps: Register) -> None:
    upload = run(lamps, csv(HEAD, GOOD, GOOD), admin)
    assert upload.result["counts"] == {"new": 1, "wrong": 1}
    assert "和第 2 行的编号重复" in upload.result["errors"]["3"][0][1]


def test_rows_without_a_code_take_the_registers_next_numbers(admin: User, lamps: Register) -> None:
    make_lamp(lamps)
    rows = [("", f"{number}号灯", *GOOD[2:]) for number in range(3)]
    run(lamps, csv(HEAD, *rows), admin)
    assert sorted(Item.objects.values_list("code", flat=True)) == ["LD-0001", "LD-0002", "LD-0003", "LD-0004"]


@pytest.mark.schema
def test_a_bomb_of_a_million_rows_is_refused(admin: User, lamps: Register) -> None:
    book = io.BytesIO()
    with xlsxwriter.Workbook(book) as workbook:
        sheet = workbook.add_worksheet()
        for place, heading in enumerate(HEAD):
            sheet.write_string(0, place, heading)
        sheet.write_string(1_048_575, 0, "LD-9999")
    with pytest.raises(Refusal, match="太大"):
        take(lamps, "灯.xlsx", book.getvalue(), actor=admin)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/worksheets/sheet1.xml", b"0" * 300_000_000)
    with pytest.raises(Refusal, match="太大"):
        take(lamps, "灯.xlsx", bomb.getvalue(), actor=admin)


def test_more_rows_than_fit_are_refused_with_the_number(
    admin: User, lamps: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huying.registry.imports.table.MOST_LINES", 1)
    with pytest.raises(Refusal, match="这个表有 2 行"):
        take(lamps, "灯.csv", csv(HEAD, GOOD, GOOD), actor=admin)


def test_who_is_responsible_for_one_street_imports_only_there(
    district: MiniDistrict, lamps: Register
) -> None:
    east = make_user("administrator", area=district.east)
    west = ("LD-0008", "西灯", *GOOD[2:6], *MiniDistrict.in_west)
    upload = run(lamps, csv(HEAD, GOOD, west), east)
    assert upload.result["counts"] == {"new": 1, "wrong": 1}
    assert "不在您负责的区域" in upload.result["errors"]["3"][0][1]


def test_nobody_moves_a_thing_out_of_their_reach_by_a_table(
    district: MiniDistrict, admin: User, lamps: Register
) -> None:
    run(lamps, csv(HEAD, GOOD), admin)
    east = make_user("administrator", area=district.east)
    moved = (*GOOD[:6], *MiniDistrict.in_west)
    assert run(lamps, csv(HEAD, moved), east).result["counts"] == {"wrong": 1}


def test_a_table_is_taken_in_once(admin: User, lamps: Register) -> None:
    upload = run(lamps, csv(HEAD, GOOD), admin)
    with pytest.raises(Conflict):
        claim(upload)
    apply_upload(upload.pk)  # a job that runs again
    assert Item.objects.count() == 1


def test_what_somebody_changed_since_the_look_is_compared_again(admin: User, lamps: Register) -> None:
    lamp = make_lamp(lamps)
    upload = take(lamps, "灯.csv", csv(("编号", "杆高"), (lamp.code, 9)), actor=admin)
    change_item(lamp, actor=None, data={**lamp.data, "height": 9})
    claim(upload)
    apply_upload(upload.pk)
    upload.refresh_from_db()
    assert upload.result["counts"] == {"same": 1}


def test_all_of_it_or_nothing(admin: User, lamps: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    make_lamp(lamps)
    upload = take(
        lamps, "灯.csv", csv(("编号", "名称", "类型"), ("LD-0001", "改名", "单臂灯"), ("LD-0002", "新", "单臂灯")),
        actor=admin,
    )  # fmt: skip
    claim(upload)

    def meanwhile(*_args: Any, **_options: Any) -> None:
        raise Conflict("刚才被别人改过")

    monkeypatch.setattr("huying.registry.imports.apply.add_items", meanwhile)
    apply_upload(upload.pk)
    upload.refresh_from_db()
    assert (upload.state, upload.result) == ("failed", {"sentence": "刚才被别人改过"})
    assert Item.objects.get().title == "1号灯"


def test_a_long_table_is_taken_in_by_a_worker(
    client: Client, admin: User, lamps: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huying.registry.views.desk.sheets.AT_ONCE", 0)
    upload = take(lamps, "灯.csv", csv(HEAD, GOOD), actor=admin)
    client.force_login(admin)
    page = client.post(reverse("desk:register-import-look", args=["lamp", upload.pk]), follow=True)
    assert "正在导入" in page.content.decode()
    assert not Item.objects.exists()
    apply_upload(upload.pk)
    answer = client.get(reverse("desk:register-import-progress", args=["lamp", upload.pk]), headers=AS_PART)
    assert "HX-Redirect" in answer


def test_the_rows_that_are_not_in_come_back_with_what_is_wrong(
    client: Client, admin: User, lamps: Register
) -> None:
    bad = list(GOOD)
    bad[2] = "单壁灯"
    upload = run(lamps, csv(HEAD, bad), admin)
    client.force_login(admin)
    answer = client.get(reverse("desk:register-import-result", args=["lamp", upload.pk]))
    raw = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    rows = python_calamine.load_workbook(io.BytesIO(raw)).get_sheet_by_index(0).to_python()
    assert rows[0][:3] == list(HEAD[:3])
    assert "单臂灯" in rows[1][-1]
    # It can be put right and uploaded as it is.
    assert take(lamps, "改.xlsx", raw, actor=admin).preview["counts"] == {"wrong": 1}
