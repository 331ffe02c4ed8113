"""Among any number of racers there is one winner, and nothing is counted twice."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable

import pytest
from django.db import connections, transaction
from django.utils import timezone

from huying.cases import actions, ladder
from huying.cases.models import Case, CaseFile, Notice, Report, Status
from huying.cases.workflow import claim
from huying.core import journal
from huying.core.errors import Refusal
from huying.core.journal import entries_of
from huying.core.models import StoredFile
from huying.core.testing import MiniDistrict, make_district
from huying.papers.models import Paper
from huying.places.where import where_is

from .conftest import Loop, fresh

pytestmark = pytest.mark.django_db(transaction=True)

RACERS = 6


@pytest.fixture
def district(transactional_db: None) -> MiniDistrict:
    """The district in a database that several connections see."""
    district = make_district()
    # While one thread rebuilds the index the others use the one before, which here is another test's.
    where_is(*district.in_compound)
    return district


def race(*runners: Callable[[], object]) -> list[object]:
    """Run all at the same moment, each on its own connection; a refusal is a result like any other."""
    start = threading.Barrier(len(runners))
    results: list[object] = [None] * len(runners)

    def run(place: int, runner: Callable[[], object]) -> None:
        try:
            start.wait()
            results[place] = runner()
        except Refusal as refusal:
            results[place] = refusal
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(runners)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def refused(results: list[object]) -> int:
    return sum(isinstance(result, Refusal) for result in results)


def test_one_of_many_dispatchers_wins(loop: Loop) -> None:
    case = loop.filed()

    def dispatch() -> None:
        actions.dispatch_case(fresh(case), department=loop.district.urban, actor=loop.dispatcher, note="指定")

    assert refused(race(*[dispatch] * RACERS)) == RACERS - 1
    assert fresh(case).hops == 1
    assert [e.code for e in entries_of(case)].count("case.dispatched") == 1


def test_taking_up_and_giving_back_at_once_leaves_one_outcome(loop: Loop) -> None:
    case = loop.dispatched()
    results = race(
        lambda: actions.take_up_case(fresh(case), actor=loop.clerk),
        lambda: actions.return_case(fresh(case), reason="这段路归街道管", actor=loop.colleague),
    )
    case = fresh(case)
    # Giving back what was just taken up is a possible order; taking up what was given back is not.
    assert case.status in (Status.HANDLING, Status.FILED)
    assert refused(results) <= 1
    assert list(journal.verify()) == []


def test_the_same_form_sent_many_times_at_once_is_one_report(loop: Loop) -> None:
    client_id = uuid.uuid4()
    results = race(*[lambda: loop.report(client_id=client_id).number] * RACERS)
    assert len(set(results)) == 1
    assert Report.objects.count() == Case.objects.count() == 1


def test_many_join_one_case_and_all_are_counted(loop: Loop) -> None:
    case = loop.reported()
    race(*[lambda: loop.report(follows=case)] * RACERS)
    assert fresh(case).reports_count == RACERS + 1
    assert list(journal.verify()) == []


def test_merging_two_cases_into_each_other_ends_with_one_open_case(loop: Loop) -> None:
    first, second = loop.reported(), loop.reported()
    race(
        lambda: actions.merge_cases(fresh(first), [fresh(second)], actor=loop.dispatcher),
        lambda: actions.merge_cases(fresh(second), [fresh(first)], actor=loop.dispatcher),
    )
    first, second = fresh(first), fresh(second)
    assert sorted([first.status, second.status]).count(Status.MERGED) <= 1
    assert Report.objects.filter(case__status=Status.MERGED).count() == 0


def test_an_extension_is_granted_once(loop: Loop) -> None:
    case = loop.handling()
    extension = actions.ask_extension(case, reason="配件要从外地调货", actor=loop.clerk)
    actions.approve_extension(extension, actor=loop.head)

    def approve() -> None:
        mine = type(extension).objects.select_related("case__ledger", "case__category").get(pk=extension.pk)
        actions.approve_extension(mine, actor=loop.arbiter)

    assert refused(race(*[approve] * RACERS)) == RACERS - 1
    assert fresh(case).extensions == 1


def test_letters_are_numbered_without_gaps_or_doubles(loop: Loop) -> None:
    cases = [loop.handling() for _number in range(RACERS)]
    race(
        *[
            lambda case=case: actions.supervise_case(fresh(case), actor=loop.supervisor, colour="blue")
            for case in cases
        ]
    )
    assert sorted(Paper.objects.values_list("number", flat=True)) == list(range(1, RACERS + 1))


def test_several_workers_climb_each_rung_once(loop: Loop, time_of) -> None:
    time_of(2026, 11, 18, 9)
    for _number in range(4):
        loop.handling()
    Notice.objects.all().delete()
    time_of(2026, 11, 19, 17, 59)
    assert sum(race(*[ladder.climb_due_rungs] * 3)) == 4
    assert Notice.objects.filter(code="case.reminded", department__isnull=False).count() == 4


def test_case_numbers_are_never_given_twice(loop: Loop) -> None:
    race(*[lambda: [loop.report() for _number in range(5)]] * RACERS)
    assert Case.objects.values("number").distinct().count() == RACERS * 5


def test_the_ladder_and_a_report_with_photos_never_wait_for_one_another(loop: Loop) -> None:
    """One holds the case and wants its journal; the other must not hold the journal and want the case."""
    case = loop.handling()
    photo = StoredFile.objects.create(kind=StoredFile.Kind.PHOTO, sha256="0" * 64, size=1)
    case_is_held = threading.Event()

    def climb() -> None:
        with transaction.atomic():
            Case.objects.select_for_update(no_key=True).get(pk=case.pk)
            case_is_held.set()
            time.sleep(0.5)
            journal.log_many("case", [(case.pk, "case.reminded", {})], at=timezone.now())

    def report_it() -> str:
        read = fresh(case)
        case_is_held.wait()
        with transaction.atomic():
            actions.add_files(read, photos=[photo], role=CaseFile.Role.AFTER, actor=loop.clerk)
            claim(read)
        return "done"

    assert race(climb, report_it)[1] == "done"
    assert list(journal.verify()) == []
