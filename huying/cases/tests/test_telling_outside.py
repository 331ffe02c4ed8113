"""What leaves the house when the loop moves: to whom, how, and what is never in it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from huying.cases import actions, ladder
from huying.cases.actions.forgetting import forget_contact
from huying.cases.models import Report
from huying.cases.telling import TO_REPORTER, TO_STAFF, tracking_link
from huying.cases.tests.conftest import Loop, fresh
from huying.core.testing import AccessSuite, make_user
from huying.notices import outbox
from huying.notices.models import Delivery, Preference, Robot
from huying.notices.tests.conftest import Pigeon, now, pigeon, sparrow
from huying.places.district import forget_district
from huying.places.models import District

__all__ = ["now", "pigeon", "sparrow"]

SECRET_WORDS = "李小明 13800001111 三号楼 502 漏水"


def declare(**notices: Any) -> None:
    District.objects.update(declaration={"notices": notices})
    forget_district()


@pytest.fixture
def robot(loop: Loop) -> Robot:
    return Robot.objects.create(
        title="城管值班群",
        channel="wecom",
        address="https://example.org/hook?key=1",
        department=loop.district.urban,
    )


def test_a_reporter_who_left_a_phone_is_told_by_short_message(loop: Loop, sparrow: Pigeon, now: Any) -> None:
    report = loop.report(phone="13800001111", name="李小明", tell_by="sms")
    outbox.send_due()
    (said,) = sparrow.said
    assert said.address == "13800001111"
    assert report.number in said.words
    assert tracking_link(report) in said.words
    row = Delivery.objects.get()
    assert report.token not in row.words
    assert "13800001111" not in f"{row.to_name}{row.words}"


def test_who_chose_e_mail_is_told_by_e_mail_with_the_link(
    loop: Loop, pigeon: Pigeon, sparrow: Pigeon, now: Any
) -> None:
    report = loop.report(phone="13800001111", email="li@example.org", tell_by="email")
    outbox.send_due()
    (said,) = pigeon.said
    assert said.address == "li@example.org"
    assert tracking_link(report) in said.words
    assert not sparrow.said


def test_who_chose_the_page_is_left_in_peace(loop: Loop, pigeon: Pigeon, now: Any) -> None:
    loop.report(phone="13800001111", tell_by="page")
    assert not Delivery.objects.exists()


def test_orders_from_the_citys_hotline_are_answered_there(loop: Loop, pigeon: Pigeon, now: Any) -> None:
    loop.report(phone="13800001111", external_number="12345-1")
    assert not Delivery.objects.exists()


def test_a_choice_made_meanwhile_is_followed(loop: Loop, sparrow: Pigeon, now: Any) -> None:
    report = loop.report(phone="13800001111")
    Report.objects.filter(pk=report.pk).update(tell_by="page")
    outbox.send_due()
    assert not sparrow.said
    assert Delivery.objects.get().state == "suppressed"


def test_a_forgotten_contact_is_never_written_to(loop: Loop, sparrow: Pigeon, now: Any) -> None:
    report = loop.report(phone="13800001111", email="li@example.org")
    forget_contact(report, reason="本人要求删除", actor=make_user("arbiter"))
    outbox.send_due()
    assert not sparrow.said
    assert Report.objects.get().email == ""
    assert "1111" not in Delivery.objects.get().to_name


def test_a_moment_that_the_pack_words_for_the_page_only_sends_nothing(
    loop: Loop, pigeon: Pigeon, now: Any
) -> None:
    declare(moments={"received": {"page": "已收到 {code}"}})
    loop.report(phone="13800001111")
    assert not Delivery.objects.exists()


def test_the_packs_words_for_short_messages_are_used(loop: Loop, sparrow: Pigeon, now: Any) -> None:
    declare(moments={"received": {"sms": "收到，看 {link}", "page": "已收到"}})
    report = loop.report(phone="13800001111")
    outbox.send_due()
    assert sparrow.said[0].words == f"收到，看 {tracking_link(report)}"


def test_a_group_never_hears_what_a_reporter_said_or_is(
    loop: Loop, robot: Robot, pigeon: Pigeon, now: Any
) -> None:
    # A pack that was loaded without the checker's consent does not get them either.
    declare(staff={"case.dispatched": {"robot": "{title}{number}{words}"}})
    case = loop.dispatched(words=SECRET_WORDS, name="李小明", phone="13800001111")
    actions.add_words(case.reports.get(), words=SECRET_WORDS)
    actions.urge_case(fresh(case), words=SECRET_WORDS, actor=loop.supervisor)
    said = list(Delivery.objects.filter(to_kind="robot").values_list("code", "words", "subject"))
    assert {code for code, *_rest in said} == {"case.dispatched", "case.words_added", "case.urged"}
    for text in ("李小明", "1380000", "502", "漏水"):
        assert not any(text in "".join(parts) for parts in said)
    assert all(case.number in words for _code, words, _subject in said)


def test_staff_are_told_as_they_chose(loop: Loop, pigeon: Pigeon, now: Any) -> None:
    loop.clerk.email = "clerk@example.org"
    loop.clerk.save()
    Preference.objects.create(user=loop.clerk, channels={"mine": [], "department": ["email"]})
    case = loop.dispatched(words="张三 13800001111 说灯不亮")
    outbox.send_due()
    (said,) = pigeon.said
    assert said.address == "clerk@example.org"
    assert f"/desk/cases/{case.number}/" in said.words
    assert "13800001111" not in said.words


def test_the_ladder_tells_a_batch_with_few_statements(
    loop: Loop, robot: Robot, now: Any, pigeon: Pigeon, kept_for_long: None
) -> None:
    def climb(cases: int) -> int:
        for _n in range(cases):
            loop.handling()
        now(2026, 11, 20, 16)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert ladder.climb_due_rungs()
        now(2026, 11, 18, 10)
        return len(queries)

    assert climb(2) == climb(9)


class TestResidentsChoice:
    def fill(self, **more: str) -> dict[str, str]:
        return {
            "words": "路灯不亮",
            "lng": "113.3225",
            "lat": "33.715",
            "follow": "no",
            "consent": "on",
            **more,
        }

    def test_the_choice_comes_with_the_report(self, loop: Loop, client: Client) -> None:
        answer = client.post(
            reverse("portal:report"), self.fill(email="li@example.org", tell_by="email", phone="")
        )
        assert answer.status_code == 302
        report = Report.objects.get()
        assert (report.tell_by, report.email) == ("email", "li@example.org")

    def test_e_mail_without_an_address_is_asked_for_and_nothing_is_lost(
        self, loop: Loop, client: Client
    ) -> None:
        answer = client.post(reverse("portal:report"), self.fill(tell_by="email"))
        assert answer.status_code == 422
        assert "请填写邮箱" in answer.content.decode()
        assert "路灯不亮" in answer.content.decode()

    def test_it_is_changed_on_the_tracking_page(self, loop: Loop, client: Client) -> None:
        report = loop.report(phone="13800001111")
        page = reverse("portal:track", args=[report.number, report.token])
        assert "现在：发短信" in client.get(page).content.decode()
        there = reverse("portal:telling", args=[report.number, report.token])
        answer = client.post(there, {"telling-tell_by": "page", "telling-email": ""})
        assert answer.status_code == 302
        assert "只在这一页上看" in client.get(page).content.decode()

    def test_short_messages_without_a_phone_are_refused(self, loop: Loop, client: Client) -> None:
        report = loop.report()
        there = reverse("portal:telling", args=[report.number, report.token])
        answer = client.post(there, {"telling-tell_by": "sms"})
        assert answer.status_code == 422
        assert "没有留手机号" in answer.content.decode()


class TestPreview(AccessSuite):
    url = "desk:notice-preview"
    role = "administrator"

    def test_it_shows_each_channel_and_the_length_of_a_short_message(self) -> None:
        declare(moments={"closed": {"sms": "“{title}”已办结 {link}", "page": {"zh": "办好了", "en": "Done"}}})
        self.client.force_login(make_user("administrator"))
        text = self.client.get(self.address(), {"notice": "closed"}).content.decode()
        assert "“建设路路灯不亮”已办结 http" in text
        assert "按 2 条计费" in text
        assert "Done" in text
        assert "城市管理局" in self.client.get(self.address(), {"notice": "case.dispatched"}).content.decode()

    def test_every_notice_can_be_looked_at(self) -> None:
        self.client.force_login(make_user("administrator"))
        for code in (*TO_REPORTER, *TO_STAFF):
            assert self.client.get(self.address(), {"notice": code}).status_code == 200
