from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from huying.core.errors import Conflict
from huying.core.testing import make_user
from huying.notices import outbox
from huying.notices.channels import ChannelError
from huying.notices.models import Delivery, Preference, Robot
from huying.notices.tests.conftest import Pigeon, delivery
from huying.people.models import User

State = Delivery.State
LATER = ChannelError("忙", temporary=True)


@pytest.fixture
def reader(db: None) -> User:
    return make_user(email="wang@example.org", phone="13800001111")


def waiting_jobs() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name LIKE '%%send_waiting'")
        return int(cursor.fetchone()[0])


def test_a_message_is_sent_once_and_its_reference_is_kept(reader: User, pigeon: Pigeon, now: Any) -> None:
    outbox.post([delivery(reader, "新案件 {link}")])
    assert outbox.send_due() == 1
    assert outbox.send_due() == 0
    sent = Delivery.objects.get()
    assert (sent.state, sent.reference, sent.tries, sent.sent_at) == (State.SENT, "ring-1", 1, timezone.now())
    assert [(one.address, one.key) for one in pigeon.said] == [("wang@example.org", f"huying-{sent.pk}")]


def test_an_event_that_is_rolled_back_tells_nobody(reader: User, pigeon: Pigeon, now: Any) -> None:
    before = waiting_jobs()
    with pytest.raises(RuntimeError), transaction.atomic():
        outbox.post([delivery(reader)])
        assert waiting_jobs() == before + 1
        raise RuntimeError
    assert not Delivery.objects.exists()
    assert waiting_jobs() == before


def test_a_temporary_error_is_tried_again_later_and_given_up_after_three_days(
    reader: User, pigeon: Pigeon, now: Any
) -> None:
    outbox.post([delivery(reader)])
    pigeon.fails = [LATER, LATER]
    outbox.send_due()
    row = Delivery.objects.get()
    assert (row.state, row.reason) == (State.QUEUED, "忙")
    assert dt.timedelta(minutes=1) <= row.next_try_at - timezone.now() <= dt.timedelta(minutes=1.2)
    assert outbox.send_due() == 0
    now(2026, 11, 21, 10, 1)
    outbox.send_due()
    assert Delivery.objects.get().state == State.GIVEN_UP


def test_a_wrong_address_falls_back_to_the_next_channel(
    reader: User, pigeon: Pigeon, sparrow: Pigeon, now: Any
) -> None:
    outbox.post([delivery(reader)])
    pigeon.fails = [ChannelError("没有这个邮箱", temporary=False, wrong_address=True)]
    outbox.send_due()
    assert [one.address for one in sparrow.said] == ["13800001111"]
    failed, instead = Delivery.objects.order_by("pk")
    assert (failed.state, instead.state, instead.instead_of) == (State.FAILED, State.SENT, failed)


def test_when_both_addresses_are_wrong_it_ends(
    reader: User, pigeon: Pigeon, sparrow: Pigeon, now: Any
) -> None:
    wrong = ChannelError("没有", temporary=False, wrong_address=True)
    pigeon.fails, sparrow.fails = [wrong], [wrong]
    outbox.post([delivery(reader)])
    outbox.send_due()
    assert list(Delivery.objects.values_list("state", flat=True)) == [State.FAILED, State.FAILED]


def test_a_fault_of_a_channel_stops_no_other_message(
    reader: User, pigeon: Pigeon, sparrow: Pigeon, now: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pigeon, "send", lambda message: 1 / 0)
    outbox.post([delivery(reader), delivery(reader, channel="sms")])
    outbox.send_due()
    assert len(sparrow.said) == 1
    assert Delivery.objects.get(channel="email").state == State.QUEUED


def test_in_quiet_hours_a_message_waits_and_an_emergency_does_not(
    reader: User, pigeon: Pigeon, now: Any
) -> None:
    now(2026, 11, 18, 23)
    outbox.post([delivery(reader), delivery(reader, "燃气泄漏", emergency=True)])
    outbox.send_due()
    assert [one.words for one in pigeon.said] == ["燃气泄漏"]
    held = Delivery.objects.get(state=State.HELD)
    assert timezone.localtime(held.next_try_at).isoformat() == "2026-11-19T07:00:00+08:00"
    assert held.reason
    now(2026, 11, 19, 7)
    outbox.send_due()
    assert len(pigeon.said) == 2


