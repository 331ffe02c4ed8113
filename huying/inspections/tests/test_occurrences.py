"""When visits are due, and which visit answered which slot."""

from __future__ import annotations

import datetime as dt
import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huying.inspections.occurrences import (
    DayCount,
    Outcome,
    Slot,
    Visited,
    assign,
    due_next,
    occurrences,
    period_named,
    period_of,
    slots,
    slots_now,
    wrong_clock,
)
from huying.inspections.plans import Frequency, PlanRules
from huying.places.clock import BEIJING, WorkCalendar
from huying.places.work_calendar import make_calendar

CALENDAR = make_calendar()  # the published holidays of the library
Day = dt.date
WEDNESDAY = Day(2026, 3, 4)


def plan(every: str | Frequency = "day", times: int = 1, **more: Any) -> PlanRules:
    frequency = every if isinstance(every, Frequency) else Frequency(times, every)
    return PlanRules("p", "计划", every=frequency, **more)


SIX = plan(Frequency(6, "day", dt.timedelta(hours=2)), hours=(6 * 60, 22 * 60))


def at(text: str, day: Day = WEDNESDAY) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.fromisoformat(text), BEIJING)


def visits(*times: dt.datetime) -> list[Visited[int]]:
    return [Visited(moment, number) for number, moment in enumerate(times)]


def of(rules: PlanRules, first: Day, last: Day, calendar: WorkCalendar = CALENDAR) -> list[Slot]:
    return slots(rules, first, last, calendar)


# -- when it is due --------------------------------------------------------------------------------------------


def test_six_a_day_are_spread_over_the_hours() -> None:
    day = Day(2026, 3, 4)
    found = of(SIX, day, day)
    assert [f"{slot.due:%H:%M}" for slot in found] == ["08:40", "11:20", "14:00", "16:40", "19:20", "22:00"]
    assert {slot.opens for slot in found} == {at("06:00")} and {slot.until for slot in found} == {
        at("00:00", Day(2026, 3, 5))
    }
    assert [slot.number for slot in found] == [1, 2, 3, 4, 5, 6]


def test_without_hours_the_whole_day_is_in_time() -> None:
    found = of(plan(times=2), Day(2026, 3, 4), Day(2026, 3, 5))
    assert [slot.due for slot in found] == [at("00:00", Day(2026, 3, 5))] * 2 + [
        at("00:00", Day(2026, 3, 6))
    ] * 2


def test_a_night_belongs_to_its_evening_and_ends_at_noon() -> None:
    (slot,) = of(plan("night", hours=(19 * 60, 5 * 60)), Day(2026, 1, 31), Day(2026, 1, 31))
    assert (slot.day, slot.opens) == (Day(2026, 1, 31), at("19:00", Day(2026, 1, 31)))
    assert (slot.due, slot.until) == (at("05:00", Day(2026, 2, 1)), at("12:00", Day(2026, 2, 1)))
    (usual,) = of(plan("night"), Day(2026, 1, 31), Day(2026, 1, 31))
    assert (usual.opens, usual.due) == (at("18:00", Day(2026, 1, 31)), at("06:00", Day(2026, 2, 1)))
    (evening,) = of(plan("night", hours=(19 * 60, 23 * 60)), Day(2026, 1, 31), Day(2026, 1, 31))
    assert evening.due == at("23:00", Day(2026, 1, 31))


def test_a_season_runs_over_new_year() -> None:
    nightly = plan("night", season="11-15..03-15")
    assert len(of(nightly, Day(2026, 11, 1), Day(2027, 3, 31))) == 16 + 31 + 31 + 28 + 15
    assert of(nightly, Day(2026, 6, 1), Day(2026, 6, 30)) == []


def test_three_a_week_are_due_on_its_last_day() -> None:
    found = of(plan("week", 3), Day(2026, 3, 2), Day(2026, 3, 15))
    assert [slot.period for slot in found] == ["2026-W10"] * 3 + ["2026-W11"] * 3
    assert found[0].opens == at("00:00", Day(2026, 3, 2)) and found[2].due == at("00:00", Day(2026, 3, 9))
    assert found[0].day == Day(2026, 3, 8)


def test_a_week_over_the_end_of_the_month_is_counted_once() -> None:
    weekly = plan("week")
    march, april = (
        of(weekly, Day(2026, 3, 1), Day(2026, 3, 31)),
        of(weekly, Day(2026, 4, 1), Day(2026, 4, 30)),
    )
    assert march + april == of(weekly, Day(2026, 3, 1), Day(2026, 4, 30))
    assert april[0].day == Day(2026, 4, 5)


def test_the_work_calendar_has_adjusted_days() -> None:
    # 2026-02-14 is a working Saturday before the Spring Festival, 02-16 to 02-23 are holidays.
    daily = plan(work_days=True)
    assert [slot.day.day for slot in of(daily, Day(2026, 2, 12), Day(2026, 2, 25))] == [12, 13, 14, 24, 25]


