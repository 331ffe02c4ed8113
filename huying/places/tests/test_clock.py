from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from huying.places.clock import (
    BEIJING,
    OFFICE_HOURS,
    Clock,
    TimeLimit,
    WorkCalendar,
    parse_limit,
    parse_spans,
)

PLAIN = WorkCalendar({}, published_years=range(2020, 2027))
# Wednesday to Friday off, the Sunday after worked in their place.
HOLIDAY = WorkCalendar(
    {date(2026, 4, 1): False, date(2026, 4, 2): False, date(2026, 4, 3): False, date(2026, 4, 5): True}
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


def due(start: str, limit: str, calendar: WorkCalendar = PLAIN) -> str:
    return calendar.deadline(at(start), parse_limit(limit)).at.strftime("%Y-%m-%d %H:%M")


class TestLimits:
    @pytest.mark.parametrize(
        ("text", "number", "clock", "english", "chinese"),
        [
            ("2 emergency hours", 2, Clock.EMERGENCY_HOURS, "2 emergency hours", "2紧急工作时"),
            ("1 work hour", 1, Clock.WORK_HOURS, "1 work hour", "1工作时"),
            ("  4   Work  Hours ", 4, Clock.WORK_HOURS, "4 work hours", "4工作时"),
            ("5个工作日", 5, Clock.WORK_DAYS, "5 work days", "5工作日"),
            ("5工作日", 5, Clock.WORK_DAYS, "5 work days", "5工作日"),
            ("7 days", 7, Clock.DAYS, "7 days", "7自然日"),
            ("7 自然日", 7, Clock.DAYS, "7 days", "7自然日"),
            ("２紧急工作时", 2, Clock.EMERGENCY_HOURS, "2 emergency hours", "2紧急工作时"),
            ("1紧急工作日", 1, Clock.EMERGENCY_DAYS, "1 emergency day", "1紧急工作日"),
            ("0.5 work days", Fraction(1, 2), Clock.WORK_DAYS, "0.5 work days", "0.5工作日"),
            ("1/3 work hours", Fraction(1, 3), Clock.WORK_HOURS, "1/3 work hours", "1/3工作时"),
        ],
    )
    def test_a_limit_is_read_in_english_and_chinese(self, text, number, clock, english, chinese):
        limit = parse_limit(text)
        assert limit == TimeLimit(number, clock)
        assert (str(limit), limit.zh) == (english, chinese)

    @given(st.fractions(0, 100, max_denominator=999), st.sampled_from(Clock))
    def test_what_is_written_is_read_back(self, number, clock):
        limit = TimeLimit(number, clock)
        assert parse_limit(str(limit)) == limit
        assert parse_limit(limit.zh) == limit

    @pytest.mark.parametrize(
        ("text", "hint"),
        [
            ("5 workdays", "5 work days"),
            ("5 working days", "5 work days"),
            ("2 emergncy hours", "2 emergency hours"),
            ("3工做日", "3工作日"),
            ("4 hours", "4 work hours"),
            ("4小时", "4紧急工作时"),
            ("7天", "7自然日"),
            ("soon", "5工作日"),
            ("", "5工作日"),
            ("-1 days", "5工作日"),
            ("1/0 days", "5工作日"),
            ("99999999 days", "一百年"),
        ],
    )
    def test_a_wrong_limit_is_refused_with_what_to_write(self, text, hint):
        with pytest.raises(ValueError, match=hint):
            parse_limit(text)

    def test_a_share_of_a_limit_is_exact(self):
        assert parse_limit("2 work days") * Decimal("0.8") == TimeLimit("1.6", Clock.WORK_DAYS)
        assert 0.8 * parse_limit("2 work days") == TimeLimit("1.6", Clock.WORK_DAYS)
        assert parse_limit("2 emergency hours") * 0 == TimeLimit(0, Clock.EMERGENCY_HOURS)

    def test_office_hours_that_overlap_are_refused(self):
        with pytest.raises(ValueError, match="重叠"):
            parse_spans([["08:00", "12:00"], ["11:00", "18:00"]])
        for wrong in (["8", "12:00"], ["12:00", "08:00"], ["08:00", "25:00"], ["08:00"]):
            with pytest.raises(ValueError, match="办公时段"):
                parse_spans([wrong])
        assert parse_spans([["00:00", "24:00"]]) == ((0, 86400),)


class TestDeadlines:
    """2026-03-02 is a Monday."""

    @pytest.mark.parametrize(
        ("start", "limit", "expected"),
        [
            # nights and holidays count
            ("2026-03-06 17:00", "2 emergency hours", "2026-03-06 19:00"),
            ("2026-03-06 17:00", "1 emergency day", "2026-03-07 17:00"),
            ("2026-03-06 17:00", "7 days", "2026-03-13 17:00"),
            # office hours only
            ("2026-03-02 09:00", "2 work hours", "2026-03-02 11:00"),
            ("2026-03-02 11:00", "2 work hours", "2026-03-02 15:00"),
            ("2026-03-02 13:00", "2 work hours", "2026-03-02 16:00"),
            ("2026-03-02 17:00", "2 work hours", "2026-03-03 09:00"),
            ("2026-03-06 17:00", "2 work hours", "2026-03-09 09:00"),
            ("2026-03-07 10:00", "2 work hours", "2026-03-09 10:00"),
            # the same office time n working days later
            ("2026-03-02 10:00", "1 work day", "2026-03-03 10:00"),
            ("2026-03-05 15:30", "2 work days", "2026-03-09 15:30"),
            ("2026-03-02 10:00", "0.5 work days", "2026-03-02 16:00"),
            # outside office hours the clock starts with the next span
            ("2026-03-02 23:00", "1 work day", "2026-03-03 18:00"),
            ("2026-03-08 10:00", "1 work day", "2026-03-09 18:00"),
        ],
    )
    def test_a_limit_ends_where_a_clerk_would_expect(self, start, limit, expected):
        assert due(start, limit) == expected

    def test_a_deadline_at_the_end_of_office_hours_stays_there(self):
        assert due("2026-03-02 08:00", "8 work hours") == "2026-03-02 18:00"
        assert due("2026-03-02 08:00", "1 work day") == "2026-03-02 18:00"
        assert due("2026-03-02 14:00", "1 work day") == "2026-03-03 12:00"

    def test_eight_work_hours_are_one_work_day(self):
        for start in ("2026-03-02 03:00", "2026-03-02 09:15", "2026-03-02 12:30", "2026-03-07 12:00"):
            assert due(start, "8 work hours") == due(start, "1 work day")

    def test_a_limit_of_zero_ends_where_it_starts_also_at_night(self):
        assert due("2026-03-07 23:00", "0 work hours") == "2026-03-07 23:00"

    def test_holidays_are_skipped_and_adjusted_working_days_count(self):
        assert due("2026-03-31 16:00", "4 work hours", HOLIDAY) == "2026-04-05 10:00"
        assert due("2026-03-31 16:00", "2 work days", HOLIDAY) == "2026-04-06 16:00"
        assert due("2026-03-31 16:00", "2 emergency days", HOLIDAY) == "2026-04-02 16:00"

    def test_a_moment_in_another_zone_is_the_same_moment(self):
        start = at("2026-03-02 09:00").astimezone(ZoneInfo("America/New_York"))
        assert PLAIN.deadline(start, parse_limit("2 work hours")).at == at("2026-03-02 11:00")

    def test_a_moment_without_a_zone_is_refused(self):
        with pytest.raises(ValueError, match="时区"):
            PLAIN.deadline(datetime(2026, 3, 2), parse_limit("1 day"))

    def test_a_deadline_into_an_unpublished_year_is_provisional_and_says_so(self):
        before = PLAIN.deadline(at("2026-12-30 10:00"), parse_limit("1 work day"))
        after = PLAIN.deadline(at("2026-12-31 16:00"), parse_limit("1 work day"))
        assert (before.provisional, before.reason) == (False, None)
        assert after.provisional
        assert str(after.reason).startswith("2027年的节假日安排尚未公布")

    def test_a_wall_clock_deadline_is_never_provisional(self):
        for limit in ("30 days", "90 emergency hours", "9 emergency days"):
            assert not PLAIN.deadline(at("2026-12-31 16:00"), parse_limit(limit)).provisional

    def test_a_calendar_without_working_days_is_refused_not_searched_for_ever(self):
        with pytest.raises(ValueError, match="日历"):
            WorkCalendar(lambda day: False).deadline(at("2026-03-02 09:00"), parse_limit("1 work hour"))

    def test_every_working_day_counts_as_one_where_hours_change_with_the_season(self):
        winter, summer = OFFICE_HOURS, parse_spans([["08:00", "12:00"], ["15:00", "18:00"]])
        seasonal = WorkCalendar({}, lambda day: summer if 6 <= day.month <= 9 else winter)
        # Friday 29 May to Monday 1 June 2026: seven eighths of an hour in summer for an hour in winter.
        assert due("2026-05-29 10:00", "1 work day", seasonal) == "2026-06-01 09:45"
        assert due("2026-06-01 10:00", "5 work days", seasonal) == "2026-06-08 10:00"
        assert due("2026-06-01 10:00", "7 work hours", seasonal) == "2026-06-02 10:00"
        week = seasonal.elapsed(at("2026-06-01 10:00"), at("2026-06-08 10:00"), Clock.WORK_DAYS)
        assert week == timedelta(hours=40)


def spans_strategy() -> st.SearchStrategy:
    minutes = st.lists(st.integers(0, 24 * 60), min_size=2, max_size=8, unique=True).map(sorted)
    return minutes.map(lambda m: tuple((a * 60, b * 60) for a, b in zip(m[::2], m[1::2], strict=False)))


moments = st.datetimes(datetime(2022, 1, 1), datetime(2028, 12, 31)).map(lambda m: m.replace(tzinfo=BEIJING))
awkward = st.builds(
    lambda day, hour: datetime(day.year, day.month, day.day, hour, tzinfo=BEIJING),
    st.dates(date(2022, 1, 1), date(2028, 12, 31)),
    st.sampled_from([0, 8, 12, 13, 14, 18, 23]),
)
starts = moments | awkward
limits = st.builds(
    lambda number, share, clock: TimeLimit(number, clock) * share,
    st.integers(0, 60) | st.fractions(0, 60, max_denominator=60),
    st.sampled_from([1, Decimal("0.8"), Decimal("1.5"), Fraction(1, 7)]),
    st.sampled_from(Clock),
)
exceptions = st.dictionaries(st.dates(date(2022, 1, 1), date(2029, 12, 31)), st.booleans(), max_size=40)
even = st.builds(WorkCalendar, exceptions, spans_strategy())


@st.composite
def seasonal(draw: st.DrawFn) -> WorkCalendar:
    kinds = draw(st.lists(spans_strategy(), min_size=2, max_size=4))
    return WorkCalendar(draw(exceptions), lambda day: kinds[(day.month + day.weekday()) % len(kinds)])


calendars = even | seasonal()


class TestProperties:
    @given(calendars, starts, limits)
    @example(PLAIN, at("2026-03-06 18:00"), parse_limit("8 work hours"))
    @example(PLAIN, at("2026-12-31 18:00"), parse_limit("5 work days"))
    @settings(max_examples=300, deadline=None)
    def test_elapsed_at_the_deadline_is_the_limit_exactly(self, calendar, start, limit):
        end = calendar.deadline(start, limit).at
        assert end >= start
        assert calendar.elapsed(start, end, limit.clock) == calendar.span_of(limit)

    @given(even, starts, limits)
    @settings(max_examples=150, deadline=None)
    def test_a_deadline_is_the_earliest_moment_at_which_the_limit_has_run_out(self, calendar, start, limit):
        end = calendar.deadline(start, limit).at
        assume(end > start)
        second = timedelta(seconds=1)
        earlier = calendar.elapsed(start, max(start, end - second), limit.clock)
        assert earlier < calendar.span_of(limit)

    @given(calendars, starts, starts, limits)
    @settings(max_examples=300, deadline=None)
    def test_deadlines_do_not_move_back_when_the_start_moves_on(self, calendar, one, other, limit):
        first, second = sorted([one, other])
        assert calendar.deadline(first, limit).at <= calendar.deadline(second, limit).at

    @given(calendars, starts, limits, st.integers(0, 50))
    @settings(max_examples=300, deadline=None)
    def test_deadlines_do_not_move_back_when_the_limit_grows(self, calendar, start, limit, more):
        longer = TimeLimit(limit.number + more, limit.clock)
        assert calendar.deadline(start, limit).at <= calendar.deadline(start, longer).at

    @given(even, starts, starts, starts, st.sampled_from(Clock))
    @settings(max_examples=300, deadline=None)
    def test_elapsed_time_adds_up(self, calendar, a, b, c, clock):
        whole = calendar.elapsed(a, c, clock)
        assert calendar.elapsed(a, b, clock) + calendar.elapsed(b, c, clock) == whole
        assert calendar.elapsed(c, a, clock) == -whole

    @given(even, starts, starts)
    @settings(max_examples=100, deadline=None)
    def test_work_time_agrees_with_counting_minute_by_span(self, calendar, a, b):
        first, last = sorted([a, b])
        last = min(last, first + timedelta(days=60))
        counted = timedelta()
        for n in range(first.toordinal(), last.toordinal() + 1):
            midnight = datetime.fromordinal(n).replace(tzinfo=BEIJING)
            for start, end in calendar.spans(date.fromordinal(n)):
                opens, closes = midnight + timedelta(seconds=start), midnight + timedelta(seconds=end)
                counted += max(timedelta(), min(last, closes) - max(first, opens))
        assert calendar.elapsed(first, last, Clock.WORK_HOURS) == counted

    @given(starts, st.integers(0, 300), st.sampled_from([Clock.WORK_HOURS, Clock.WORK_DAYS]))
    def test_parked_time_is_given_back_by_shifting_what_was_left(self, start, hours, clock):
        limit = TimeLimit(10, clock)
        end = PLAIN.deadline(start, limit).at
        parked = start + (end - start) / 3
        resumed = parked + timedelta(hours=hours)
        new_end = PLAIN.shift(resumed, PLAIN.elapsed(parked, end, clock), clock)
        run = PLAIN.elapsed(start, parked, clock) + PLAIN.elapsed(resumed, new_end, clock)
        assert run == PLAIN.span_of(limit)


def test_a_deadline_takes_microseconds_also_years_away():
    start = at("2022-03-02 09:10")
    for text in ("4 work hours", "5 work days", "1000 work days"):
        limit = parse_limit(text)
        PLAIN.deadline(start, limit)
        best = min(_timed(lambda limit=limit: PLAIN.deadline(start, limit)) for _ in range(5))
        assert best < 200e-6, f"{text}: {best * 1e6:.0f} µs"  # 50 µs on an idle machine


def _timed(call, times: int = 200) -> float:
    began = perf_counter()
    for _ in range(times):
        call()
    return (perf_counter() - began) / times
