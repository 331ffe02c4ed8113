"""现场核实 on the phone: street by street, each form counts once, and the own area is the limit."""

from __future__ import annotations

import datetime as dt
import io
import json
import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from huying.core.testing import MiniDistrict, make_user
from huying.people.models import User
from huying.places.models import Road
from huying.registry.actions import add_item, change_item
from huying.registry.models import Item, Register, Verification, VerificationRound

DECLARATION: dict[str, Any] = {
    "register": "lamp", "title": "路灯", "verified": True, "numbered": "LD-000", "label": "qr",
    "fields": {
        "kind": {"type": "choice", "title": "类型", "of": ["单臂灯", "双臂灯"], "required": True},
        "height": {"type": "number", "title": "杆高", "unit": "m"},
        "guard": {"type": "person", "title": "看护人", "private": True},
    },
}  # fmt: skip


@pytest.fixture
def lamps(district: MiniDistrict) -> Register:
    return Register.objects.create(code="lamp", title="路灯", declaration=DECLARATION)


@pytest.fixture
def road(district: MiniDistrict) -> Road:
    lng, lat = district.in_compound
    line = {"type": "LineString", "coordinates": [[lng - 0.001, lat], [lng + 0.001, lat]]}
    return Road.objects.create(code="jianshe", title="建设路", line=line)


@pytest.fixture
def lamp(lamps: Register, road: Road, district: MiniDistrict) -> Item:
    lng, lat = district.in_compound
    values = {"title": "建设路1号灯杆", "lng": lng, "lat": lat, "road_id": road.pk}
    return add_item(lamps, actor=None, values=values, data={"kind": "单臂灯", "height": 8, "guard": "张三"})


@pytest.fixture
def worker(district: MiniDistrict) -> User:
    return make_user("grid-worker", area=district.grid_of("东苑社区", 1))


@pytest.fixture
def phone(client: Client, worker: User) -> Client:
    client.force_login(worker)
    return client


def url_of(item: Item) -> str:
    return f"/field/verify/{item.register.code}/items/{item.code}/"


def form_of(item: Item, **more: Any) -> dict[str, Any]:
    return {"what": "right", "seen_version": item.version, "client_id": str(uuid.uuid4()), **more}


def corrected(item: Item, **more: Any) -> dict[str, Any]:
    said = {"title": item.title, "address": "", "f-kind": "单臂灯", "f-height": "8"} | more
    return form_of(item, what="corrected", **said)


def picture() -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", (320, 240), (120, 90, 60)).save(out, "JPEG")
    return SimpleUploadedFile("lamp.jpg", out.getvalue(), "image/jpeg")


class TestThePages:
    def test_registers_streets_and_entries_show_how_far_one_is(self, phone: Client, lamp: Item) -> None:
        assert "路灯" in phone.get("/field/verify/").content.decode()
        assert "建设路" in phone.get("/field/verify/lamp/").content.decode()
        body = phone.get("/field/verify/lamp/streets/jianshe/").content.decode()
        assert lamp.title in body and "已核实 0 / 1" in body

    def test_entries_come_in_walking_order(
        self, phone: Client, lamp: Item, road: Road, district: MiniDistrict
    ) -> None:
        lng, lat = district.in_compound
        add_item(
            lamp.register, actor=None, data={"kind": "单臂灯"},
            values={"title": "西头的灯", "lng": lng - 0.0005, "lat": lat, "road_id": road.pk},
        )  # fmt: skip
        body = phone.get("/field/verify/lamp/streets/jianshe/").content.decode()
        assert body.index("西头的灯") < body.index(lamp.title)

    def test_personal_fields_are_neither_shown_nor_lost(self, phone: Client, lamp: Item) -> None:
        assert "张三" not in phone.get(url_of(lamp)).content.decode()
        phone.post(url_of(lamp), corrected(lamp, **{"f-height": "9"}))
        lamp.refresh_from_db()
        assert lamp.data == {"kind": "单臂灯", "height": 9, "guard": "张三"}

    def test_a_register_that_is_not_verified_has_no_rounds(self, phone: Client, lamp: Item) -> None:
        lamp.register.declaration = {**DECLARATION, "verified": False}
        lamp.register.save()
        assert phone.get("/field/verify/lamp/").status_code == 404

    def test_unknown_streets_are_not_found(self, phone: Client, lamp: Item) -> None:
        assert phone.get("/field/verify/lamp/streets/road-9/").status_code == 404

    def test_a_street_without_entries_may_have_something_left_out(
        self, phone: Client, lamps: Register
    ) -> None:
        Road.objects.create(code="kaiyuan", title="开源路")
        assert phone.get("/field/verify/lamp/streets/kaiyuan/omitted/").status_code == 200


