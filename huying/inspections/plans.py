"""A plan's declaration, read: who looks at which places, how often, at what hours, with which proof.

`read_plan` reports every problem with the key it stands under; `PlanRules.from_declaration` is for
declarations that were checked before they were loaded. When each visit is due: `occurrences.py`.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations
from typing import Any

from huying.core.language import is_english
from huying.inspections.standards import AREA_LEVELS, Opens, day_of, percent, read_opens, words_of
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _
from huying.registry.declared.fields import Problem, Reader, title_of

DAYS = ("all", "work days")
PROOFS = ("scan", "place", "photo")
WEIGHTS = ("risk", "time since last visit")
UNITS = ("day", "night", "week", "month", "quarter", "year")
# A night that is declared without hours: from six in the evening to six in the morning.
NIGHT = (18 * 60, 6 * 60)
_ONE_WORD = {
    "daily": "day", "nightly": "night", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year",
}  # fmt: skip
_MOST = {"day": 48, "night": 12, "week": 100, "month": 300, "quarter": 1000, "year": 4000}
_KEYS = (
    "plan", "title", "about", "does", "at", "by", "every", "season", "days", "hours", "draw", "unannounced", "proof",
    "missed", "from", "until",
)  # fmt: skip
_MONTH_DAY = r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_SEASON = re.compile(rf"{_MONTH_DAY}\.\.{_MONTH_DAY}")
_EVERY = re.compile(r"(?:(\d+) )?(?:per |a )(\w+)(?:, at least (\d+) (minute|hour)s? apart)?")
_HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*[-–~]\s*([01]?\d|2[0-4]):([0-5]\d)")
_POST = re.compile(r"post ([a-z0-9-]+)(?: of the \w+)?")
_AFTER = re.compile(r"after (\d+) (minute|hour)s?")
_MISSED = re.compile(r"(\d+) missed")


@dataclass(frozen=True)
class Frequency:
    """So many visits in each day, night, week ...; two visits closer than `apart` are one."""

    times: int
    unit: str
    apart: dt.timedelta = dt.timedelta(0)

    @property
    def same_day(self) -> bool:
        """Whether the work belongs to one day or night, and not to any day of a longer period."""
        return self.unit in ("day", "night")


@dataclass(frozen=True)
class DrawRules:
    """How many places are drawn for each period, what weighs, and how many inspectors go to each."""

    tenths: int = 0  # share of the places in tenths of a percent; 0: `number` says it
    number: int = 0
    by: tuple[str, ...] = ()
    risk: str = ""  # a numeric field of the items; empty: failing rounds and open cases
    inspectors: int = 0

    def of(self, places: int) -> int:
        """How many of so many places: at least one where there is any, a share rounded half up."""
        wanted = self.number or (2 * places * self.tenths + 1000) // 2000
        return min(max(wanted, 1), places)


@dataclass(frozen=True)
class PlanRules:
    """Everything that rounds and duties ask of a plan."""

    code: str
    title: str
    title_en: str = ""
    about: str = ""
    standard: str = ""
    registers: tuple[str, ...] = ()
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    area_level: str = ""
    at_departments: tuple[str, ...] = ()
    by_post: str = ""
    by_departments: tuple[str, ...] = ()
    kept_up: bool = (
        False  # `by` names one post or department: who keeps the place up; a list is a team that inspects
    )
    every: Frequency = Frequency(1, "day")
    season: str = ""  # MM-DD..MM-DD, may run over New Year; empty: all year
    work_days: bool = False
    hours: tuple[int, int] | None = (
        None  # minutes since midnight; the second not after the first: next morning
    )
    draw: DrawRules | None = None
    unannounced: bool = False
    proof: tuple[str, ...] = ()
    remind_after: dt.timedelta | None = None
    opens: Opens | None = None
    open_after: int = 1  # so many missed in a row
    since: dt.date | None = None
    until: dt.date | None = None

    def __str__(self) -> str:
        return (self.title_en if is_english() else "") or self.title

    def in_season(self, day: dt.date) -> bool:
        """Whether the plan runs at this time of the year; a season may run over New Year."""
        if not self.season:
            return True
        first, last = self.season.split("..")
        today = f"{day:%m-%d}"
        return first <= today <= last if first <= last else today >= first or today <= last

    def in_force(self, day: dt.date) -> bool:
        """Whether the day lies between `from` and `until`, both included."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)

    @staticmethod
    def from_declaration(declaration: Mapping[str, Any]) -> PlanRules:
        """The rules of a declaration that `pack check` has passed; ValueError names what is wrong."""
        return _rules_of(json.dumps(declaration))


