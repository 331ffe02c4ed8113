"""Tokens: shown once, never more than their account, gone at a press."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from huying.core.errors import NotAllowed, Refusal
from huying.core.models import JournalEntry
from huying.core.testing import MiniDistrict, make_user
from huying.people.models import ApiToken
from huying.people.tokens import accounts_to_play, make_for_play, make_token, revoke_token, user_of

pytestmark = pytest.mark.django_db


def tomorrow() -> dt.date:
    return timezone.localdate() + dt.timedelta(days=1)


def test_a_token_is_made_shown_once_and_revoked(district: MiniDistrict, client: Client) -> None:
    user = make_user("dispatcher")
    client.force_login(user)
    form = {"title": "大屏", "expires_on": f"{tomorrow()}", "verbs": ["case.view"]}
    page = client.post("/accounts/tokens/", form).content.decode()
    token = ApiToken.objects.get()
    assert token.ending in page and "hy_" in page and token.verbs == ["case.view"]
    again = client.get("/accounts/tokens/").content.decode()
    assert "大屏" in again and "hy_" not in again
    client.post(f"/accounts/tokens/{token.pk}/revocation/")
    assert ApiToken.objects.get().revoked_at is not None


def test_a_wrong_form_keeps_what_was_typed(district: MiniDistrict, client: Client) -> None:
    client.force_login(make_user("dispatcher"))
    answer = client.post("/accounts/tokens/", {"title": "大屏", "expires_on": "2099-01-01"})
    assert answer.status_code == 422 and "大屏" in answer.content.decode() and not ApiToken.objects.exists()


def test_nobody_makes_or_ends_a_token_of_somebody_else(district: MiniDistrict, client: Client) -> None:
    owner, other, admin = make_user("dispatcher"), make_user("clerk"), make_user("administrator")
    token, secret = make_token(owner, title="x", expires_on=tomorrow(), actor=owner)
    with pytest.raises(NotAllowed):
        make_token(owner, title="x", expires_on=tomorrow(), actor=other)
    with pytest.raises(NotAllowed):
        revoke_token(token, actor=other)
    client.force_login(other)
    assert client.post(f"/accounts/tokens/{token.pk}/revocation/").status_code == 404
    assert user_of(secret) == owner
    revoke_token(token, actor=admin)
    assert user_of(secret) is None


@pytest.mark.parametrize("days", [-1, 400])
def test_a_token_ends_within_a_year(district: MiniDistrict, days: int) -> None:
    user = make_user("dispatcher")
    with pytest.raises(Refusal):
        make_token(user, title="x", expires_on=timezone.localdate() + dt.timedelta(days=days), actor=user)
    with pytest.raises(Refusal):
        make_token(user, title="x", expires_on=tomorrow(), verbs=["case.everything"], actor=user)


def test_the_reference_names_every_operation(client: Client, db: None) -> None:
    from huying.config.api import api

    page = client.get("/api/v1/docs/").content.decode()
    paths = api.get_openapi_schema(path_prefix="/api/v1/")["paths"]
    assert paths and all(path in page for path in paths)


def test_the_operator_makes_tokens_for_as_few_accounts_as_play_every_department(
    district: MiniDistrict, capsys: pytest.CaptureFixture[str]
) -> None:
    make_user("administrator")
    dispatchers = [make_user("dispatcher", username=f"dispatcher-{one}") for one in "ab"]
    clerks = [make_user("clerk", department=one) for one in (district.urban, district.water)]
    make_user("clerk", department=district.urban, username="z-colleague")
    workers = [make_user("grid-worker", area=one) for one in (district.east, district.west)]
    assert {user.pk for user in accounts_to_play()} == {u.pk for u in (dispatchers[0], *clerks, *workers)}
    assert make_for_play([], days=1) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == 5
    for username, secret in lines:
        user = user_of(secret)
        assert user is not None and user.username == username
    assert JournalEntry.objects.filter(code="user.token_made", actor_id=None).count() == 5


def test_an_unknown_account_makes_no_token_at_all(
    district: MiniDistrict, capsys: pytest.CaptureFixture[str]
) -> None:
    user = make_user("dispatcher")
    assert make_for_play([user.username, "nobody"], days=1) == 2
    assert make_for_play([user.username], days=900) == 2
    assert "nobody" in capsys.readouterr().err and not ApiToken.objects.exists()
