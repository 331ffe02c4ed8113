"""Accounts, departments, duties and posts over HTTP: the same limits as on the desk."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator

from huying.core.journal import entries_of
from huying.core.models import IdempotencyKey
from huying.core.testing import (
    PASSWORD,
    CallApi,
    MiniDistrict,
    grant_role,
    hold,
    make_duty,
    make_post,
    make_user,
    token_for,
)
from huying.people.models import Department, Duty, Grant, User
from huying.people.topics import TopicName

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _topics(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"lighting": TopicName("照明"), "lighting-dark": TopicName("路灯不亮", "lighting")}
    monkeypatch.setattr("huying.people.topics._source", lambda: known)


@pytest.fixture
def chief(district: MiniDistrict) -> User:
    """The administrator of the whole district."""
    return make_user("administrator", username="chief")


@pytest.fixture
def local(district: MiniDistrict) -> User:
    """The administrator of the street `east`."""
    return make_user(
        "administrator", area=district.east, department=district.streets["east"], username="local"
    )


@pytest.fixture
def alice(district: MiniDistrict) -> User:
    """A clerk of the street `east`."""
    return make_user(
        "clerk",
        area=district.east,
        department=district.streets["east"],
        username="alice",
        phone="13812345678",
    )


@pytest.fixture
def walter(district: MiniDistrict) -> User:
    """A clerk of the street `west`."""
    return make_user("clerk", area=district.west, department=district.streets["west"], username="walter")


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.json()
    return [row["username"] for row in answer.json()["items"]]


def wrong_field(answer: Any) -> str:
    assert answer.status_code == 422, answer.json()
    return answer.json()["errors"][0]["field"]


# --- who may ---------------------------------------------------------------------------------------------

OPERATIONS = [
    ("get", "/accounts", None), ("get", "/accounts/{username}", None), ("get", "/duties", None),
    ("get", "/posts", None), ("get", "/holdings", None),
    ("post", "/accounts", {"username": "bob", "name": "赵小波", "department": "street-east"}),
    ("patch", "/accounts/{username}", {"name": "别人"}),
    ("post", "/accounts/{username}/grants", {"role": "checker", "area": "{area}"}),
    ("delete", "/accounts/{username}/grants/{grant}", None),
    ("post", "/accounts/{username}/holdings", {"post": "grid-chief", "area": "{area}"}),
    ("post", "/holdings/{holding}/end", None),
    ("post", "/accounts/{username}/deactivation", None), ("post", "/accounts/{username}/activation", None),
    ("post", "/accounts/{username}/password", None),
    ("post", "/accounts/{username}/second-factor-reset", {"reason": "手机丢失"}),
    ("delete", "/accounts/{username}/identity", None),
    ("post", "/duties", {"topic": "lighting", "area": "{area}", "department": "urban-management"}),
    ("post", "/duties/{duty}/end", None),
    ("post", "/departments", {"code": "new", "title": "新部门", "kind": "utility", "area": "{area}"}),
    ("patch", "/departments/{department}", {"title": "别的名字"}),
    ("post", "/departments/{department}/retirement", None),
]  # fmt: skip
ABOUT_ONE = [one for one in OPERATIONS if one[0] != "get" or "{" in one[1]]


@pytest.fixture
def there(district: MiniDistrict, alice: User) -> dict[str, Any]:
    """Things of the street `east`, to be put into addresses and bodies."""
    Authenticator.objects.create(user=alice, type=Authenticator.Type.TOTP, data={})
    return {
        "username": "alice", "grant": Grant.objects.get(user=alice).pk, "area": district.east.code,
        "holding": hold(alice, make_post("dispatcher-post"), district.east).pk,
        "duty": make_duty("lighting-dark", district.east, district.urban).pk, "department": "street-east",
    }  # fmt: skip


def filled(there: dict[str, Any], path: str, body: Any) -> tuple[str, Any]:
    made = {key: str(value).format(**there) for key, value in body.items()} if body else body
    return path.format(**there), made


@pytest.mark.parametrize(("method", "path", "body"), OPERATIONS)
def test_without_the_right_nothing_is_done(
    call_api: CallApi, there: dict[str, Any], walter: User, method: str, path: str, body: Any
) -> None:
    path, body = filled(there, path, body)
    assert call_api(None, method, path, body).status_code == 401
    assert call_api(walter, method, path, body).status_code == 403
    narrowed = token_for(make_user("administrator"), verbs=["case.view"])
    assert call_api(narrowed, method, path, body).status_code == 403


@pytest.mark.parametrize(("method", "path", "body"), ABOUT_ONE)
def test_what_belongs_to_another_street_is_out_of_reach(
    call_api: CallApi, there: dict[str, Any], district: MiniDistrict, method: str, path: str, body: Any
) -> None:
    make_post()
    stranger = make_user("administrator", area=district.west, department=district.streets["west"])
    limited = token_for(make_user("administrator"), area=district.west)
    path, body = filled(there, path, body)
    before = [list(model.objects.order_by("pk").values()) for model in (User, Grant, Duty, Department)]
    for who in (stranger, limited):
        assert call_api(who, method, path, body).status_code in (403, 404, 422)
    after = [list(model.objects.order_by("pk").values()) for model in (User, Grant, Duty, Department)]
    assert before == after


@pytest.mark.parametrize(("method", "path", "body"), OPERATIONS)
def test_the_local_administrator_does_it_for_the_own_street(
    call_api: CallApi, there: dict[str, Any], local: User, method: str, path: str, body: Any
) -> None:
    make_post()
    path, body = filled(there, path, body)
    answer = call_api(local, method, path, body)
    # An active account is not activated, and a department with people is not retired: that is a sentence, not a no.
    expected = (409, 422) if path.endswith(("/activation", "/retirement")) else (200, 201, 204)
    assert answer.status_code in expected, answer.content.decode()


# --- reading ---------------------------------------------------------------------------------------------


def test_lists_hold_what_the_caller_manages_and_narrow_as_on_the_desk(
    call_api: CallApi, district: MiniDistrict, chief: User, local: User, alice: User, walter: User
) -> None:
    assert names(call_api(local, "get", "/accounts")) == ["alice", "local"]
    secret = token_for(chief)
    assert names(call_api(secret, "get", "/accounts")) == ["alice", "chief", "local", "walter"]
    assert names(call_api(secret, "get", "/accounts?role=clerk")) == ["alice", "walter"]
    assert names(call_api(secret, "get", "/accounts?q=ali")) == ["alice"]
    assert names(call_api(secret, "get", "/accounts?department=street-west")) == ["walter"]
    assert names(call_api(secret, "get", f"/accounts?area={district.east.code}")) == ["alice", "local"]
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert names(call_api(secret, "get", "/accounts?role=clerk")) == ["walter"]
    assert names(call_api(secret, "get", "/accounts?role=clerk&active=false")) == ["alice"]
    assert names(call_api(secret, "get", "/accounts?role=clerk&active=all")) == ["alice", "walter"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("role=king", "role"),
        ("active=perhaps", "active"),
        ("area=nowhere", "area"),
        ("department=x", "department"),
    ],
)
def test_a_filter_that_nothing_knows_is_refused(
    call_api: CallApi, chief: User, query: str, field: str
) -> None:
    assert wrong_field(call_api(chief, "get", f"/accounts?{query}")) == field


def test_a_long_list_pages_by_cursor(call_api: CallApi, chief: User, alice: User, walter: User) -> None:
    secret, found, after = token_for(chief), [], ""
    while True:
        page = call_api(secret, "get", f"/accounts?limit=1&after={after}").json()
        found += [row["username"] for row in page["items"]]
        if not (after := page["next"]):
            break
    assert found == ["alice", "chief", "walter"]


def test_a_phone_is_masked_in_lists_and_plain_on_the_account(
    call_api: CallApi, local: User, alice: User
) -> None:
    row = call_api(local, "get", "/accounts?q=alice").json()["items"][0]
    assert row["phone"] == "138****5678"
    one = call_api(local, "get", "/accounts/alice").json()
    assert one["phone"] == "13812345678" and one["beyond"] == "" and one["grants"][0]["role"] == "clerk"


def test_an_account_with_wider_rights_says_why_it_is_out_of_reach(
    call_api: CallApi, district: MiniDistrict, local: User
) -> None:
    make_user("leader", department=district.streets["east"], username="boss")
    assert "区级管理员" in call_api(local, "get", "/accounts/boss").json()["beyond"]
    assert call_api(local, "post", "/accounts/boss/password").status_code == 403


def test_duties_and_posts_are_listed_within_the_area(
    call_api: CallApi, district: MiniDistrict, local: User, chief: User, alice: User, walter: User
) -> None:
    for area, user in ((district.east, alice), (district.west, walter)):
        make_duty("lighting", area, district.urban)
        hold(user, make_post(), area)
    mine = call_api(local, "get", "/duties").json()["items"]
    assert [(one["topic"], one["area"]) for one in mine] == [("lighting", district.east.code)]
    assert len(call_api(chief, "get", "/duties?topic=lighting").json()["items"]) == 2
    assert call_api(chief, "get", "/duties?topic=lighting-dark").json()["items"] == []
    assert wrong_field(call_api(chief, "get", "/duties?topic=nothing")) == "topic"
    held = call_api(local, "get", "/holdings").json()["items"]
    assert [(one["username"], one["post"]) for one in held] == [("alice", "grid-chief")]
    assert len(call_api(chief, "get", "/holdings?post=grid-chief").json()["items"]) == 2
    assert call_api(chief, "get", "/posts").json()[0]["code"] == "grid-chief"


# --- writing ---------------------------------------------------------------------------------------------


def test_a_new_account_has_a_password_that_is_shown_once_and_lies_nowhere_in_plain(
    call_api: CallApi, chief: User, district: MiniDistrict
) -> None:
    body = {"username": "bob", "name": "赵小波", "department": "urban-management"}
    secret = token_for(chief)
    answer = call_api(secret, "post", "/accounts", body, Idempotency_Key="k1")
    assert answer.status_code == 201 and answer["Cache-Control"] == "no-store"
    bob, password = User.objects.get(username="bob"), answer.json()["password"]
    assert bob.check_password(password) and bob.department == district.urban
    again = call_api(secret, "post", "/accounts", body, Idempotency_Key="k1")
    assert again.json() == answer.json() and User.objects.filter(username="bob").count() == 1
    assert password not in str(IdempotencyKey.objects.values_list("body", flat=True).get())
    assert password not in str([entry.data for entry in entries_of(bob)])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"username": "alice", "name": "别人"}, "username"), ({"username": "Bob!", "name": "赵"}, "username"),
        ({"username": "bob", "name": ""}, "name"), ({"username": "bob", "name": "赵", "phone": "x"}, "phone"),
        ({"username": "bob", "name": "赵", "department": "nothing"}, "department"),
    ],
)  # fmt: skip
def test_a_wrong_account_names_the_field(
    call_api: CallApi, chief: User, alice: User, body: dict[str, str], field: str
) -> None:
    assert wrong_field(call_api(chief, "post", "/accounts", body)) == field


def test_a_change_keeps_what_it_does_not_name(call_api: CallApi, local: User, alice: User) -> None:
    answer = call_api(local, "patch", "/accounts/alice", {"title": "副主任"}).json()
    assert (answer["title"], answer["phone"], answer["department"]) == (
        "副主任",
        "13812345678",
        "street-east",
    )
    assert list(entries_of(alice).last().data["changed"]) == ["title"]
    assert call_api(local, "patch", "/accounts/alice", {"phone": ""}).json()["phone"] == ""


def test_nobody_gives_more_than_they_have(
    call_api: CallApi, district: MiniDistrict, local: User, alice: User
) -> None:
    for area in (district.west.code, district.root.code, ""):
        answer = call_api(local, "post", "/accounts/alice/grants", {"role": "supervisor", "area": area})
        assert answer.status_code in (403, 422)
    given = call_api(local, "post", "/accounts/alice/grants", {"role": "checker", "area": district.east.code})
    assert given.status_code == 201
    twice = call_api(local, "post", "/accounts/alice/grants", {"role": "checker", "area": district.east.code})
    assert twice.status_code == 409
    assert call_api(local, "delete", f"/accounts/alice/grants/{given.json()['id']}").status_code == 204
    assert not Grant.objects.filter(user=alice, role="checker").exists()


def test_a_grant_of_somebody_else_is_not_withdrawn_under_another_name(
    call_api: CallApi, chief: User, alice: User, walter: User
) -> None:
    grant = Grant.objects.get(user=walter)
    assert call_api(chief, "delete", f"/accounts/alice/grants/{grant.pk}").status_code == 404
    assert Grant.objects.filter(pk=grant.pk).exists()


def test_a_closed_account_s_tokens_open_nothing_until_it_is_opened_again(
    call_api: CallApi, local: User, alice: User
) -> None:
    secret = token_for(alice)
    assert call_api(local, "post", "/accounts/alice/deactivation").json()["active"] is False
    assert call_api(secret, "get", "/me").status_code == 401
    assert call_api(local, "post", "/accounts/alice/deactivation").status_code == 409
    assert call_api(local, "post", "/accounts/alice/activation").json()["active"] is True
    assert call_api(secret, "get", "/me").status_code == 200


def test_a_password_is_reset_for_others_but_a_token_does_not_change_its_own(
    call_api: CallApi, local: User, alice: User
) -> None:
    password = call_api(local, "post", "/accounts/alice/password").json()["password"]
    assert User.objects.get(pk=alice.pk).check_password(password)
    assert call_api(local, "post", "/accounts/local/password").status_code == 422
    assert User.objects.get(pk=local.pk).check_password(PASSWORD)


def test_second_factors_are_taken_away_for_a_reason_on_record(
    call_api: CallApi, local: User, alice: User
) -> None:
    Authenticator.objects.create(user=alice, type=Authenticator.Type.TOTP, data={})
    path = "/accounts/alice/second-factor-reset"
    assert wrong_field(call_api(local, "post", path, {"reason": " "})) == "reason"
    answer = call_api(local, "post", path, {"reason": "手机丢失，已当面核对"})
    assert answer.json()["second_factor"] is False
    assert entries_of(alice).last().code == "user.factors_reset"
    assert call_api(local, "post", path, {"reason": "再来一次"}).status_code == 409


def test_a_duty_is_added_and_ended(call_api: CallApi, district: MiniDistrict, local: User) -> None:
    body = {"topic": "lighting", "area": district.east.code, "department": "urban-management"}
    made = call_api(local, "post", "/duties", body)
    assert made.status_code == 201 and made.json()["department"] == "urban-management"
    helper = call_api(local, "post", "/duties", body | {"department": "community-dongyuan"})
    assert wrong_field(helper) == "department"
    assert call_api(local, "post", f"/duties/{made.json()['id']}/end").json()["ends_on"]
    assert call_api(local, "post", f"/duties/{made.json()['id']}/end").status_code == 409


def test_a_department_is_added_changed_and_retired(
    call_api: CallApi, district: MiniDistrict, chief: User
) -> None:
    body = {"code": "parks", "title": "园林中心", "kind": "district-department", "area": district.root.code}
    assert call_api(chief, "post", "/departments", body).json()["leads"] is True
    changed = call_api(chief, "patch", "/departments/parks", {"can_lead": False, "phone": "0375-1"})
    assert (changed.json()["leads"], changed.json()["title"]) == (False, "园林中心")
    assert wrong_field(call_api(chief, "patch", "/departments/parks", {"parent": "nothing"})) == "parent"
    assert call_api(chief, "post", "/departments/parks/retirement").status_code == 204
    assert "parks" not in [row["code"] for row in call_api(chief, "get", "/departments").json()]


def test_a_post_is_held_and_left(call_api: CallApi, district: MiniDistrict, local: User, alice: User) -> None:
    make_post()
    grant_role(alice, "checker", area=district.east)
    held = call_api(
        local, "post", "/accounts/alice/holdings", {"post": "grid-chief", "area": district.east.code}
    )
    assert held.status_code == 201 and held.json()["area"] == district.east.code
    assert call_api(local, "post", f"/holdings/{held.json()['id']}/end").json()["ends_on"]
