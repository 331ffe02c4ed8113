"""Rounds of verification: what they count, and that every number opens its rows."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from huying.core.errors import Refusal
from huying.core.testing import MiniDistrict, make_user
from huying.people.models import User
from huying.registry import policy
from huying.registry.actions import add_item, add_omitted_item, verify_item
from huying.registry.models import Item, Register, VerificationRound
from huying.registry.verifying import (
    by_subdistrict,
    end_round,
    found_in,
    open_round,
    span_of,
    start_round,
    streets_of,
)

URL = "/desk/registers/lamp/verification/"


@pytest.fixture
def walked(lamps: Register, district: MiniDistrict, admin: User) -> list[Item]:
    """Four lamps: one right, one with two mistakes, one gone, one not looked at; and one that was left out."""
    lng, lat = district.in_compound
    items = [
        add_item(
            lamps, actor=None, data={"kind": "单臂灯", "height": 8},
            values={"title": f"建设路{number}号灯杆", "lng": lng, "lat": lat, "road_id": district.road.pk},
        )
        for number in range(4)
    ]  # fmt: skip
    verify_item(items[0], actor=admin)
    verify_item(items[1], actor=admin, data={"kind": "双臂灯", "height": 9})
    verify_item(items[2], actor=admin, gone=True, words="已拆除")
    add_omitted_item(
        lamps, actor=admin, data={"kind": "单臂灯"}, values={"title": "漏掉的灯", "lng": lng, "lat": lat}
    )
    return items


def test_a_round_counts_what_was_screened_corrected_omitted_and_gone(
    lamps: Register, walked: list[Item]
) -> None:
    found = found_in(span_of(None), lamps.items.all())
    assert (found.screened, found.wrong, found.corrections) == (3, 1, 2)
    assert (found.omitted, found.gone, found.left) == (1, 1, 1)


def test_looking_twice_at_one_entry_screens_it_once(lamps: Register, walked: list[Item], admin: User) -> None:
    verify_item(walked[0], actor=admin)
    assert found_in(span_of(None), lamps.items.all()).screened == 3


def test_what_was_before_the_round_is_not_of_it(lamps: Register, walked: list[Item], admin: User) -> None:
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    round_ = start_round(lamps, title="下一轮", starts_on=tomorrow, ends_on=None, actor=admin)
    found = found_in(span_of(round_), lamps.items.all())
    assert found.screened == 0 and found.left == 4


def test_progress_goes_by_street_and_by_subdistrict(
    lamps: Register, walked: list[Item], district: MiniDistrict
) -> None:
    there = lamps.items.exclude(state="retired")
    streets = {street.title: (street.done, street.total) for street in streets_of(there, span_of(None))}
    assert streets[str(district.road)] == (2, 3)
    areas = by_subdistrict(there, span_of(None))
    assert [(area.title, area.done, area.total) for area in areas] == [("东安路街道", 3, 4)]


class TestRounds:
    def test_two_at_once_are_refused(self, lamps: Register, admin: User) -> None:
        today = timezone.localdate()
        made = start_round(lamps, title="一", starts_on=today, ends_on=None, actor=admin)
        with pytest.raises(Refusal, match="重叠"):
            start_round(lamps, title="二", starts_on=today, ends_on=None, actor=admin)
        end_round(made, actor=admin)
        assert open_round(lamps, today) == made
        assert open_round(lamps, today + dt.timedelta(days=1)) is None

    def test_it_can_not_end_before_it_begins(self, lamps: Register, admin: User) -> None:
        today = timezone.localdate()
        with pytest.raises(Refusal, match="不能早于"):
            start_round(lamps, title="一", starts_on=today, ends_on=today - dt.timedelta(days=1), actor=admin)

    def test_a_register_without_verifying_has_none(self, lamps: Register, admin: User) -> None:
        lamps.declaration = {**lamps.declaration, "verified": False}
        with pytest.raises(Refusal):
            start_round(lamps, title="一", starts_on=timezone.localdate(), ends_on=None, actor=admin)


class TestThePage:
    def test_it_shows_the_sums_and_every_row(self, client: Client, admin: User, walked: list[Item]) -> None:
        client.force_login(admin)
        body = client.get(URL).content.decode()
        for words in ("漏报补录", "更正信息", "漏掉的灯", "已拆除", "杆高：8 m → 9 m", "各条路进度"):
            assert words in body
        only = client.get(URL, {"outcome": "omitted"}).content.decode()
        assert "漏掉的灯" in only and "建设路1号灯杆" not in only

    def test_it_leaves_as_a_spreadsheet(self, client: Client, admin: User, walked: list[Item]) -> None:
        client.force_login(admin)
        answer = client.get(URL, {"export": "xlsx"})
        assert answer.status_code == 200 and "spreadsheet" in answer["Content-Type"]

    def test_a_round_is_started_and_ended(self, client: Client, admin: User, lamps: Register) -> None:
        client.force_login(admin)
        wrong = client.post(f"{URL}rounds/", {"title": "", "starts_on": "2026-01-01"})
        assert wrong.status_code == 422 and "请给这一轮起个名字" in wrong.content.decode()
        today = timezone.localdate()
        assert client.post(f"{URL}rounds/", {"title": "普查", "starts_on": today}).status_code == 302
        made = VerificationRound.objects.get()
        assert "普查" in client.get(URL).content.decode()
        assert client.post(f"{URL}rounds/{made.pk}/end/").status_code == 302
        made.refresh_from_db()
        assert made.ends_on == today

    def test_a_past_round_can_be_looked_at(
        self, client: Client, admin: User, lamps: Register, walked: list[Item]
    ) -> None:
        past = VerificationRound.objects.create(
            register=lamps, title="去年", starts_on=dt.date(2020, 1, 1), ends_on=dt.date(2020, 2, 1)
        )
        client.force_login(admin)
        body = client.get(URL, {"round": past.pk}).content.decode()
        assert "去年" in body and "漏掉的灯" not in body


class TestWhoMay:
    def test_strangers_sign_in(self, client: Client, lamps: Register) -> None:
        assert client.get(URL).status_code == 302

    def test_who_has_no_such_right_is_refused(self, client: Client, lamps: Register) -> None:
        client.force_login(make_user("callback"))
        assert client.get(URL).status_code == 403

    def test_only_who_keeps_registers_starts_rounds(self, client: Client, lamps: Register) -> None:
        client.force_login(make_user("supervisor"))
        assert "开始新的一轮" not in client.get(URL).content.decode()
        assert client.post(f"{URL}rounds/", {"title": "普查", "starts_on": "2026-01-01"}).status_code == 403

    def test_rows_of_another_area_are_left_out(
        self, client: Client, walked: list[Item], district: MiniDistrict
    ) -> None:
        worker = make_user("grid-worker", area=district.west)
        assert not policy.items_for(worker).exists()
        client.force_login(worker)
        assert "漏掉的灯" not in client.get(URL).content.decode()