@lru_cache(maxsize=256)
def _rules_of(declaration: str) -> PlanRules:
    rules, problems = read_plan(json.loads(declaration))
    if problems:
        raise ValueError("; ".join(f"{'.'.join(map(str, p.keys))}: {p.sentence}" for p in problems))
    return rules


def read_plan(declaration: Mapping[str, Any]) -> tuple[PlanRules, list[Problem]]:
    """Read a plan's declaration; the rules hold defaults where a problem is reported."""
    read = Reader()
    read.mapping(declaration, _KEYS)
    zh, en = title_of(declaration.get("title"))
    if not zh:
        read.wrong(_("缺少中文名称：title: {zh: …, en: …}。"), "title")
    does = read.mapping(declaration.get("does"), ("standard",), "does")
    if not does.get("standard"):
        read.wrong(_("写明按哪个标准查：does: {standard: 标准代码}。"), "does")
    registers, where, level, departments = _at(read, declaration.get("at"))
    post, doers = _by(read, declaration.get("by"))
    every = read.parse(parse_every, declaration.get("every") or "", "every") or Frequency(1, "day")
    days = str(declaration.get("days") or "all")
    read.known(days, DAYS, "days")
    hours = read.parse(parse_hours, declaration.get("hours"), "hours")
    _check_hours(read, every, hours)
    season = str(declaration.get("season") or "")
    if season and not _SEASON.fullmatch(season):
        read.wrong(_("时段要写成 11-15..03-15。"), "season")
        season = ""
    proof = words_of(read.listed(declaration.get("proof"), "proof"))
    for index, one in enumerate(proof):
        read.known(one, PROOFS, "proof", index)
    since = read.parse(day_of, declaration.get("from"), "from")
    until = read.parse(day_of, declaration.get("until"), "until")
    if since and until and until < since:
        read.wrong(_("until 比 from 早：前一个要早。"), "until")
    remind, opens, after = _missed(read, declaration.get("missed"))
    rules = PlanRules(
        code=str(declaration.get("plan", "")), title=zh, title_en=en,
        about=title_of(declaration.get("about"))[0], standard=str(does.get("standard", "")), registers=registers,
        where=where, area_level=level, at_departments=departments, by_post=post, by_departments=doers,
        kept_up=isinstance(declaration.get("by"), str), every=every,
        season=season, work_days=days == "work days", hours=hours, draw=_draw(read, declaration.get("draw"), every),
        unannounced=_flag(read, declaration.get("unannounced", False), "unannounced"), proof=proof,
        remind_after=remind, opens=opens, open_after=after, since=since, until=until,
    )  # fmt: skip
    return rules, read.problems


def parse_every(value: object) -> Frequency:
    """Read `6 per day, at least 2 hours apart`, `3 per week`, `per year`, `nightly`, `weekly`. ValueError if not."""
    text = " ".join(str(value).lower().split())
    if text in _ONE_WORD:
        return Frequency(1, _ONE_WORD[text])
    match = _EVERY.fullmatch(text)
    unit = match[2] if match else ""
    if match is None or unit not in UNITS:
        said = _(
            "读不懂多久一次“%(found)s”：写成 6 per day, at least 2 hours apart、3 per week、nightly、weekly、"
            "monthly、quarterly 或 1 per year。"
        )
        raise ValueError(Sentence(said, {"found": value}))
    times, most = int(match[1] or 1), _MOST[unit]
    if not 1 <= times <= most:
        said = _("次数要在 1 到 %(most)d 之间，不是“%(found)s”。")
        raise ValueError(Sentence(said, {"most": most, "found": value}))
    apart = dt.timedelta(**{f"{match[4]}s": int(match[3])}) if match[3] else dt.timedelta(0)
    return Frequency(times, unit, apart)


