"""Reports of a scanned thing: the form knows what, where and which ledger; what is known is shown."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from huying.cases.models import Category, Ledger
from huying.cases.tests.conftest import Loop, make_ledger
from huying.core.testing import MiniDistrict, make_user
from huying.registry.actions import add_item
from huying.registry.models import Item, Register

from .conftest import Resident, page

COVERS: dict[str, Any] = {
    "ledger": "covers", "title": {"zh": "窨井盖", "en": "Covers"}, "channels": ["portal", "field"],
    "concerns": {"register": "cover", "required": True}, "public": {"list": True, "map": True},
}  # fmt: skip


@pytest.fixture
def cover(loop: Loop) -> Item:
    register = Register.objects.create(
        code="cover", title="窨井盖",
        declaration={
            "register": "cover", "label": "qr", "fields": {"kind": {"type": "text"}}, "public": {"fields": ["kind"]},
        },
    )  # fmt: skip
    lng, lat = loop.district.in_compound
    values = {"title": "建设路污水井盖", "lng": lng, "lat": lat, "owner_id": loop.district.urban.pk}
    return add_item(register, actor=None, code="JG-0001", values=values, data={"kind": "污水"})


@pytest.fixture
def covers(cover: Item) -> Ledger:
    ledger = make_ledger(COVERS, {})
    Category.objects.create(ledger=ledger, code="missing", title="井盖缺失", limit="2 emergency hours")
    Category.objects.create(ledger=ledger, code="loose", title="井盖松动", limit="1 work days")
    return ledger


def test_the_form_is_filled_in_with_the_thing(
    client: Client, loop: Loop, cover: Item, covers: Ledger
) -> None:
    body = page(client.get("/report/", {"item": cover.label}))
    assert "您扫的是：窨井盖 建设路污水井盖" in body
    assert f'name="item" value="{cover.label}"' in body
    assert re.search(r'name="lng"[^>]*value="|value="[^"]+"[^>]*name="lng"', body)
    assert "井盖缺失" in body and "井盖松动" in body


def test_a_ledger_that_needs_a_thing_takes_the_report_of_a_scanned_one(
    resident: Resident, cover: Item, covers: Ledger
) -> None:
    loose = Category.objects.get(code="loose")
    report = resident.reports("盖子一踩就响", item=cover.label, category=str(loose.pk), picked="1")
    assert report.case.ledger == covers and report.case.category == loose
    assert report.case.item == cover


def test_without_a_label_that_ledger_is_not_offered(client: Client, loop: Loop, covers: Ledger) -> None:
    assert "井盖松动" not in page(client.get("/report/"))


def test_a_thing_without_a_ledger_of_its_own_still_comes_along(resident: Resident, cover: Item) -> None:
    report = resident.reports("路灯不亮", item=cover.label)
    assert report.case.item == cover


def test_a_wrong_label_does_no_harm(resident: Resident) -> None:
    assert resident.reports("路灯不亮", item="NOPE2222").case.item is None


def test_the_scan_shows_what_was_reported_already(resident: Resident, cover: Item, covers: Ledger) -> None:
    case = resident.reports("盖子丢了", item=cover.label).case
    body = page(resident.client.get(f"/i/{cover.label}/"))
    assert "已经有人报过" in body and f"/public/{case.number}/" in body
    resident.client.force_login(make_user("grid-worker", area=resident.loop.district.grid_of("东苑社区", 1)))
    body = page(resident.client.get(f"/i/{cover.label}/"))
    assert "在办案件" in body and f"/field/tasks/{case.number}/" in body


def test_a_private_case_is_shown_to_nobody_else(resident: Resident, cover: Item, covers: Ledger) -> None:
    case = resident.reports("盖子丢了", item=cover.label).case
    case.public = False
    case.save()
    assert "已经有人报过" not in page(resident.client.get(f"/i/{cover.label}/"))


def test_the_walk_needs_no_district(client: Client, district: MiniDistrict) -> None:
    assert client.get("/i/").status_code == 200
