"""Registers over HTTP: the desk's rules, for programs."""

from __future__ import annotations

import uuid

import pytest

from huying.core.journal import entries_of
from huying.core.testing import CallApi, MiniDistrict, call_api, make_user
from huying.people.models import User
from huying.registry.models import Item, Register
from huying.registry.tests.test_desk_pages import make_lamp

__all__ = ["call_api"]


@pytest.fixture
def lamp(lamps: Register, district: MiniDistrict) -> Item:
    return make_lamp(lamps, owner_id=district.urban.pk)


def test_registers_say_their_fields_states_and_counts(call_api: CallApi, admin: User, lamp: Item) -> None:
    (row,) = call_api(admin, "get", "/registers").json()
    assert (row["code"], row["total"]) == ("lamp", 1)
    assert row["states"][0] == {"code": "in use", "title": "在用", "count": 1}
    assert {"guard": True, "kind": False}.items() <= {f["code"]: f["private"] for f in row["fields"]}.items()


def test_things_are_listed_by_the_filters_of_the_desk_and_by_distance(
    call_api: CallApi, admin: User, lamps: Register, lamp: Item
) -> None:
    make_lamp(lamps, "西灯", lng=113.3075, lat=33.705, data={"kind": "双臂灯"})

    def titles(query: str) -> list[str]:
        answer = call_api(admin, "get", f"/registers/lamp/items?{query}")
        assert answer.status_code == 200, answer.content
        return [row["title"] for row in answer.json()["items"]]

    assert titles("") == ["1号灯", "西灯"]
    assert titles("order=-code") == ["西灯", "1号灯"]
    assert titles("f_kind=双臂灯") == ["西灯"]
    assert titles("bbox=113.32,33.71,113.33,33.72") == ["1号灯"]
    assert titles("near=113.3076,33.705&within_m=500") == ["西灯"]
    assert call_api(admin, "get", "/registers/lamp/items?near=nan").status_code == 422
    assert call_api(admin, "get", "/registers/lamp/items?order=words").status_code == 422
    assert call_api(admin, "get", "/registers/lamp/items?state=nonsense").status_code == 422
    assert call_api(admin, "get", "/registers/nothing/items").status_code == 404
    first = call_api(admin, "get", "/registers/lamp/items?limit=1").json()
    assert call_api(admin, "get", f"/registers/lamp/items?limit=1&after={first['next']}").json()["next"] == ""


def test_personal_fields_are_masked_until_a_reason_is_on_record(
    call_api: CallApi, admin: User, lamp: Item
) -> None:
    path = f"/registers/lamp/items/{lamp.code}"
    for url in ("/registers/lamp/items", path):
        assert "李小明" not in call_api(admin, "get", url).content.decode()
    assert call_api(admin, "post", f"{path}/private", {"reason": "看"}).status_code == 422
    assert call_api(admin, "post", f"{path}/private", {"reason": "核实看护人"}).json()[0]["words"] == "李小明"
    assert entries_of(lamp).last().data == {"reason": "核实看护人"}  # type: ignore[union-attr]