def parse_hours(value: object) -> tuple[int, int]:
    """Read `06:00-22:00`, or `19:00-05:00` until the next morning, as minutes since midnight. ValueError if not."""
    match = _HOURS.fullmatch(str(value).strip())
    first, last = (
        (int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])) if match else (0, 0)
    )
    if match is None or first == last or last > 24 * 60:
        raise ValueError(Sentence(_("时间写成 06:00-22:00，不是“%(found)s”。"), {"found": value}))
    return first, last


def span_minutes(hours: tuple[int, int]) -> int:
    """How long these hours last, also over midnight."""
    first, last = hours
    return last - first if last > first else last + 24 * 60 - first


def _check_hours(read: Reader, every: Frequency, hours: tuple[int, int] | None) -> None:
    if hours and hours[1] <= hours[0] and every.unit == "day":
        read.wrong(_("跨夜的工作写 every: nightly：它算在晚上那一天。"), "hours")
        return
    if (
        hours
        and every.unit == "night"
        and not (hours[0] >= 12 * 60 and (hours[1] > hours[0] or hours[1] <= 12 * 60))
    ):
        read.wrong(_("夜里的工作从中午以后开始，到第二天中午以前结束，例如 19:00-05:00。"), "hours")
        return
    if every.same_day:
        length = span_minutes(hours or (NIGHT if every.unit == "night" else (0, 24 * 60)))
        needed = (every.times - 1) * every.apart
        if needed > dt.timedelta(minutes=length):
            said = _("这些时间里排不下：%(times)d 次、每次隔 %(apart)d 分钟，至少要 %(needed)d 分钟。")
            values = {
                "times": every.times, "apart": every.apart.seconds // 60, "needed": int(needed.total_seconds() // 60),
            }  # fmt: skip
            read.wrong(Sentence(said, values), "every")


def _at(
    read: Reader, value: object
) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]], str, tuple[str, ...]]:
    at = read.mapping(value, ("register", "where", "areas", "departments"), "at")
    if sum(key in at for key in ("register", "areas", "departments")) != 1:
        read.wrong(
            _("写明查哪里，只写一种：at: {register: [名录]}、{areas: 层级} 或 {departments: [单位]}。"), "at"
        )
    if "where" in at and "register" not in at:
        read.wrong(_("where 只能和 register 一起用。"), "at", "where")
    if level := str(at.get("areas") or ""):
        read.known(level, AREA_LEVELS, "at", "areas")
    where = {
        str(name): words_of(wanted)
        for name, wanted in read.mapping(at.get("where"), (), "at", "where").items()
    }
    return words_of(at.get("register")), where, level, words_of(at.get("departments"))


def _by(read: Reader, value: object) -> tuple[str, tuple[str, ...]]:
    """The post that does it, or the departments whose people go together."""
    if isinstance(value, list) and value:
        return "", words_of(value)
    text = " ".join(str(value or "").split())
    if match := _POST.fullmatch(text):
        return match[1], ()
    if text.startswith("department "):
        return "", (text.removeprefix("department ").strip(),)
    read.wrong(_("写明谁去：by: post 岗位 of the item，或 by: [单位, 单位]（联合）。"), "by")
    return "", ()


def _flag(read: Reader, value: object, *keys: str) -> bool:
    if not isinstance(value, bool):
        read.known(str(value), ("true", "false"), *keys)
    return value is True


