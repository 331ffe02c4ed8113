"""Being late is a fact for ever, whichever way a matter ends; and what has ended asks nobody for anything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from huying.cases import actions
from huying.cases.actions.timing import recompute_provisional, resume_due_parkings
from huying.cases.ladder import climb_due_rungs
from huying.cases.models import Case, Status
from huying.cases.story import story_for_reporter, story_for_staff
from huying.cases.tests.conftest import Loop, fresh
from huying.core.errors import Conflict
from huying.places.models import PublishedYear

pytestmark = pytest.mark.django_db
TimeOf = Callable[..., dt.datetime]


@pytest.fixture
def late(loop: Loop, time_of: TimeOf) -> Case:
    """Dispatched on a Monday with two working days, and now it is Friday."""
    time_of(2026, 11, 16, 9)
    case = loop.dispatched()
    time_of(2026, 11, 20, 9)
    return fresh(case)


def test_a_case_returned_late_was_late(loop: Loop, late: Case) -> None:
    actions.return_case(late, reason="不归我们单位管", actor=loop.clerk)
    assert fresh(late).overdue


def test_a_case_declined_after_it_was_returned_late_was_late(loop: Loop, time_of: TimeOf) -> None:
    time_of(2026, 11, 16, 9)
    case = loop.dispatched()
    actions.return_case(case, reason="不归我们单位管", actor=loop.clerk)
    time_of(2026, 11, 20, 9)
    actions.decline_case(fresh(case), reason="属于邻区管辖范围", actor=loop.dispatcher)
    assert fresh(case).overdue


def test_a_case_voided_late_was_late(loop: Loop, late: Case) -> None:
    actions.void_case(late, reason="误录", actor=loop.dispatcher)
    assert fresh(late).overdue


def test_a_case_merged_late_was_late(loop: Loop, late: Case) -> None:
    actions.merge_cases(loop.reported(), [late], actor=loop.dispatcher)
    assert fresh(late).overdue


def test_a_case_withdrawn_late_was_late(late: Case) -> None:
    actions.withdraw_report(late.reports.get())
    assert (fresh(late).status, fresh(late).overdue) == (Status.VOIDED, True)


def test_a_case_that_ends_in_time_was_not_late(loop: Loop) -> None:
    case = loop.dispatched()
    actions.void_case(case, reason="误录", actor=loop.dispatcher)
    assert not fresh(case).overdue


def park(loop: Loop, case: Case) -> None:
    until = dt.date(2026, 11, 25)
    parking = actions.ask_parking(
        case, reason="等配件到货", plan="到货后三天内更换", until=until, actor=loop.clerk
    )
    parking.case = case
    actions.approve_parking(parking, actor=loop.arbiter)


def test_a_parked_case_that_was_merged_never_runs_again(loop: Loop, time_of: TimeOf) -> None:
    time_of(2026, 11, 16, 9)
    case, main = loop.handling(), loop.reported()
    park(loop, case)
    actions.merge_cases(main, [fresh(case)], actor=loop.dispatcher)
    time_of(2026, 11, 26, 9)
    assert resume_due_parkings() == 0
    assert (fresh(case).status, fresh(case).parked_at, fresh(case).next_rung_at) == (
        Status.MERGED,
        None,
        None,
    )


def test_a_case_that_is_not_with_a_department_can_not_be_resumed(loop: Loop, time_of: TimeOf) -> None:
    now = time_of(2026, 11, 16, 9)
    case = loop.handling()
    Case.objects.filter(pk=case.pk).update(status=Status.MERGED, parked_at=now)
    with pytest.raises(Conflict):
        actions.resume_case(fresh(case), actor=loop.clerk)


def test_one_case_that_has_ended_does_not_stop_the_ladder(loop: Loop, time_of: TimeOf) -> None:
    time_of(2026, 11, 16, 9)
    ended, late = loop.handling(), loop.handling()
    # As it may stand in a database that was repaired by hand: over, with the letter's rung still armed.
    Case.objects.filter(pk=ended.pk).update(status=Status.VOIDED, next_rung=2)
    time_of(2026, 11, 27, 9)
    climb_due_rungs()
    assert fresh(late).colour == "yellow"
    assert (fresh(ended).colour, fresh(ended).next_rung_at) == ("", None)


def test_a_reopened_case_is_not_given_the_extensions_of_its_first_time(loop: Loop, time_of: TimeOf) -> None:
    for year in (2026, 2027):
        PublishedYear.objects.get_or_create(year=year)
    time_of(2026, 11, 16, 9)
    case = loop.handling()
    extension = actions.ask_extension(case, reason="等配件到货", actor=loop.clerk)
    for actor in (loop.head, loop.arbiter):
        extension.case = case
        actions.approve_extension(extension, actor=actor)
    actions.report_handled(case, actor=loop.clerk, answer="换了灯泡和镇流器")
    actions.check_case(case, actor=loop.checker)
    actions.close_case(case, actor=loop.dispatcher)
    time_of(2026, 11, 17, 9)
    actions.reopen_case(case, reason="又不亮了", actor=loop.arbiter)
    due = fresh(case).due_at
    recompute_provisional(dt.date(2026, 11, 1))
    assert fresh(case).due_at == due


def test_reporters_do_not_read_who_dispatched_nor_what_was_said_to_the_department(loop: Loop) -> None:
    case = loop.filed()
    actions.dispatch_case(case, department=loop.district.water, actor=loop.dispatcher, note="老王别再推了")
    told = " ".join(f"{event.why}{event.text}" for event in story_for_reporter(case.reports.get()))
    assert "派遣员" not in told
    assert "老王" not in told
    assert any("派遣员" in event.why for event in story_for_staff(fresh(case)))
    assert "老王别再推了" in fresh(case).why
