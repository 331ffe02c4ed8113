"""A brief as the pack declares it: a text that is composed from figures, in the register of official papers.

    brief: livelihood
    title: {zh: 民生实事进展, en: Livelihood promises}
    paper: briefing                       # the kind of paper that it is issued as
    every: monthly on day 2 at 08:30      # daily, weekly on Mon, monthly, quarterly, yearly; none: when it is asked for
    period: this year                     # which days its numbers are about, up to the day before
    text:
      - "截至{as_of}，……更换窨井盖、雨水篦子{covers-own}，完成全年目标任务的{covers-own-percent}。"
      - {when: "covers_own > covers_other", text: "……"}

In the text `{code}` is a figure with its unit, `{code:number}` without, `{code:by subdistrict}` a table,
`{code:top 3 by subdistrict}` a sentence, `{code:chart month}` a picture. `{as_of}`, `{from}`, `{period}`, `{year}`,
`{month}` and `{district}` are words.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from huying.core.expressions import BadExpression
from huying.core.expressions import check as check_expression
from huying.core.language import is_english
from huying.figures.rules import RELATIVE, parse_period
from huying.inspections.campaigns.rules import Span, parse_span
from huying.inspections.occurrences import period_of
from huying.inspections.standards import words_of
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _
from huying.registry.declared.fields import Problem, Reader, title_of

KEYS = ("brief", "title", "about", "paper", "to", "every", "period", "where", "text", "en", "names", "system")
WORDS = {
    "as_of": _("截至的那天"),
    "from": _("时段的第一天"),
    "period": _("时段"),
    "year": _("年份"),
    "month": _("月份"),
    "district": _("区名"),
}
PERIODS = ("day", "week", "month", "quarter", "year", *RELATIVE)
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_UNIT = {"daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year"}
_EVERY = re.compile(
    r"(daily|weekly|monthly|quarterly|yearly)(?: on (?:(Mon|Tue|Wed|Thu|Fri|Sat|Sun)|(?:(work) )?day (\d{1,2})))?"
    r"(?: at (\d{1,2}):(\d{2}))?"
)
TOKEN = re.compile(r"\{([a-z0-9_-]+)(?::([^{}]*))?\}")
_WAY = re.compile(r"number|by ([a-z_.]+)|top (\d{1,2}) by ([a-z_.]+)|chart ([a-z_.]+)")
MOST_TOP = 20


@dataclass(frozen=True)
class Every:
    """When a draft is due: after each day, week, month … that is over, on its n-th day, at an hour."""

    unit: str
    day: int = 1  # n-th day of the new period; of a week its weekday, from 1
    work: bool = False  # the n-th work day
    at: dt.time = dt.time(8, 30)


@dataclass(frozen=True)
class Token:
    """`{code:way}` as it stands in a text. `way`: "" (with unit), number, by, top, chart, or word for one of WORDS."""

    text: str
    code: str
    way: str = ""
    by: str = ""
    most: int = 0


@dataclass(frozen=True)
class Piece:
    """A piece of the text, there when its condition holds."""

    text: str
    when: str = ""


@dataclass(frozen=True)
class BriefRules:
    """A brief, understood."""

    code: str
    title: str
    title_en: str = ""
    about: str = ""
    about_en: str = ""
    paper: str = "briefing"
    to: str = ""
    every: Every | None = None
    period: str = "month"
    where: Mapping[str, tuple[str, ...]] | None = None
    pieces: tuple[Piece, ...] = ()
    en: tuple[Piece, ...] = ()
    names: tuple[str, ...] = ()  # words with digits that are no numbers: 12345, 15分钟生活圈
    system: str = ""

    def __str__(self) -> str:
        return (self.title_en if is_english() else "") or self.title

    @property
    def explained(self) -> str:
        """What stands in `about`, in the reader's language."""
        return (self.about_en if is_english() else "") or self.about

    @property
    def how_often(self) -> Sentence:
        """Its rhythm in words."""
        if self.every is None:
            return Sentence(_("不定期"))
        return Sentence(_RHYTHMS[self.every.unit])

    def tokens(self) -> Iterator[Token]:
        """Every token of its text, conditional pieces too."""
        for piece in (*self.pieces, *self.en):
            yield from tokens_of(piece.text)

    def span(self, today: dt.date) -> Span:
        """The days that an issue made today is about: the one that is over, or what ran up to yesterday."""
        yesterday = today - dt.timedelta(days=1)
        unit = {"last year": "year", "last month": "month"}.get(self.period, self.period)
        if unit in ("day", "week", "month", "quarter", "year"):
            over = period_of(unit, period_of(unit, today).first - dt.timedelta(days=1))
            return Span(over.first, over.last)
        if self.period == "today":
            return Span(today, today)
        named = {
            "this year": yesterday.replace(month=1, day=1),
            "this month": yesterday.replace(day=1),
            "ever": None,
        }
        if self.period in named:
            return Span(named[self.period], yesterday)
        own = parse_span(self.period)
        return Span(own.first, min(own.last, yesterday) if own.last else yesterday)

    @staticmethod
    def from_declaration(declaration: Mapping[str, Any]) -> BriefRules:
        """The rules of a declaration that `pack check` has passed; ValueError names what is wrong."""
        return _rules_of(json.dumps(declaration))


