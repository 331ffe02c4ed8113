"""The case page: what it shows to whom, and that nobody's name is shown without a reason."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from huying.cases import actions
from huying.cases.models import Case, ContactReveal
from huying.cases.views.desk.verbs import verbs_open_to
from huying.core.journal import entries_of
from huying.core.testing import AccessSuite, make_user

from .conftest import Loop, fresh


def page_of(case: Case) -> str:
    return reverse("desk:case", args=[case.number])


def login(client: Client, user: Any) -> Client:
    client.force_login(user)
    return client


class TestCasePage(AccessSuite):
    role = "dispatcher"
    shows_area = True

    def prepare(self) -> None:
        self.case = Loop(self.district).reported()

    def address(self) -> str:
        return page_of(self.case)


class TestCasePoints(TestCasePage):
    def address(self) -> str:
        return reverse("desk:case-points", args=[self.case.number])


class TestVerbForm(TestCasePage):
    def address(self) -> str:
        return reverse("desk:act", args=[self.case.number, "file"])


class TestReveal(TestCasePage):
    method = "post"
    data = {"reason": "核实现场位置"}

    def prepare(self) -> None:
        self.report = Loop(self.district).report(name="王小明", phone="13812345678")
        self.case = self.report.case

    def address(self) -> str:
        return reverse("desk:contact", args=[self.case.number, self.report.number])


class TestOthersOfTheCaller(TestReveal):
    method = "get"
    data = {}

    def address(self) -> str:
        return reverse("desk:caller", args=[self.case.number, self.report.number])


def test_it_tells_the_whole_story(loop: Loop, client: Client) -> None:
    case = loop.handling()
    actions.ask_assistance(case, department=loop.district.community, task="维持现场秩序", actor=loop.clerk)
    actions.ask_extension(fresh(case), reason="等配件到货再修", actor=loop.clerk)
    actions.report_handled(fresh(case), actor=loop.clerk, answer="换了灯泡和镇流器")
    actions.check_case(fresh(case), actor=loop.checker, words="亮了")
    actions.supervise_case(loop.handling(), actor=loop.supervisor, colour="blue")
    page = login(client, loop.supervisor).get(page_of(case)).content.decode()
    for words in (
        "路灯不亮",
        "维持现场秩序",
        "等配件到货再修",
        "换了灯泡和镇流器",
        "亮了",
        "城市管理局",
        "东苑社区",
    ):
        assert words in page
    assert case.why in page


def test_a_reporter_is_masked_until_somebody_says_why(loop: Loop, client: Client) -> None:
    report = loop.report(name="王小明", phone="13812345678")
    login(client, loop.dispatcher)
    page = client.get(page_of(report.case)).content.decode()
    assert "王**" in page and "138****5678" in page
    assert "王小明" not in page and "13812345678" not in page
    address = reverse("desk:contact", args=[report.case.number, report.number])
    refused = client.post(address, {"reason": "看"}, headers={"HX-Request": "true"})
    assert refused.status_code == 422
    assert "13812345678" not in refused.content.decode()
    shown = client.post(address, {"reason": "核实现场位置"}, headers={"HX-Request": "true"}).content.decode()
    assert "王小明" in shown and "13812345678" in shown
    assert ContactReveal.objects.get().reason == "核实现场位置"
    assert "case.contact_revealed" in [entry.code for entry in entries_of(report.case)]


def test_who_may_not_reveal_has_no_button_and_gets_nothing(loop: Loop, client: Client) -> None:
    report = loop.report(name="王小明", phone="13812345678")
    login(client, loop.supervisor)
    address = reverse("desk:contact", args=[report.case.number, report.number])
    assert address not in client.get(page_of(report.case)).content.decode()
    answer = client.post(address, {"reason": "核实现场位置"})
    assert answer.status_code == 403
    assert "13812345678" not in answer.content.decode()
    assert not ContactReveal.objects.exists()


def test_other_reports_of_the_phone_are_counted_and_listed(loop: Loop, client: Client) -> None:
    first = loop.report(name="王小明", phone="13812345678")
    loop.report(name="王小明", phone="13812345678", words="楼道灯也坏了", category="street-order")
    login(client, loop.dispatcher)
    assert "这个电话还反映过 1 件" in client.get(page_of(first.case)).content.decode()
    page = client.get(reverse("desk:caller", args=[first.case.number, first.number])).content.decode()
    assert "楼道灯也坏了" in page
    assert "13812345678" not in page


def test_a_likely_duplicate_is_offered(loop: Loop, client: Client) -> None:
    first, second = loop.reported(), loop.reported()
    page = login(client, loop.dispatcher).get(page_of(second)).content.decode()
    assert "可能是同一件事" in page
    assert first.number in page


def offered(case: Case, user: Any) -> set[str]:
    return {verb.code for verb in verbs_open_to(fresh(case), user)}


def test_it_offers_exactly_the_steps_that_are_open(loop: Loop) -> None:
    assert offered(loop.reported(), loop.dispatcher) == {"file", "merge", "reclassify", "decline", "void"}
    assert offered(loop.reported(), loop.supervisor) == set()
    handling = loop.handling()
    assert "report_handled" in offered(handling, loop.clerk)
    assert "report_handled" not in offered(handling, loop.dispatcher)
    assert {"urge", "supervise"} <= offered(handling, loop.supervisor)
    handled = loop.handled()
    assert {"check", "rework"} <= offered(handled, loop.checker)
    assert offered(handled, loop.clerk) == set()


def test_an_approver_is_offered_the_decision_and_the_asker_is_not(loop: Loop) -> None:
    case = loop.handling()
    actions.ask_extension(case, reason="等配件到货再修", actor=loop.clerk)
    assert {"approve_extension", "refuse_extension"} <= offered(case, loop.head)
    assert "approve_extension" not in offered(case, loop.clerk)


def test_a_parked_case_offers_to_resume(loop: Loop) -> None:
    case = loop.handling()
    parking = actions.ask_parking(
        case, reason="等配件到货再修", plan="下周采购后更换", until=next_month(), actor=loop.clerk
    )  # fmt: skip
    actions.approve_parking(parking, actor=loop.arbiter)
    found = offered(case, loop.clerk)
    assert "resume" in found
    assert "report_handled" not in found


def next_month() -> dt.date:
    from django.utils import timezone

    return timezone.localdate() + dt.timedelta(days=30)


def test_the_pane_of_the_queue_is_the_same_address(loop: Loop, client: Client) -> None:
    case = loop.filed()
    login(client, loop.dispatcher)
    pane = client.get(
        page_of(case), headers={"HX-Request": "true", "HX-Target": "case-pane"}
    ).content.decode()
    assert "<html" not in pane
    assert "建议派给" in pane
    assert "城市管理局" in pane


def test_a_number_that_nobody_knows_is_not_found(loop: Loop, client: Client) -> None:
    assert login(client, loop.dispatcher).get(reverse("desk:case", args=["123"])).status_code == 404


def test_somebody_elses_department_is_not_found(loop: Loop, client: Client) -> None:
    case = loop.dispatched()
    clerk = make_user("clerk", department=loop.district.water)
    assert login(client, clerk).get(page_of(case)).status_code == 404


@pytest.mark.usefixtures("kept_for_long")
@pytest.mark.parametrize("reports", [1, 6])
def test_its_queries_do_not_grow_with_what_it_tells(
    loop: Loop, client: Client, django_assert_max_num_queries: Any, reports: int
) -> None:
    case = loop.handled()
    for _n in range(reports):
        actions.merge_cases(
            fresh(case), [loop.reported(name="王小明", phone="13812345678")], actor=loop.agent
        )
    login(client, loop.supervisor)
    client.get(page_of(case))
    with django_assert_max_num_queries(37):
        assert client.get(page_of(case)).status_code == 200
