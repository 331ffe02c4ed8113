"""The formulas of the field, each number with its rows."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from huying.cases import actions, policy
from huying.cases.filters import CaseFilter
from huying.cases.models import Case, Report, Status
from huying.cases.rates import MEASURES, RATES, SAID, Number, Ratio, latest_answers, tally, total
from huying.cases.tests.conftest import Loop, fresh
from huying.core.testing import make_user, stage_district

pytestmark = pytest.mark.django_db


def everything() -> object:
    return policy.cases_for(make_user("supervisor"))


def answered(loop: Loop, case: Case, *, solved: bool = True, grade: int = 5, contacted: bool = True) -> None:
    actions.record_callback(
        case.reports.first(), actor=loop.callback, solved=solved, grade=grade, contacted=contacted
    )


def rows_of(number: str, of: str) -> int:
    """How many rows the address of this measure shows."""
    url = total(Case.objects.all()).number(number).url
    query = QueryDict(url.partition("?")[2])
    cases = CaseFilter.from_query(query).apply(Case.objects.all())
    if of == "answers":
        return latest_answers().filter(SAID[query["said"]][1], case__in=cases).count()
    return cases.count()


class TestRatio:
    def test_the_bulletin_of_tianmen_comes_out(self) -> None:
        assert Ratio(Number(911), Number(972)).percent == Decimal("93.72")
        assert Ratio(Number(737), Number(972)).percent == Decimal("75.82")

    def test_weidongs_year_comes_out(self) -> None:
        assert Ratio(Number(11824), Number(11888)).percent == Decimal("99.46")

    def test_half_a_hundredth_is_rounded_up(self) -> None:
        assert Ratio(Number(1), Number(800)).percent == Decimal("0.13")

    def test_nothing_out_of_nothing_is_no_rate(self) -> None:
        assert Ratio(Number(0), Number(0)).percent is None
        assert str(Ratio(Number(0), Number(0))) == "—"


@pytest.mark.schema
def test_tianmens_rows_give_tianmens_rates(loop: Loop) -> None:
    """1,054 reported, 996 filed, 972 to be closed, 911 closed, 737 of them on time: 93.72 % and 75.82 %."""
    now = timezone.now()
    day = dt.timedelta(days=1)
    made = []

    def add(count: int, status: Status, due: dt.timedelta, **fields: object) -> None:
        for _each in range(count):
            made.append(
                Case(
                    number=f"T{len(made):05d}", ledger=loop.ledger, category=loop.ledger.categories.first(),
                    title="暴露垃圾", channel="field", status=status, reported_at=now - 9 * day,
                    dispatched_at=now - 9 * day, due_at=now + due, **fields,
                )
            )  # fmt: skip

    done = {"handled_at": now - 2 * day, "closed_at": now - day}
    add(737, Status.CLOSED, -day, **done)
    add(174, Status.CLOSED, -4 * day, overdue=True, **done)
    add(61, Status.HANDLING, -day)
    add(24, Status.HANDLING, day)
    add(58, Status.DECLINED, day)
    Case.objects.bulk_create(made)
    found = total(everything())
    assert found.number("reported").value == 1054
    assert found.number("accepted").value == 996
    assert found.number("should_be_closed").value == 972
    assert found.rate("closing").percent == Decimal("93.72")
    assert found.rate("on_time_closing").percent == Decimal("75.82")


class TestAnswers:
    def test_satisfaction_counts_the_upper_three_grades(self, loop: Loop) -> None:
        for grade in (5, 4, 3, 2, 1):
            answered(loop, loop.closed(), grade=grade)
        assert total(everything()).rate("satisfaction").percent == Decimal("60.00")

    def test_resolution_is_solved_out_of_valid_answers(self, loop: Loop) -> None:
        answered(loop, loop.closed(), solved=True)
        answered(loop, loop.closed(), solved=False, grade=1)
        actions.record_callback(loop.closed().reports.first(), actor=loop.callback, answered=False)
        found = total(everything())
        assert found.rate("resolution").denominator.value == 2
        assert found.rate("resolution").percent == Decimal("50.00")

    def test_response_is_contacted_out_of_those_asked(self, loop: Loop) -> None:
        answered(loop, loop.closed(), contacted=True)
        answered(loop, loop.closed(), contacted=False)
        actions.record_callback(loop.closed().reports.first(), actor=loop.callback, solved=True, grade=5)
        rate = total(everything()).rate("response")
        assert (rate.numerator.value, rate.denominator.value) == (1, 2)

    def test_the_latest_answer_of_a_reporter_counts_once(self, loop: Loop) -> None:
        case = loop.closed()
        answered(loop, case, solved=False, grade=1)
        answered(loop, case, solved=True, grade=4)
        actions.record_callback(case.reports.first(), actor=loop.callback, answered=False)
        found = total(everything())
        assert found.number("answers").value == 1
        assert found.rate("satisfaction").percent == Decimal("100.00")

    def test_each_reporter_of_one_case_counts(self, loop: Loop) -> None:
        case = loop.closed()
        Report.objects.create(
            number="R-2", case=case, channel="phone", words="同一盏灯", reported_at=timezone.now()
        )
        for report, grade in zip(case.reports.all(), (5, 1), strict=True):
            actions.record_callback(report, actor=loop.callback, solved=True, grade=grade)
        assert total(everything()).rate("satisfaction").denominator.value == 2

    def test_an_exclusion_leaves_the_denominator_only_after_the_second_review(self, loop: Loop) -> None:
        case = loop.closed()
        answered(loop, case, grade=1)
        answered(loop, loop.closed(), grade=5)
        exclusion = actions.ask_exclusion(fresh(case), reason="诉求没有法律依据", actor=loop.arbiter)
        assert total(everything()).rate("satisfaction").percent == Decimal("50.00")
        actions.review_exclusion(exclusion, actor=loop.supervisor)
        assert total(everything()).rate("satisfaction").percent == Decimal("100.00")
        assert total(everything()).number("closed").value == 2  # never out of the record


class TestCases:
    def test_an_exempt_overdue_leaves_the_score_and_not_the_record(self, loop: Loop) -> None:
        late, on_time = loop.closed(), loop.closed()
        Case.objects.filter(pk=late.pk).update(overdue=True)
        assert total(everything()).rate("on_time_closing").percent == Decimal("50.00")
        Case.objects.filter(pk=late.pk).update(exempt=True)
        found = total(everything())
        assert found.rate("on_time_closing").percent == Decimal("100.00")
        assert found.number("ever_overdue").value == 1
        assert on_time.status == Status.CLOSED

    def test_rework_is_out_of_what_should_be_closed(self, loop: Loop) -> None:
        loop.closed()
        loop.handling()  # in time, not counted
        case = loop.handled()
        actions.send_back_for_rework(case, reason="灯还是不亮", actor=loop.checker)
        actions.report_handled(fresh(case), actor=loop.clerk, answer="重新接了线")
        actions.check_case(fresh(case), actor=loop.checker)
        actions.close_case(fresh(case), actor=loop.dispatcher)
        assert total(everything()).rate("rework").percent == Decimal("50.00")

    def test_return_is_out_of_what_was_dispatched(self, loop: Loop) -> None:
        loop.filed()
        loop.handling()
        actions.return_case(loop.dispatched(), reason="不属于我局管理范围", actor=loop.clerk)
        assert total(everything()).rate("return").percent == Decimal("50.00")

    def test_extension_is_out_of_what_was_dispatched(self, loop: Loop) -> None:
        loop.handling()
        Case.objects.filter(pk=loop.handling().pk).update(extensions=1)
        assert total(everything()).rate("extension").percent == Decimal("50.00")

    def test_reopening_is_out_of_what_was_ever_closed(self, loop: Loop) -> None:
        loop.closed()
        actions.reopen_case(loop.closed(), reason="又不亮了", actor=loop.supervisor)
        assert total(everything()).rate("reopening").percent == Decimal("50.00")


def _some_of_everything(loop: Loop) -> None:
    loop.reported()
    actions.return_case(loop.dispatched(), reason="不属于我局管理范围", actor=loop.clerk)
    actions.decline_case(loop.reported(), reason="不属于受理范围", actor=loop.dispatcher)
    answered(loop, loop.closed(), solved=False, grade=1)
    answered(loop, loop.closed(point=loop.district.in_west, category="street-order"))
    late = loop.handling()
    Case.objects.filter(pk=late.pk).update(due_at=timezone.now() - dt.timedelta(hours=1), extensions=1)
    actions.reopen_case(loop.closed(), reason="又不亮了", actor=loop.supervisor)
    Case.objects.filter(pk=loop.closed().pk).update(overdue=True, exempt=True)


class TestRows:
    """Every number over one history with some of everything."""

    @pytest.fixture(scope="class", autouse=True)
    def some_of_everything(self, kept_for_the_class: None) -> None:
        _some_of_everything(Loop(stage_district()))
        connection.check_constraints()

    @pytest.mark.parametrize("code", MEASURES)
    def test_a_number_has_as_many_rows_as_it_says(self, code: str) -> None:
        of = "answers" if MEASURES[code].said else "cases"
        assert rows_of(code, of) == total(Case.objects.all()).number(code).value

    @pytest.mark.parametrize(
        "by", ["ledger", "topic", "subdistrict", "department", "reported-month", "closed-month"]
    )
    def test_groups_add_up_to_the_whole_and_open_their_rows(self, by: str) -> None:
        whole, groups = total(Case.objects.all()), tally(Case.objects.all(), by=by)
        for code in ("accepted", "closed", "satisfied", "asked_solved"):
            assert sum(group.number(code).value for group in groups) == whole.number(code).value
        for group in groups:
            if group.openable:
                query = QueryDict(group.number("accepted").url.partition("?")[2])
                assert (
                    CaseFilter.from_query(query).apply(Case.objects.all()).count()
                    == group.number("accepted").value
                )


def test_any_grouping_takes_two_queries(loop: Loop) -> None:
    _some_of_everything(loop)
    cases = everything()
    tally(cases, by="department")  # reads the catalogue
    with CaptureQueriesContext(
        connection,
    ) as queries:
        tally(cases, base=CaseFilter(ledger="snapshot"), by="topic")
    assert len([q for q in queries.captured_queries if "cases_case" in q["sql"]]) == 2


def test_a_month_keeps_to_the_period_that_was_asked(loop: Loop) -> None:
    loop.closed()
    today = timezone.localdate()
    [month] = tally(Case.objects.all(), base=CaseFilter(closed="today"), by="closed-month")
    assert month.base.values["closed_from"] == month.base.values["closed_to"] == (f"{today}",)


def test_the_base_does_not_decide_what_the_measures_decide() -> None:
    with pytest.raises(TypeError, match="status"):
        total(Case.objects.none(), base=CaseFilter(status="open"))


def test_every_rate_has_its_measures() -> None:
    assert all(rate.numerator in MEASURES and rate.denominator in MEASURES for rate in RATES.values())
