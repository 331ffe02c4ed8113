"""The ladder climbs by the clock, and costs only what is due."""

from __future__ import annotations

import datetime as dt

from django.db import connection
from django.test.utils import CaptureQueriesContext

from huying.cases import actions, ladder
from huying.cases.models import Notice
from huying.core import journal
from huying.core.journal import entries_of
from huying.papers.models import Paper

from .conftest import Loop, fresh

# 2 work days from Wednesday 09:00: 80 % on Thursday at 17:00 (1.6 days), 100 % on Friday at 09:00.
START = (2026, 11, 18, 9)


def codes(case) -> list[str]:
    return [entry.code for entry in entries_of(case)]


def test_nothing_is_climbed_before_its_time(loop: Loop, time_of) -> None:
    time_of(*START)
    loop.handling()
    time_of(2026, 11, 19, 11)
    assert ladder.climb_due_rungs() == 0


def test_it_reminds_then_urges_then_supervises_then_lists(loop: Loop, time_of) -> None:
    time_of(*START)
    case = loop.handling()
    time_of(2026, 11, 19, 17, 59)
    assert ladder.climb_due_rungs() == 1
    case = fresh(case)
    assert case.reminded
    assert not case.overdue
    time_of(2026, 11, 20, 9, 1)
    ladder.climb_due_rungs()
    case = fresh(case)
    assert (case.urges, case.overdue) == (1, True)
    time_of(2026, 11, 30, 9)
    ladder.climb_due_rungs()
    case = fresh(case)
    assert case.colour == "yellow"
    assert case.listed_at is not None
    assert case.next_rung_at is None
    paper = Paper.objects.get()
    assert (paper.addressee, paper.colour, paper.number) == (loop.district.urban, "yellow", 1)
    assert codes(case)[-4:] == ["case.reminded", "case.urged", "case.supervised", "case.listed"]
    assert list(journal.verify()) == []


def test_rungs_missed_while_the_job_stood_still_are_climbed_in_order(loop: Loop, time_of) -> None:
    time_of(*START)
    case = loop.handling()
    time_of(2026, 12, 20, 9)
    assert ladder.climb_due_rungs() == 4
    assert codes(case)[-4:] == ["case.reminded", "case.urged", "case.supervised", "case.listed"]


def test_a_handled_case_leaves_the_ladder(loop: Loop, time_of) -> None:
    time_of(*START)
    loop.handled()
    time_of(2026, 12, 20, 9)
    assert ladder.climb_due_rungs() == 0


def test_a_parked_case_waits_and_goes_on_with_the_rung_it_had(loop: Loop, time_of) -> None:
    time_of(*START)
    case = loop.handling()
    parking = actions.ask_parking(
        case, reason="等配件到货再修", plan="下周采购后更换", until=dt.date(2026, 12, 1), actor=loop.clerk
    )
    actions.approve_parking(parking, actor=loop.arbiter)
    time_of(2026, 11, 30, 9)
    assert ladder.climb_due_rungs() == 0
    actions.resume_case(fresh(case), actor=loop.clerk)
    assert fresh(case).next_rung_at is not None


def test_the_department_and_the_handler_are_both_told(loop: Loop, time_of) -> None:
    time_of(*START)
    case = loop.handling()
    Notice.objects.all().delete()
    time_of(2026, 11, 19, 17, 59)
    ladder.climb_due_rungs()
    assert set(Notice.objects.values_list("user", "department")) == {
        (None, loop.district.urban.pk), (case.handler_id, None),
    }  # fmt: skip


def test_its_queries_do_not_grow_with_the_cases_that_are_due(loop: Loop, time_of, monkeypatch) -> None:
    monkeypatch.setattr("huying.places.fresh.CHECK_EVERY_SECONDS", 1)
    time_of(*START)
    counts = []
    for number in (2, 8):
        time_of(*START)
        for _case in range(number):
            loop.handling()
        time_of(2026, 11, 19, 17, 59)
        with CaptureQueriesContext(connection) as queries:
            assert ladder.climb_due_rungs() == number
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_supervision_letter_number_has_no_gaps(loop: Loop) -> None:
    numbers = []
    for _case in range(3):
        paper = actions.supervise_case(loop.handling(), actor=loop.supervisor, colour="blue")
        numbers.append(paper.number)
    assert numbers == [1, 2, 3]


def test_rungs_that_fell_due_while_nobody_had_the_case_are_climbed_after_dispatch(
    loop: Loop, time_of
) -> None:
    time_of(*START)
    case = loop.handling()
    time_of(2026, 11, 19, 17, 59)
    ladder.climb_due_rungs()
    actions.return_case(fresh(case), reason="这段路归街道管", actor=loop.clerk)
    time_of(2026, 11, 20, 16)
    assert ladder.climb_due_rungs() == 0
    actions.dispatch_case(fresh(case), department=loop.district.urban, actor=loop.dispatcher, note="核实过")
    assert ladder.climb_due_rungs() == 1
    case = fresh(case)
    assert (case.urges, case.overdue) == (1, True)
    assert codes(case).count("case.reminded") == 1
