import json
from datetime import date, datetime, timedelta

import pytest

from huying.places import fresh
from huying.places.clock import BEIJING, Clock, parse_limit
from huying.places.models import CalendarDay, OfficeHours, PublishedYear
from huying.places.work_calendar import (
    current_calendar,
    first_day_moved_by,
    is_published,
    make_calendar,
    provisional_years,
)

LIBRARY = make_calendar()


def due(start: str, limit: str, calendar=LIBRARY) -> str:
    at = datetime.fromisoformat(start).replace(tzinfo=BEIJING)
    return calendar.deadline(at, parse_limit(limit)).at.strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize("year", range(2007, 2027))
def test_every_day_is_as_published(year, shared_data):
    """Each notice also moves days of the year before it, so the days of both years count."""
    expected: dict[date, bool] = {}
    for notice in (year, year + 1):
        file = shared_data / "holidays" / f"{notice}.json"
        rows = json.loads(file.read_text())["days"] if file.exists() else []
        expected |= {date.fromisoformat(row["date"]): not row["isOffDay"] for row in rows}
    for n in range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()):
        day = date.fromordinal(n)
        assert LIBRARY.is_workday(day) == expected.get(day, day.weekday() < 5), day


@pytest.mark.parametrize(
    ("year", "days"),
    [
        (2017, 249), (2018, 250), (2019, 250), (2020, 249), (2021, 250),
        (2022, 249), (2023, 249), (2024, 251), (2025, 248), (2026, 248),
    ],
)  # fmt: skip
def test_a_year_has_its_number_of_working_days(year, days):
    """As the notices count; 2020 had two fewer when the epidemic lengthened the festival."""
    assert LIBRARY.work_days(date(year, 1, 1), date(year, 12, 31)) == days


class TestSpringFestival:
    """2026: off from 15 to 23 February; the Saturdays 14 and 28 February are worked."""

    def test_a_work_day_runs_through_the_adjusted_saturday_before_it(self):
        assert due("2026-02-13 16:00", "1 work day") == "2026-02-14 16:00"

    def test_a_work_day_skips_the_whole_festival(self):
        assert due("2026-02-14 16:00", "1 work day") == "2026-02-24 16:00"
        assert due("2026-02-18 11:00", "4 work hours") == "2026-02-24 12:00"

    def test_the_adjusted_saturday_after_it_counts(self):
        assert due("2026-02-14 16:00", "5 work days") == "2026-02-28 16:00"

    def test_an_emergency_runs_through_the_festival(self):
        assert due("2026-02-16 23:30", "2 emergency hours") == "2026-02-17 01:30"

    def test_2023_off_from_21_to_27_january_and_worked_on_both_weekend_days_after(self):
        assert due("2023-01-20 17:00", "2 work hours") == "2023-01-28 09:00"
        assert due("2023-01-20 17:00", "2 work days") == "2023-01-29 17:00"

    def test_2020_lengthened_by_the_epidemic_until_2_february(self):
        assert due("2020-01-23 17:00", "1 work day") == "2020-02-03 17:00"


def test_local_days_and_later_years_win_over_the_library():
    calendar = make_calendar({date(2026, 3, 3): False, date(2027, 1, 1): False}, [2027])
    assert due("2026-03-02 10:00", "1 work day", calendar) == "2026-03-04 10:00"
    start = datetime(2026, 12, 31, 10, tzinfo=BEIJING)
    assert LIBRARY.deadline(start, parse_limit("1 work day")).at.date() == date(2027, 1, 1)
    assert LIBRARY.deadline(start, parse_limit("1 work day")).provisional
    later = calendar.deadline(start, parse_limit("1 work day"))
    assert (later.at.date(), later.provisional) == (date(2027, 1, 4), False)


def test_office_hours_hold_from_their_day_on():
    summer, winter = [["08:00", "12:00"], ["15:00", "18:00"]], [["08:00", "12:00"], ["14:00", "18:00"]]
    calendar = make_calendar(office_hours=[(date(2026, 10, 8), winter), (date(2026, 6, 1), summer)])
    assert due("2026-05-29 13:30", "2 work hours", calendar) == "2026-05-29 16:00"
    assert due("2026-06-02 13:30", "2 work hours", calendar) == "2026-06-02 17:00"
    assert due("2026-10-08 13:30", "2 work hours", calendar) == "2026-10-08 16:00"


def test_a_notice_can_move_the_last_week_of_december():
    assert first_day_moved_by(2027) == date(2026, 12, 25)


@pytest.mark.django_db
class TestCurrentCalendar:
    def test_without_rows_it_is_the_library(self):
        start = datetime(2026, 2, 14, 16, tzinfo=BEIJING)
        limit = parse_limit("5 work days")
        assert current_calendar().deadline(start, limit) == LIBRARY.deadline(start, limit)
        assert is_published(2026) and not is_published(2027)

    def test_it_follows_its_rows(self):
        assert current_calendar().is_workday(date(2027, 2, 8))
        CalendarDay.objects.create(day=date(2027, 2, 8), is_workday=False, source="published")
        assert not current_calendar().is_workday(date(2027, 2, 8))
        CalendarDay.objects.update(is_workday=True)
        assert current_calendar().is_workday(date(2027, 2, 8))
        OfficeHours.objects.create(valid_from=date(2026, 1, 1), spans=[["09:00", "17:00"]])
        noon = datetime(2026, 3, 2, 12, tzinfo=BEIJING)
        run = current_calendar().elapsed(noon, noon + timedelta(hours=1), Clock.WORK_HOURS)
        assert run == timedelta(hours=1)

    def test_a_later_year_is_published_when_its_notice_is_entered(self):
        start = datetime(2026, 12, 31, 17, tzinfo=BEIJING)
        limit = parse_limit("2 work days")
        assert current_calendar().deadline(start, limit).provisional
        assert 2027 in provisional_years()
        PublishedYear.objects.create(year=2027)
        CalendarDay.objects.create(day=date(2027, 1, 1), is_workday=False, source="published")
        deadline = current_calendar().deadline(start, limit)
        assert (deadline.at.date(), deadline.provisional) == (date(2027, 1, 5), False)
        assert 2027 not in provisional_years()
        assert 2028 in provisional_years()

    def test_it_asks_the_database_once_a_second_at_most(self, monkeypatch, django_assert_num_queries):
        monkeypatch.setattr(fresh, "CHECK_EVERY_SECONDS", 60)
        first = current_calendar()
        with django_assert_num_queries(0):
            for _ in range(1000):
                assert current_calendar() is first
