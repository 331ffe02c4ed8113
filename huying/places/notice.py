"""Reads the State Council's notice on the holidays of a year, as it is published.

The notice says, one holiday a line:

    二、春节：2月15日（农历腊月二十八、周日）至23日（农历正月初七、周一）放假调休，共9天。2月14日（周六）、2月28日（周六）上班。

Only the plain statements of this form (used since 2009) are read: days or spans of days that end in 放假, 补休, 休息 or
上班. Whatever holds a date and can't be read is handed back for a person to look at.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date, timedelta

HOLIDAYS = ("元旦", "春节", "清明节", "劳动节", "端午节", "中秋节", "国庆节")

_DAY = r"(?:(\d{4})年)?(?:(\d{1,2})月)?(\d{1,2})日"
_SPAN = re.compile(rf"{_DAY}(?:(?:至|—+|－|-|~|～|到){_DAY})?")
_STATEMENT = re.compile(rf"((?:{_SPAN.pattern}[、和及]?)+)(放假|补休|休息|上班)")
_PARENTHESES = re.compile(r"\([^()]*\)")
_NAME = re.compile(r"^[（(]?[一二三四五六七八九十]+[)、.．）]\s*([^:：]{2,12})[:：]")
_LONGEST_DAYS = 15


@dataclass(frozen=True)
class NoticeDay:
    """One day that differs, or may differ, from Monday to Friday."""

    day: date
    is_workday: bool
    title: str

    @property
    def differs(self) -> bool:
        """Whether it needs an entry: a Saturday off needs none."""
        return self.is_workday != (self.day.weekday() < 5)


@dataclass
class Notice:
    """What was read. `unread`: sentences with a date that were not understood; `missing`: holidays without a line."""

    year: int
    days: list[NoticeDay] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    @property
    def missing(self) -> list[str]:
        found = "".join(day.title for day in self.days)
        return [name for name in HOLIDAYS if name.removesuffix("节") not in found]


def read_notice(year: int, text: str) -> Notice:
    """Read the notice for `year`. A day named twice keeps what was said last."""
    notice = Notice(year)
    found: dict[date, NoticeDay] = {}
    for line in text.splitlines():
        plain = unicodedata.normalize("NFKC", line).replace(" ", "")
        name = _NAME.match(line.strip())
        title = name[1].strip() if name else ""
        if name is None and (head := re.match(r"([^:]{2,12}):", plain)):
            title = head[1]
        while _PARENTHESES.search(plain):
            plain = _PARENTHESES.sub("", plain)
        for sentence in filter(None, re.split(r"[。;]", plain)):
            days = _days_of(year, sentence, title)
            found |= {day.day: day for day in days}
            if not days and re.search(r"\d{1,2}月\d{1,2}日", sentence) and "年" not in sentence[-4:]:
                notice.unread.append(sentence)
    notice.days = [found[day] for day in sorted(found)]
    return notice


def _days_of(year: int, sentence: str, title: str) -> list[NoticeDay]:
    days = []
    month = None
    for statement in _STATEMENT.finditer(sentence):
        for span in _SPAN.finditer(statement[1]):
            first_year, first_month, first_day, last_year, last_month, last_day = span.groups()
            month = int(first_month) if first_month else month
            if month is None:
                return []
            try:
                first = date(int(first_year or year), month, int(first_day))
                last = first
                if last_day:
                    month = int(last_month) if last_month else month
                    last = date(int(last_year or first.year), month, int(last_day))
            except ValueError:
                return []
            if not timedelta(0) <= last - first < timedelta(days=_LONGEST_DAYS):
                return []
            count = (last - first).days + 1
            is_workday = statement[statement.lastindex or 0] == "上班"
            words = f"{title}（调休上班）" if is_workday and title else title
            days += [NoticeDay(first + timedelta(days=n), is_workday, words) for n in range(count)]
    return days