def test_a_week_of_holidays_owes_nothing_and_a_short_one_its_share() -> None:
    thrice = plan("week", 3, work_days=True)
    assert of(thrice, Day(2026, 2, 16), Day(2026, 2, 22)) == []
    # 02-23 is a holiday, 02-28 an adjusted Saturday: five days are worked, the last on Saturday.
    after = of(thrice, Day(2026, 2, 23), Day(2026, 3, 1))
    assert (
        len(after) == 3
        and after[0].due == at("00:00", Day(2026, 3, 1))
        and after[0].until == at("00:00", Day(2026, 3, 2))
    )
    # The week of the National Day has two days of the 5 left (10-08, 10-09) and the adjusted Saturday 10-10.
    assert len(of(thrice, Day(2026, 10, 5), Day(2026, 10, 11))) == 2
    assert len(of(plan("week", work_days=True), Day(2026, 9, 28), Day(2026, 10, 4))) == 1


def test_a_period_that_is_cut_owes_its_share() -> None:
    assert (
        len(of(plan("week", 3, season="11-15..03-15"), Day(2026, 11, 9), Day(2026, 11, 15))) == 0
    )  # a Sunday alone
    assert (
        len(of(plan("week", 3, since=Day(2026, 3, 4)), Day(2026, 3, 2), Day(2026, 3, 8))) == 2
    )  # five days of seven
    assert len(of(plan("month", since=Day(2026, 3, 20)), Day(2026, 3, 1), Day(2026, 3, 31))) == 0
    assert len(of(plan("month", until=Day(2026, 3, 20)), Day(2026, 3, 1), Day(2026, 3, 31))) == 1


def test_a_year_is_not_cut_by_its_season() -> None:
    found = of(plan("year", 2, season="11-15..03-15"), Day(2026, 1, 1), Day(2026, 12, 31))
    assert len(found) == 2 and found[0].due == at("00:00", Day(2027, 1, 1))


def test_months_and_quarters_end_where_they_end() -> None:
    assert [slot.day for slot in of(plan("month"), Day(2026, 1, 1), Day(2026, 3, 31))] == [
        Day(2026, 1, 31), Day(2026, 2, 28), Day(2026, 3, 31),
    ]  # fmt: skip
    assert [slot.period for slot in of(plan("quarter"), Day(2026, 1, 1), Day(2026, 12, 31))] == [
        "2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4",
    ]  # fmt: skip
    # The last of May 2026 is a Sunday: on working days it is due on Friday, and late until the month ends.
    (slot,) = of(plan("month", work_days=True), Day(2026, 5, 1), Day(2026, 5, 31))
    assert (slot.day, slot.until) == (Day(2026, 5, 29), at("00:00", Day(2026, 6, 1)))


def test_today_shows_the_period_that_is_under_way() -> None:
    assert [slot.period for slot in slots_now(plan("week", 2), Day(2026, 3, 4), CALENDAR)] == ["2026-W10"] * 2


def test_nothing_is_due_in_a_span_that_ends_before_it_begins() -> None:
    assert of(SIX, Day(2026, 3, 5), Day(2026, 3, 4)) == []


def test_every_place_has_the_same_slots() -> None:
    found = list(occurrences(plan("week"), ["a", "b"], Day(2026, 3, 2), Day(2026, 3, 15), CALENDAR))
    assert [(each.place, each.slot.period) for each in found] == [
        ("a", "2026-W10"), ("a", "2026-W11"), ("b", "2026-W10"), ("b", "2026-W11"),
    ]  # fmt: skip


@pytest.mark.parametrize("unit", ["day", "night", "week", "month", "quarter", "year"])
def test_a_period_is_found_by_its_name(unit: str) -> None:
    for number in range(0, 800, 13):
        period = period_of(unit, Day(2025, 12, 20) + dt.timedelta(days=number))
        assert period_named(unit, period.name) == period and len(period.name) <= 10


@pytest.mark.parametrize(
    ("unit", "name"), [("week", "2026-W60"), ("month", "2026-13"), ("year", "next"), ("quarter", "2026-Q5")]
)
def test_a_period_that_there_is_not_is_told(unit: str, name: str) -> None:
    with pytest.raises(ValueError) as told:
        period_named(unit, name)
    assert name in str(told.value.args[0]) and "2026" in str(told.value.args[0])


# -- which visit answered which slot ---------------------------------------------------------------------------


def outcomes(rules: PlanRules, times: list[dt.datetime], now: dt.datetime, day: Day = WEDNESDAY) -> list[str]:
    return [str(each.outcome) for each in assign(rules, of(rules, day, day), visits(*times), now).slots]


