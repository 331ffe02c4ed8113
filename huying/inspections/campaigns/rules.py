"""Campaigns, rankings and bulletins as the pack declares them, read.

Each `read_...` reports every problem with the key it stands under; `from_declaration` is for declarations that were
checked before they were loaded.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any

from huying.core.language import is_english
from huying.inspections.standards import day_of, words_of
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _
from huying.registry.declared.fields import Problem, Reader, title_of

# Kinds that a campaign is made of, and the word for several of each.
PARTS = {
    "register": "registers", "standard": "standards", "plan": "plans", "ledger": "ledgers", "ranking": "rankings",
    "bulletin": "bulletins",
}  # fmt: skip
HEAD = ("campaign", "title", "about", "season", "period", "lead", "counts", "figures", "awards")
# What a filter of cases may name; `reported` and `closed` take a day, a year or a range of days.
CASE_WORDS = ("ledger", "category", "topic", "area", "department", "status", "channel", "reported", "closed")
ROUND_WORDS = ("standard", "plan", "area", "passed")
COUNTS = (
    "cases", "rounds", "places", "findings", "letters", "people", "orders", "red plates", "black plates", "suspensions",
    "closures", "seized",
)  # fmt: skip
RANKED = ("subdistrict", "community", "village", "department")
EVERY = ("week", "month", "quarter", "year")
DEDUCTIONS = ("open", "overdue", "reopened", "reworked")
LEVELS = ("province", "city")
STATES = ("open", "fixed", "all")
_SPAN = re.compile(r"(\d{4}(?:-\d{2}-\d{2})?)?\s*\.\.\s*(\d{4}(?:-\d{2}-\d{2})?)?")
_EVERY_WORD = {"weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year"}


@dataclass(frozen=True)
class Span:
    """Days from `first` to `last`, both included; None has no end on that side."""

    first: dt.date | None = None
    last: dt.date | None = None

    def __contains__(self, day: dt.date) -> bool:
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    def within(self, other: Span) -> Span:
        """The days that lie in both."""
        firsts = [day for day in (self.first, other.first) if day is not None]
        lasts = [day for day in (self.last, other.last) if day is not None]
        return Span(max(firsts, default=None), min(lasts, default=None))


def parse_span(value: object) -> Span:
    """`2023`, `2023-01-01..2023-11-28`, `from 2023-01-01` or one day. Raises ValueError with a sentence."""
    text = str(value).strip()
    if text.startswith("from "):
        return Span(_edge(text[5:], last=False, found=value))
    if match := _SPAN.fullmatch(text):
        first = _edge(match[1], last=False, found=value) if match[1] else None
        last = _edge(match[2], last=True, found=value) if match[2] else None
        if first and last and first > last:
            raise ValueError(Sentence(_("“%(found)s”的开头比结尾晚。"), {"found": value}))
        return Span(first, last)
    return Span(_edge(text, last=False, found=value), _edge(text, last=True, found=value))


def _edge(text: str, *, last: bool, found: object) -> dt.date:
    try:
        if re.fullmatch(r"\d{4}", text.strip()):
            return dt.date(int(text), 12, 31) if last else dt.date(int(text), 1, 1)
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        said = _("时段写成 2023、2023-01-01..2023-11-28 或 from 2023-01-01，不是“%(found)s”。")
        raise ValueError(Sentence(said, {"found": found})) from None


@dataclass(frozen=True)
class CaseWords:
    """A filter of cases as the pack writes it: values by key, and spans of days."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    spans: Mapping[str, Span] = field(default_factory=dict)


def read_case_words(read: Reader, value: object, *keys: str | int) -> CaseWords:
    """A mapping of field to value, list or range."""
    rows = read.mapping(value, CASE_WORDS, *keys)
    values = {str(key): words_of(each) for key, each in rows.items() if key not in ("reported", "closed")}
    spans = {
        str(key): span
        for key in ("reported", "closed")
        if key in rows and (span := read.parse(parse_span, rows[key], *keys, key)) is not None
    }
    return CaseWords(values, spans)


