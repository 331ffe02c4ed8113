"""The work calendar: published years, local days, office hours."""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from typing import Any

from django.core.exceptions import PermissionDenied
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from huying.core.errors import Refusal
from huying.core.toasts import toast
from huying.people.forms import LocalDayForm, NoticeForm, OfficeHoursForm
from huying.people.guards import requires
from huying.people.policy import reaches
from huying.people.views.common import MANAGE_PLACES, act, add_refusal
from huying.places.calendar_changes import (
    publish_year,
    remove_local_day,
    remove_office_hours,
    set_local_day,
    set_office_hours,
)
from huying.places.models import CalendarDay, OfficeHours, PublishedYear
from huying.places.notice import Notice, read_notice
from huying.places.work_calendar import LIBRARY_YEARS, current_calendar, provisional_years

SHOWN_AHEAD = 2


def _require_district(request: HttpRequest) -> None:
    """The calendar is one for the whole district."""
    if not reaches(request.user, MANAGE_PLACES, ""):
        raise PermissionDenied(_("工作日历全区统一，由区级管理员维护。"))


def _page(
    request: HttpRequest, forms: dict[str, BaseForm] | None = None, preview: Notice | None = None
) -> HttpResponse:
    this_year = timezone.localdate().year
    year = preview.year if preview else _year(request, this_year)
    entered = {row.year: row for row in PublishedYear.objects.all()}
    open_years = provisional_years(SHOWN_AHEAD)
    shown = forms or {}
    context = {
        "year": year,
        "years": [
            {"year": each, "state": _state(each, entered), "active": each == year, "row": entered.get(each)}
            for each in sorted({*range(this_year - 1, this_year + SHOWN_AHEAD + 1), *entered})
        ],
        "provisional": open_years,
        "months": _months(year),
        "weekdays": [_("一"), _("二"), _("三"), _("四"), _("五"), _("六"), _("日")],
        "days": CalendarDay.objects.filter(day__year=year),
        "hours": OfficeHours.objects.order_by("-valid_from"),
        "today": timezone.localdate(),
        "may_change": reaches(request.user, MANAGE_PLACES, ""),
        "notice_form": shown.get("notice")
        or NoticeForm(initial={"year": next(iter(open_years), this_year + 1)}),
        "day_form": shown.get("day") or LocalDayForm(),
        "hours_form": shown.get("hours") or OfficeHoursForm(),
        "preview": preview,
    }
    refused = any(form.errors for form in shown.values())
    return render(request, "people/calendar.html", context, status=422 if refused else 200)


def _year(request: HttpRequest, otherwise: int) -> int:
    text = request.GET.get("year", "")
    year = int(text) if text.isascii() and text.isdigit() and len(text) == 4 else otherwise
    return year if 2004 <= year <= 2100 else otherwise


def _state(year: int, entered: dict[int, PublishedYear]) -> str:
    if year in LIBRARY_YEARS:
        return _("已内置")
    return _("已录入") if year in entered else _("未公布")


def _months(year: int) -> list[dict[str, Any]]:
    """Twelve months of weeks; each day says whether it is worked and whether that differs from the weekday."""
    calendar = current_calendar()
    titles = dict(CalendarDay.objects.filter(day__year=year).values_list("day", "title"))
    months = []
    for month in range(1, 13):
        first, length = dt.date(year, month, 1), monthrange(year, month)[1]
        days: list[dict[str, Any] | None] = [None] * first.weekday()
        for number in range(length):
            day = first + dt.timedelta(days=number)
            worked = calendar.is_workday(day)
            differs = worked != (day.weekday() < 5)
            css = ("work" if worked else "off") if differs else ("" if worked else "weekend")
            days.append({"day": day, "css": css, "title": titles.get(day, "")})
        days += [None] * (-len(days) % 7)
        months.append({"month": month, "weeks": [days[at : at + 7] for at in range(0, len(days), 7)]})
    return months


@requires(MANAGE_PLACES)
def calendar(request: HttpRequest) -> HttpResponse:
    """The year at a glance, what is entered, and the forms to change it."""
    return _page(request)


@require_POST
@requires(MANAGE_PLACES)
def publish(request: HttpRequest) -> HttpResponse:
    """First shows what was read of the notice; with `confirmed` it is published and deadlines follow."""
    _require_district(request)
    form = NoticeForm(request.POST)
    if not form.is_valid():
        return _page(request, {"notice": form})
    data = form.cleaned_data
    notice = read_notice(data["year"], data["text"])
    if not notice.days:
        form.add_error("text", _("没有读到放假或上班的日子。请粘贴“一、元旦：1月1日……放假”这样的条文。"))
        return _page(request, {"notice": form})
    if "confirmed" not in request.POST:
        return _page(request, {"notice": form}, preview=notice)
    try:
        publish_year(data["year"], notice.days, notice=data["notice"], actor=request.user)
    except Refusal as refusal:
        add_refusal(form, refusal)
        return _page(request, {"notice": form})
    toast(request, _("%d年的安排已公布，暂按周一至周五算的期限正在重算。") % data["year"])
    return redirect(f"{reverse('people:calendar')}?year={data['year']}")


@require_POST
@requires(MANAGE_PLACES)
def add_day(request: HttpRequest) -> HttpResponse:
    _require_district(request)
    form = LocalDayForm(request.POST)
    if not form.is_valid():
        return _page(request, {"day": form})
    row = set_local_day(actor=request.user, **form.cleaned_data)
    toast(request, _("已保存：%(day)s %(title)s。") % {"day": row.day, "title": row.title})
    return redirect(f"{reverse('people:calendar')}?year={row.day.year}")


@require_POST
@requires(MANAGE_PLACES)
def remove_day(request: HttpRequest, pk: int) -> HttpResponse:
    _require_district(request)
    row = get_object_or_404(CalendarDay, pk=pk)
    then = f"{reverse('people:calendar')}?year={row.day.year}"
    return act(
        request, lambda: remove_local_day(row, actor=request.user), _("已删除这一天的本地安排。"), then
    )


@require_POST
@requires(MANAGE_PLACES)
def add_hours(request: HttpRequest) -> HttpResponse:
    _require_district(request)
    form = OfficeHoursForm(request.POST)
    if form.is_valid():
        try:
            set_office_hours(actor=request.user, **form.cleaned_data)
        except Refusal as refusal:
            add_refusal(form, refusal)
        else:
            toast(request, _("已保存办公时间。"))
            return redirect("people:calendar")
    return _page(request, {"hours": form})


@require_POST
@requires(MANAGE_PLACES)
def remove_hours(request: HttpRequest, pk: int) -> HttpResponse:
    _require_district(request)
    row = get_object_or_404(OfficeHours, pk=pk)
    done = _("已删除。")
    return act(
        request, lambda: remove_office_hours(row, actor=request.user), done, reverse("people:calendar")
    )