def test_visits_that_are_ahead_are_in_time() -> None:
    times = [at("06:00"), at("08:00"), at("10:00"), at("12:00"), at("14:00"), at("16:00")]
    assert outcomes(SIX, times, at("23:00")) == ["done"] * 6


def test_a_visit_after_its_time_is_late_and_what_is_not_visited_is_missed() -> None:
    times = [at("09:00"), at("11:00"), at("23:30")]
    assert outcomes(SIX, times, at("00:00", Day(2026, 3, 5))) == [
        "late",
        "done",
        "late",
        "missed",
        "missed",
        "missed",
    ]
    assert outcomes(SIX, times[:2], at("15:00")) == ["late", "done", "overdue", "open", "open", "open"]


def test_a_visit_too_soon_counts_for_nothing_and_says_why() -> None:
    day = Day(2026, 3, 4)
    found = assign(SIX, of(SIX, day, day), visits(at("06:00"), at("07:59"), at("08:00")), at("12:00"))
    assert [str(each.outcome) for each in found.visits] == ["done", "too soon", "done"]
    why = str(found.visits[1].why)
    assert "03-04 06:00" in why and "120 分钟" in why and "03-04 08:00" in why
    assert found.not_before == at("10:00")
    assert found.next is not None and found.next.number == 3


def test_the_distance_holds_over_midnight() -> None:
    day, before = Day(2026, 3, 4), Day(2026, 3, 3)
    rules = plan(Frequency(6, "day", dt.timedelta(hours=2)))
    found = assign(rules, of(rules, before, day), visits(at("23:30", before), at("00:30")), at("12:00"))
    assert [str(each.outcome) for each in found.visits] == ["done", "too soon"]


def test_a_visit_when_nothing_is_owed_is_kept_and_not_counted() -> None:
    day = Day(2026, 3, 4)
    rules = plan(hours=(6 * 60, 22 * 60))
    found = assign(rules, of(rules, day, day), visits(at("05:00"), at("07:00"), at("09:00")), at("12:00"))
    assert [str(each.outcome) for each in found.visits] == ["extra", "done", "extra"]
    assert "没有安排" in str(found.visits[0].why) and "都做完了" in str(found.visits[2].why)


def test_a_weekly_duty_may_be_done_on_any_day() -> None:
    rules = plan("week", 3)
    owed = of(rules, Day(2026, 3, 2), Day(2026, 3, 8))
    found = assign(
        rules,
        owed,
        visits(*(at("10:00", Day(2026, 3, day)) for day in (8, 2, 5))),
        at("12:00", Day(2026, 3, 9)),
    )
    assert [str(each.outcome) for each in found.slots] == ["done"] * 3
    assert found.by_day() == {Day(2026, 3, 8): DayCount(due=3, done=3)}


def test_a_phone_ahead_of_its_time_is_refused_with_a_sentence() -> None:
    now = at("12:00")
    assert wrong_clock(SIX, at("12:05"), now) is None
    assert "自动对时" in str(wrong_clock(SIX, at("12:06"), now))
    found = assign(SIX, of(SIX, now.date(), now.date()), visits(at("14:00"), at("07:00")), now)
    assert [str(each.outcome) for each in found.visits] == ["done", "refused"]
    assert found.slots[1].outcome is Outcome.OVERDUE


def test_a_phone_before_the_plan_is_refused_with_a_sentence() -> None:
    rules = plan(since=Day(2026, 3, 4))
    assert wrong_clock(rules, at("00:00"), at("12:00")) is None
    assert "2026-03-04" in str(wrong_clock(rules, at("23:59", Day(2026, 3, 3)), at("12:00")))


def test_missed_in_a_row_counts_from_the_end() -> None:
    times = [at("06:00")]
    day = Day(2026, 3, 4)
    assert assign(SIX, of(SIX, day, day), visits(*times), at("01:00", Day(2026, 3, 5))).missed_in_a_row() == 5
    assert assign(SIX, of(SIX, day, day), visits(*times), at("12:00")).missed_in_a_row() == 0


def test_who_is_next_is_the_most_pressing_first() -> None:
    owed = of(SIX, Day(2026, 3, 4), Day(2026, 3, 31))
    now = at("12:00")
    done = [at("06:00"), at("08:00"), at("10:00"), at("12:00")]
    found = due_next(SIX, owed, {"ahead": done, "none": [], "behind": [at("11:30")]}, now)
    assert [(each.place, each.slot.number) for each in found] == [("none", 1), ("behind", 2), ("ahead", 5)]
    assert [each.not_before for each in found] == [at("12:00"), at("13:30"), at("14:00")]


