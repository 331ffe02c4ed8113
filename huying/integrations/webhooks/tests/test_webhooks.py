"""Subscribers hear of every change they may know, in order, signed, and never of one that did not happen."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from huying.cases import actions as loop_actions
from huying.cases.models import Case
from huying.cases.tests.conftest import Loop, fresh
from huying.core.errors import NotAllowed, Refusal
from huying.core.outbound import Answer, OutboundError
from huying.core.testing import AccessSuite, MiniDistrict, grant_role, make_user
from huying.integrations.webhooks import actions, outbox
from huying.integrations.webhooks.models import Delivery, Subscriber
from huying.people.models import User

pytestmark = pytest.mark.django_db
State = Delivery.State


@pytest.fixture
def loop(district: MiniDistrict) -> Loop:
    return Loop(district)


@pytest.fixture
def admin(district: MiniDistrict) -> User:
    return make_user("administrator")


class Receiver:
    """The other side: keeps what it got, and answers as it is told."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.requests: list[tuple[str, bytes, dict[str, str]]] = []
        self.answers: list[Any] = []

    def __call__(
        self, method: str, url: str, *, content: bytes, headers: dict[str, str], **_more: Any
    ) -> Answer:
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        self.requests.append((url, content, headers))
        if answer == 200:
            self.got.append(json.loads(content))
        return Answer(answer)

    @property
    def types(self) -> list[str]:
        return [one["type"] for one in self.got]


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    found = Receiver()
    monkeypatch.setattr(outbox, "send", found)
    outbox.subscribers.look_again()
    yield found
    outbox.subscribers.look_again()


def subscribe(admin: User, owner: User | None = None, **limits: Any) -> tuple[Subscriber, str]:
    owner = owner or make_user("arbiter")
    return actions.add_subscriber(
        title="市数据局", url="https://hooks.example.cn/in", owner=owner, actor=admin, **limits
    )


def later(hours: float = 7) -> None:
    """What waits for its next try is due."""
    Delivery.objects.filter(next_try_at__isnull=False).update(
        next_try_at=timezone.now() - timedelta(minutes=1)
    )


def test_every_step_arrives_in_order_and_signed(loop: Loop, admin: User, receiver: Receiver) -> None:
    subscriber, secret = subscribe(admin)
    case = loop.handling()
    outbox.deliver_all(subscriber)
    sequences = [one["sequence"] for one in receiver.got]
    assert sequences == sorted(sequences) and len(sequences) >= 4
    assert receiver.types[0] == "case.reported" and "case.dispatched" in receiver.types
    assert receiver.got[-1]["case"]["number"] == case.number
    _url, body, headers = receiver.requests[0]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


def test_what_is_rolled_back_was_never_told(loop: Loop, admin: User, receiver: Receiver) -> None:
    subscriber, _secret = subscribe(admin)
    with pytest.raises(RuntimeError), transaction.atomic():
        loop.reported()
        raise RuntimeError
    assert outbox.deliver_all(subscriber) == 0 and not Delivery.objects.exists()


def test_no_words_and_no_names_leave_the_house(loop: Loop, admin: User, receiver: Receiver) -> None:
    subscriber, _secret = subscribe(admin)
    case = loop.handling(name="李小明", phone="13800001111")
    loop_actions.add_words(case.reports.get(), words="我叫李小明，电话 13800001111")
    outbox.deliver_all(subscriber)
    sent = json.dumps(receiver.got, ensure_ascii=False)
    assert "case.words_added" in receiver.types
    assert "13800001111" not in sent and "李小明" not in sent


def test_a_subscriber_hears_only_of_what_its_owner_may_see(
    loop: Loop, admin: User, receiver: Receiver, district: MiniDistrict
) -> None:
    case = loop.filed()
    elsewhere = district.west if case.area_path.startswith(district.east.path) else district.east
    owner = make_user()
    grant_role(owner, "dispatcher", area=elsewhere)
    outside, _secret = subscribe(admin, owner)
    loop.filed()
    outbox.deliver_all(outside)
    assert receiver.got == []
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.WITHHELD}


def test_codes_ledger_and_area_narrow(loop: Loop, admin: User, receiver: Receiver) -> None:
    wanted, _secret = subscribe(admin, codes=["case.dispatched"], ledger=loop.ledger)
    nobody, _secret = subscribe(admin, area=loop.district.west)
    loop.handling()
    outbox.deliver_all(wanted)
    assert receiver.types == ["case.dispatched"]
    outbox.deliver_all(nobody)
    assert receiver.types == ["case.dispatched"]


