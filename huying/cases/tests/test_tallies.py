"""Tallies equal a count of the rows: for every reader, filter and period, folded or not, while others fold."""

from __future__ import annotations

import datetime as dt
import itertools
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huying.cases import actions, rates
from huying.cases.filters import CaseFilter
from huying.cases.models import Assistance, Callback, Case, Report, Status
from huying.cases.tallies import checking, reading
from huying.cases.tallies.facts import LATE
from huying.cases.tallies.folding import fold, fold_all
from huying.cases.tallies.models import COUNTERS, TallyCell, TallyMark, TallyShare
from huying.cases.tallies.reading import Reach, reach_of
from huying.cases.tests.conftest import Loop
from huying.cases.tests.messy import random_history
from huying.core.errors import Refusal
from huying.core.testing import grant_role, make_district, make_user
from huying.people.models import User

MEASURES = (*COUNTERS, *LATE[1:])
GROUPINGS = ("topic", "subtopic", "subdistrict", "department", "ledger")


pytestmark = pytest.mark.django_db


def bases(loop: Loop) -> list[CaseFilter]:
    """Periods that begin and end anywhere, judged now and earlier, with each filter."""
    now, today = timezone.now().replace(microsecond=0), timezone.localdate()
    first = today.replace(day=1)
    periods = [
        {"reported_from": today, "reported_to": today},
        {"reported_from": first, "reported_to": today},
        {"reported_from": first - dt.timedelta(days=70), "reported_to": today},
        {"reported_from": first - dt.timedelta(days=45), "reported_to": first - dt.timedelta(days=3)},
    ]
    district = loop.district
    filters: list[dict[str, str]] = [
        {},
        {"ledger": "orders"},
        {"area": district.east.code},
        {"ledger": "snapshot", "area": district.middle.code},
        {"area": district.communities["东苑社区"].code},
    ]
    moments = [now, now - dt.timedelta(days=20, hours=5)]
    return [
        CaseFilter(**{**period, **kept, "at": moment})
        for period in periods
        for kept in filters
        for moment in moments
    ]


def readers(loop: Loop) -> list[User]:
    """Everywhere, a street, a community, a department, a department inside a street, and two rules at once."""
    district = loop.district
    mixed = make_user("leader", area=district.west)
    grant_role(mixed, "head", department=district.urban)
    return [
        make_user("leader"),
        make_user("leader", area=district.east),
        make_user("leader", area=district.communities["中兴社区"]),
        make_user("head", department=district.urban),
        make_user("head", department=district.urban, area=district.middle),
        mixed,
    ]


def counts(found: dict[str, list[rates.Tally]]) -> dict[tuple[str, str], dict[str, int]]:
    return {
        (by, group.key): {code: group.counts.get(code, 0) for code in MEASURES}
        for by, groups in found.items()
        for group in groups
    }


def assert_equal(reach: Reach, base: CaseFilter) -> None:
    kept = reading.tallies(reach, base=base, by=GROUPINGS, measures=MEASURES)
    counted = rates.tallies(reach.cases, base=base, by=GROUPINGS, measures=MEASURES)
    assert counts(kept) == counts(counted), base
    assert [group.key for group in kept["topic"]] == [group.key for group in counted["topic"]]


def assert_areas_equal(loop: Loop, user: User, base: CaseFilter) -> None:
    codes = [area.code for area in loop.district.communities.values()]
    kept = reading.by_area(reach_of(user), codes, base=base, measures=MEASURES)
    for code in codes:
        one = next((group.counts for group in kept if group.key == code), dict.fromkeys(MEASURES, 0))
        within = CaseFilter.of({**base.values, "area": (code,)})
        whole = rates.tallies(reach_of(user).cases, base=within, by=("ledger",), measures=MEASURES)[""][
            0
        ].counts
        assert one == {name: whole.get(name, 0) for name in MEASURES}, (code, base)


def assert_days_equal(reach: Reach, scope: CaseFilter) -> None:
    today = timezone.localdate()
    first = today - dt.timedelta(days=29)
    for field in ("reported", "closed"):
        rows = scope.with_(**{f"{field}_from": first, f"{field}_to": today}).apply(reach.cases)
        kept = reading.by_day(reach, scope, field, first, today)
        assert {day: count for day, count in kept.items() if count} == reading._days_of_rows(rows, field)


def help_with_some(loop: Loop, cases: list[Case]) -> None:
    for case in cases[::9]:
        Assistance.objects.get_or_create(
            case=case, department=loop.district.urban, defaults={"task": "看一下", "asked_at": timezone.now()}
        )


