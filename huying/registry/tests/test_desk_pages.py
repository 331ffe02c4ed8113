"""The desk of the registers: what its pages show, and to whom."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from huying.core.testing import AccessSuite, MiniDistrict, make_user
from huying.people.models import User
from huying.registry.actions import add_item, change_item
from huying.registry.models import Item, Register
from huying.registry.tests.conftest import LAMPS


def make_lamps() -> Register:
    return Register.objects.create(code="lamp", title="路灯", title_en="Street lamp", declaration=dict(LAMPS))


def make_lamp(register: Register, title: str = "1号灯", **values: Any) -> Item:
    data = values.pop("data", {"kind": "单臂灯", "guard": "李小明"})
    place = dict(zip(("lng", "lat"), MiniDistrict.in_compound, strict=True))
    return add_item(register, actor=None, values={"title": title, **place, **values}, data=data)


class InEast(AccessSuite):
    """A lamp in the street `east`."""

    role = "grid-worker"

    def prepare(self) -> None:
        self.lamps = make_lamps()
        self.lamp = make_lamp(self.lamps, owner_id=self.district.urban.pk)


class TestOverview(InEast):
    url = "desk:registers"


class TestAllItems(InEast):
    url = "desk:items"

    def row_in_east(self) -> str:
        return "1号灯"


class TestList(InEast):
    def address(self) -> str:
        return reverse("desk:register", args=["lamp"])

    def row_in_east(self) -> str:
        return "1号灯"


class TestMap(InEast):
    def address(self) -> str:
        return reverse("desk:register-map", args=["lamp"])


class TestMapOfAll(InEast):
    url = "desk:items-map"


class TestPoints(InEast):
    def address(self) -> str:
        return reverse("desk:register-points", args=["lamp"]) + "?bbox=113,33,114,34&zoom=16"

    def row_in_east(self) -> str:
        return "1号灯"


class TestItem(InEast):
    shows_area = True

    def address(self) -> str:
        return self.lamp.get_absolute_url()


class TestAdd(InEast):
    role = "administrator"

    def address(self) -> str:
        return reverse("desk:add-item", args=["lamp"])


class TestChange(InEast):
    role = "administrator"
    shows_area = True

    def address(self) -> str:
        return reverse("desk:change-item", args=["lamp", self.lamp.code])


class TestState(InEast):
    role = "administrator"
    shows_area = True
    method = "post"
    data = {"state": "out", "words": "灯不亮"}

    def address(self) -> str:
        return reverse("desk:item-state", args=["lamp", self.lamp.code])


class TestPrivate(InEast):
    role = "administrator"
    shows_area = True
    method = "post"
    data = {"reason": "核实看护人"}

    def address(self) -> str:
        return reverse("desk:item-private", args=["lamp", self.lamp.code])


class TestPhotos(InEast):
    role = "administrator"
    shows_area = True
    method = "post"

    def address(self) -> str:
        return reverse("desk:item-photos", args=["lamp", self.lamp.code])


@pytest.fixture
def lamp(lamps: Register, district: MiniDistrict) -> Item:
    return make_lamp(lamps, owner_id=district.urban.pk)


def fields_of(item: Item, **changed: Any) -> dict[str, Any]:
    """What the form of this lamp sends."""
    return {
        "title": item.title, "address": item.address, "lng": item.lng, "lat": item.lat,
        "owner": "urban-management", "f-kind": item.data.get("kind", ""), "version": item.version, **changed,
    }  # fmt: skip


def test_personal_fields_are_masked_on_every_page(client: Client, admin: User, lamp: Item) -> None:
    client.force_login(admin)
    change_item(lamp, actor=admin, data={**lamp.data, "guard": "王大力"})
    for url in (
        lamp.get_absolute_url(),
        reverse("desk:register", args=["lamp"]),
        reverse("desk:change-item", args=["lamp", lamp.code]),
    ):
        page = client.get(url).content.decode()
        assert "王大力" not in page and "李小明" not in page
    assert "看护人：有改动（个人信息，不显示）" in client.get(lamp.get_absolute_url()).content.decode()


def test_who_gives_a_reason_sees_the_personal_fields_and_is_on_record(
    client: Client, admin: User, lamp: Item
) -> None:
    client.force_login(admin)
    url = reverse("desk:item-private", args=["lamp", lamp.code])
    assert "至少 4 个字" in client.post(url, {"reason": "看"}).content.decode()
    assert "李小明" in client.post(url, {"reason": "核实看护人"}).content.decode()
    assert "原因：核实看护人" in client.get(lamp.get_absolute_url()).content.decode()


def test_a_personal_field_that_is_left_empty_stays_and_a_box_clears_it(
    client: Client, admin: User, lamp: Item
) -> None:
    client.force_login(admin)
    url = reverse("desk:change-item", args=["lamp", lamp.code])
    client.post(url, fields_of(lamp, title="2号灯"))
    lamp.refresh_from_db()
    assert (lamp.title, lamp.data["guard"]) == ("2号灯", "李小明")
    client.post(url, fields_of(lamp, **{"f-clear_guard": "on"}))
    lamp.refresh_from_db()
    assert "guard" not in lamp.data


def test_a_new_lamp_gets_the_next_number_and_keeps_what_was_typed_when_refused(
    client: Client, admin: User, lamps: Register
) -> None:
    client.force_login(admin)
    url = reverse("desk:add-item", args=["lamp"])
    refused = client.post(url, {"title": "站前灯", "state": "in use", "f-height": "八"})
    assert refused.status_code == 422
    assert "站前灯" in refused.content.decode()
    place = {"lng": MiniDistrict.in_east[0], "lat": MiniDistrict.in_east[1]}
    client.post(url, {"title": "站前灯", "state": "in use", "f-kind": "双臂灯", "f-height": "8", **place})
    lamp = Item.objects.get()
    assert (lamp.code, lamp.data) == ("LD-0001", {"kind": "双臂灯", "height": 8})
    assert lamp.area is not None


def test_a_point_outside_the_district_is_refused(client: Client, admin: User, lamps: Register) -> None:
    client.force_login(admin)
    lng, lat = MiniDistrict.outside
    answer = client.post(
        reverse("desk:add-item", args=["lamp"]),
        {"title": "灯", "state": "in use", "f-kind": "双臂灯", "lng": lng, "lat": lat},
    )
    assert answer.status_code == 422
    assert "不在本区范围内" in answer.content.decode()


def test_who_saves_an_old_version_sees_both_and_may_save_again(
    client: Client, admin: User, lamp: Item
) -> None:
    client.force_login(admin)
    url = reverse("desk:change-item", args=["lamp", lamp.code])
    old = fields_of(lamp, address="建设路西口")
    change_item(lamp, actor=None, values={"address": "建设路东口"})
    answer = client.post(url, old)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "建设路东口" in page and "建设路西口" in page
    lamp.refresh_from_db()
    assert lamp.address == "建设路东口"
    client.post(url, {**old, "version": lamp.version})
    lamp.refresh_from_db()
    assert lamp.address == "建设路西口"


def test_a_state_is_changed_with_a_reason_and_taken_back(client: Client, admin: User, lamp: Item) -> None:
    client.force_login(admin)
    url = reverse("desk:item-state", args=["lamp", lamp.code])
    client.post(url, {"state": "out", "words": ""})
    lamp.refresh_from_db()
    assert lamp.state == "in use"
    client.post(url, {"state": "out", "words": "灯不亮", "version": lamp.version})
    lamp.refresh_from_db()
    assert lamp.state == "out"
    client.post(f"{url}?back=in+use&seen={lamp.version}")
    lamp.refresh_from_db()
    assert lamp.state == "in use"
    page = client.get(lamp.get_absolute_url()).content.decode()
    assert "状态：在用 → 不亮" in page and "灯不亮" in page


def test_lists_leave_out_what_is_gone_until_it_is_asked_for(client: Client, admin: User, lamp: Item) -> None:
    client.force_login(admin)
    change_item(lamp, actor=None, state="retired")
    url = reverse("desk:register", args=["lamp"])
    assert "1号灯" not in client.get(url).content.decode()
    assert "1号灯" in client.get(url, {"state": "retired"}).content.decode()
    assert "1号灯" in client.get(url, {"state": "all"}).content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"f_kind": "单臂灯"}, True),
        ({"f_kind": "双臂灯"}, False),
        ({"q": "1号灯"}, True),
        ({"q": "LD-0001"}, True),
        ({"q": "没有这个"}, False),
        ({"owner": "urban-management"}, True),
        ({"owner": "water-company"}, False),
        ({"area": "410403003"}, True),
        ({"area": "410403001"}, False),
        ({"verified": "no"}, True),
        ({"verified": "yes"}, False),
        ({"placed": "yes"}, True),
        ({"bbox": "113.32,33.71,113.33,33.72"}, True),
        ({"bbox": "113.30,33.71,113.31,33.72"}, False),
    ],
)
def test_a_list_is_narrowed_by_what_the_register_declares(
    client: Client, admin: User, lamp: Item, query: dict[str, str], found: bool
) -> None:
    client.force_login(admin)
    for name in ("register", "register-map"):
        answer = client.get(reverse(f"desk:{name}", args=["lamp"]), query)
        assert answer.status_code == 200
        if name == "register":
            assert (lamp.get_absolute_url() in answer.content.decode()) is found


def test_search_over_all_registers_finds_a_part_code(client: Client, admin: User, lamp: Item) -> None:
    client.force_login(admin)
    assert len(lamp.part_code) == 16
    assert "1号灯" in client.get(reverse("desk:items"), {"q": lamp.part_code}).content.decode()


@pytest.mark.parametrize("most", [400, 0])
def test_the_map_counts_what_its_list_lists(
    client: Client, admin: User, lamps: Register, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr("huying.registry.views.desk.maps.MOST_ITEMS", most)
    for number in range(5):
        make_lamp(lamps, f"{number}号灯", lng=113.3225 + number / 5000)
    make_lamp(lamps, "西灯", lng=113.3075, lat=33.705)
    for user in (admin, make_user("grid-worker", area=MiniArea.east())):
        client.force_login(user)
        for zoom, query in ((16, {}), (12, {}), (16, {"f_kind": "单臂灯"}), (13, {"state": "in use"})):
            url = reverse("desk:register-points", args=["lamp"])
            answer = client.get(url, {"bbox": "113.322,33.714,113.323,33.716", "zoom": zoom, **query}).json()
            assert sum(cluster["count"] for cluster in answer["clusters"]) == answer["total"]
            listed = client.get(answer["list_url"])
            assert listed.context["total"].number == answer["total"]


class MiniArea:
    @staticmethod
    def east() -> Any:
        from huying.places.models import Area

        return Area.objects.get(code="410403003")


def test_the_window_of_the_map_must_be_a_window(client: Client, admin: User, lamp: Item) -> None:
    client.force_login(admin)
    url = reverse("desk:register-points", args=["lamp"])
    for box in ("", "1,2,3", "nan,1,2,3", "5,5,1,1"):
        assert client.get(url, {"bbox": box, "zoom": "nan"}).status_code == 400


def test_a_long_list_keeps_what_is_chosen_and_escapes_its_words(
    client: Client, admin: User, lamp: Item, district: MiniDistrict
) -> None:
    district.water.title = "<b>供水</b>公司"
    district.water.save()
    client.force_login(admin)
    page = client.get(reverse("desk:register", args=["lamp"]), {"owner": "urban-management"}).content.decode()
    assert '<option value="urban-management" selected>' in page
    assert "&lt;b&gt;供水&lt;/b&gt;公司" in page and "<b>供水</b>" not in page