@dataclass(frozen=True)
class Figure:
    """A number of the campaign that its report gives, counted from rows: so many cases, or what they add up to."""

    code: str
    title: str
    title_en: str = ""
    count: str = "cases"
    sum: str = ""  # a number that the ledger's handling form asks for
    state: str = "all"
    unit: str = ""
    unit_en: str = ""
    target: int = 0  # what was promised; 0: nothing was
    cases: CaseWords = CaseWords()
    rounds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __str__(self) -> str:
        return (self.title_en if is_english() else "") or self.title

    @property
    def counted_in(self) -> str:
        """The unit in the reader's language."""
        return (self.unit_en if is_english() else "") or self.unit


@dataclass(frozen=True)
class Matching:
    """From this day on the district adds so many percent to an award of each level."""

    since: dt.date
    percents: Mapping[str, Fraction]


@dataclass(frozen=True)
class CampaignRules:
    """Everything about a campaign but its parts, which are named by code."""

    code: str
    title: str
    title_en: str = ""
    about: str = ""
    about_en: str = ""
    period: Span = Span()
    lead: str = ""
    uses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by kind
    counts: tuple[CaseWords, ...] = ()
    figures: tuple[Figure, ...] = ()
    matching: tuple[Matching, ...] = ()  # the oldest first

    def match_on(self, day: dt.date) -> Matching | None:
        """The rule for awards that held on this day."""
        return next((rule for rule in reversed(self.matching) if rule.since <= day), None)

    @staticmethod
    def from_declaration(declaration: Mapping[str, Any]) -> CampaignRules:
        """The rules of a declaration that `pack check` has passed; ValueError names what is wrong."""
        return _campaign_of(json.dumps(declaration))


@lru_cache(maxsize=64)
def _campaign_of(declaration: str) -> CampaignRules:
    rules, problems = read_campaign(json.loads(declaration))
    _refuse(problems)
    return rules


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise ValueError("; ".join(f"{'.'.join(map(str, p.keys))}: {p.sentence}" for p in problems))


def parts_of(declaration: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str | int, ...], Any]]:
    """Every part that a campaign names or holds: its kind, the keys to it, and a code or a declaration."""
    kinds = {word: kind for kind, many in PARTS.items() for word in (kind, many)}
    for key, value in declaration.items():
        if kind := kinds.get(key):
            several = isinstance(value, list)
            for index, part in enumerate(value if several else [value]):
                yield kind, ((key, index) if several else (key,)), part


def uses_of(declaration: Mapping[str, Any]) -> dict[str, list[str]]:
    """The codes of a campaign's parts by kind; a part without a code has the campaign's own."""
    found: dict[str, list[str]] = {}
    for kind, _keys, part in parts_of(declaration):
        own = part.get(kind, declaration.get("campaign")) if isinstance(part, dict) else part
        found.setdefault(kind, []).append(str(own))
    return found


def read_campaign(declaration: Mapping[str, Any]) -> tuple[CampaignRules, list[Problem]]:
    """Read a campaign's own keys; its parts are read by their kinds."""
    read = Reader()
    words = {word for kind, many in PARTS.items() for word in (kind, many)}
    read.mapping(declaration, (*HEAD, *sorted(words)))
    zh, en = title_of(declaration.get("title"))
    if not zh:
        read.wrong(_("缺少中文名称：title: {zh: …, en: …}。"), "title")
    about, about_en = title_of(declaration.get("about"))
    counts = tuple(
        read_case_words(read, row, "counts", index)
        for index, row in enumerate(read.listed(declaration.get("counts"), "counts"))
    )
    rules = CampaignRules(
        code=str(declaration.get("campaign", "")), title=zh, title_en=en, about=about, about_en=about_en,
        period=read.parse(parse_span, declaration.get("period", declaration.get("season")), "period") or Span(),
        lead=str(declaration.get("lead") or ""),
        uses={kind: tuple(codes) for kind, codes in uses_of(declaration).items()}, counts=counts,
        figures=_figures(read, declaration.get("figures")), matching=_matching(read, declaration.get("awards")),
    )  # fmt: skip
    return rules, read.problems