def change_some(loop: Loop, seed: int) -> None:
    """What can happen to cases and answers, in any order, by whatever code."""
    dice = random.Random(seed)
    keys = list(Case.objects.order_by("pk").values_list("pk", flat=True))
    departments = [loop.district.urban, loop.district.water, None]
    grid = next(iter(loop.district.grids.values()))
    changes: list[Callable[[int], object]] = [
        lambda pk: Case.objects.filter(pk=pk).update(status=dice.choice(list(Status))),
        lambda pk: Case.objects.filter(pk=pk).update(department=dice.choice(departments)),
        lambda pk: Case.objects.filter(pk=pk).update(topic=dice.choice([*loop.topics.values(), None])),
        lambda pk: Case.objects.filter(pk=pk).update(
            area=grid, area_path=grid.path, subdistrict=loop.district.west
        ),
        lambda pk: Case.objects.filter(pk=pk).update(
            closed_at=timezone.now() - dt.timedelta(days=dice.uniform(0, 9))
        ),
        lambda pk: Case.objects.filter(pk=pk).update(overdue=True, reopenings=dice.choice([0, 1])),
        lambda pk: Case.objects.filter(pk=pk).update(excluded=dice.random() < 0.5, exempt=dice.random() < 0.5),
        lambda pk: Callback.objects.create(
            case_id=pk, report=dice.choice(list(Report.objects.all()[:40])), answered=dice.random() < 0.8,
            solved=dice.choice([True, False, None]), grade=dice.choice([None, 2, 4]), recorded_at=timezone.now(),
        ),
        lambda pk: Callback.objects.filter(case=pk).update(grade=dice.choice([None, 1, 5])),
        lambda pk: Callback.objects.filter(case=pk).delete(),
        lambda pk: Report.objects.filter(case=pk).update(case=dice.choice(keys)),
    ]  # fmt: skip
    for _change in range(60):
        dice.choice(changes)(dice.choice(keys))
        if dice.random() < 0.1:
            fold(dice.choice([1, 7, 1000]))


def every_other(found: list[CaseFilter], turn: int) -> list[CaseFilter]:
    """Half of `bases`: any two of period, filter and moment meet in it. The next turn has the other half."""
    return [base for place, base in enumerate(found) if (place // 2 + place + turn) % 2 == 0]


@pytest.mark.schema
@pytest.mark.parametrize(("turn", "seed"), enumerate([3, 11]))
def test_tallies_equal_the_rows_for_every_reader_filter_and_period(loop: Loop, turn: int, seed: int) -> None:
    help_with_some(loop, random_history(loop, seed=seed))
    people = readers(loop)
    assert [reach_of(user).cells for user in people] == [True, True, True, True, True, False]
    for stage in ("marked", "folded", "changed", "folded again"):
        if stage.startswith("folded"):
            fold_all()
            assert not TallyMark.objects.exists()
        if stage == "changed":
            change_some(loop, seed)
        for reach in map(reach_of, people):
            for base in every_other(bases(loop), turn):
                assert_equal(reach, base)
            assert_days_equal(reach, CaseFilter())
            assert_days_equal(reach, CaseFilter(area=loop.district.east.code))
        for user in people:
            for base in (*bases(loop)[:2], *bases(loop)[10:12]):
                if "area" not in base.values:
                    assert_areas_equal(loop, user, base)
        assert not checking.compare()


def test_what_happens_to_a_case_is_counted_before_and_after_it_is_folded(loop: Loop) -> None:
    """A short way round the loop for every test run; the long ones are marked `schema`."""
    base = CaseFilter(reported_from=timezone.localdate(), reported_to=timezone.localdate())
    case = loop.closed()
    report = case.reports.get()
    for grade in (2, 5):
        Callback.objects.create(
            case=case, report=report, answered=True, solved=grade > 3, grade=grade, recorded_at=timezone.now()
        )
    leader = make_user("leader")
    for _stage in range(2):
        reach = reach_of(leader)
        whole = reading.tallies(reach, base=base, by=("ledger",), measures=MEASURES)[""][0].counts
        assert (whole["reported"], whole["closed_on_time"], whole["graded"], whole["satisfied"]) == (
            1,
            1,
            1,
            1,
        )
        assert_equal(reach, base)
        fold_all()
    assert not checking.compare()


def test_a_later_answer_on_another_case_takes_the_place_of_the_earlier_one(loop: Loop) -> None:
    first, second = loop.closed(), loop.closed()
    report = first.reports.get()
    said = {"report": report, "answered": True, "recorded_at": timezone.now()}
    Callback.objects.create(case=first, grade=1, **said)
    fold_all()
    Callback.objects.create(case=second, grade=5, **said)
    fold_all()
    shares = dict(TallyShare.objects.values_list("case", "graded"))
    assert shares == {first.pk: 0, second.pk: 1}
    assert not checking.compare()


def test_a_case_that_is_gone_is_counted_no_longer(loop: Loop) -> None:
    kept, gone = random_history(loop, count=2)
    fold_all()
    Callback.objects.filter(case=gone).delete()
    Report.objects.filter(case=gone).delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM cases_case WHERE id = %s", [gone.pk])
    fold_all()
    assert list(TallyShare.objects.values_list("case", flat=True)) == [kept.pk]
    assert not checking.compare()


def test_a_recount_mends_what_somebody_spoilt(loop: Loop) -> None:
    random_history(loop, count=30)
    fold_all()
    TallyCell.objects.filter(pk=TallyCell.objects.values_list("pk", flat=True).first()).update(reported=999)
    share = TallyShare.objects.first()
    assert share is not None
    TallyShare.objects.filter(pk=share.pk).update(department=77)
    assert checking.wrong_among_newest() == 1
    found = checking.recount()
    assert found.cases == 1 and found.cells >= 1
    assert not checking.compare() and not checking.marked()


def test_a_change_that_counts_nothing_marks_nothing(loop: Loop) -> None:
    case = loop.reported()
    fold_all()
    Case.objects.filter(pk=case.pk).update(title="另一个标题", next_rung_at=timezone.now())
    assert not TallyMark.objects.exists()


@pytest.mark.schema
@pytest.mark.django_db(transaction=True)
def test_readers_see_every_case_once_while_others_change_and_fold(transactional_db: None) -> None:
    """Two fold, one changes, and a reader compares with the rows of its own snapshot all the while."""
    loop = Loop(make_district())
    random_history(loop, count=60)
    leader = make_user("leader")
    base = CaseFilter(
        reported_from=timezone.localdate() - dt.timedelta(days=80),
        reported_to=timezone.localdate(),
        at=timezone.now(),
    )
    over = threading.Event()

    def until_over(work: Callable[[], object]) -> Callable[[], object]:
        def run() -> None:
            try:
                while not over.is_set():
                    work()
            finally:
                connections.close_all()

        return run

    def read() -> None:
        try:
            for _again in range(40):
                with reading.snapshot():
                    assert_equal(reach_of(leader), base)
        finally:
            over.set()
            connections.close_all()

    seeds = itertools.count()
    with ThreadPoolExecutor(4) as pool:
        work = [
            until_over(lambda: fold(3)),
            until_over(lambda: fold(50)),
            until_over(lambda: change_some(loop, next(seeds))),
        ]
        for done in [pool.submit(run) for run in (read, *work)]:
            done.result()
    fold_all()
    assert not checking.compare() and not checking.marked()


ACTS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 10**6)), min_size=5, max_size=25)


