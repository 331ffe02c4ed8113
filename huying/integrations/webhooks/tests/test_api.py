"""Subscribers and their deliveries over HTTP: only for who manages connections without limits."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.utils import timezone

from huying.core.models import IdempotencyKey
from huying.core.testing import CallApi, MiniDistrict, make_user, token_for
from huying.integrations.webhooks.models import Delivery, Subscriber
from huying.people.models import User

pytestmark = pytest.mark.django_db
State = Delivery.State
BODY = {
    "title": "市数据局",
    "url": "https://hooks.example.cn/in",
    "owner": "reader",
    "codes": ["case.closed"],
}


@pytest.fixture
def admin(district: MiniDistrict) -> User:
    make_user("supervisor", username="reader")
    return make_user("administrator")


@pytest.fixture
def subscriber(admin: User) -> Subscriber:
    return Subscriber.objects.create(
        title="市数据局",
        url="https://127.0.0.1:9/",
        owner=User.objects.get(username="reader"),
        secret="whsec_x",
    )


def delivered(subscriber: Subscriber, state: str, number: str = "2026000001") -> Delivery:
    count = Delivery.objects.count()
    return Delivery.objects.create(
        subscriber=subscriber, case_id=1, case_number=number, sequence=count + 1, code="case.closed",
        at=timezone.now(), state=state, tries=3, body='{"type":"case.closed"}', event_id=uuid.uuid4(),
    )  # fmt: skip


def test_a_subscriber_is_added_and_its_secret_shown_once(call_api: CallApi, admin: User) -> None:
    secret = token_for(admin)
    made = call_api(secret, "post", "/webhooks", BODY, Idempotency_Key="k")
    assert made.status_code == 201 and made.json()["secret"].startswith("whsec_")
    assert call_api(secret, "post", "/webhooks", BODY, Idempotency_Key="k").json() == made.json()
    assert made.json()["secret"] not in str(IdempotencyKey.objects.get().body)
    listed = call_api(secret, "get", "/webhooks").json()["items"]
    assert listed == [made.json()["subscriber"]] and "secret" not in listed[0]
    pk = listed[0]["id"]
    assert call_api(secret, "get", f"/webhooks/{pk}").json() == listed[0]
    renewed = call_api(secret, "post", f"/webhooks/{pk}/secret").json()["secret"]
    assert renewed != made.json()["secret"]


@pytest.mark.parametrize(
    ("change", "field"),
    [({"owner": "nobody"}, "owner"), ({"codes": ["paper.issued"]}, "codes"), ({"url": "ftp://x"}, "url"),
     ({"ledger": "x"}, "ledger"), ({"area": "x"}, "area")],
)  # fmt: skip
def test_a_wrong_subscriber_names_the_field(
    call_api: CallApi, admin: User, change: dict[str, Any], field: str
) -> None:
    answer = call_api(admin, "post", "/webhooks", BODY | change)
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == field


def test_sending_is_paused_and_resumed(call_api: CallApi, admin: User, subscriber: Subscriber) -> None:
    secret = token_for(admin)
    paused = call_api(secret, "post", f"/webhooks/{subscriber.pk}/pause").json()
    assert paused["active"] is False and paused["stopped_because"]
    assert call_api(secret, "post", f"/webhooks/{subscriber.pk}/resumption").json()["active"] is True
    test = call_api(secret, "post", f"/webhooks/{subscriber.pk}/test")
    assert (test.status_code, test.json()["code"]) == (201, "webhook.test")


def test_deliveries_are_listed_filtered_and_sent_again_one_by_one(
    call_api: CallApi, admin: User, subscriber: Subscriber
) -> None:
    done, waiting = delivered(subscriber, State.DONE), delivered(subscriber, State.WAITING, "2026000002")
    secret, path = token_for(admin), f"/webhooks/{subscriber.pk}/deliveries"
    assert [row["id"] for row in call_api(secret, "get", path).json()["items"]] == [waiting.pk, done.pk]
    assert [row["id"] for row in call_api(secret, "get", f"{path}?state=done").json()["items"]] == [done.pk]
    assert [r["id"] for r in call_api(secret, "get", f"{path}?q=2026000002").json()["items"]] == [waiting.pk]
    assert call_api(secret, "get", f"{path}?from=2099-01-01").json()["items"] == []
    assert call_api(secret, "get", f"{path}?state=lost").status_code == 422
    assert call_api(secret, "get", f"{path}/{done.pk}").json()["body"] == done.body
    again = call_api(secret, "post", f"{path}/{done.pk}/replay").json()
    assert (again["state"], again["replays"], again["event"]) == ("waiting", 1, str(done.event_id))
    # What still waits will arrive anyway.
    assert call_api(secret, "post", f"{path}/{waiting.pk}/replay").json()["replays"] == 0


def test_only_who_manages_connections_everywhere_sees_them(
    call_api: CallApi, district: MiniDistrict, admin: User, subscriber: Subscriber
) -> None:
    sent = delivered(subscriber, State.DONE)
    one = f"/webhooks/{subscriber.pk}"
    local = make_user("administrator", area=district.east)
    for method, path, body in (
        ("get", "/webhooks", None), ("post", "/webhooks", BODY), ("get", one, None), ("post", f"{one}/pause", None),
        ("post", f"{one}/resumption", None), ("post", f"{one}/secret", None), ("post", f"{one}/test", None),
        ("get", f"{one}/deliveries", None), ("get", f"{one}/deliveries/{sent.pk}", None),
        ("post", f"{one}/deliveries/{sent.pk}/replay", None),
    ):  # fmt: skip
        for who in (make_user("supervisor"), local, token_for(admin, verbs=["people.manage"])):
            assert call_api(who, method, path, body).status_code == 403, path
        assert call_api(None, method, path, body).status_code == 401
    other = Subscriber.objects.create(title="另一个", url="https://127.0.0.1:9/", owner=admin, secret="x")
    assert call_api(admin, "get", f"/webhooks/{other.pk}/deliveries/{sent.pk}").status_code == 404
    assert call_api(admin, "get", "/webhooks/999999").status_code == 404
