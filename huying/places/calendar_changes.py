"""Changes of the work calendar: a year's notice, local days, office hours.

Each writes its journal entry and tells the floors above (`signals.calendar_published`) in one transaction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, Refusal
from huying.core.journal import log
from huying.places.clock import parse_spans
from huying.places.fresh import Kept
from huying.places.models import CalendarDay, OfficeHours, PublishedYear
from huying.places.notice import NoticeDay
from huying.places.signals import calendar_published
from huying.places.work_calendar import LIBRARY_YEARS, first_day_moved_by


@transaction.atomic
def publish_year(year: int, days: Iterable[NoticeDay], *, actor: Any, notice: str = "") -> PublishedYear:
    """Enter the State Council's notice for a year; entering it again replaces what was entered before.

    Local decisions stay: they are newer than the notice where both name a day.
    """
    kept = [day for day in days if day.differs]
    if year in LIBRARY_YEARS:
        raise Refusal(
            _("%d年的安排系统已内置，不需要录入。个别日子要改，请加本地安排。") % year, field="year"
        )
    if not kept:
        raise Refusal(_("没有读到放假或上班的日子，请粘贴通知正文后再试。"), field="text")
    first = first_day_moved_by(year)
    stray = [day.day for day in kept if not first <= day.day <= dt.date(year, 12, 31)]
    if stray:
        raise Refusal(_("%s 不在这一年的安排里，请核对年份。") % stray[0], field="text")
    row, created = PublishedYear.objects.update_or_create(year=year, defaults={"notice": notice})
    CalendarDay.objects.filter(_named_by(year), source=CalendarDay.Source.PUBLISHED).delete()
    local = set(CalendarDay.objects.filter(source=CalendarDay.Source.LOCAL).values_list("day", flat=True))
    CalendarDay.objects.bulk_create(
        [
            CalendarDay(
                day=day.day,
                is_workday=day.is_workday,
                title=day.title[:60],
                source=CalendarDay.Source.PUBLISHED,
            )
            for day in kept
            if day.day not in local
        ],
        update_conflicts=True,
        unique_fields=["day"],
        update_fields=["is_workday", "title", "source"],
    )
    words = [f"{day.day} {'上班' if day.is_workday else '放假'} {day.title}" for day in kept]
    code = "calendar.year_published" if created else "calendar.year_corrected"
    log(row, code, actor=actor, year=year, notice=notice, days=words)
    _changed(first)
    return row


def _named_by(year: int) -> Q:
    """The published days that a year's notice named: New Year's holiday may begin in the December before."""
    new_year = Q(title__contains="元旦")
    before = Q(day__gte=first_day_moved_by(year), day__lt=dt.date(year, 1, 1)) & new_year
    own = Q(day__year=year) & ~(Q(day__gte=first_day_moved_by(year + 1)) & new_year)
    return before | own


@transaction.atomic
def set_local_day(day: dt.date, is_workday: bool, *, actor: Any, title: str) -> CalendarDay:
    """A local decision to open or close a day: flood, a big event, a festival of the district's own."""
    row, created = CalendarDay.objects.update_or_create(
        day=day,
        defaults={"is_workday": is_workday, "title": title, "source": CalendarDay.Source.LOCAL},
    )
    code = "calendar.day_added" if created else "calendar.day_changed"
    log(row, code, actor=actor, day=str(day), is_workday=is_workday, title=title)
    _changed(day)
    return row


@transaction.atomic
def remove_local_day(row: CalendarDay, *, actor: Any) -> None:
    """Take a local decision back. A day of a State Council notice is corrected by entering the notice again."""
    if row.source != CalendarDay.Source.LOCAL:
        raise Refusal(_("这一天来自国务院通知，不能单独删除；请加一条同一天的本地安排。"))
    log(row, "calendar.day_removed", actor=actor, day=str(row.day), title=row.title)
    if not CalendarDay.objects.filter(pk=row.pk).delete()[0]:
        raise Conflict(_("这一天的安排已被删除。"))
    _changed(row.day)


@transaction.atomic
def set_office_hours(valid_from: dt.date, spans: Sequence[Sequence[str]], *, actor: Any) -> OfficeHours:
    """Office hours from a day on, e.g. summer and winter hours. Raises Refusal for spans that overlap or end early."""
    try:
        read = parse_spans(spans)
    except ValueError as error:
        raise Refusal(error, field="spans") from None
    if not read:
        raise Refusal(_("请至少写一段办公时间，例如 08:00-12:00。"), field="spans")
    row, created = OfficeHours.objects.update_or_create(
        valid_from=valid_from, defaults={"spans": [list(span) for span in spans]}
    )
    code = "calendar.hours_added" if created else "calendar.hours_changed"
    log(row, code, actor=actor, valid_from=str(valid_from), spans=str(row))
    _changed(valid_from)
    return row


@transaction.atomic
def remove_office_hours(row: OfficeHours, *, actor: Any) -> None:
    """Take back office hours that have not begun yet: those of the past explain deadlines that were set."""
    if row.valid_from <= timezone.localdate():
        raise Refusal(_("已经开始执行的办公时间不能删除；请新增一条从今后某日起的办公时间。"))
    log(row, "calendar.hours_removed", actor=actor, valid_from=str(row.valid_from), spans=str(row))
    row.delete()
    _changed(row.valid_from)


def _changed(first_day: dt.date) -> None:
    Kept.look_at_all_again()
    calendar_published.send(sender=CalendarDay, first_day=first_day)
