"""Figures, and checks between them, as the pack declares them, read.

    figure: covers-own
    title: {zh: 城管局更换窨井盖、雨水篦子, en: Covers replaced by the bureau}
    of: cases
    where: {ledger: manhole-covers, department: urban-management, status: closed}
    by: [month, subdistrict]
    unit: {zh: 处, en: places}

What is counted is one of WAYS: rows (nothing named), `sum`, `mean`, `distinct`, a share (`count` out of `out_of`), or a
calculation with other figures (`add`, `divide`, `percent_of`, `change`, `pace`). Rounding is said once, in `show`.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any

from huying.core.language import is_english
from huying.inspections.campaigns.rules import Span, parse_span
from huying.inspections.standards import words_of
from huying.places.rounding import WHOLE, Show, parse_show
from huying.places.sentences import gettext_noop as _
from huying.registry.declared.fields import Problem, Reader, title_of

HEAD = (
    "figure",
    "group",
    "title",
    "about",
    "of",
    "where",
    "in",
    "when",
    "by",
    "show",
    "unit",
    "visible",
    "system",
    "cockpit",
)
COUNTED = ("sum", "mean", "distinct", "count", "out_of")
CALCULATED = ("add", "subtract", "divide", "percent_of", "change", "pace")
VISIBLE = ("public", "staff")
RELATIVE = ("this year", "last year", "this month", "last month", "today", "ever")


@dataclass(frozen=True)
class FigureRules:
    """What one figure counts, over which rows, by which rule, for whom."""

    code: str
    title: str
    title_en: str = ""
    about: str = ""
    about_en: str = ""
    of: str = ""  # a collection; empty: calculated from other figures
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    way: str = "rows"  # rows, sum, mean, distinct, share, or one of CALCULATED
    number: str = ""  # the field that is added up, averaged, or told apart
    count: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    out_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parts: tuple[str, ...] = ()  # codes of figures; for percent_of and pace the second is `programme/target`
    asks_change: str = ""  # "increase" or "decrease": which direction is counted as positive
    when: str = ""  # the day that the period is about; empty: the collection's own
    period: str = ""  # a span or one of RELATIVE; empty: whichever is asked
    by: tuple[str, ...] = ()
    show: Show = WHOLE
    unit: str = ""
    unit_en: str = ""
    visible: str = "staff"
    system: str = ""  # the system of the district's papers that it belongs to
    cockpit: int = 0  # its place among the key figures of the cockpit; 0: not shown there
    group: str = ""  # under which heading it is listed: the title of the list that declares it
    group_en: str = ""

    def __str__(self) -> str:
        return (self.title_en if is_english() else "") or self.title

    @property
    def heading(self) -> str:
        """Under which it is listed, in the reader's language."""
        return (self.group_en if is_english() else "") or self.group

    @property
    def explained(self) -> str:
        """What stands in `about`, in the reader's language."""
        return (self.about_en if is_english() else "") or self.about

    @property
    def counted_in(self) -> str:
        """The unit in the reader's language."""
        return (self.unit_en if is_english() else "") or self.unit

    def span(self, today: dt.date) -> Span:
        """The days of its own period; without an end where it names none."""
        year = today.year
        first_of_month = today.replace(day=1)
        last_month = first_of_month - dt.timedelta(days=1)
        named = {
            "this year": Span(dt.date(year, 1, 1), today),
            "last year": Span(dt.date(year - 1, 1, 1), dt.date(year - 1, 12, 31)),
            "this month": Span(first_of_month, today),
            "last month": Span(last_month.replace(day=1), last_month),
            "today": Span(today, today),
            "ever": Span(None, today),
            "": Span(None, today),
        }
        return named[self.period] if self.period in named else parse_span(self.period)

    @staticmethod
    def from_declaration(declaration: Mapping[str, Any]) -> FigureRules:
        """The rules of a declaration that `pack check` has passed; ValueError names what is wrong."""
        return _figure_of(json.dumps(declaration))


@lru_cache(maxsize=2048)
def _figure_of(declaration: str) -> FigureRules:
    rules, problems = read_figure(json.loads(declaration))
    if problems:
        raise ValueError("; ".join(f"{'.'.join(map(str, p.keys))}: {p.sentence}" for p in problems))
    return rules


def parse_period(value: object) -> str:
    """A span of days, or one of RELATIVE. Raises ValueError with a sentence."""
    text = str(value).strip()
    if text not in RELATIVE:
        parse_span(text)
    return text


def _words(read: Reader, value: object, *keys: str | int) -> dict[str, tuple[str, ...]]:
    return {
        str(key): tuple("true" if v is True else "false" if v is False else str(v) for v in each)
        if isinstance(each, list)
        else (("true" if each else "false"),)
        if isinstance(each, bool)
        else words_of(each)
        for key, each in read.mapping(value, (), *keys).items()
    }