def test_a_thing_is_added_changed_and_put_into_another_state(
    call_api: CallApi, admin: User, lamps: Register
) -> None:
    lng, lat = MiniDistrict.in_compound
    new = {
        "title": "7号灯",
        "lng": lng,
        "lat": lat,
        "owner": "urban-management",
        "fields": {"kind": "单臂灯"},
    }
    made = call_api(admin, "post", "/registers/lamp/items", new)
    assert made.status_code == 201, made.content
    assert (made.json()["code"], made.json()["supervisor"]) == ("LD-0001", "urban-management")
    path = "/registers/lamp/items/LD-0001"
    changed = call_api(
        admin, "patch", path, {"fields": {"height": 8, "guard": "李小明"}, "address": "建设路"}
    )
    assert changed.json()["fields"]["height"] == 8
    assert (changed.json()["title"], changed.json()["address"]) == ("7号灯", "建设路")
    assert Item.objects.get().data == {"kind": "单臂灯", "height": 8, "guard": "李小明"}
    call_api(admin, "patch", path, {"fields": {"height": None}})
    assert Item.objects.get().data == {"kind": "单臂灯", "guard": "李小明"}
    call_api(admin, "patch", path, {"fields": {"guard": None}})
    assert Item.objects.get().data == {"kind": "单臂灯"}
    assert (
        call_api(admin, "post", f"{path}/state", {"state": "out", "words": "灯不亮"}).json()["state"] == "out"
    )
    assert call_api(admin, "post", f"{path}/state", {"state": "blue", "words": "灯不亮"}).status_code == 422


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"fields": {"kind": "三臂灯"}}, "kind"),
        ({"fields": {"colour": "红"}}, "fields"),
        ({"lng": 113.4, "lat": 33.8}, "lng"),
        ({"title": ""}, "title"),
        ({"owner": "nobody"}, "owner"),
    ],
)
def test_a_mistake_names_its_field(
    call_api: CallApi, admin: User, lamp: Item, body: dict[str, object], field: str
) -> None:
    answer = call_api(admin, "patch", f"/registers/lamp/items/{lamp.code}", body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_a_version_that_is_gone_is_not_changed(call_api: CallApi, admin: User, lamp: Item) -> None:
    path = f"/registers/lamp/items/{lamp.code}"
    tag = call_api(admin, "get", path)["ETag"]
    assert call_api(admin, "get", path, If_None_Match=tag).status_code == 304
    assert call_api(admin, "patch", path, {"title": "甲"}, If_Match=tag).status_code == 200
    assert call_api(admin, "patch", path, {"title": "乙"}, If_Match=tag).status_code == 412
    assert call_api(admin, "patch", path, {"title": "乙", "version": 1}).status_code == 412


def test_a_thing_is_verified_once_per_client_id(call_api: CallApi, admin: User, lamp: Item) -> None:
    path = f"/registers/lamp/items/{lamp.code}/verifications"
    body = {"fields": {"height": 9}, "words": "量过", "client_id": str(uuid.uuid4())}
    for _try in range(2):
        answer = call_api(admin, "post", path, body)
        assert answer.status_code == 201, answer.content
        assert answer.json()["corrections"] == {"height": [None, 9]}
    assert [row["outcome"] for row in call_api(admin, "get", path).json()["items"]] == ["corrected"]
    assert call_api(admin, "post", path, {"gone": True, "words": "已拆除"}).json()["outcome"] == "gone"


def test_rights_are_those_of_the_desk(
    call_api: CallApi, district: MiniDistrict, lamps: Register, lamp: Item
) -> None:
    path = f"/registers/lamp/items/{lamp.code}"
    west = make_user("grid-worker", area=district.west)
    assert call_api(west, "get", path).status_code == 404
    assert call_api(west, "get", "/registers/lamp/items").json()["items"] == []
    near = f"near={lamp.lng},{lamp.lat}"
    assert call_api(west, "get", f"/registers/lamp/items?{near}").json()["items"] == []
    east = make_user("grid-worker", area=district.east)
    assert call_api(east, "get", path).status_code == 200
    assert call_api(east, "patch", path, {"title": "甲"}).status_code == 403
    assert call_api(make_user(), "get", "/registers").status_code == 403
    assert call_api(None, "get", "/registers").status_code == 401


def test_a_code_may_hold_a_slash(call_api: CallApi, admin: User, lamps: Register) -> None:
    new = {"code": "市政/2026/1", "title": "甲", "fields": {"kind": "单臂灯"}}
    assert call_api(admin, "post", "/registers/lamp/items", new).status_code == 201
    path = "/registers/lamp/items/市政/2026/1"
    assert call_api(admin, "get", path).json()["title"] == "甲"
    assert call_api(admin, "post", f"{path}/state", {"state": "out", "words": "坏了"}).status_code == 200
