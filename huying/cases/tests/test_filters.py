"""The filters of all lists: what each key means, and that an address comes back as it went."""

from __future__ import annotations

import datetime as dt

import pytest
from django.http import QueryDict
from django.utils import timezone

from huying.cases import actions
from huying.cases.filters import FLAGS, KEYS, CaseFilter, period
from huying.cases.models import Case

from .conftest import Loop, fresh


def numbers(wanted: CaseFilter) -> set[str]:
    return set(wanted.apply(Case.objects.all()).values_list("number", flat=True))


def test_an_address_comes_back_as_it_went(loop: Loop) -> None:
    wanted = CaseFilter(
        ledger="snapshot", topic=["lighting", "street-order"], status="open", is_="returned",
        reported_from=dt.date(2023, 11, 1), q="路灯 不亮",
    )  # fmt: skip
    assert CaseFilter.from_query(QueryDict(wanted.query())) == wanted
    assert wanted.url().startswith("/desk/cases/?")


def test_other_parameters_of_the_address_are_left_alone(loop: Loop) -> None:
    assert not CaseFilter.from_query(QueryDict("page=2&sort=due_at&after=xyz"))


def test_an_unknown_key_is_a_slip_in_code() -> None:
    with pytest.raises(TypeError, match="unknown filter"):
        CaseFilter(stauts="open")


def test_a_value_that_nothing_knows_is_reported_and_not_applied(loop: Loop) -> None:
    case = loop.reported()
    wanted = CaseFilter.from_query(QueryDict("ledger=nothing&reported_from=gestern&handler=x"))
    assert len(wanted.mistakes) == 3
    assert numbers(wanted) == {case.number}


def test_several_values_of_a_key_are_any_of_them(loop: Loop) -> None:
    lamp, order = loop.reported(), loop.reported(category="street-order")
    assert numbers(CaseFilter.from_query(QueryDict("topic=lighting,street-order"))) == {
        lamp.number,
        order.number,
    }
    assert numbers(CaseFilter.from_query(QueryDict("topic=lighting&topic=street-order"))) == {
        lamp.number,
        order.number,
    }


def test_a_main_topic_covers_those_below_it(loop: Loop) -> None:
    case = loop.reported(category="lighting-dark")
    loop.reported(category="street-order")
    assert numbers(CaseFilter(topic="lighting")) == {case.number}


def test_an_area_covers_everything_inside_it(loop: Loop) -> None:
    east, west = loop.reported(), loop.reported(point=loop.district.in_west)
    assert numbers(CaseFilter(area=loop.district.east.code)) == {east.number}
    assert numbers(CaseFilter(area=loop.district.compound.code)) == {east.number}
    assert numbers(CaseFilter(area=loop.district.root.code)) == {east.number, west.number}


def test_search_finds_words_number_and_address(loop: Loop) -> None:
    case = loop.reported(words="东苑小区暖气不热", address="东苑小区3号楼")
    loop.reported()
    assert numbers(CaseFilter(q="暖气")) == {case.number}
    assert numbers(CaseFilter(q="3号楼")) == {case.number}
    assert numbers(CaseFilter(q=case.number)) == {case.number}


@pytest.mark.parametrize("few", [0, 1, 2_000])
def test_search_finds_the_same_whether_the_words_are_rare_or_everywhere(
    loop: Loop, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr("huying.core.search.FEW", few)
    lamps = {loop.reported().number, loop.reported(words="东苑小区路灯不亮").number}
    loop.reported(words="东苑小区暖气不热")
    assert numbers(CaseFilter(q="路灯 不亮")) == lamps
    assert numbers(CaseFilter(q="路灯 不亮", status="closed")) == set()
    assert numbers(CaseFilter(q="亮不")) == set()


def test_status_groups(loop: Loop) -> None:
    open_case, closed = loop.reported(), loop.closed(category="street-order")
    declined = loop.reported()
    actions.decline_case(declined, reason="不属于受理范围", actor=loop.dispatcher)
    assert numbers(CaseFilter(status="open")) == {open_case.number}
    assert numbers(CaseFilter(status="closed")) == {closed.number}
    assert numbers(CaseFilter(status="ended")) == {declined.number}
    assert numbers(CaseFilter(status="accepted")) == {open_case.number, closed.number}


def test_what_is_overdue_now_near_and_on_time(loop: Loop, time_of) -> None:
    time_of(2026, 11, 18, 9)
    late, done = loop.handling(), loop.closed()
    time_of(2026, 11, 25, 9)
    assert numbers(CaseFilter(due="overdue")) == {late.number}
    assert numbers(CaseFilter(due="ever-overdue")) == {late.number}
    assert numbers(CaseFilter(due="on-time")) == {done.number}
    assert numbers(CaseFilter(due="in-time")) == set()


def test_days_are_whole_days_here(loop: Loop, time_of) -> None:
    time_of(2026, 11, 18, 0, 30)
    case = loop.reported()
    time_of(2026, 11, 19, 12)
    assert numbers(CaseFilter(reported_from=dt.date(2026, 11, 18), reported_to=dt.date(2026, 11, 18))) == {
        case.number
    }
    assert numbers(CaseFilter(reported_to=dt.date(2026, 11, 17))) == set()
    assert numbers(CaseFilter(reported="yesterday")) == {case.number}
    assert numbers(CaseFilter(reported="today")) == set()


def test_periods() -> None:
    today = dt.date(2023, 3, 15)
    assert period("last-month", today) == (dt.date(2023, 2, 1), dt.date(2023, 2, 28))
    assert period("this-week", today) == (dt.date(2023, 3, 13), today)


def test_satisfaction_is_each_reporters_latest_answer(loop: Loop) -> None:
    case = loop.closed()
    report = case.reports.get()
    actions.record_callback(report, actor=loop.callback, solved=False, grade=1)
    assert numbers(CaseFilter(is_="dissatisfied")) == {case.number}
    actions.record_callback(report, actor=loop.callback, solved=True, grade=5)
    assert numbers(CaseFilter(is_="dissatisfied")) == set()
    assert numbers(CaseFilter(is_="satisfied")) == {case.number}
    assert numbers(CaseFilter(is_="unsolved")) == {case.number}, "that it was unsolved stays a fact"


def test_every_flag_divides_the_cases_in_two(loop: Loop) -> None:
    loop.dispatched()
    case = loop.dispatched()
    actions.return_case(case, reason="不归本单位管理", actor=loop.clerk)
    everything = set(Case.objects.values_list("number", flat=True))
    for flag in FLAGS:
        with_it, without = numbers(CaseFilter(is_=flag)), numbers(CaseFilter(not_=flag))
        assert with_it | without == everything, flag
        assert not with_it & without, flag


def test_every_key_says_what_it_means() -> None:
    assert all(key.about and str(key.title) for key in KEYS.values())


def test_overdue_agrees_with_the_case_itself(loop: Loop, time_of) -> None:
    time_of(2026, 11, 18, 9)
    case = loop.handling()
    time_of(2026, 11, 25, 9)
    assert fresh(case).is_overdue(timezone.now())
    assert CaseFilter(due="overdue").apply(Case.objects.all()).count() == 1