@pytest.mark.schema
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_any_course_of_things_folded_at_any_time_equals_a_recount(
    loop: Loop, acts: list[tuple[int, int]]
) -> None:
    """Arrivals and the actions of the loop in any order, refusals included, and folds between them."""
    with transaction.atomic():
        for act, number in acts:
            _act(loop, act, number)
        today = timezone.localdate()
        base = CaseFilter(reported_from=today - dt.timedelta(days=1), reported_to=today)
        for _stage in range(2):
            assert_equal(reach_of(loop.supervisor), base)
            assert not checking.compare()
            fold_all()
        transaction.set_rollback(True)


def _act(loop: Loop, act: int, number: int) -> None:
    cases = list(
        Case.objects.select_related("ledger", "category__topic", "department", "topic").order_by("pk")
    )
    if act < 2 or not cases:
        [loop.reported, loop.closed][number % 2]()
        return
    case = cases[number % len(cases)]
    other = cases[(number // 7) % len(cases)]
    urban, who = loop.district.urban, loop.dispatcher
    report = case.reports.first()
    moves: list[Callable[[], object]] = [
        lambda: actions.file_case(case, actor=who),
        lambda: actions.dispatch_case(case, department=urban, actor=who, note="指定"),
        lambda: actions.take_up_case(case, actor=loop.clerk),
        lambda: actions.report_handled(case, actor=loop.clerk, answer="换了灯泡和镇流器"),
        lambda: actions.check_case(case, actor=loop.checker, words="亮了"),
        lambda: actions.close_case(case, actor=who),
        lambda: actions.reopen_case(case, actor=loop.callback, reason="又不亮了"),
        lambda: actions.merge_cases(case, [other], actor=who),
        lambda: actions.void_case(case, actor=loop.supervisor, reason="重复录入"),
        lambda: actions.return_case(case, actor=loop.clerk, reason="不归我们管", suggested=loop.district.water),
        lambda: actions.record_callback(
            report, actor=loop.callback, answered=True, contacted=True, solved=bool(number % 3), grade=1 + number % 5
        ),
        lambda: actions.review_exclusion(
            actions.ask_exclusion(case, reason="要求不合理，无法办到", actor=loop.callback), actor=loop.supervisor
        ),
        lambda: actions.withdraw_report(report, reason="已经好了"),
        lambda: Case.objects.filter(pk=case.pk).update(overdue=True),
        lambda: actions.review_appeal(
            actions.appeal_overdue(case, reason="设备到货晚了，不是我们的原因", actor=loop.head), actor=loop.supervisor
        ),
    ]  # fmt: skip
    if act == 9:
        fold(1 + number % 5)
        return
    try:
        with transaction.atomic():
            moves[number % len(moves)]()
    except Refusal:
        pass  # not every step is open to every case