class TestWhatIsFound:
    def test_one_tap_says_it_is_right(self, phone: Client, lamp: Item, worker: User) -> None:
        answer = phone.post(url_of(lamp), form_of(lamp))
        assert answer.status_code == 302 and answer.url == "/field/verify/lamp/streets/jianshe/"
        found = Verification.objects.get(item=lamp)
        assert found.outcome == "right" and found.by == worker
        assert "已核实 1 / 1" in phone.get(answer.url).content.decode()

    def test_what_is_wrong_is_put_right_and_counted(self, phone: Client, lamp: Item) -> None:
        phone.post(url_of(lamp), corrected(lamp, **{"f-kind": "双臂灯", "f-height": "10"}))
        found = Verification.objects.get(item=lamp)
        assert found.outcome == "corrected" and found.corrected == 2
        assert found.corrections == {"kind": ["单臂灯", "双臂灯"], "height": [8, 10]}

    def test_a_wrong_value_comes_back_with_its_sentence(self, phone: Client, lamp: Item) -> None:
        answer = phone.post(url_of(lamp), corrected(lamp, **{"f-kind": "", "f-height": "10"}))
        assert answer.status_code == 422 and "请填写「类型」" in answer.content.decode()
        assert not Verification.objects.exists()

    def test_an_entry_is_moved_to_where_the_phone_is(
        self, phone: Client, lamp: Item, district: MiniDistrict
    ) -> None:
        lng, lat = district.in_compound
        here = {"moved": "on", "lng": str(lng + 0.0002), "lat": str(lat)}
        phone.post(url_of(lamp), corrected(lamp, **here))
        lamp.refresh_from_db()
        assert lamp.lng == pytest.approx(lng + 0.0002)
        answer = phone.post(url_of(lamp), corrected(lamp, moved="on"))
        assert answer.status_code == 422 and "没有取得位置" in answer.content.decode()

    def test_what_is_not_there_needs_a_word(self, phone: Client, lamp: Item) -> None:
        answer = phone.post(url_of(lamp), form_of(lamp, what="gone"))
        assert answer.status_code == 422 and "请写一句现场的情况" in answer.content.decode()
        phone.post(url_of(lamp), form_of(lamp, what="gone", words="已拆除"))
        lamp.refresh_from_db()
        assert lamp.retired and Verification.objects.get(item=lamp).outcome == "gone"

    def test_what_was_left_out_is_added_with_its_photo(
        self, phone: Client, lamp: Item, district: MiniDistrict
    ) -> None:
        lng, lat = district.in_compound
        answer = phone.post(
            "/field/verify/lamp/streets/jianshe/omitted/",
            {
                "title": "建设路2号灯杆", "lng": lng, "lat": lat, "f-kind": "单臂灯", "photos": picture(),
                "client_id": str(uuid.uuid4()),
            },
        )  # fmt: skip
        assert answer.status_code == 302, answer.content.decode()
        added = Item.objects.get(title="建设路2号灯杆")
        assert added.origin == Item.Origin.SPOT and added.road == lamp.road and added.code == "LD-002"
        assert added.photos.count() == 1
        assert Verification.objects.get(item=added).outcome == "omitted"

    def test_what_was_left_out_needs_a_place(self, phone: Client, lamp: Item) -> None:
        answer = phone.post(
            "/field/verify/lamp/streets/jianshe/omitted/", {"title": "灯", "f-kind": "单臂灯"}
        )
        assert answer.status_code == 422 and "没有位置" in answer.content.decode()


class TestThePhoneWithoutASignal:
    def test_the_same_form_twice_is_one_verification(self, phone: Client, lamp: Item) -> None:
        said = form_of(lamp)
        first, second = phone.post(url_of(lamp), said), phone.post(url_of(lamp), said)
        assert first.url == second.url
        assert Verification.objects.count() == 1

    def test_what_waited_on_the_phone_was_found_when_it_was_filled_in(
        self, phone: Client, lamp: Item
    ) -> None:
        phone.post(url_of(lamp), form_of(lamp), headers={"X-Work": "background", "X-Work-Age": "7200"})
        waited = timezone.now() - Verification.objects.get().at
        assert dt.timedelta(hours=2) <= waited < dt.timedelta(hours=2, minutes=5)

    def test_an_entry_that_changed_meanwhile_is_a_conflict(self, phone: Client, lamp: Item) -> None:
        said = corrected(lamp, **{"f-height": "12"})
        change_item(lamp, actor=None, data={**lamp.data, "height": 9})
        answer = phone.post(url_of(lamp), said, headers={"X-Work": "background"})
        assert answer.status_code == 409 and "别人改过" in answer.json()["sentence"]
        assert Item.objects.get(pk=lamp.pk).data["height"] == 9

    def test_the_day_brings_the_pages_of_an_open_round(self, phone: Client, lamp: Item) -> None:
        def kept() -> set[str]:
            return {
                address for address, _version in json.loads(phone.get("/field/day.json").content)["pages"]
            }

        assert url_of(lamp) not in kept() and "/field/verify/" in kept()
        VerificationRound.objects.create(
            register=lamp.register, title="普查", starts_on=timezone.localdate() - dt.timedelta(days=3)
        )
        assert {url_of(lamp), "/field/verify/lamp/streets/jianshe/", "/field/verify/lamp/"} <= kept()
        for address in kept():
            if address.startswith("/field/verify/"):
                assert phone.get(address).status_code == 200, address


class TestWhoMay:
    def test_strangers_sign_in(self, client: Client, lamp: Item) -> None:
        for address in ("/field/verify/", "/field/verify/lamp/", url_of(lamp)):
            assert client.get(address).status_code == 302

    def test_who_has_no_such_right_is_refused(self, client: Client, lamp: Item) -> None:
        client.force_login(make_user("dispatcher"))
        assert client.get("/field/verify/").status_code == 403
        assert client.post(url_of(lamp), form_of(lamp)).status_code == 403

    def test_another_area_is_out_of_reach(self, client: Client, lamp: Item, district: MiniDistrict) -> None:
        client.force_login(make_user("grid-worker", area=district.west))
        assert client.get(url_of(lamp)).status_code == 404
        assert lamp.title not in client.get("/field/verify/lamp/streets/jianshe/").content.decode()
        assert not Verification.objects.exists()

    def test_the_owner_s_clerks_compare_what_is_theirs(
        self, client: Client, lamp: Item, district: MiniDistrict
    ) -> None:
        client.force_login(make_user("clerk", department=district.urban))
        assert client.get(url_of(lamp)).status_code == 404
        change_item(lamp, actor=None, values={"owner_id": district.urban.pk})
        assert client.post(url_of(lamp), form_of(lamp)).status_code == 302
        assert Verification.objects.get().outcome == "right"
