"""The department's desk: its piles, one click for many, its own figures."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from huying.cases import actions
from huying.cases.models import Case, Status
from huying.cases.tests.conftest import Loop, fresh
from huying.core.testing import AccessSuite, make_user

pytestmark = pytest.mark.django_db
DESK = "/desk/department/"


def to_street(loop: Loop, words: str = "东苑小区路灯不亮，楼道口一片黑") -> Case:
    """A case that the office of the street `east` has to take up."""
    case = loop.filed(words=words)
    office = loop.district.streets["east"]
    actions.dispatch_case(case, department=office, actor=loop.dispatcher, note="由街道办理")
    return fresh(case)


class TestDesk(AccessSuite):
    url = "desk:department"
    role = "clerk"

    def prepare(self) -> None:
        self.case = to_street(Loop(self.district))

    def row_in_east(self) -> str:
        return self.case.number


class TestTakeUp(AccessSuite):
    url = "desk:take-up"
    role = "clerk"
    method = "post"

    def prepare(self) -> None:
        self.case = to_street(Loop(self.district))

    def test_another_department_takes_nothing_up(self) -> None:
        self.client.force_login(self.person(self.district.west))
        self.client.post(self.address(), {"selected": [self.case.pk]})
        assert fresh(self.case).status == Status.DISPATCHED


class TestAssign(AccessSuite):
    url = "desk:assign"
    role = "clerk"
    method = "post"


def test_two_cases_are_taken_up_in_one_click(loop: Loop, client: Client) -> None:
    first, second = loop.dispatched(), loop.dispatched()
    client.force_login(loop.clerk)
    answer = client.post(
        reverse("desk:take-up"), {"selected": [first.pk, second.pk], "next": DESK}, follow=True
    )
    assert "已签收 2 件" in answer.content.decode()
    assert {fresh(case).handler for case in (first, second)} == {loop.clerk}


def test_one_that_cannot_be_taken_up_does_not_hold_up_the_others(loop: Loop, client: Client) -> None:
    first, second = loop.dispatched(), loop.handling()
    client.force_login(loop.clerk)
    page = client.post(
        reverse("desk:take-up"), {"selected": [first.pk, second.pk]}, follow=True
    ).content.decode()
    assert "已签收 1 件" in page
    assert f"{second.number}：案件现在是「处置中」" in page


def test_nothing_selected_says_what_to_do(loop: Loop, client: Client) -> None:
    client.force_login(loop.clerk)
    assert "请先选中" in client.post(reverse("desk:take-up"), follow=True).content.decode()


def test_cases_are_given_to_a_colleague_after_asking_to_whom(loop: Loop, client: Client) -> None:
    case = loop.handling()
    client.force_login(loop.clerk)
    asked = client.post(reverse("desk:assign"), {"selected": [case.pk]})
    assert "另一位承办人" in asked.content.decode()
    client.post(reverse("desk:assign"), {"selected": [case.pk], "handler": loop.colleague.pk})
    assert fresh(case).handler == loop.colleague


def test_cases_are_not_given_to_a_stranger(loop: Loop, client: Client) -> None:
    case, stranger = loop.handling(), make_user("clerk", department=loop.district.water)
    client.force_login(loop.clerk)
    answer = client.post(reverse("desk:assign"), {"selected": [case.pk], "handler": stranger.pk})
    assert answer.status_code == 422
    assert fresh(case).handler == loop.clerk


@pytest.mark.parametrize(
    ("view", "shown"),
    [("take-up", "dispatched"), ("mine", "handling"), ("handling", "handling"), ("waiting", "handled")],
)
def test_each_pile_holds_its_cases(loop: Loop, client: Client, view: str, shown: str) -> None:
    cases = {name: getattr(loop, name)() for name in ("dispatched", "handling", "handled")}
    client.force_login(loop.clerk)
    page = client.get(DESK, {"view": view}).content.decode()
    assert [name for name, case in cases.items() if case.number in page] == [shown]


def test_a_case_sent_back_lies_in_its_own_pile(loop: Loop, client: Client) -> None:
    case = loop.handled()
    actions.send_back_for_rework(case, reason="灯还是不亮", actor=loop.checker)
    client.force_login(loop.clerk)
    assert case.number in client.get(DESK, {"view": "sent-back"}).content.decode()


def test_help_that_was_asked_for_lies_at_the_helper(loop: Loop, client: Client) -> None:
    case = loop.handling()
    actions.ask_assistance(case, department=loop.district.water, task="关掉井里的阀门", actor=loop.clerk)
    client.force_login(make_user("clerk", department=loop.district.water))
    page = client.get(DESK, {"view": "helping"}).content.decode()
    assert case.number in page
    assert reverse("desk:act", args=[case.number, "finish_assistance"]) in page
    assert case.number not in client.get(DESK, {"view": "handling"}).content.decode()


def test_the_departments_figures_open_lists_of_the_same_length(loop: Loop, client: Client) -> None:
    loop.closed()
    actions.reopen_case(loop.closed(), reason="又不亮了", actor=loop.supervisor)
    client.force_login(loop.clerk)
    tiles = client.get(DESK).context["tiles"]
    assert [int(tile["value"].value) for tile in tiles] == [2, 1, 0, 0, 0, 1]
    for tile in tiles:
        assert client.get(tile["url"]).context["total"].number == tile["value"].value


def test_asking_for_more_time_says_what_it_would_mean(loop: Loop, client: Client) -> None:
    case = loop.handling()
    client.force_login(loop.clerk)
    page = client.get(reverse("desk:act", args=[case.number, "ask_extension"])).content.decode()
    assert "批准后截止时间从" in page


def test_a_letter_that_waits_for_an_answer_is_on_top(loop: Loop, client: Client) -> None:
    case = loop.handling()
    paper = actions.supervise_case(case, actor=loop.supervisor, colour="yellow")
    client.force_login(loop.clerk)
    assert reverse("papers:paper", args=[paper.pk]) in client.get(DESK).content.decode()


def test_more_rows_cost_no_more_queries(
    loop: Loop, client: Client, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in production, where what is kept in memory is compared with the database once a second.
    monkeypatch.setattr("huying.places.fresh.CHECK_EVERY_SECONDS", 60)
    client.force_login(loop.clerk)
    for _each in range(6):
        loop.dispatched()
    client.get(DESK)
    with django_assert_max_num_queries(12):
        client.get(DESK)
