"""/i/<label>/: whoever scans a label reads what is public, and no more."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from huying.core.testing import MiniDistrict, grant_role, make_user
from huying.places.models import Road
from huying.registry.actions import add_item, set_item_state
from huying.registry.models import Item, Register
from huying.registry.public import public_sheets
from huying.registry.scanning import read_label

ROAD_NAME: dict[str, Any] = {
    "register": "road-name", "title": "道路地名", "place": "line", "verified": True, "numbered": "DM-000",
    "fields": {
        "crossings": {"type": "long text", "title": "主要相交道路"},
        "history": {"type": "long text", "title": "建筑历史"},
        "width": {"type": "number", "title": "宽度", "unit": "m"},
        "written_by": {"type": "text", "title": "整理人"},
    },
    "public": {"map": True, "fields": ["crossings", "history", "width"]},
}  # fmt: skip
ROAD_SIGN: dict[str, Any] = {
    "register": "road-sign", "title": "地名标志牌", "label": "qr", "numbered": "LP-000",
    "fields": {
        "name": {"type": "item", "of": ["road-name"], "title": "道路"},
        "stands": {"type": "text", "title": "所在路口"},
    },
    "public": {"map": True, "fields": ["name", "stands"]},
}  # fmt: skip


@pytest.fixture(autouse=True)
def _fresh() -> None:
    cache.clear()


@pytest.fixture
def lamp(lamps: Register, district: MiniDistrict) -> Item:
    lng, lat = district.in_compound
    data = {"kind": "单臂灯", "height": 8, "guard": "张看护"}
    values = {"title": "建设路1号灯杆", "lng": lng, "lat": lat}
    return add_item(lamps, actor=None, values=values, data=data)


def page(client: Client, item: Item) -> str:
    answer = client.get(f"/i/{item.label}/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_stranger_reads_the_public_fields_and_no_others(client: Client, lamp: Item) -> None:
    body = page(client, lamp)
    assert "建设路1号灯杆" in body and "单臂灯" in body and lamp.code in body
    assert "张看护" not in body and "杆高" not in body
    assert "工作人员登录" in body and "现场核实" not in body


def test_the_report_button_carries_the_label(client: Client, lamp: Item) -> None:
    assert f"/report/?item={lamp.label}" in page(client, lamp)


def test_the_page_weighs_little_and_is_never_kept(client: Client, lamp: Item) -> None:
    answer = client.get(f"/i/{lamp.label}/")
    assert len(answer.content) < 40_000
    assert "no-store" in answer["Cache-Control"]


def test_of_a_register_that_is_not_public_only_its_kind_is_said(client: Client, lamp: Item) -> None:
    lamp.register.declaration = {**lamp.register.declaration, "public": {}}
    lamp.register.save()
    body = page(client, lamp)
    assert "不公开" in body and "建设路1号灯杆" not in body and "单臂灯" not in body
    assert f"/report/?item={lamp.label}" in body


def test_a_label_of_something_that_is_gone_says_so(client: Client, lamp: Item) -> None:
    set_item_state(lamp, state="retired", actor=None)
    assert "这块标牌已经停用" in page(client, lamp)


def test_an_unknown_label_says_what_to_do(client: Client, lamps: Register) -> None:
    answer = client.get("/i/ZZZZ2222/")
    body = answer.content.decode()
    assert answer.status_code == 404
    assert "没有这块标牌" in body and 'name="label"' in body and "/report/" in body


def test_a_label_may_be_typed_as_people_type(client: Client, lamp: Item) -> None:
    typed = f"{lamp.label[:4].lower()}-{lamp.label[4:].lower()}"
    answer = client.get("/i/", {"label": typed})
    assert answer.status_code == 302 and answer.url == f"/i/{lamp.label}/"
    assert client.get("/i/").status_code == 200
    assert client.get("/i/", {"label": "！！"}).status_code == 200
    assert client.get(f"/i/{lamp.label.lower()}/").url == f"/i/{lamp.label}/"


@pytest.mark.parametrize(
    ("typed", "read"),
    [("bcdf-2345", "BCDF2345"), (" bcdf 2345 ", "BCDF2345"), ("https://x.example/i/BCDF2345/", "BCDF2345")],
)
def test_labels_are_read_from_what_was_typed(typed: str, read: str) -> None:
    assert read_label(typed) == read


def test_who_guesses_labels_is_stopped(client: Client, lamps: Register) -> None:
    answers = [client.get(f"/i/ZZZZ{number:04}/").status_code for number in range(42)]
    assert answers[0] == 404 and answers[-1] == 429


class TestForStaff:
    def test_the_same_address_shows_the_field_view(
        self, client: Client, lamp: Item, district: MiniDistrict
    ) -> None:
        worker = make_user("grid-worker", area=district.grid_of("东苑社区", 1))
        client.force_login(worker)
        body = page(client, lamp)
        assert "工作人员" in body and "最近核实" in body
        assert f"/field/verify/lamp/items/{lamp.code}/" in body
        assert lamp.get_absolute_url() in body

    def test_staff_of_another_area_read_what_everybody_reads(
        self, client: Client, lamp: Item, district: MiniDistrict
    ) -> None:
        client.force_login(make_user("grid-worker", area=district.west))
        body = page(client, lamp)
        assert "最近核实" not in body and "/field/verify/" not in body

    def test_who_may_not_verify_is_offered_no_verifying(
        self, client: Client, lamp: Item, district: MiniDistrict
    ) -> None:
        client.force_login(make_user("dispatcher"))
        body = page(client, lamp)
        assert "最近核实" in body and "/field/verify/" not in body


class TestASign:
    @pytest.fixture
    def signs(self, district: MiniDistrict) -> list[Item]:
        names = Register.objects.create(code="road-name", title="道路地名", declaration=dict(ROAD_NAME))
        signs = Register.objects.create(code="road-sign", title="地名标志牌", declaration=dict(ROAD_SIGN))
        lng, lat = district.in_compound
        line = {"type": "LineString", "coordinates": [[lng - 0.01, lat], [lng + 0.01, lat]]}
        across = {"type": "LineString", "coordinates": [[lng, lat - 0.01], [lng, lat + 0.01]]}
        road = Road.objects.create(code="yuanding", title="园丁路", title_en="Yuanding Road", line=line)
        Road.objects.create(code="kaiyuan", title="开源路", line=across)
        add_item(
            names, actor=None, code="DM-001",
            values={"title": "园丁路", "geometry": line, "road_id": road.pk, "lng": lng, "lat": lat},
            data={
                "crossings": "开源路、长寿路、光明路", "history": "始建于1975年，1997年拓宽。" * 4, "width": 30,
                "written_by": "地名办",
            },
        )  # fmt: skip
        return [
            add_item(
                signs, actor=None,
                values={"title": f"园丁路标志牌{number}", "lng": lng + number / 1000, "lat": lat, "road_id": road.pk},
                data={"name": "DM-001", "stands": f"开源路口{'东西南'[number]}角"},
            )
            for number in range(3)
        ]  # fmt: skip

    def test_shows_its_road_with_crossings_history_and_drawing(
        self, client: Client, signs: list[Item]
    ) -> None:
        body = page(client, signs[0])
        assert "园丁路</h1>" in body.replace(
            ' <span lang="en" class="scan__foreign">Yuanding Road</span>', ""
        )
        assert "Yuanding Road" in body
        assert "<li>开源路</li>" in body and "始建于1975年" in body and "30 m" in body
        assert "地名办" not in body
        assert 'class="sketch__line"' in body and 'class="sketch__crossing"' in body
        assert "开源路</text>" in body

    def test_shows_the_other_signs_of_the_road(self, client: Client, signs: list[Item]) -> None:
        body = page(client, signs[0])
        assert "开源路口西角" in body and "开源路口南角" in body
        assert body.count('class="sketch__mark"') == 2 and body.count('class="sketch__here"') == 1

    def test_says_nothing_of_a_road_that_is_not_public(self, signs: list[Item]) -> None:
        register = Register.objects.get(code="road-name")
        register.declaration = {**register.declaration, "public": {}}
        register.save()
        sheets = public_sheets(Item.objects.get(pk=signs[0].pk))
        assert len(sheets) == 1


def test_english_readers_get_the_fields_in_english(client: Client, lamp: Item) -> None:
    client.post("/i18n/setlang/", {"language": "en"})
    body = page(client, lamp)
    assert "Street lamp" in body and "Kind" in body


def test_the_grant_is_asked_each_time(client: Client, lamp: Item, district: MiniDistrict) -> None:
    user = make_user()
    client.force_login(user)
    assert "最近核实" not in page(client, lamp)
    grant_role(user, "administrator")
    assert "最近核实" in page(client, lamp)