def _figures(read: Reader, value: object) -> tuple[Figure, ...]:
    found: dict[str, Figure] = {}
    for index, row in enumerate(read.listed(value, "figures")):
        at = ("figures", index)
        row = read.mapping(row, ("code", "title", "count", "sum", "state", "unit", "where", "target"), *at)
        zh, en = title_of(row.get("title"))
        if not zh:
            read.wrong(_("缺少中文名称：title: {zh: …, en: …}。"), *at, "title")
        count, state = str(row.get("count", "cases")), str(row.get("state", "all"))
        read.known(count, COUNTS, *at, "count")
        read.known(state, STATES, *at, "state")
        of_cases = count == "cases"
        where = row.get("where")
        cases = read_case_words(read, where, *at, "where") if of_cases else CaseWords()
        rounds = {} if of_cases else read.mapping(where, ROUND_WORDS, *at, "where")
        unit, unit_en = title_of(row.get("unit"))
        code = str(row.get("code", ""))
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code) or code in found:
            read.wrong(_("每个数要有自己的代码，小写字母、数字和连字符：code: heaps。"), *at, "code")
        found[code] = Figure(
            code=code, title=zh, title_en=en, count=count, sum=str(row.get("sum") or ""), state=state,
            unit=unit, unit_en=unit_en, cases=cases, target=read.count(row.get("target", 0), *at, "target"),
            rounds={str(key): words_of(each) for key, each in rounds.items()},
        )  # fmt: skip
    return tuple(found.values())


def _share(value: object) -> Fraction:
    """`100%` as a fraction; more than the whole may be matched, nothing negative. ValueError with a sentence."""
    match = re.fullmatch(r"\s*(\d{1,4}(?:\.\d+)?)\s*%\s*", str(value))
    if match is None:
        raise ValueError(Sentence(_("要写百分数，例如 50%%，不是“%(found)s”。"), {"found": value}))
    return Fraction(match[1]) / 100


def _matching(read: Reader, value: object) -> tuple[Matching, ...]:
    awards = read.mapping(value, ("match",), "awards")
    found = []
    for index, row in enumerate(read.listed(awards.get("match"), "awards", "match")):
        at = ("awards", "match", index)
        row = read.mapping(row, ("from", *LEVELS), *at)
        since = read.parse(day_of, row.get("from"), *at, "from")
        if since is None:
            read.wrong(_("写明从哪天起：from: 2022-01-01。"), *at)
            continue
        percents = {
            level: share
            for level in LEVELS
            if level in row and (share := read.parse(_share, row[level], *at, level)) is not None
        }
        found.append(Matching(since, percents))
    return tuple(sorted(found, key=lambda rule: rule.since))


# -- rankings ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RankingRules:
    """Who is ranked, how often, by which scores, less what."""

    code: str
    title: str
    title_en: str = ""
    about: str = ""
    campaign: str = ""
    of: str = "subdistrict"
    every: str = "month"
    weights: Mapping[str, int] = field(default_factory=dict)  # by standard
    deductions: Mapping[str, Fraction] = field(default_factory=dict)  # points for each such case
    at_least: int = 1  # rounds; with fewer a place has no rank
    first: int = 0
    last: int = 0

    @staticmethod
    def from_declaration(declaration: Mapping[str, Any]) -> RankingRules:
        """The rules of a declaration that `pack check` has passed; ValueError names what is wrong."""
        return _ranking_of(json.dumps(declaration))


@lru_cache(maxsize=64)
def _ranking_of(declaration: str) -> RankingRules:
    rules, problems = read_ranking(json.loads(declaration))
    _refuse(problems)
    return rules


