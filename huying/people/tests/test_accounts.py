"""What may be done with accounts, and what not."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.journal import entries_of
from huying.core.testing import PASSWORD, grant_role, hold, make_post, make_user
from huying.people import actions
from huying.people.access import can, scopes
from huying.people.models import Grant, User


@pytest.fixture
def chief(district):
    """The administrator of the whole district."""
    return make_user("administrator", username="chief")


@pytest.fixture
def local(district):
    """The administrator of the street `east`."""
    return make_user(
        "administrator", area=district.east, department=district.streets["east"], username="local"
    )


@pytest.fixture
def alice(district):
    """A clerk of the street `east`."""
    return make_user("clerk", area=district.east, department=district.streets["east"], username="alice")


def codes(subject):
    return [entry.code for entry in entries_of(subject)]


def test_a_new_account_has_a_password_that_is_shown_once_and_works(district, chief, client):
    client.force_login(chief)
    answer = client.post(
        reverse("people:add-account"),
        {"username": "bob", "name": "赵小波", "title": "承办人", "department": district.urban.pk},
    )
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"
    bob = User.objects.get(username="bob")
    shown = answer.context["password"]
    assert shown in answer.content.decode()
    assert bob.check_password(shown)
    assert codes(bob) == ["user.added"]
    assert shown not in client.get(reverse("people:account", args=["bob"])).content.decode()


def test_a_username_that_is_taken_is_refused_beside_its_field(district, chief, alice, client):
    client.force_login(chief)
    answer = client.post(reverse("people:add-account"), {"username": "alice", "name": "别人"})
    assert answer.status_code == 422
    assert "已有人用" in str(answer.context["form"].errors["username"])


def test_a_change_is_told_but_the_phone_number_is_not(district, chief, alice):
    actions.change_account(alice, actor=chief, name="钱晓兰", phone="13812345678")
    entry = entries_of(alice).last()
    assert entry.code == "user.changed"
    assert entry.data["changed"]["name"][1] == "钱晓兰"
    assert "13812345678" not in str(entry.data)


def test_a_role_given_is_in_force_at_once_and_withdrawn_at_once(district, chief, alice):
    actions.give_role(alice, "checker", actor=chief, area=district.east)
    alice = User.objects.get(pk=alice.pk)
    assert can(alice, "case.check")
    actions.withdraw_role(alice.grants.get(role="checker"), actor=chief)
    assert not can(User.objects.get(pk=alice.pk), "case.check")
    assert codes(alice) == ["user.role_given", "user.role_withdrawn"]


def test_a_role_ends_with_its_last_day(district, alice):
    today = timezone.localdate()
    grant_role(alice, "checker", ends_on=today)
    assert can(alice, "case.check")
    Grant.objects.filter(role="checker").update(ends_on=today - dt.timedelta(days=1))
    assert not can(User.objects.get(pk=alice.pk), "case.check")


def test_the_same_role_in_the_same_place_is_not_given_twice(district, chief, alice):
    actions.give_role(alice, "checker", actor=chief, area=district.east)
    with pytest.raises(Conflict):
        actions.give_role(alice, "checker", actor=chief, area=district.east)


def test_a_clerk_without_a_department_is_refused(district, chief):
    bob = make_user()
    with pytest.raises(Refusal, match="只办本部门"):
        actions.give_role(bob, "clerk", actor=chief)


def test_a_local_administrator_gives_roles_in_the_own_street_only(district, local, alice):
    actions.give_role(alice, "checker", actor=local, area=district.east)
    for area in (district.west, district.root, None):
        with pytest.raises(NotAllowed):
            actions.give_role(alice, "supervisor", actor=local, area=area)


def test_a_local_administrator_cannot_take_over_a_wider_account(district, local, client):
    boss = make_user("leader", department=district.streets["east"], username="boss")
    with pytest.raises(NotAllowed, match="区级管理员"):
        actions.reset_password(boss, actor=local)
    client.force_login(local)
    page = client.get(reverse("people:account", args=["boss"])).content.decode()
    assert "重设密码" not in page
    assert client.post(reverse("people:reset-password", args=["boss"])).status_code == 403
    assert User.objects.get(pk=boss.pk).check_password(PASSWORD)


def test_a_local_administrator_does_not_move_people_to_other_streets(district, local, alice):
    with pytest.raises(NotAllowed):
        actions.change_account(alice, actor=local, department=district.streets["west"])


def test_nobody_withdraws_their_own_administration_or_closes_their_own_account(district, chief):
    with pytest.raises(Refusal, match="自己"):
        actions.withdraw_role(chief.grants.get(), actor=chief)
    with pytest.raises(Refusal, match="自己"):
        actions.deactivate_account(chief, actor=chief)


def test_a_deactivated_account_is_signed_out_with_the_next_click(district, chief, alice, client):
    client.force_login(alice)
    assert client.get(reverse("people:profile")).status_code == 200
    actions.deactivate_account(alice, actor=chief)
    assert client.get(reverse("people:profile")).status_code == 302
    actions.activate_account(alice, actor=chief)
    assert codes(alice) == ["user.deactivated", "user.activated"]


def test_a_reset_password_ends_the_sessions(district, chief, alice, client):
    client.force_login(alice)
    password = actions.reset_password(alice, actor=chief)
    assert client.get(reverse("people:profile")).status_code == 302
    assert User.objects.get(pk=alice.pk).check_password(password)


def test_a_post_is_taken_once_and_left(district, chief, alice):
    grid = district.grid_of("东苑社区")
    holding = actions.hold_post(alice, make_post(), actor=chief, area=grid)
    with pytest.raises(Conflict):
        actions.hold_post(alice, make_post(), actor=chief, area=grid)
    actions.end_holding(holding, actor=chief)
    assert holding.ends_on == timezone.localdate()
    assert codes(alice) == ["user.post_taken", "user.post_left"]


def test_a_grid_that_is_misspelt_gets_the_nearest_names(district, chief, alice, client):
    client.force_login(chief)
    answer = client.post(
        reverse("people:hold-post", args=["alice"]),
        {"holding-post": make_post().pk, "holding-area": "东苑社区第3网格"},
    )
    assert answer.status_code == 422
    assert "东苑社区第1网格" in str(answer.context["holding_form"].errors["area"])


def test_the_list_finds_people_by_role_department_and_area(district, chief, alice, client):
    client.force_login(chief)
    worker = make_user("grid-worker", area=district.west, name="孙西平")
    hold(worker, make_post(), district.grid_of("西苑社区"))
    make_user(name="周无权")

    def names(query):
        page = client.get(f"{reverse('people:accounts')}?{query}").content.decode()
        return [name for name in (alice.name, "孙西平", "周无权") if f">{name}</a>" in page]

    assert names("role=clerk") == [alice.name]
    assert names("role=none") == ["周无权"]
    assert names(f"area={district.west.code}") == ["孙西平"]
    assert names("department=street-east") == [alice.name]
    assert names("q=孙西") == ["孙西平"]


def test_the_scope_of_a_grant_is_its_subtree(district, local):
    assert [scope.path for scope in scopes(local, "people.manage")] == [district.east.path]


def test_the_list_of_accounts_costs_the_same_for_ten_and_for_forty(
    district, chief, client, django_assert_max_num_queries
):
    client.force_login(chief)
    for _number in range(40):
        make_user("clerk", area=district.east, department=district.urban)
    with django_assert_max_num_queries(13):
        client.get(reverse("people:accounts"))
