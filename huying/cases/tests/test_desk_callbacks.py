"""The call-back desk: who is called, what is asked, what happens when it is not solved."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from huying.cases import actions
from huying.cases.models import Callback, Case, ContactReveal, Report, Status
from huying.cases.tests.conftest import Loop, fresh
from huying.cases.views.desk.callbacks import reports_to_call
from huying.core.testing import AccessSuite

pytestmark = pytest.mark.django_db
DESK = "/desk/callbacks/"
HAPPY = {"reached": "yes", "contacted": "yes", "solved": "yes", "grade": "5", "words": "灯亮了"}


def closed(loop: Loop, **fields: Any) -> Report:
    """A closed case's report with a phone."""
    return loop.closed(name="王小明", phone="13812345678", **fields).reports.get()


class TestDesk(AccessSuite):
    url = "desk:callbacks"
    role = "callback"

    def prepare(self) -> None:
        self.report = closed(Loop(self.district))

    def row_in_east(self) -> str:
        return self.report.number


class TestAnswers(AccessSuite):
    url = "desk:answers"
    role = "supervisor"

    def prepare(self) -> None:
        loop = Loop(self.district)
        self.report = closed(loop)
        actions.record_callback(self.report, actor=loop.callback, solved=True, grade=5)

    def row_in_east(self) -> str:
        return self.report.case.number


def call(client: Client, report: Report, **said: str) -> Any:
    return client.post(DESK, {"report": report.number, **said})


def test_a_call_is_recorded_and_the_next_reporter_comes_up(loop: Loop, client: Client) -> None:
    first, second = closed(loop), closed(loop)
    client.force_login(loop.callback)
    assert client.get(DESK).context["report"] == first
    answer = call(client, first, **HAPPY)
    assert answer.status_code == 302
    callback = Callback.objects.get()
    assert (callback.grade, callback.solved, callback.contacted) == (5, True, True)
    assert callback.recorded_by == loop.callback
    assert client.get(DESK).context["report"] == second


def test_an_open_question_keeps_what_was_said(loop: Loop, client: Client) -> None:
    report = closed(loop)
    client.force_login(loop.callback)
    answer = call(client, report, reached="yes", solved="no", words="只修了一盏")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "请问清楚这一项" in page
    assert "只修了一盏" in page
    assert not Callback.objects.exists()


def test_whoever_was_not_reached_is_called_again_later(loop: Loop, client: Client) -> None:
    report = closed(loop)
    client.force_login(loop.callback)
    call(client, report, reached="no")
    assert client.get(DESK).context["report"] is None
    assert client.get(DESK, {"view": "again"}).context["report"] == report
    Case.objects.update(checked_at=timezone.now() - dt.timedelta(hours=4))
    Callback.objects.update(recorded_at=timezone.now() - dt.timedelta(hours=3))
    again = client.get(DESK).context["report"]
    assert (again, again.tries) == (report, 1)


def test_not_solved_is_handled_again_with_the_reporters_words(loop: Loop, client: Client) -> None:
    report = closed(loop)
    client.force_login(loop.callback)
    call(client, report, reached="yes", contacted="no", solved="no", grade="1", words="灯又灭了", reopen="on")
    case = fresh(report.case)
    assert case.status == Status.HANDLING
    assert (case.reopenings, case.unsolved) == (1, 1)


def test_a_reopening_that_is_refused_takes_the_record_back(
    loop: Loop, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huying.core.errors import Refusal

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise Refusal("现在不能重办。")

    monkeypatch.setattr(actions, "reopen_case", refuse)
    report = closed(loop)
    client.force_login(loop.callback)
    answer = call(
        client, report, reached="yes", contacted="no", solved="no", grade="1", words="灯又灭了", reopen="on"
    )
    assert answer.status_code == 422
    assert "现在不能重办。" in answer.content.decode()
    assert not Callback.objects.exists()


def test_after_a_reopening_the_reporter_is_asked_again(loop: Loop) -> None:
    report = closed(loop)
    actions.record_callback(report, actor=loop.callback, solved=False, grade=1)
    assert report not in reports_to_call(loop.callback)
    actions.reopen_case(fresh(report.case), reason="没有解决", actor=loop.supervisor)
    actions.report_handled(fresh(report.case), actor=loop.clerk, answer="换了一盏新的")
    actions.check_case(fresh(report.case), actor=loop.checker)
    actions.close_case(fresh(report.case), actor=loop.dispatcher)
    assert report in reports_to_call(loop.callback)


def test_nobody_is_called_without_a_phone_or_after_withdrawing(loop: Loop) -> None:
    loop.closed()
    withdrawn = closed(loop)
    Report.objects.filter(pk=withdrawn.pk).update(withdrawn_at=timezone.now())
    assert not reports_to_call(loop.callback).exists()


def test_a_ledger_that_does_not_ask_is_left_alone(loop: Loop) -> None:
    loop.ledger.declaration = {**loop.ledger.declaration, "callback": {"ask": False}}
    loop.ledger.save()
    closed(loop)
    assert not reports_to_call(loop.callback).exists()


def test_the_phone_is_masked_until_one_click_puts_the_reason_on_record(loop: Loop, client: Client) -> None:
    report = closed(loop)
    client.force_login(loop.callback)
    page = client.get(DESK).content.decode()
    assert "138****5678" in page
    assert "13812345678" not in page
    shown = client.post(
        reverse("desk:contact", args=[report.case.number, report.number]), {"reason": "电话回访"}
    )
    assert "13812345678" in shown.content.decode()
    assert ContactReveal.objects.get().reason == "电话回访"


def test_another_areas_report_cannot_be_recorded(loop: Loop, client: Client) -> None:
    from huying.core.testing import make_user

    report = closed(loop)
    client.force_login(make_user("callback", area=loop.district.west))
    assert call(client, report, **HAPPY).status_code == 404


def test_a_number_of_the_rates_opens_as_many_answers(loop: Loop, client: Client) -> None:
    from huying.cases.rates import total

    for grade in (5, 3, 1):
        actions.record_callback(
            closed(loop), actor=loop.callback, solved=grade > 1, grade=grade, contacted=True
        )
    client.force_login(loop.supervisor)
    found = total(Case.objects.all())
    for code in ("answers", "solved", "unsolved", "satisfied", "dissatisfied", "contacted"):
        assert client.get(found.number(code).url).context["total"].number == found.number(code).value


def test_todays_calls_are_counted(loop: Loop, client: Client) -> None:
    client.force_login(loop.callback)
    call(client, closed(loop), **HAPPY)
    call(client, closed(loop), reached="no")
    values = {tile["title"]: tile["value"] for tile in client.get(DESK).context["tiles"]}
    assert (values["今天打出"], values["没联系上"], values["有效回访"]) == (2, 1, 1)
    assert client.get("/desk/answers/?recorded=today&said=answered").context["total"].number == 1


def test_more_reports_cost_no_more_queries(
    loop: Loop, client: Client, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in production, where what is kept in memory is compared with the database once a second.
    monkeypatch.setattr("huying.places.fresh.CHECK_EVERY_SECONDS", 60)
    for _each in range(6):
        closed(loop)
    client.force_login(loop.callback)
    client.get(DESK)
    with django_assert_max_num_queries(10):
        client.get(DESK)