def test_a_failure_holds_back_its_own_case_only(loop: Loop, admin: User, receiver: Receiver) -> None:
    subscriber, _secret = subscribe(admin)
    first, second = loop.filed(), loop.filed()
    receiver.answers = [500]
    outbox.deliver_all(subscriber)
    assert {one["case"]["number"] for one in receiver.got} == {second.number}
    waiting = Delivery.objects.get(case_number=first.number, tries=1)
    assert waiting.state == State.WAITING and waiting.status == 500 and waiting.next_try_at is not None
    later()
    outbox.deliver_all(subscriber)
    of_first = [one["sequence"] for one in receiver.got if one["case"]["number"] == first.number]
    assert of_first == sorted(of_first) and len(of_first) == Delivery.objects.filter(case_id=first.pk).count()


def test_it_gives_up_after_three_days_and_goes_on(loop: Loop, admin: User, receiver: Receiver) -> None:
    subscriber, _secret = subscribe(admin)
    loop.filed()
    Delivery.objects.update(made_at=timezone.now() - timedelta(days=4), tries=9)
    receiver.answers = [OutboundError("没有回答", temporary=True)]
    outbox.deliver_all(subscriber)
    states = list(Delivery.objects.order_by("sequence").values_list("state", flat=True))
    assert states[0] == State.GIVEN_UP and set(states[1:]) == {State.DONE}


def test_gone_stops_it_and_resuming_goes_on_with_what_waited(
    loop: Loop, admin: User, receiver: Receiver
) -> None:
    subscriber, _secret = subscribe(admin)
    loop.filed()
    receiver.answers = [410]
    outbox.deliver_all(subscriber)
    stopped = Subscriber.objects.get()
    assert not stopped.active and "410" in stopped.stopped_because
    waiting = Delivery.objects.filter(state=State.WAITING).count()
    assert waiting
    actions.resume(stopped, actor=admin)
    assert outbox.deliver_all(Subscriber.objects.get()) == waiting


def test_five_bad_days_stop_it(loop: Loop, admin: User, receiver: Receiver) -> None:
    subscriber, _secret = subscribe(admin)
    loop.filed()
    Subscriber.objects.update(failing_since=timezone.now() - timedelta(days=6))
    receiver.answers = [503] * 9
    outbox.deliver_all(subscriber)
    assert not Subscriber.objects.get().active


def test_replaying_sends_the_same_ids_in_order(loop: Loop, admin: User, receiver: Receiver) -> None:
    subscriber, _secret = subscribe(admin)
    loop.handling()
    outbox.deliver_all(subscriber)
    before = [one["id"] for one in receiver.got]
    count = actions.replay(subscriber, Delivery.objects.all(), actor=admin)
    outbox.deliver_all(subscriber)
    assert count == len(before) and [one["id"] for one in receiver.got] == before * 2


def test_after_a_rotation_both_secrets_sign(loop: Loop, admin: User, receiver: Receiver) -> None:
    subscriber, _secret = subscribe(admin)
    new = actions.rotate_secret(subscriber, actor=admin)
    assert new.startswith("whsec_")
    actions.send_test(subscriber, actor=admin)
    outbox.deliver_all(Subscriber.objects.get())
    assert receiver.types == ["webhook.test"]
    assert len(receiver.requests[0][2]["webhook-signature"].split()) == 2
    stored = Subscriber.objects.values_list("secret", flat=True).get()
    assert new not in str(stored)


def test_an_inner_address_is_refused_when_it_is_sent_to(loop: Loop, admin: User) -> None:
    subscriber, _secret = actions.add_subscriber(
        title="内网", url="http://127.0.0.1:9/", owner=admin, actor=admin
    )
    actions.send_test(subscriber, actor=admin)
    outbox.deliver_all(subscriber)
    assert "HUYING_TRUSTED_HOSTS" in Delivery.objects.get().error


