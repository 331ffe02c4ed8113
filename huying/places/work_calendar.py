"""The district's work calendar: published holidays, later years, local days and office hours.

For the years that the library `chinese_calendar` knows, the State Council's notices are in it; a later
year becomes published when its notice is entered (`PublishedYear` with its `CalendarDay` rows, from the
pack or the interface). `CalendarDay` rows win over the library, so a local decision can open or close
any day. Years nobody has published are reckoned Monday to Friday and make deadlines provisional.

A notice may also move days of the last week of the year before it, so a recomputation on a notice's
arrival takes deadlines from `first_day_moved_by(year)` on.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta

import chinese_calendar
from chinese_calendar.constants import holidays
from django.db import connection
from django.utils import timezone

from huying.places.clock import BEIJING, OFFICE_HOURS, Spans, SpanText, WorkCalendar, parse_spans
from huying.places.fresh import Kept
from huying.places.models import CalendarDay, OfficeHours, PublishedYear

LIBRARY_YEARS = range(min(holidays).year, max(holidays).year + 1)


def make_calendar(
    days: Mapping[date, bool] | None = None,
    later_years: Iterable[int] = (),
    office_hours: Iterable[tuple[date, SpanText]] = (),
) -> WorkCalendar:
    """A calendar from the library, days that differ from it, years published since, and dated office hours.

    Before the first dated office hours, 08:00 to 12:00 and 14:00 to 18:00 hold. Raises ValueError for
    spans in error.
    """
    differing = dict(days or {})

    def is_workday(day: date) -> bool:
        known = differing.get(day)
        if known is not None:
            return known
        return bool(chinese_calendar.is_workday(day)) if day.year in LIBRARY_YEARS else day.weekday() < 5

    spans = _dated(sorted(((day, parse_spans(text)) for day, text in office_hours), key=lambda row: row[0]))
    return WorkCalendar(is_workday, spans, frozenset([*LIBRARY_YEARS, *later_years]))


def _dated(rows: list[tuple[date, Spans]]) -> Spans | Callable[[date], Spans]:
    if all(spans == OFFICE_HOURS for _, spans in rows):
        return OFFICE_HOURS
    since = [day for day, _ in rows]
    in_turn = [OFFICE_HOURS, *(spans for _, spans in rows)]
    return lambda day: in_turn[bisect_right(since, day)]


def current_calendar() -> WorkCalendar:
    """The calendar of this installation; a change by any process is noticed within a second."""
    return _calendar.get()


def is_published(year: int) -> bool:
    """Whether this year's holidays are known, from the library or from an entered notice."""
    return current_calendar().is_published(year)


def provisional_years(ahead: int = 10) -> list[int]:
    """The years from this one on, as far as `ahead`, in which deadlines are provisional."""
    this_year = timezone.now().astimezone(BEIJING).year
    return [year for year in range(this_year, this_year + ahead + 1) if not is_published(year)]


def first_day_moved_by(year: int) -> date:
    """The earliest day that the notice for this year can change: New Year's holiday may begin in December."""
    return date(year, 1, 1) - timedelta(days=7)


def _version() -> object:
    # A few hundred short rows at most: a fingerprint can't be forgotten by whoever changes them.
    days, years, hours = (model._meta.db_table for model in (CalendarDay, PublishedYear, OfficeHours))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT (SELECT md5(string_agg(concat_ws(' ', day, is_workday), ',' ORDER BY day)) FROM {days}),"
            f" (SELECT string_agg(year::text, ',' ORDER BY year) FROM {years}),"
            f" (SELECT md5(string_agg(concat_ws(' ', valid_from, spans), ',' ORDER BY valid_from))"
            f" FROM {hours})"
        )
        return cursor.fetchone()


def _build() -> WorkCalendar:
    return make_calendar(
        dict(CalendarDay.objects.values_list("day", "is_workday")),
        PublishedYear.objects.values_list("year", flat=True),
        OfficeHours.objects.values_list("valid_from", "spans"),
    )


_calendar: Kept[WorkCalendar] = Kept(_version, _build)