def test_own_quiet_hours_come_before_the_districts(reader: User, pigeon: Pigeon, now: Any) -> None:
    Preference.objects.create(user=reader, quiet_from=dt.time(9), quiet_until=dt.time(11))
    outbox.post([delivery(reader)])
    outbox.send_due()
    assert Delivery.objects.get().state == State.HELD
    now(2026, 11, 18, 23)
    outbox.send_due()
    assert len(pigeon.said) == 1


def test_a_flood_becomes_one_digest(reader: User, pigeon: Pigeon, now: Any) -> None:
    outbox.post([delivery(reader, f"第{n}件 {{link}}") for n in range(1, 9)])
    assert outbox.send_due() == 1
    (said,) = pigeon.said
    assert said.words.startswith("您有 8 条通知")
    assert "3. 第3件" in said.words
    assert Delivery.objects.filter(state=State.DIGESTED, digest__state=State.SENT).count() == 7


def test_more_than_five_in_ten_minutes_wait_and_go_out_together(
    reader: User, pigeon: Pigeon, now: Any
) -> None:
    for minute in range(8):
        now(2026, 11, 18, 10, minute)
        outbox.post([delivery(reader, f"第{minute}件")])
        outbox.send_due()
    assert len(pigeon.said) == 5
    now(2026, 11, 18, 10, 20)
    outbox.send_due()
    assert len(pigeon.said) == 6
    assert pigeon.said[-1].words.startswith("您有 3 条通知")


def test_a_failed_digest_is_sent_whole_the_next_time(reader: User, pigeon: Pigeon, now: Any) -> None:
    outbox.post([delivery(reader, f"第{n}件") for n in range(8)])
    pigeon.fails = [LATER]
    outbox.send_due()
    now(2026, 11, 18, 10, 2)
    outbox.send_due()
    assert [one.words.count("\n") for one in pigeon.said] == [8]


def test_who_wants_one_message_a_day_gets_one(reader: User, pigeon: Pigeon, now: Any) -> None:
    Preference.objects.create(user=reader, daily=True)
    outbox.post([delivery(reader, "甲"), delivery(reader, "乙")])
    outbox.send_due()
    assert not pigeon.said
    now(2026, 11, 19, 8, 30)
    outbox.send_due()
    (said,) = pigeon.said
    assert "甲" in said.words
    assert "乙" in said.words


def test_the_providers_limit_per_minute_is_kept_even_in_an_emergency(
    reader: User, pigeon: Pigeon, now: Any
) -> None:
    pigeon.per_minute = 3
    outbox.post([delivery(reader, f"{n}", emergency=True) for n in range(5)])
    outbox.send_due()
    assert len(pigeon.said) == 3
    now(2026, 11, 18, 10, 1)
    outbox.send_due()
    assert len(pigeon.said) == 5


def test_a_digest_is_cut_to_what_the_channel_takes(reader: User, pigeon: Pigeon, now: Any) -> None:
    pigeon.longest = 120
    outbox.post([delivery(reader, "一" * 30) for _n in range(9)])
    outbox.send_due()
    (said,) = pigeon.said
    assert len(said.words) <= 120
    assert "另有" in said.words


def test_what_cannot_go_out_is_kept_with_the_reason(reader: User, pigeon: Pigeon, now: Any) -> None:
    pigeon.away = "没有配置邮件服务器。"
    before = waiting_jobs()
    outbox.post([delivery(reader)])
    row = Delivery.objects.get()
    assert (row.state, row.reason) == (State.SUPPRESSED, "没有配置邮件服务器。")
    assert waiting_jobs() == before


def test_a_demonstration_sends_nothing(reader: User, pigeon: Pigeon, now: Any, settings: Any) -> None:
    settings.DEMO = True
    outbox.post([delivery(reader)])
    outbox.send_due()
    assert not pigeon.said
    assert "演示" in Delivery.objects.get().reason