def _draw(read: Reader, value: object, every: Frequency) -> DrawRules | None:
    if value is None:
        return None
    draw = read.mapping(value, ("share", "number", "by", "risk", "inspectors"), "draw")
    if ("share" in draw) == ("number" in draw):
        read.wrong(_("抽多少，写 share: 10%% 或 number: 5，只写一个。"), "draw")
    by = words_of(read.listed(draw.get("by"), "draw", "by"))
    for index, word in enumerate(by):
        read.known(word, WEIGHTS, "draw", "by", index)
    if draw.get("risk") and "risk" not in by:
        read.wrong(_("写了 risk 字段，by 里也要有 risk。"), "draw", "risk")
    if every.unit == "day":
        read.wrong(_("随机抽取按夜、周、月、季或年，不按天：改 every。"), "every")
    return DrawRules(
        tenths=read.parse(percent, draw.get("share"), "draw", "share") or 0,
        number=read.count(draw.get("number", 0), "draw", "number"), by=by, risk=str(draw.get("risk") or ""),
        inspectors=read.count(draw.get("inspectors", 0), "draw", "inspectors"),
    )  # fmt: skip


def _missed(read: Reader, value: object) -> tuple[dt.timedelta | None, Opens | None, int]:
    missed = read.mapping(value, ("remind", "open"), "missed")
    remind = read.parse(_remind, missed.get("remind"), "missed", "remind")
    opens = missed.get("open")
    if opens is None:
        return remind, None, 1
    opens = read.mapping(opens, ("ledger", "category", "limit", "after"), "missed", "open")
    after = read.parse(_missed_in_a_row, opens.get("after", "1 missed"), "missed", "open", "after") or 1
    case = {key: opens[key] for key in ("ledger", "category", "limit") if key in opens}
    return remind, read_opens(read, case, "missed", "open"), after


def _remind(value: object) -> dt.timedelta:
    match = _AFTER.fullmatch(str(value).strip())
    if match is None:
        raise ValueError(Sentence(_("写成 after 30 minutes，不是“%(found)s”。"), {"found": value}))
    return dt.timedelta(**{f"{match[2]}s": int(match[1])})


def _missed_in_a_row(value: object) -> int:
    match = _MISSED.fullmatch(str(value).strip())
    if match is None or not int(match[1]):
        raise ValueError(Sentence(_("写成 2 missed（连着缺两次），不是“%(found)s”。"), {"found": value}))
    return int(match[1])


# -- plans for the same place ----------------------------------------------------------------------------------


def overlapping(plans: Iterable[PlanRules]) -> list[tuple[PlanRules, PlanRules]]:
    """Pairs of plans that ask for the same standard at the same places at some time of the year.

    That is allowed, and has one meaning: a visit counts for both, nobody goes twice. Pages show the pairs,
    so that whoever made the second plan knows of the first.
    """
    by_standard: dict[str, list[PlanRules]] = {}
    for plan in plans:
        by_standard.setdefault(plan.standard, []).append(plan)
    return [
        (one, other)
        for same in by_standard.values()
        for one, other in combinations(same, 2)
        if _same_places(one, other) and _same_days(one, other)
    ]


def _same_places(one: PlanRules, other: PlanRules) -> bool:
    if one.area_level and one.area_level == other.area_level:
        return True
    if set(one.at_departments) & set(other.at_departments):
        return True
    if not set(one.registers) & set(other.registers):
        return False
    return all(
        set(wanted) & set(other.where[name]) for name, wanted in one.where.items() if name in other.where
    )


def _same_days(one: PlanRules, other: PlanRules) -> bool:
    first = max(one.since or dt.date.min, other.since or dt.date.min)
    last = min(one.until or dt.date.max, other.until or dt.date.max)
    if first > last:
        return False
    # A leap year has every day that a season may name; a shorter common time is looked at as it is.
    start = first if (last - first).days < 366 else dt.date(2024, 1, 1)
    days = (start + dt.timedelta(days=number) for number in range(min((last - first).days, 365) + 1))
    return any(one.in_season(day) and other.in_season(day) for day in days)