def _points(value: object) -> Fraction:
    match = re.fullmatch(r"\s*(\d{1,3}(?:\.\d{1,2})?)\s*", str(value))
    if match is None:
        raise ValueError(Sentence(_("每件扣几分，写成 1 或 0.5，不是“%(found)s”。"), {"found": value}))
    return Fraction(match[1])


def read_ranking(declaration: Mapping[str, Any]) -> tuple[RankingRules, list[Problem]]:
    """Read a ranking's declaration."""
    read = Reader()
    read.mapping(
        declaration,
        (
            "ranking",
            "title",
            "about",
            "campaign",
            "of",
            "every",
            "score",
            "deduct",
            "at_least",
            "first",
            "last",
        ),
    )
    zh, en = title_of(declaration.get("title"))
    if not zh:
        read.wrong(_("缺少中文名称：title: {zh: …, en: …}。"), "title")
    of = str(declaration.get("of", "subdistrict"))
    read.known(of, RANKED, "of")
    every = str(declaration.get("every", "monthly"))
    read.known(every, _EVERY_WORD, "every")
    score = declaration.get("score") or {}
    if isinstance(score, str | list):
        score = dict.fromkeys(words_of(score), 1)
    weights = {
        str(code): read.count(weight, "score", code)
        for code, weight in read.mapping(score, (), "score").items()
    }
    if not weights:
        read.wrong(_("写明按哪些标准的得分排：score: {标准代码: 权重}。"), "score")
    deductions = {
        str(key): points
        for key, value in read.mapping(declaration.get("deduct"), DEDUCTIONS, "deduct").items()
        if (points := read.parse(_points, value, "deduct", key)) is not None
    }
    numbers = {
        name: read.count(declaration.get(name, default), name)
        for name, default in (("at_least", 1), ("first", 0), ("last", 0))
    }
    rules = RankingRules(
        code=str(declaration.get("ranking", "")), title=zh, title_en=en,
        about=title_of(declaration.get("about"))[0], campaign=str(declaration.get("campaign") or ""), of=of,
        every=_EVERY_WORD.get(every, "month"), weights=weights, deductions=deductions, **numbers,
    )  # fmt: skip
    return rules, read.problems


# -- bulletins -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BulletinRules:
    """A series of numbered bulletins: what it is called, whom it goes to, which problems it takes up."""

    code: str
    title: str
    title_en: str = ""
    campaign: str = ""
    to: str = ""
    ask: str = ""
    takes: CaseWords = CaseWords()

    @staticmethod
    def from_declaration(declaration: Mapping[str, Any]) -> BulletinRules:
        """The rules of a declaration that `pack check` has passed; ValueError names what is wrong."""
        return _bulletin_of(json.dumps(declaration))


@lru_cache(maxsize=64)
def _bulletin_of(declaration: str) -> BulletinRules:
    rules, problems = read_bulletin(json.loads(declaration))
    _refuse(problems)
    return rules


def read_bulletin(declaration: Mapping[str, Any]) -> tuple[BulletinRules, list[Problem]]:
    """Read the declaration of a series of bulletins."""
    read = Reader()
    read.mapping(declaration, ("bulletin", "title", "about", "campaign", "to", "ask", "takes"))
    zh, en = title_of(declaration.get("title"))
    if not zh:
        read.wrong(_("缺少中文名称：title: {zh: …, en: …}。"), "title")
    if not declaration.get("campaign"):
        read.wrong(_("写明是哪个专项的通报：campaign: 专项代码。"), "bulletin")
    to = title_of(declaration.get("to"))[0]
    if not to:
        read.wrong(_("写明通报发给谁：to: 各街道、区直各单位。"), "bulletin")
    rules = BulletinRules(
        code=str(declaration.get("bulletin", "")), title=zh, title_en=en,
        campaign=str(declaration.get("campaign") or ""), to=to, ask=title_of(declaration.get("ask"))[0],
        takes=read_case_words(read, declaration.get("takes"), "takes"),
    )  # fmt: skip
    return rules, read.problems
