"""Past cases in bulk: rows, journal, clock and search as the actions would have made them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from huying.cases import actions
from huying.cases.actions import Intake
from huying.cases.history import (
    CalledBack,
    Checked,
    Closed,
    Dispatched,
    Extended,
    Filed,
    Handled,
    Joined,
    PastCase,
    Reopened,
    Returned,
    SentBack,
    TakenUp,
    load_history,
)
from huying.cases.models import Callback, Case, CaseReturn, Channel, Check, Extension, Status
from huying.core import journal
from huying.core.models import JournalEntry
from huying.core.search import search_q
from huying.people.models import User
from huying.places.clock import BEIJING

DAY = dt.datetime(2023, 11, 22, 9, 0, tzinfo=BEIJING)  # a Wednesday


def at(hours: float) -> dt.datetime:
    return DAY + dt.timedelta(hours=hours)


@pytest.fixture
def past(loop: Any) -> PastCase:
    """A street lamp, from the call on Wednesday morning to the strike-off on Thursday."""
    people: dict[str, User] = {"dispatcher": loop.dispatcher, "clerk": loop.clerk, "checker": loop.checker}
    category = loop.ledger.categories.get(code="lighting-dark")
    lng, lat = loop.district.in_compound
    return PastCase(
        ledger=loop.ledger, category=category, channel="hotline", title="路灯不亮",
        words="东苑小区门口\t路灯\\不亮\n三天了",
        reported_at=at(0), name="王女士", phone="19903700001", lng=lng, lat=lat, address="东苑小区1号楼",
        steps=[
            Filed(at(0.2), people["dispatcher"]),
            Dispatched(at(0.5), loop.district.urban, "按目录由城市管理局负责。", "category", people["dispatcher"]),
            TakenUp(at(1), people["clerk"]),
            Handled(at(6), people["clerk"], "换了灯头，当晚试亮。"),
            Checked(at(25), people["checker"], "亮了"),
            Closed(at(26), people["dispatcher"]),
            CalledBack(at(27), people["dispatcher"], True, True, True, 5, "好了"),
        ],
    )  # fmt: skip


def test_a_past_case_is_there_with_its_times_and_its_answer(past: PastCase) -> None:
    loaded = load_history([past], key="t")
    case = Case.objects.get()
    assert (loaded.cases, loaded.reports, loaded.entries) == (1, 1, 8)
    assert case.status == Status.CLOSED
    assert case.number == f"410403{DAY:%Y%m%d}00001"
    assert case.words == past.words
    assert (case.due_at, case.overdue) == (dt.datetime(2023, 11, 24, 9, 30, tzinfo=BEIJING), False)
    assert case.area is not None and case.compound is not None
    assert case.reports.get().name == "王女士"
    assert case.callbacks.get().satisfied is True
    assert case.next_rung_at is None


def test_the_journal_of_a_past_case_verifies(past: PastCase) -> None:
    load_history([past] * 3, key="t")
    assert list(journal.verify()) == []
    assert JournalEntry.objects.filter(kind="case").count() == 24


def test_the_journal_says_what_the_actions_say(past: PastCase, loop: Any) -> None:
    """The same case by the actions leaves the same codes with the same keys."""
    load_history([past], key="t")
    lng, lat = loop.district.in_compound
    report = actions.receive_report(
        Intake(
            ledger=loop.ledger, category=past.category, words="路灯不亮", channel=Channel.HOTLINE, lng=lng, lat=lat,
            name="王女士", phone="13800000001",
        )
    )  # fmt: skip
    live = Case.objects.get(pk=report.case_id)
    actions.file_case(live, actor=loop.dispatcher)
    actions.dispatch_case(live, department=loop.district.urban, actor=loop.dispatcher)
    actions.take_up_case(live, actor=loop.clerk)
    actions.report_handled(live, actor=loop.clerk, answer="换了灯头，当晚试亮。")
    actions.check_case(live, actor=loop.checker, words="亮了")
    actions.close_case(live, actor=loop.dispatcher)
    past_case = Case.objects.exclude(pk=live.pk).get()

    def shape(case: Case) -> list[tuple[str, frozenset[str]]]:
        entries = journal.entries_of(case).exclude(code="case.called_back")
        return [(entry.code, frozenset(entry.data)) for entry in entries]

    assert shape(past_case) == shape(live)


def test_a_past_case_is_found_as_a_live_one_is(past: PastCase) -> None:
    load_history([past], key="t")
    assert Case.objects.filter(search_q("路灯不亮", vector="search", text="search_text")).exists()
    assert not Case.objects.filter(search_q("井盖", vector="search", text="search_text")).exists()


def test_the_same_load_again_adds_nothing(past: PastCase) -> None:
    load_history([past] * 5, key="t", batch=2)
    again = load_history([past] * 5, key="t", batch=2)
    assert (again.cases, again.passed_over) == (0, 5)
    assert Case.objects.count() == 5


def test_an_interrupted_load_goes_on_where_it_stopped(past: PastCase) -> None:
    def breaks_off() -> Any:
        yield from [past] * 4
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_history(breaks_off(), key="t", batch=2)
    load_history([past] * 6, key="t", batch=2)
    assert Case.objects.count() == 6
    assert list(journal.verify()) == []


def test_numbers_go_on_above_those_of_the_day(past: PastCase) -> None:
    load_history([past] * 2, key="one")
    load_history([past] * 2, key="two")
    numbers = sorted(Case.objects.values_list("number", flat=True))
    assert [number[-5:] for number in numbers] == ["00001", "00002", "00003", "00004"]


def test_what_went_wrong_on_the_way_is_counted(past: PastCase, loop: Any) -> None:
    filed, dispatched, taken, handled, checked, closed, called = past.steps
    past.steps = [
        filed, dispatched, Returned(at(0.7), loop.clerk, "不在我单位管养范围。"),
        dataclasses.replace(dispatched, at=at(0.8)), taken,
        Extended(at(2), loop.clerk, at(2.5), loop.head, at(3), loop.arbiter, "等灯头到货。"),
        Joined(at(4), "我家楼下也是", "hotline", "李先生", "19903700002"), handled,
        SentBack(at(8), loop.checker, "只亮了一半。"), dataclasses.replace(handled, at=at(24)),
        dataclasses.replace(checked, at=at(25)), closed, called, Reopened(at(50), "又黑了。"),
    ]  # fmt: skip
    load_history([past], key="t")
    case = Case.objects.get()
    assert case.status == Status.HANDLING
    assert (case.returns, case.hops, case.extensions, case.reworks, case.reopenings) == (1, 2, 1, 1, 1)
    assert case.reports_count == case.reports.count() == 2
    assert case.next_rung_at is not None
    assert CaseReturn.objects.count() == Extension.objects.count() == Callback.objects.count() == 1
    assert Check.objects.filter(passed=False).count() == 1
    assert list(journal.verify()) == []


def test_a_late_case_stays_late(past: PastCase, loop: Any) -> None:
    past.steps = [*past.steps[:3], Handled(at(24 * 9), loop.clerk, "换了灯头，当晚试亮。")]
    load_history([past], key="t")
    case = Case.objects.get()
    assert case.overdue
    assert case.left_when_stopped is not None and case.left_when_stopped < dt.timedelta(0)


def test_steps_in_an_impossible_order_are_refused_and_nothing_is_left(past: PastCase) -> None:
    past.steps = [past.steps[0], past.steps[3]]
    with pytest.raises(ValueError, match="report_handled does not follow filed"):
        load_history([past], key="t")
    assert not Case.objects.exists()


def test_the_handler_does_not_check_their_own_past_either(past: PastCase, loop: Any) -> None:
    past.steps = [*past.steps[:4], Checked(at(25), loop.clerk, "亮了")]
    with pytest.raises(ValueError, match="核查人不能是承办人"):
        load_history([past], key="t")


def test_live_work_goes_on_from_a_past_case(past: PastCase, loop: Any) -> None:
    past.steps = past.steps[:3]
    load_history([past], key="t")
    case = Case.objects.get()
    actions.report_handled(case, actor=loop.clerk, answer="换了灯头，当晚试亮。")
    assert case.status == Status.HANDLED
    assert list(journal.verify()) == []


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_batches_are_written_by_a_thread_in_their_order(past: PastCase) -> None:
    loaded = load_history([past] * 7, key="t", batch=3)
    assert loaded.cases == Case.objects.count() == 7
    assert [number[-5:] for number in sorted(Case.objects.values_list("number", flat=True))] == [
        f"{serial:05d}" for serial in range(1, 8)
    ]
    assert list(journal.verify()) == []


@pytest.mark.django_db(transaction=True)
def test_a_batch_that_fails_leaves_those_before_it(past: PastCase) -> None:
    broken = dataclasses.replace(past, steps=[past.steps[0], past.steps[3]])
    with pytest.raises(ValueError, match="does not follow"):
        load_history([*[past] * 4, broken], key="t", batch=2)
    assert Case.objects.count() in (2, 4)
    load_history([past] * 6, key="t", batch=2)
    assert Case.objects.count() == 6
