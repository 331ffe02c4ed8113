"""`Idempotency-Key` under simultaneous requests, each on its own connection: done once, and answered alike."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from huying.cases.models import Case, Report
from huying.cases.tests.conftest import Loop, fresh
from huying.core import journal
from huying.core.journal import entries_of
from huying.core.models import IdempotencyKey
from huying.core.testing import MiniDistrict, make_district, make_user, token_for
from huying.people.models import User
from huying.places.where import where_is

pytestmark = pytest.mark.django_db(transaction=True)

RACERS = 6


@pytest.fixture
def district(transactional_db: None) -> MiniDistrict:
    """The district in a database that several connections see."""
    district = make_district()
    # While one thread rebuilds the index the others use the one before, which here is another test's.
    where_is(*district.in_compound)
    return district


def at_once(*requests: tuple[str, str, dict[str, Any], str]) -> list[Any]:
    """Send all (secret, path, body, key) at the same moment; the answers in this order."""
    start, answers = threading.Barrier(len(requests)), [None] * len(requests)

    def send(place: int, secret: str, path: str, body: dict[str, Any], key: str) -> None:
        try:
            start.wait()
            headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": key}
            answers[place] = Client().post(
                f"/api/v1{path}", body, content_type="application/json", headers=headers
            )
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send, args=(place, *one)) for place, one in enumerate(requests)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def report_body(loop: Loop) -> dict[str, Any]:
    lng, lat = loop.district.in_compound
    return {
        "ledger": "snapshot", "category": "lighting-dark", "words": "路灯不亮", "channel": "desk",
        "lng": lng, "lat": lat,
    }  # fmt: skip


def test_one_key_sent_by_many_at_once_reports_once_and_all_get_the_same_receipt(loop: Loop) -> None:
    secret = token_for(loop.agent)
    answers = at_once(*[(secret, "/reports", report_body(loop), "k1")] * RACERS)
    assert [answer.status_code for answer in answers] == [201] * RACERS
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotent-Replayed" in answer for answer in answers) == RACERS - 1
    assert Report.objects.count() == Case.objects.count() == IdempotencyKey.objects.count() == 1
    assert list(journal.verify()) == []


def test_one_key_for_a_verb_does_it_once(loop: Loop) -> None:
    case, secret = loop.filed(), token_for(loop.dispatcher)
    body = {"department": loop.district.urban.code, "note": "指定"}
    answers = at_once(*[(secret, f"/cases/{case.number}/dispatch", body, "k1")] * RACERS)
    assert [answer.status_code for answer in answers] == [200] * RACERS
    assert len({answer.content for answer in answers}) == 1
    assert fresh(case).hops == 1
    assert [entry.code for entry in entries_of(case)].count("case.dispatched") == 1


def test_one_key_for_a_new_account_gives_everybody_the_one_password(loop: Loop) -> None:
    secret = token_for(make_user("administrator"))
    answers = at_once(*[(secret, "/accounts", {"username": "bob", "name": "赵小波"}, "k1")] * RACERS)
    assert [answer.status_code for answer in answers] == [201] * RACERS
    passwords = {answer.json()["password"] for answer in answers}
    assert len(passwords) == 1 and User.objects.get(username="bob").check_password(passwords.pop())


def test_another_token_does_not_see_what_was_answered_under_the_same_key(loop: Loop) -> None:
    # Two tokens of one account, and one of another: the key belongs to the credential that sent it.
    secrets = [token_for(loop.agent), token_for(loop.agent), token_for(loop.dispatcher)]
    answers = at_once(*[(secret, "/reports", report_body(loop), "k1") for secret in secrets * 2])
    assert [answer.status_code for answer in answers] == [201] * 6
    receipts = [answer.json()["report"] for answer in answers]
    assert receipts[:3] == receipts[3:] and len(set(receipts)) == 3
    assert Report.objects.count() == 3


def test_different_requests_under_one_key_at_once_do_one_of_them(loop: Loop) -> None:
    secret = token_for(loop.agent)
    bodies = [report_body(loop) | {"words": f"第{n}盏路灯不亮"} for n in range(RACERS)]
    answers = at_once(*[(secret, "/reports", body, "k1") for body in bodies])
    assert sorted(answer.status_code for answer in answers) == [201] + [422] * (RACERS - 1)
    assert Report.objects.count() == 1


def test_refusals_at_once_leave_the_key_free(loop: Loop) -> None:
    secret = token_for(loop.agent)
    refused = at_once(*[(secret, "/reports", report_body(loop) | {"words": ""}, "k1")] * RACERS)
    assert [answer.status_code for answer in refused] == [422] * RACERS
    assert not IdempotencyKey.objects.exists() and not Report.objects.exists()
    assert at_once((secret, "/reports", report_body(loop), "k1"))[0].status_code == 201