@pytest.mark.parametrize(
    ("change", "field"),
    [({"url": "ftp://x.cn"}, "url"), ({"url": "https://a:b@x.cn"}, "url"), ({"title": " "}, "title"),
     ({"codes": ["user.added"]}, "codes")],
)  # fmt: skip
def test_bad_settings_name_their_field(admin: User, change: dict[str, Any], field: str) -> None:
    settings = {"title": "x", "url": "https://x.cn/", "owner": admin, "actor": admin} | change
    with pytest.raises(Refusal) as refused:
        actions.add_subscriber(**settings)
    assert refused.value.field == field


def test_only_administrators_may(loop: Loop, admin: User) -> None:
    subscriber, _secret = subscribe(admin)
    for action in (actions.rotate_secret, actions.pause, actions.resume, actions.send_test):
        with pytest.raises(NotAllowed):
            action(subscriber, actor=loop.dispatcher)


# --- two workers, and one that dies -------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_event_once_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    from huying.core.testing import make_district

    loop = Loop(make_district())
    receiver, lock = Receiver(), threading.Lock()

    def slow(*args: Any, **kwargs: Any) -> Answer:
        with lock:
            return receiver(*args, **kwargs)

    monkeypatch.setattr(outbox, "send", slow)
    outbox.subscribers.look_again()
    subscriber, _secret = subscribe(make_user("administrator"))
    for _ in range(4):
        loop.handling()

    def work() -> None:
        try:
            outbox.deliver_all(Subscriber.objects.select_related("owner", "area").get())
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    outbox.deliver_all(subscriber)
    ids = [one["id"] for one in receiver.got]
    assert len(ids) == len(set(ids)) == Delivery.objects.count()
    for case in Case.objects.all():
        sequences = [one["sequence"] for one in receiver.got if one["case"]["number"] == case.number]
        assert sequences == sorted(sequences)
    outbox.subscribers.look_again()


def test_what_a_dead_worker_held_is_sent_by_another(loop: Loop, admin: User, receiver: Receiver) -> None:
    subscriber, _secret = subscribe(admin)
    loop.reported()
    held = outbox.claim(subscriber, timezone.now())
    assert held and outbox.deliver_all(subscriber) == 0
    Delivery.objects.filter(state=State.SENDING).update(claimed_at=timezone.now() - timedelta(minutes=5))
    assert outbox.rescue(timezone.now()) == len(held)
    assert outbox.deliver_all(subscriber) == Delivery.objects.count()


# --- pages --------------------------------------------------------------------------------------------


class TestSubscribersPage(AccessSuite):
    url = "webhooks:subscribers"
    role = "administrator"
    whole_district = True


def test_an_administrator_of_one_street_does_not_see_the_whole_district(
    loop: Loop, district: MiniDistrict, client: Client
) -> None:
    user = make_user()
    grant_role(user, "administrator", area=district.east)
    client.force_login(user)
    assert client.get("/desk/webhooks/").status_code == 403


def test_the_secret_is_shown_once(loop: Loop, admin: User, client: Client) -> None:
    client.force_login(admin)
    form = {
        "title": "大屏",
        "url": "https://x.example.cn/in",
        "owner": loop.dispatcher.username,
        "codes": "case.closed",
    }
    answer = client.post("/desk/webhooks/add/", form)
    made = Subscriber.objects.get()
    assert answer.status_code == 200 and made.secret.open() in answer.content.decode()
    page = client.get(f"/desk/webhooks/{made.pk}/").content.decode()
    assert made.secret.open() not in page and "大屏" in page
    wrong = client.post("/desk/webhooks/add/", form | {"owner": "nobody-here"})
    assert wrong.status_code == 422 and "大屏" in wrong.content.decode()


def test_the_log_is_read_and_replayed(loop: Loop, admin: User, receiver: Receiver, client: Client) -> None:
    subscriber, _secret = subscribe(admin)
    case = loop.filed()
    outbox.deliver_all(subscriber)
    client.force_login(admin)
    page = client.get(f"/desk/webhooks/{subscriber.pk}/?q={case.number}").content.decode()
    assert "case.reported" in page
    one = Delivery.objects.first()
    assert case.number in client.get(f"/desk/webhooks/{subscriber.pk}/{one.pk}/").content.decode()
    client.post(f"/desk/webhooks/{subscriber.pk}/replay/", {"q": case.number})
    assert Delivery.objects.filter(state=State.WAITING).count() == len(receiver.got)
    client.force_login(loop.dispatcher)
    assert client.post(f"/desk/webhooks/{subscriber.pk}/replay/", {}).status_code == 403
    assert fresh(case).number == case.number
