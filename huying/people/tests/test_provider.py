"""Signing in at the organisation's identity provider: a real one, run for these tests (oidc-provider, on Node)."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest
from allauth.socialaccount.models import SocialAccount
from django.conf import settings as project
from django.test import Client
from django.urls import reverse

from huying.core.models import JournalEntry
from huying.core.testing import PASSWORD, make_user
from huying.people.signing.identities import untie

pytestmark = pytest.mark.django_db
TO, BACK = "/accounts/provider/organisation/login/", "/accounts/provider/organisation/callback/"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """The provider's address."""
    node = shutil.which("node")
    if node is None or not (project.BASE_DIR / "node_modules" / "oidc-provider").is_dir():
        pytest.skip("needs Node and `npm ci`, for a real identity provider")
    script = project.BASE_DIR / "huying" / "people" / "tests" / "provider.mjs"
    process = subprocess.Popen(
        [node, str(script), f"http://testserver{BACK}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.kill()
    process.wait()


@pytest.fixture
def provider(issuer: str, settings: Any) -> str:
    """The site knows the provider."""
    settings.OIDC_ISSUER = issuer
    app = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0] | {
        "client_id": "huying", "secret": "a-secret-of-the-tests", "settings": {"server_url": issuer},
    }  # fmt: skip
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
    return issuer


def leave(client: Client, **sent: str) -> str:
    """Press the button; the address at the provider to which the browser goes."""
    page = client.post(TO, sent)
    assert page.status_code == 200
    return page.context["address"]


def sign_in_there(address: str, person: str) -> str:
    """Fill in the provider's own pages as this person; the path and query with which it sends the browser back."""
    with httpx.Client(timeout=10) as browser:
        answer = browser.get(address)
        for _step in range(8):
            while answer.is_redirect:
                target = urljoin(str(answer.url), answer.headers["Location"])
                if target.startswith("http://testserver"):
                    return target.removeprefix("http://testserver")
                answer = browser.get(target)
            assert answer.status_code == 200, answer.text
            prompt = "login" if 'name="login"' in answer.text else "consent"
            action = str(answer.url)
            answer = browser.post(action, data={"prompt": prompt, "login": person, "password": "any"})
    raise AssertionError("the provider never came back")


def come_as(client: Client, person: str, **sent: str) -> Any:
    return client.get(sign_in_there(leave(client, **sent), person))


def test_the_first_arrival_is_tied_by_name_and_later_ones_by_the_provider_s_own_id(
    provider: str, client: Client
) -> None:
    wang = make_user("administrator", username="Wang")
    assert "用单位账号登录" in client.get("/accounts/login/").content.decode()
    answer = come_as(client, "wang")
    assert answer.status_code == 302 and answer.url == reverse("people:home")
    assert client.session["_auth_user_id"] == str(wang.pk)
    assert SocialAccount.objects.get().uid == "wang"
    wang.username = "renamed-here"
    wang.save()
    client.logout()
    assert come_as(client, "wang").url == reverse("people:home")
    assert JournalEntry.objects.filter(code="user.identity_tied").count() == 1


def test_it_goes_back_to_the_page_that_was_asked_for(provider: str, client: Client) -> None:
    make_user("administrator", username="wang")
    assert come_as(client, "wang", next="/accounts/password/").url == "/accounts/password/"
    client.logout()
    assert come_as(client, "wang", next="https://elsewhere.example/").url == reverse("people:home")


def test_who_has_no_account_gets_none_and_is_told_whom_to_ask(provider: str, client: Client) -> None:
    answer = come_as(client, "stranger")
    assert answer.status_code == 403 and "没有“nobody-here”的账号" in answer.content.decode()
    assert "_auth_user_id" not in client.session and not SocialAccount.objects.exists()


def test_a_provider_that_names_nobody_is_told_to_the_administrator(provider: str, client: Client) -> None:
    assert "preferred_username" in come_as(client, "nameless").content.decode()


def test_another_person_under_the_same_name_does_not_get_in(provider: str, client: Client) -> None:
    wang, admin = make_user("clerk", username="wang"), make_user("administrator")
    come_as(client, "wang")
    client.logout()
    answer = come_as(client, "renamed")
    assert answer.status_code == 403 and "已经绑定另一个单位账号" in answer.content.decode()
    untie(wang, actor=admin)
    assert come_as(client, "renamed").status_code == 302


def test_a_closed_account_stays_closed_by_every_door(provider: str, client: Client) -> None:
    wang = make_user("clerk", username="wang")
    come_as(client, "wang")
    client.logout()
    wang.is_active = False
    wang.save()
    answer = come_as(client, "wang")
    assert answer.status_code == 403 and "已停用" in answer.content.decode()
    assert "_auth_user_id" not in client.session


def test_an_answer_counts_once_and_only_in_the_browser_that_asked(provider: str, client: Client) -> None:
    make_user("clerk", username="wang")
    back = sign_in_there(leave(client), "wang")
    other = Client()
    assert other.get(back).status_code == 403 and "_auth_user_id" not in other.session
    assert client.get(back).status_code == 302
    client.logout()
    assert client.get(back).status_code == 403


def test_a_code_that_was_not_given_to_this_sign_in_is_refused(provider: str, client: Client) -> None:
    make_user("clerk", username="wang")
    mine, stolen = leave(client), sign_in_there(leave(Client()), "wang")
    state = parse_qs(urlsplit(mine).query)["state"][0]
    code = parse_qs(urlsplit(stolen).query)["code"][0]
    assert client.get(BACK, {"state": state, "code": code}).status_code == 403  # PKCE: another verifier
    assert client.get(BACK, {"state": state, "code": "forged"}).status_code == 403


def test_an_id_token_for_another_site_is_refused(provider: str, client: Client, monkeypatch: Any) -> None:
    from allauth.socialaccount.internal import jwtkit

    make_user("clerk", username="wang")
    real = jwtkit.verify_and_decode

    def for_another(**kwargs: Any) -> Any:
        return real(**{**kwargs, "audience": "another-site"})

    monkeypatch.setattr(jwtkit, "verify_and_decode", for_another)
    answer = come_as(client, "wang")
    assert answer.status_code == 403 and "_auth_user_id" not in client.session


def test_cancelling_there_leads_back_here_in_words(provider: str, client: Client) -> None:
    state = parse_qs(urlsplit(leave(client)).query)["state"][0]
    answer = client.get(BACK, {"state": state, "error": "access_denied"})
    assert answer.status_code == 403 and "取消了" in answer.content.decode()


def test_a_provider_that_is_down_leaves_the_password(settings: Any, client: Client, provider: str) -> None:
    settings.OIDC_ISSUER = "http://127.0.0.1:9"
    app = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]
    app["settings"] = {"server_url": "http://127.0.0.1:9"}
    answer = client.post(TO)
    assert answer.status_code == 503 and "没有响应" in answer.content.decode()
    make_user("administrator", username="wang")
    assert client.post("/accounts/login/", {"username": "wang", "password": PASSWORD}).status_code == 302


def test_where_only_the_provider_opens_an_administrator_keeps_a_password(
    settings: Any, client: Client, provider: str
) -> None:
    settings.OIDC_ONLY = True
    make_user("clerk", username="wang")
    make_user("administrator", username="admin")
    answer = client.post("/accounts/login/", {"username": "wang", "password": PASSWORD})
    assert answer.status_code == 422 and "请用“单位账号”登录" in answer.content.decode()
    assert client.post("/accounts/login/", {"username": "admin", "password": PASSWORD}).status_code == 302


def test_without_a_provider_there_is_no_such_address(client: Client) -> None:
    assert "用单位账号登录" not in client.get("/accounts/login/").content.decode()
    assert client.post(TO).status_code == 404 and client.get(BACK).status_code == 404