_RHYTHMS = {
    "day": _("每天"),
    "week": _("每周"),
    "month": _("每月"),
    "quarter": _("每季度"),
    "year": _("每年"),
}


@lru_cache(maxsize=256)
def _rules_of(declaration: str) -> BriefRules:
    rules, problems = read_brief(json.loads(declaration))
    if problems:
        raise ValueError("; ".join(f"{'.'.join(map(str, p.keys))}: {p.sentence}" for p in problems))
    return rules


def tokens_of(text: str) -> Iterator[Token]:
    """The tokens of a text, in their order. Raises ValueError for one that can't be read."""
    for found in TOKEN.finditer(text):
        yield token_of(found)


def token_of(found: re.Match[str]) -> Token:
    """One token. Raises ValueError with a sentence."""
    code, way = found[1], (found[2] or "").strip()
    if code in WORDS and not way:
        return Token(found[0], code, "word")
    if not way:
        return Token(found[0], code)
    match = _WAY.fullmatch(way)
    if match is None or int(match[2] or 0) > MOST_TOP:
        said = _(
            "“%(found)s”读不懂。冒号后面写 number、by subdistrict、top 3 by subdistrict 或 chart month。"
        )
        raise ValueError(Sentence(said, {"found": found[0]}))
    if match[1]:
        return Token(found[0], code, "by", match[1])
    if match[3]:
        return Token(found[0], code, "top", match[3], int(match[2]))
    return Token(found[0], code, "chart", match[4]) if match[4] else Token(found[0], code, "number")


def parse_every(value: object) -> Every | None:
    """`weekly on Mon at 08:30`, `monthly on work day 2`. Raises ValueError with a sentence."""
    text = str(value).strip()
    if text == "none":
        return None
    match = _EVERY.fullmatch(text)
    said = Sentence(
        _("读不懂“%(found)s”。例如 daily at 17:30、weekly on Mon、monthly on work day 2 at 08:30、none。"),
        {"found": text},
    )
    if match is None or (match[2] and match[1] != "weekly"):
        raise ValueError(said)
    hour, minute = int(match[5] or 8), int(match[6] or 30)
    day = DAYS.index(match[2]) + 1 if match[2] else int(match[4] or 1)
    if hour > 23 or minute > 59 or not 1 <= day <= 28:
        raise ValueError(said)
    return Every(_UNIT[match[1]], day, match[3] == "work", dt.time(hour, minute))


def parse_brief_period(value: object) -> str:
    """One of PERIODS or a span of days. Raises ValueError with a sentence."""
    text = str(value).strip()
    return text if text in PERIODS else parse_period(text)


def read_brief(declaration: Mapping[str, Any]) -> tuple[BriefRules, list[Problem]]:
    """Read a declaration; its references are checked by the pack."""
    read = Reader()
    read.mapping(declaration, KEYS)
    zh, en = title_of(declaration.get("title"))
    if not zh:
        read.wrong(_("缺少中文名称：title: {zh: …, en: …}。"), "title")
    about, about_en = title_of(declaration.get("about"))
    every = read.parse(parse_every, declaration.get("every"), "every")
    period = read.parse(parse_brief_period, declaration.get("period"), "period")
    pieces = tuple(_pieces(read, declaration.get("text"), "text"))
    if not pieces:
        read.wrong(_("写明正文：text: 截至{as_of}，……"), "text")
    where = {
        str(name): words_of(words)
        for name, words in read.mapping(declaration.get("where"), (), "where").items()
    }
    rules = BriefRules(
        code=str(declaration.get("brief", "")),
        title=zh,
        title_en=en,
        about=about,
        about_en=about_en,
        paper=str(declaration.get("paper") or "briefing"),
        to=str(declaration.get("to") or ""),
        every=every,
        period=period or (every.unit if every else "this year"),
        where=where or None,
        pieces=pieces,
        en=tuple(_pieces(read, declaration.get("en"), "en")),
        names=tuple(str(each) for each in read.listed(declaration.get("names"), "names")),
        system=str(declaration.get("system") or ""),
    )
    return rules, read.problems


def _pieces(read: Reader, value: object, key: str) -> Iterator[Piece]:
    rows = value if isinstance(value, list) else [value] if value else []
    for index, row in enumerate(rows):
        at: tuple[str | int, ...] = (key, index) if isinstance(value, list) else (key,)
        if isinstance(row, Mapping):
            row = read.mapping(row, ("when", "text"), *at)
            piece = Piece(str(row.get("text") or ""), str(row.get("when") or ""))
        else:
            piece = Piece(str(row or ""))
        read.parse(lambda text: list(tokens_of(text)), piece.text, *at)
        if piece.when:
            try:
                check_expression(piece.when)
            except BadExpression:
                said = _("条件“%(when)s”读不懂。例如 covers_own > 100（代码里的连字符写成下划线）。")
                read.wrong(Sentence(said, {"when": piece.when}), *at, "when")
        yield piece
