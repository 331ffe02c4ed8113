"""The period that the cockpit speaks about, and the one it is compared with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.cases.filters import CaseFilter, period

NAMED: dict[str, Promise] = {
    "today": gettext_lazy("今天"),
    "this-month": gettext_lazy("本月"),
    "last-month": gettext_lazy("上月"),
    "this-year": gettext_lazy("本年"),
}
DEFAULT = "this-month"
_BEFORE: dict[str, tuple[Promise, Promise]] = {
    "today": (gettext_lazy("昨天同一时刻"), gettext_lazy("昨天")),
    "this-month": (gettext_lazy("上月同期"), gettext_lazy("上月")),
    "last-month": (gettext_lazy("前一个月"), gettext_lazy("前一个月")),
    "this-year": (gettext_lazy("去年同期"), gettext_lazy("去年")),
}


@dataclass(frozen=True)
class Span:
    """Days from `first` to `last`, both included, Beijing time, as they stood at `at`."""

    code: str  # a key of NAMED, or "days"
    first: dt.date
    last: dt.date
    at: dt.datetime
    mistake: str = ""

    @property
    def running(self) -> bool:
        """Whether the period has not ended yet."""
        return self.last >= timezone.localdate(self.at)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def words(self) -> str:
        """The days in figures: 11月1日至11月21日."""
        if self.first == self.last:
            return _day(self.first)
        return _("%(first)s至%(last)s") % {
            "first": _day(self.first),
            "last": _day(self.last, self.first.year),
        }

    def filter(self) -> CaseFilter:
        """The cases reported in the period, as they stand at `at`."""
        return CaseFilter(reported_from=self.first, reported_to=self.last, at=self.at)

    def before(self) -> Span:
        """The period to compare with; of a running one the same part: until the same day and time."""
        back = self._back
        first, last, at = back(self.first), back(self.last), self.at
        if self.code == "last-month":
            last = self.first - dt.timedelta(days=1)
        if self.running:
            local = timezone.localtime(self.at)
            last = back(local.date())
            at = timezone.make_aware(dt.datetime.combine(last, local.time()))
        return Span("days", first, last, at)

    def before_words(self) -> str:
        """What the period before is called."""
        if self.code in _BEFORE:
            return str(_BEFORE[self.code][0])
        return _("前 %d 天") % self.days

    def _back(self, day: dt.date) -> dt.date:
        if self.code in ("this-month", "last-month"):
            end = day.replace(day=1) - dt.timedelta(days=1)
            return end.replace(day=min(day.day, end.day))
        if self.code == "this-year":
            return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)
        return day - dt.timedelta(days=self.days)


def _day(day: dt.date, year: int | None = None) -> str:
    if day.year == (year or timezone.localdate().year):
        return _("%(month)d月%(day)d日") % {"month": day.month, "day": day.day}
    return _("%(year)d年%(month)d月%(day)d日") % {"year": day.year, "month": day.month, "day": day.day}


def span_of(query: Mapping[str, str], now: dt.datetime) -> Span:
    """The period of the address: `?period=today`, or `?from=2023-11-01&to=2023-11-30`; else this month."""
    at, today = now.replace(microsecond=0), timezone.localdate(now)
    code, first, last = query.get("period", ""), query.get("from", ""), query.get("to", "")
    mistake = ""
    if first or last:
        try:
            begin = dt.date.fromisoformat(first or last)
            end = dt.date.fromisoformat(last or first)
        except ValueError:
            mistake = _("日期请写成 2023-11-05 这样，再按「看这段」。下面先显示本月。")
        else:
            begin, end = min(begin, end), max(begin, end)
            if begin.year >= 1970 and begin <= today:
                return Span("days", begin, min(end, today), at)
            mistake = _("这段时间还没有到，请选今天或以前的日期。下面先显示本月。")
    elif code and code not in NAMED:
        mistake = _("没有“%s”这个时段，可选今天、本月、上月、本年或起止日期。下面先显示本月。") % code
    code = code if code in NAMED and not mistake else DEFAULT
    begin, end = period(code, today)
    return Span(code, begin, end, at, mistake)
