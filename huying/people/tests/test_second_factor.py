"""Second factors: set up, asked for, used once, taken away; and who must have one."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse

from huying.config import cli
from huying.core.errors import NotAllowed, Refusal
from huying.core.models import JournalEntry
from huying.core.testing import PASSWORD, MiniDistrict, make_user
from huying.people.models import User
from huying.people.signing.factors import reset_factors

pytestmark = pytest.mark.django_db
LOGIN, SECOND = "/accounts/login/", "/accounts/second-factor/"


def sign_in(client: Client, user: User) -> Any:
    return client.post(LOGIN, {"username": user.username, "password": PASSWORD})


def code_of(secret: str, *, steps: int = 0) -> str:
    return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30 + steps))


def with_app(client: Client, user: User) -> str:
    """Set up an authenticator app through the pages; its secret."""
    sign_in(client, user)
    page = client.get("/accounts/security/app/")
    secret = str(page.context["form"].secret)
    answer = client.post("/accounts/security/app/", {"code": code_of(secret)})
    assert answer.status_code == 302 and answer.url == "/accounts/security/codes/"
    client.post("/accounts/logout/")
    return secret


def test_an_app_is_set_up_and_asked_for_from_then_on(client: Client) -> None:
    user = make_user("administrator", username="alice")
    secret = with_app(client, user)
    answer = sign_in(client, user)
    assert answer.url == SECOND and "_auth_user_id" not in client.session
    assert client.get("/desk/people/").status_code == 302
    wrong = client.post(SECOND, {"code": "000000"})
    assert "验证没有通过" in wrong.content.decode() and "_auth_user_id" not in client.session
    answer = client.post(SECOND, {"code": code_of(secret)})
    assert answer.status_code == 302, answer.context["form"].errors
    assert answer.url == reverse("people:home")
    assert client.session["_auth_user_id"] == str(user.pk)
    assert JournalEntry.objects.filter(code="user.factor_added").count() == 1


def test_the_secret_lies_sealed(client: Client) -> None:
    secret = with_app(client, make_user("clerk", username="alice"))
    kept = Authenticator.objects.get(type="totp").data["secret"]
    assert secret not in kept and totp.decrypt(kept) == secret
    codes = Authenticator.objects.get(type="recovery_codes").data
    assert not any(
        one in str(codes)
        for one in Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    )


def test_a_code_opens_once(client: Client) -> None:
    user = make_user("administrator", username="alice")
    code = code_of(with_app(client, user))
    sign_in(client, user)
    assert client.post(SECOND, {"code": code}).status_code == 302
    cache.clear()  # what another process of the site remembers
    other = Client()
    sign_in(other, user)
    assert "已经用过" in other.post(SECOND, {"code": code}).content.decode()
    assert "_auth_user_id" not in other.session


def test_a_recovery_code_opens_once(client: Client) -> None:
    user = make_user("administrator", username="alice")
    with_app(client, user)
    code = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()[0]
    sign_in(client, user)
    assert client.post(SECOND, {"code": code}).status_code == 302
    other = Client()
    sign_in(other, user)
    other.post(SECOND, {"code": code})
    assert "_auth_user_id" not in other.session


def test_guessing_ends_after_ten_codes(client: Client) -> None:
    user = make_user("clerk", username="alice")
    secret = with_app(client, user)
    sign_in(client, user)
    for _guess in range(10):
        answer = client.post(SECOND, {"code": "000000"})
    assert "操作太频繁" in client.post(SECOND, {"code": code_of(secret)}).content.decode() or (
        "操作太频繁" in answer.content.decode() or "试的次数太多" in answer.content.decode()
    )
    assert "_auth_user_id" not in client.session


def test_the_page_wants_the_person_again_after_five_minutes(client: Client) -> None:
    user = make_user("clerk", username="alice")
    sign_in(client, user)
    assert client.get("/accounts/security/app/").status_code == 200
    session = client.session
    records = session["account_authentication_methods"]
    session["account_authentication_methods"] = [{**one, "at": time.time() - 400} for one in records]
    session.save()
    answer = client.get("/accounts/security/app/")
    assert answer.status_code == 302 and answer.url.startswith("/accounts/confirmation/")
    assert "密码不对" in client.post(answer.url, {"password": "wrong"}).content.decode()
    assert client.post(answer.url, {"password": PASSWORD}).url == "/accounts/security/app/"
    assert client.get("/accounts/security/app/").status_code == 200


def test_taking_the_app_away_takes_the_recovery_codes_too(client: Client) -> None:
    user = make_user("clerk", username="alice")
    secret = with_app(client, user)
    sign_in(client, user)
    client.post(SECOND, {"code": code_of(secret)})
    assert client.get("/accounts/security/codes/new/").status_code == 200
    assert client.post("/accounts/security/codes/new/").url == "/accounts/security/codes/"
    assert client.post("/accounts/security/app/removal/").status_code == 302
    assert not Authenticator.objects.exists()
    assert JournalEntry.objects.filter(code="user.factor_removed").exists()


def test_nobody_reaches_another_s_passkey(client: Client) -> None:
    owner, other = make_user("clerk"), make_user("clerk")
    key = Authenticator.objects.create(user=owner, type="webauthn", data={"name": "钥匙", "credential": {}})
    client.force_login(other)
    for page in ("name", "removal"):
        assert client.get(f"/accounts/security/passkeys/{key.pk}/{page}/").status_code in (302, 404)
        assert client.post(f"/accounts/security/passkeys/{key.pk}/{page}/").status_code in (302, 404)
    assert Authenticator.objects.filter(pk=key.pk).exists()


def test_a_role_that_needs_a_factor_leads_to_setting_it_up(client: Client, settings: Any) -> None:
    settings.SECOND_FACTOR_ROLES = ["administrator"]
    admin, clerk = make_user("administrator", username="alice"), make_user("clerk", username="bob")
    sign_in(client, admin)
    assert client.get("/desk/people/").url == "/accounts/security/"
    page = client.get("/accounts/security/")
    assert page.status_code == 200 and "请先设置一种" in page.content.decode()
    client.post("/accounts/logout/")
    secret = with_app(client, admin)
    sign_in(client, admin)
    client.post(SECOND, {"code": code_of(secret)})
    assert client.get("/desk/people/").status_code == 200
    client.post("/accounts/logout/")
    sign_in(client, clerk)
    assert client.get("/accounts/").status_code == 200


def test_an_administrator_takes_the_factors_of_who_lost_the_phone(
    district: MiniDistrict, client: Client
) -> None:
    user = make_user("clerk", username="bob", area=district.east, department=district.streets["east"])
    with_app(client, user)
    address = f"/desk/people/accounts/{user.username}/second-factor/"
    client.force_login(make_user("administrator", area=district.west))
    assert client.post(address, {"reason": "手机丢失"}).status_code == 404
    client.force_login(make_user("dispatcher"))
    assert client.post(address, {"reason": "手机丢失"}).status_code == 403
    client.force_login(make_user("administrator", area=district.east))
    client.post(address, {"reason": ""})
    assert Authenticator.objects.filter(user=user).exists()
    assert "清除" in client.get(f"/desk/people/accounts/{user.username}/").content.decode()
    client.post(address, {"reason": "手机丢失，已当面核对"})
    assert not Authenticator.objects.filter(user=user).exists()
    entry = JournalEntry.objects.get(code="user.factors_reset")
    assert entry.data["why"] == "手机丢失，已当面核对"
    assert sign_in(Client(), user).url != SECOND


def test_nobody_takes_away_their_own_or_those_of_somebody_above_them(
    district: MiniDistrict, client: Client
) -> None:
    admin = make_user("administrator", username="alice")
    with_app(client, admin)
    with pytest.raises(Refusal):
        reset_factors(admin, reason="换手机", actor=admin)
    with pytest.raises(NotAllowed):
        reset_factors(admin, reason="换手机", actor=make_user("administrator", area=district.east))


def test_the_operator_can_when_no_administrator_can(client: Client, capsys: Any) -> None:
    admin = make_user("administrator", username="alice")
    with_app(client, admin)
    assert cli.main(["factor", "reset", "nobody", "--reason", "换手机"]) == 2
    assert cli.main(["factor", "reset", "alice", "--reason", "唯一的管理员丢了手机"]) == 0
    assert not Authenticator.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_with_one_code_one_gets_in() -> None:
    user = make_user("administrator", username="alice")
    code = code_of(with_app(Client(), user))
    browsers = [Client(), Client(), Client()]
    for browser in browsers:
        sign_in(browser, user)
    barrier = threading.Barrier(len(browsers))

    def enter(browser: Client) -> None:
        barrier.wait()
        browser.post(SECOND, {"code": code})
        connection.close()

    threads = [threading.Thread(target=enter, args=(browser,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum("_auth_user_id" in browser.session for browser in browsers) == 1
