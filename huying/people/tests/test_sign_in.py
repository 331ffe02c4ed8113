import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from huying.core.testing import PASSWORD, grant_role, make_user
from huying.people import signin
from huying.people.models import SignInFailure

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


def sign_in(client, username, password=PASSWORD, **data):
    return client.post(LOGIN, {"username": username, "password": password, **data})


def test_the_page_is_open_to_strangers_and_lists_no_demo_logins(client):
    make_user("agent", demo_login=True, name="示范员")
    answer = client.get(LOGIN)
    assert answer.status_code == 200
    assert "示范员" not in answer.content.decode()


def test_a_right_password_leads_to_where_the_role_begins(client):
    make_user("administrator", username="alice")
    answer = sign_in(client, "alice")
    assert answer.status_code == 302
    assert answer.url == reverse("people:home")


def test_it_goes_back_to_the_page_that_was_asked_for_but_not_to_another_site(client):
    make_user("administrator", username="alice")
    assert sign_in(client, "alice", next="/accounts/password/").url == "/accounts/password/"
    client.logout()
    assert sign_in(client, "alice", next="https://elsewhere.example/").url == reverse("people:home")


def test_a_wrong_password_says_how_many_tries_are_left_and_keeps_the_name(client):
    make_user(username="alice")
    answer = sign_in(client, "alice", "wrong")
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "还可以试 4 次" in text
    assert 'value="alice"' in text


def test_an_unknown_account_gets_the_same_answer_as_a_wrong_password(client):
    assert "用户名或密码不对" in sign_in(client, "nobody", "wrong").content.decode()


def test_five_failures_lock_even_the_right_password_for_a_quarter_of_an_hour(client):
    make_user(username="alice")
    for _ in range(5):
        answer = sign_in(client, "alice", "wrong")
    assert "15 分钟后再试" in answer.content.decode()
    assert sign_in(client, "Alice ").status_code == 422
    SignInFailure.objects.update(at=timezone.now() - dt.timedelta(minutes=16))
    assert sign_in(client, "alice").status_code == 302


def test_a_stranger_elsewhere_does_not_lock_a_colleague_out(client):
    make_user(username="alice")
    for _ in range(5):
        signin.note_failure("alice", "203.0.113.9")
    assert sign_in(client, "alice").status_code == 302


def test_guessing_one_account_from_many_places_locks_it():
    for number in range(signin.MOST_OF_ACCOUNT):
        signin.note_failure("alice", f"203.0.113.{number}")
    assert signin.locked_for("alice", "198.51.100.1")
    assert not signin.locked_for("bob", "198.51.100.1")


def test_a_success_forgets_the_failures(client):
    make_user(username="alice")
    for _ in range(4):
        sign_in(client, "alice", "wrong")
    sign_in(client, "alice")
    assert not SignInFailure.objects.exists()


def test_a_deactivated_account_cannot_sign_in(client):
    make_user(username="alice", is_active=False)
    assert sign_in(client, "alice").status_code == 422


def test_signing_out_needs_a_post_and_ends_the_session(client):
    client.force_login(make_user("administrator"))
    assert client.get("/accounts/logout/").status_code == 405
    client.post("/accounts/logout/")
    assert client.get(reverse("people:profile")).status_code == 302


def test_demo_logins_do_not_exist_outside_demo_mode(client):
    make_user("agent", username="demo", demo_login=True)
    assert client.post("/accounts/demo/demo/").status_code == 404


def test_in_demo_mode_one_click_signs_in(client, settings):
    settings.DEMO = True
    user = make_user("administrator", username="demo", demo_login=True, name="示范员", demo_note="看组织架构")
    grant_role(user, "leader")
    page = client.get(LOGIN).content.decode()
    assert "示范员" in page and "看组织架构" in page
    assert client.get("/accounts/demo/demo/").status_code == 405
    answer = client.post("/accounts/demo/demo/")
    assert answer.status_code == 302
    assert client.session["_auth_user_id"] == str(user.pk)


def test_in_demo_mode_other_accounts_still_need_their_password(client, settings):
    settings.DEMO = True
    make_user("administrator", username="alice")
    assert client.post("/accounts/demo/alice/").status_code == 404


def test_a_changed_password_works_and_says_so(client):
    user = make_user("administrator", username="alice")
    client.force_login(user)
    new = "kaifang-daolu-88"
    answer = client.post(
        reverse("people:password"),
        {"old_password": PASSWORD, "new_password1": new, "new_password2": new},
    )
    assert answer.status_code == 302
    assert client.get(reverse("people:profile")).status_code == 200
    client.logout()
    assert sign_in(client, "alice", new).status_code == 302


def test_a_wrong_old_password_changes_nothing(client):
    client.force_login(make_user("administrator"))
    new = "kaifang-daolu-88"
    answer = client.post(
        reverse("people:password"), {"old_password": "no", "new_password1": new, "new_password2": new}
    )
    assert answer.status_code == 422
    assert "原密码不对" in answer.content.decode()


def test_work_keeps_the_session_alive(client):
    client.force_login(make_user("administrator"))
    client.get(reverse("people:profile"))
    session = client.session
    assert session["seen_at"]
    session["seen_at"] -= 600
    session.save()
    client.get(reverse("people:profile"))
    assert client.session["seen_at"] > session["seen_at"]


def test_the_desks_address_leads_to_where_the_role_begins(client):
    assert client.get("/desk/").url == "/accounts/login/?next=/desk/"
    client.force_login(make_user("administrator"))
    assert client.get("/desk/").url == reverse("people:home")


def test_who_has_no_role_is_told_whom_to_ask(client):
    client.force_login(make_user())
    page = client.get("/desk/", follow=True)
    assert "请联系本单位管理员授权" in page.content.decode()