def test_a_place_that_is_done_is_next_tomorrow() -> None:
    rules = plan(hours=(6 * 60, 22 * 60))
    owed = of(rules, Day(2026, 3, 4), Day(2026, 3, 31))
    (found,) = due_next(rules, owed, {"a": [at("07:00")]}, at("12:00"))
    assert (found.slot.day, found.not_before) == (Day(2026, 3, 5), at("06:00", Day(2026, 3, 5)))
    assert due_next(rules, owed[:1], {"a": [at("07:00")]}, at("12:00")) == []
    assert due_next(rules, [], {"a": []}, at("12:00")) == []


# -- by chance -------------------------------------------------------------------------------------------------

START = dt.datetime(2026, 2, 1, tzinfo=BEIJING)
moments = st.lists(
    st.integers(0, 60 * 24 * 40).map(lambda minutes: START + dt.timedelta(minutes=minutes)), max_size=60
)
plans = st.builds(
    lambda unit, times, apart, work_days, season: plan(
        Frequency(times, unit, dt.timedelta(minutes=apart)), work_days=work_days, season=season
    ),
    st.sampled_from(["day", "night", "week", "month"]), st.integers(1, 6), st.sampled_from([0, 30, 120]), st.booleans(),
    st.sampled_from(["", "11-15..02-20"]),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(plans, moments, st.integers(0, 45))
def test_no_more_is_done_than_was_owed_and_nothing_is_lost(
    rules: PlanRules, times: list[dt.datetime], days: int
) -> None:
    owed = of(rules, Day(2026, 2, 1), Day(2026, 3, 12))
    now = START + dt.timedelta(days=days)
    found = assign(rules, owed, visits(*times), now)
    answered = [each for each in found.slots if each.visit is not None]
    assert len({each.visit for each in answered}) == len(answered) <= len(owed) == len(found.slots)
    assert len(found.visits) == len(times)
    assert sum(each.slot is not None for each in found.visits) == len(answered)
    for each in found.slots:
        if each.slot.until <= now:
            assert each.outcome in (Outcome.DONE, Outcome.LATE, Outcome.MISSED)
        if each.visit:
            assert each.slot.opens <= each.visit.at < each.slot.until
    counts = found.by_day().values()
    assert sum(count.due for count in counts) == len(owed)
    assert all(count.done + count.late + count.missed <= count.due for count in counts)
    assert all(each.why is not None for each in found.visits if each.slot is None)


@settings(max_examples=60, deadline=None)
@given(plans, moments, st.randoms(use_true_random=False))
def test_the_order_of_the_visits_does_not_matter(
    rules: PlanRules, times: list[dt.datetime], chance: random.Random
) -> None:
    owed, now = of(rules, Day(2026, 2, 1), Day(2026, 3, 12)), START + dt.timedelta(days=60)
    seen = visits(*times)
    mixed = list(seen)
    chance.shuffle(mixed)
    assert assign(rules, owed, seen, now) == assign(rules, owed, mixed, now)


@settings(max_examples=60, deadline=None)
@given(plans, moments)
def test_visits_that_count_keep_their_distance(rules: PlanRules, times: list[dt.datetime]) -> None:
    owed, now = of(rules, Day(2026, 2, 1), Day(2026, 3, 12)), START + dt.timedelta(days=60)
    found = assign(rules, owed, visits(*times), now)
    counted = sorted(each.visit.at for each in found.visits if each.outcome is not Outcome.TOO_SOON)
    assert all(later - earlier >= rules.every.apart for earlier, later in pairwise(counted))


@settings(max_examples=100, deadline=None)
@given(plans, moments, st.integers(0, 60 * 24 * 40))
def test_who_is_next_is_what_the_matching_says(
    rules: PlanRules, times: list[dt.datetime], minutes: int
) -> None:
    owed, now = of(rules, Day(2026, 2, 1), Day(2026, 3, 12)), START + dt.timedelta(minutes=minutes)
    matched = assign(rules, owed, visits(*times), now)
    found = due_next(rules, owed, {"a": times, "nobody was here": []}, now)
    assert [each.slot for each in found if each.place == "a"] == ([matched.next] if matched.next else [])
    assert all(each.not_before >= max(now, each.slot.opens) for each in found)
    assert all(each.not_before >= (matched.not_before or now) for each in found if each.place == "a")


@settings(max_examples=40, deadline=None)
@given(plans, st.lists(st.integers(1, 60), min_size=1, max_size=6))
def test_consecutive_spans_have_every_slot_once(rules: PlanRules, lengths: list[int]) -> None:
    first = day = Day(2026, 1, 1)
    parts: list[Slot] = []
    for length in lengths:
        last = day + dt.timedelta(days=length - 1)
        parts += of(rules, day, last)
        day = last + dt.timedelta(days=1)
    assert parts == of(rules, first, day - dt.timedelta(days=1))
    assert len(set(parts)) == len(parts)