def read_figure(declaration: Mapping[str, Any]) -> tuple[FigureRules, list[Problem]]:
    """Read a figure's declaration; its references are checked by the pack."""
    read = Reader()
    read.mapping(declaration, (*HEAD, *COUNTED, *CALCULATED))
    zh, en = title_of(declaration.get("title"))
    if not zh:
        read.wrong(_("缺少中文名称：title: {zh: …, en: …}。"), "title")
    about, about_en = title_of(declaration.get("about"))
    unit, unit_en = title_of(declaration.get("unit"))
    group, group_en = title_of(declaration.get("group"))
    calculated = [key for key in CALCULATED if key in declaration]
    of = str(declaration.get("of") or "")
    if len(calculated) > 1 or (calculated and of):
        read.wrong(_("一个数只有一种算法：要么数一类记录（of），要么由别的数算出来。"), calculated[0])
    if not calculated and not of:
        read.wrong(_("写明数的是什么：of: cases，或者由哪些数算出来：add: [甲, 乙]。"), "figure")
    visible = str(declaration.get("visible") or "staff")
    read.known(visible, VISIBLE, "visible")
    way, number, parts, change = _way(read, declaration, calculated)
    rules = FigureRules(
        code=str(declaration.get("figure", "")), title=zh, title_en=en, about=about, about_en=about_en, of=of,
        where=_words(read, declaration.get("where"), "where"), way=way, number=number,
        count=_words(read, declaration.get("count"), "count"),
        out_of=_words(read, declaration.get("out_of"), "out_of"), parts=parts, asks_change=change,
        when=str(declaration.get("when") or ""), period=read.parse(parse_period, declaration.get("in"), "in") or "",
        by=words_of(declaration.get("by") or []), unit=unit, unit_en=unit_en, visible=visible,
        show=read.parse(parse_show, declaration.get("show"), "show")
        or (Show("percent", 2) if way in ("share", "percent_of", "change") else Show()),
        system=str(declaration.get("system") or ""), group=group, group_en=group_en,
        cockpit=read.parse(int, declaration.get("cockpit", 0), "cockpit") or 0,
    )  # fmt: skip
    return rules, read.problems


def _way(
    read: Reader, declaration: Mapping[str, Any], calculated: list[str]
) -> tuple[str, str, tuple[str, ...], str]:
    """(way, number, parts, direction)."""
    if calculated:
        key = calculated[0]
        value = declaration[key]
        if key in ("percent_of", "pace"):
            row = read.mapping(value, ("figure", "target"), key)
            return key, "", (str(row.get("figure", "")), str(row.get("target", ""))), ""
        if key == "change":
            row = (
                read.mapping(value, ("figure", "count"), key)
                if isinstance(value, dict)
                else {"figure": value}
            )
            direction = str(row.get("count", "increase"))
            read.known(direction, ("increase", "decrease"), key, "count")
            return key, "", (str(row.get("figure", "")),), direction
        parts = words_of(value)
        if key in ("divide", "subtract") and len(parts) != 2:
            read.wrong(_("这里写两个数的代码：[甲, 乙]。"), key)
        return key, "", parts, ""
    if "count" in declaration:
        return "share", "", (), ""
    named = [key for key in ("sum", "mean", "distinct") if declaration.get(key)]
    if len(named) > 1:
        read.wrong(_("一个数只有一种算法：sum、mean、distinct 只写一个。"), named[1])
    return (named[0], str(declaration[named[0]]), (), "") if named else ("rows", "", (), "")


# -- checks between figures ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class CheckRules:
    """A relation that should hold: `sum` of some equals one, some are `same`, or each is `at_most` the next."""

    code: str
    title: str
    title_en: str = ""
    way: str = "same"
    parts: tuple[str, ...] = ()
    equals: str = ""
    within: Fraction = Fraction(0)
    note: str = ""
    note_en: str = ""

    def __str__(self) -> str:
        return (self.title_en if is_english() else "") or self.title

    @property
    def explained(self) -> str:
        """What the note says, in the reader's language."""
        return (self.note_en if is_english() else "") or self.note


def read_checks(declaration: Mapping[str, Any]) -> tuple[tuple[CheckRules, ...], list[Problem]]:
    """Read a file of checks: `checks: <code>` with a `list`."""
    read = Reader()
    read.mapping(declaration, ("checks", "title", "about", "list"))
    found: dict[str, CheckRules] = {}
    for index, row in enumerate(read.listed(declaration.get("list"), "list")):
        at = ("list", index)
        row = read.mapping(row, ("code", "title", "sum", "equals", "same", "at_most", "within", "note"), *at)
        zh, en = title_of(row.get("title"))
        note, note_en = title_of(row.get("note"))
        code = str(row.get("code", ""))
        if not code or code in found:
            read.wrong(_("每个核对关系要有自己的代码：code: covers-add-up。"), *at)
        ways = [key for key in ("sum", "same", "at_most") if key in row]
        if len(ways) != 1 or ("sum" in ways) != ("equals" in row):
            said = _(
                "写 sum: [甲, 乙] 和 equals: 丙，或 same: [甲, 乙]，或 at_most: [甲, 乙]（甲不大于乙）。"
            )
            read.wrong(said, *at)
            continue
        parts = words_of(row[ways[0]])
        within = read.parse(lambda value: Fraction(str(value)), row.get("within", 0), *at, "within")
        found[code] = CheckRules(
            code, zh, en, ways[0], parts, str(row.get("equals") or ""), within or Fraction(0), note, note_en
        )
    return tuple(found.values()), read.problems
