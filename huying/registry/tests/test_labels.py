"""Labels: what is on them, how many fit, and that the code leads to the thing."""

from __future__ import annotations

import pytest
from django.test import Client

from huying.core.models import JournalEntry
from huying.core.testing import MiniDistrict, make_user
from huying.registry.actions import add_item
from huying.registry.labels import PART, SIZES, label_of, labels_pdf, letters_of
from huying.registry.models import Item, Register

URL = "/desk/registers/lamp/labels/"


@pytest.fixture
def several(lamps: Register, district: MiniDistrict) -> list[Item]:
    lng, lat = district.in_compound
    return [
        add_item(
            lamps, actor=None, data={"kind": "单臂灯" if number else "双臂灯"},
            values={"title": f"建设路{number}号灯杆", "lng": lng, "lat": lat, "owner_id": district.urban.pk},
        )
        for number in range(3)
    ]  # fmt: skip


@pytest.fixture
def clerk(client: Client, several: list[Item]) -> Client:
    client.force_login(make_user("administrator"))
    return client


def test_a_label_says_register_title_code_and_letters(several: list[Item]) -> None:
    label = label_of(several[0], "https://huying.example")
    assert (label.register, label.title, label.code) == ("路灯", "建设路0号灯杆", "LD-0001")
    assert label.letters == letters_of(several[0].label) and label.letters[4] == "-"
    assert "<svg" in label.qr and "<path" in label.qr


def test_a_thing_of_a_private_register_has_no_name_on_its_label(several: list[Item]) -> None:
    register = several[0].register
    register.declaration = {**register.declaration, "public": {}}
    assert label_of(several[0], "https://huying.example").title == ""


def test_sheets_are_counted_by_size() -> None:
    assert [SIZES["sheet"].sheets(number) for number in (1, 24, 25)] == [1, 1, 2]
    assert SIZES["sign"].sheets(3) == 3


@pytest.mark.parametrize("size", sorted(SIZES))
def test_every_size_makes_a_pdf_with_its_pages(several: list[Item], size: str) -> None:
    made = labels_pdf(several, SIZES[size], "https://huying.example")
    assert made.startswith(b"%PDF")
    pages = made.count(b"/Type /Page\n") or made.count(b"/Type /Page/") or made.count(b"/Type /Page ")
    assert pages in (0, SIZES[size].sheets(3))  # 0: the page tree is compressed


def test_the_page_says_how_many_and_shows_the_first(clerk: Client, several: list[Item]) -> None:
    body = clerk.get(URL).content.decode()
    assert "共 3 块标牌" in body and letters_of(several[0].label) in body
    assert body.count('class="label-preview"') == 3


def test_named_things_and_the_lists_filters_narrow_it(clerk: Client, several: list[Item]) -> None:
    assert "共 1 块标牌" in clerk.get(URL, {"items": several[1].code}).content.decode()
    assert "共 2 块标牌" in clerk.get(URL, {"f_kind": "单臂灯"}).content.decode()
    assert "没有要打印的标牌" in clerk.get(URL, {"q": "没有这样的"}).content.decode()


def test_the_print_is_on_record(clerk: Client, several: list[Item]) -> None:
    answer = clerk.get(URL, {"pdf": "1", "size": "large", "items": several[0].code})
    assert answer["Content-Type"] == "application/pdf" and answer.content.startswith(b"%PDF")
    assert "LD-0001" in answer["Content-Disposition"]
    entry = JournalEntry.objects.get(code="item.labels_printed")
    assert entry.data["labels"] == 1 and entry.data["size"] == "large"


def test_a_part_that_is_not_there_is_not_found(clerk: Client) -> None:
    assert clerk.get(URL, {"pdf": "1", "part": "9"}).status_code == 404


def test_a_long_print_comes_in_parts(
    clerk: Client, several: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert PART % 24 == 0  # whole sheets
    monkeypatch.setattr("huying.registry.views.desk.labels.PART", 2)
    body = clerk.get(URL).content.decode()
    assert "第 1–2 块" in body and "第 3–3 块" in body and "全部下载" in body
    assert "LD-0003" in clerk.get(URL, {"pdf": "1", "part": "2"})["Content-Disposition"]


def test_a_register_without_labels_prints_none(clerk: Client, lamps: Register) -> None:
    lamps.declaration = {**lamps.declaration, "label": "none"}
    lamps.save()
    assert clerk.get(URL).status_code == 404


class TestWhoMay:
    def test_strangers_sign_in(self, client: Client, several: list[Item]) -> None:
        assert client.get(URL).status_code == 302

    def test_who_has_no_such_right_is_refused(self, client: Client, several: list[Item]) -> None:
        client.force_login(make_user("callback"))
        assert client.get(URL).status_code == 403

    def test_things_of_another_area_are_left_out(
        self, client: Client, several: list[Item], district: MiniDistrict
    ) -> None:
        client.force_login(make_user("grid-worker", area=district.west))
        assert "没有要打印的标牌" in client.get(URL).content.decode()
        assert client.get(URL, {"pdf": "1", "items": several[0].code}).status_code == 404