def test_who_has_no_address_any_more_is_not_written_to(reader: User, pigeon: Pigeon, now: Any) -> None:
    outbox.post([delivery(reader)])
    User.objects.update(email="")
    outbox.send_due()
    assert not pigeon.said
    assert Delivery.objects.get().state == State.SUPPRESSED


def test_what_a_dead_worker_had_claimed_is_sent_by_another(reader: User, pigeon: Pigeon, now: Any) -> None:
    outbox.post([delivery(reader)])
    assert outbox.claim_next() is not None
    assert outbox.release_dead_claims() == 0
    now(2026, 11, 18, 10, 6)
    assert outbox.release_dead_claims() == 1
    outbox.send_due()
    assert len(pigeon.said) == 1


def test_a_late_worker_does_not_overwrite_what_another_did(reader: User, pigeon: Pigeon, now: Any) -> None:
    outbox.post([delivery(reader)])
    slow = outbox.claim_next()
    assert slow is not None
    assert slow.delivery is not None
    now(2026, 11, 18, 10, 6)
    outbox.release_dead_claims()
    outbox.send_due()
    pigeon.fails = [ChannelError("坏了", temporary=False)]
    outbox.attempt(slow.delivery)
    assert Delivery.objects.get().state == State.SENT


def test_a_failed_message_is_tried_again_by_hand_but_a_sent_one_is_not(
    reader: User, pigeon: Pigeon, now: Any
) -> None:
    pigeon.fails = [ChannelError("坏了", temporary=False)]
    outbox.post([delivery(reader)])
    outbox.send_due()
    row = Delivery.objects.get()
    outbox.retry(row, actor=reader)
    outbox.send_due()
    assert Delivery.objects.get().state == State.SENT
    with pytest.raises(Conflict):
        outbox.retry(row, actor=reader)


def test_a_robot_sealed_under_another_key_stops_no_other_message(
    reader: User, pigeon: Pigeon, now: Any, settings: Any
) -> None:
    robot = Robot.objects.create(title="群", channel="email", address="https://example.org/hook")
    settings.SECRET_KEY = "another key, after a restore"
    outbox.post([delivery(reader, to_kind="robot", to_id=robot.pk), delivery(reader)])
    outbox.send_due()
    assert len(pigeon.said) == 1
    failed = Delivery.objects.get(state=State.FAILED)
    assert "HUYING_SECRET_KEY" in failed.reason


def test_the_log_of_years_ago_is_deleted_but_nothing_that_waits(
    reader: User, pigeon: Pigeon, now: Any
) -> None:
    outbox.post([delivery(reader)])
    outbox.send_due()
    now(2030, 1, 1, 10)
    outbox.post([delivery(reader)])
    Delivery.objects.filter(state=State.QUEUED).update(created_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    assert outbox.forget_old() == 1
    assert Delivery.objects.get().state == State.QUEUED


@pytest.mark.django_db(transaction=True)
def test_four_workers_send_forty_messages_once_each(pigeon: Pigeon) -> None:
    for number in range(40):
        user = make_user(email=f"user{number}@example.org", username=f"user{number}")
        outbox.post([delivery(user, emergency=True)])

    def work() -> None:
        outbox.send_due()
        connection.close()

    workers = [threading.Thread(target=work) for _n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    # Who found a row in another's hands passed over it; the next minute's job takes what is left.
    outbox.send_due()
    assert sorted(one.address for one in pigeon.said) == sorted(f"user{n}@example.org" for n in range(40))
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.SENT}


@pytest.mark.django_db(transaction=True)
def test_two_workers_keep_the_limit_of_one_robot_together(pigeon: Pigeon) -> None:
    pigeon.per_minute = 5
    user = make_user(email="robot@example.org")
    outbox.post([delivery(user, emergency=True) for _n in range(20)])

    def work() -> None:
        outbox.send_due()
        connection.close()

    workers = [threading.Thread(target=work) for _n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(pigeon.said) == 5
