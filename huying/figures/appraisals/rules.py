"""An appraisal (考核) as the pack declares it: whose, over which period, scored by which parts.

    appraisal: hotline-scoring
    title: {zh: 热线月度考核, en: Monthly appraisal of the hotline}
    of: department                      # or subdistrict, community
    every: month                        # or quarter, year
    parts:
      - {code: on-time, title: 按时办结率, figure: hotline-on-time, input: 2 decimals, formula: "25 - (100 - p)"}
      - {code: satisfied, title: 满意率, figure: hotline-satisfaction, formula: "max(12.5, 25 - 0.5 * (98 - p))"}
    at_least: 5
    unranked: no demand
    tiers: [{title: 好, from: 45}, {title: 较好, from: 40}, {title: 一般, from: 0}]

In a formula stand `p` (the figure in percent), `n` and `d` (what is above and below the line), `v` (the figure itself),
`m` (`n` per head: see `per_head`), `households`, what `given` says of each unit, and the points of earlier parts by
their code, a hyphen written `_`. All of it is exact; rounding is said: `input` rounds p, v and m before the formula,
`round` of a part rounds its points before they are added, `show` rounds the score at the very end. Half up, always.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any

from huying.core.language import is_english
from huying.figures.appraisals.formula import Formula, plain
from huying.figures.appraisals.formula import read as read_formula
from huying.places.clock import TimeLimit, parse_limit
from huying.places.rounding import Show, parse_show
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _
from huying.registry.declared.fields import Problem, Reader, title_of

OF = {"department": _("部门"), "subdistrict": _("街道"), "community": _("社区")}
EVERY = {"month": _("每月"), "quarter": _("每季度"), "year": _("每年")}
EMPTY = ("unranked", "full", "nothing")
KEYS = (
    "appraisal",
    "title",
    "about",
    "source",
    "of",
    "units",
    "every",
    "parts",
    "given",
    "at_least",
    "unranked",
    "tiers",
    "show",
    "least",
    "most",
    "bonus",
    "penalty",
    "appeals",
)
_PART_KEYS = (
    "code",
    "title",
    "figure",
    "formula",
    "points",
    "least",
    "most",
    "input",
    "round",
    "per_head",
    "empty",
    "about",
    "counts",
)
_OWN_NAMES = ("p", "n", "d", "v", "m", "points", "households")
_ITEM_KEYS = ("code", "title", "points", "most", "evidence")


@dataclass(frozen=True)
class Part:
    """One part of the score, from one figure. `counts: false` shows the part without adding it."""

    code: str
    title: str
    title_en: str = ""
    figure: str = ""
    formula: Formula | None = None
    points: Fraction | None = None
    least: Fraction | None = None
    most: Fraction | None = None
    input: Show | None = None
    round: Show | None = None
    per_head: Fraction | None = None
    empty: str = "unranked"
    counts: bool = True
    about: str = ""
    about_en: str = ""

    def __str__(self) -> str:
        return (self.title_en if is_english() else "") or self.title

    @property
    def name(self) -> str:
        """What it is called in formulas of later parts."""
        return self.code.replace("-", "_")

    @property
    def explained(self) -> str:
        """What stands in `about`."""
        return (self.about_en if is_english() else "") or self.about


@dataclass(frozen=True)
class Item:
    """Points given or taken for something that happened: an award, an exposure. One line each, with evidence."""

    code: str
    title: str
    title_en: str = ""
    points: Fraction = Fraction(0)  # negative: taken off
    most: Fraction | None = None  # in one period, whichever its sign
    evidence: bool = True

    def __str__(self) -> str:
        return (self.title_en if is_english() else "") or self.title

    @property
    def signed(self) -> str:
        """+2 or −1."""
        return f"{'+' if self.points >= 0 else '−'}{plain(abs(self.points))}"


@dataclass(frozen=True)
class Tier:
    """A band of scores that is told instead of a place."""

    title: str
    title_en: str
    least: Fraction

    def __str__(self) -> str:
        return (self.title_en if is_english() else "") or self.title


@dataclass(frozen=True)
class AppraisalRules:
    """An appraisal, understood."""

    code: str
    title: str
    title_en: str = ""
    about: str = ""
    about_en: str = ""
    source: str = ""
    of: str = "department"
    units: tuple[str, ...] = ()
    every: str = "month"
    parts: tuple[Part, ...] = ()
    given: Mapping[str, Mapping[str, Fraction]] = field(default_factory=dict)
    at_least: int = 0
    no_demand: bool = False
    tiers: tuple[Tier, ...] = ()
    show: Show = field(default_factory=lambda: Show("", 2))
    least: Fraction | None = None
    most: Fraction | None = None
    items: tuple[Item, ...] = ()
    appeals: TimeLimit | None = None

    def __str__(self) -> str:
        return (self.title_en if is_english() else "") or self.title

    @property
    def explained(self) -> str:
        """What stands in `about`, in the reader's language."""
        return (self.about_en if is_english() else "") or self.about

    def part(self, code: str) -> Part | None:
        """The part of this code."""
        return next((part for part in self.parts if part.code == code), None)

    def item(self, code: str) -> Item | None:
        """The bonus or penalty of this code."""
        return next((item for item in self.items if item.code == code), None)

    @staticmethod
    def from_declaration(declaration: Mapping[str, Any]) -> AppraisalRules:
        """The rules of a declaration that `pack check` has passed; ValueError names what is wrong."""
        return _rules_of(json.dumps(declaration))


@lru_cache(maxsize=256)
def _rules_of(declaration: str) -> AppraisalRules:
    rules, problems = read_appraisal(json.loads(declaration))
    if problems:
        raise ValueError("; ".join(f"{'.'.join(map(str, p.keys))}: {p.sentence}" for p in problems))
    return rules


def exact_number(value: object) -> Fraction:
    """A number as it is written, exactly. Raises ValueError."""
    return Fraction(str(value).strip())


def read_appraisal(declaration: Mapping[str, Any]) -> tuple[AppraisalRules, list[Problem]]:
    """Read a declaration; its references are checked by the pack."""
    read = Reader()
    read.mapping(declaration, KEYS)
    zh, en = title_of(declaration.get("title"))
    if not zh:
        read.wrong(_("缺少中文名称：title: {zh: …, en: …}。"), "title")
    about, about_en = title_of(declaration.get("about"))
    of, every = str(declaration.get("of") or ""), str(declaration.get("every") or "month")
    read.known(of, OF, "of")
    read.known(every, EVERY, "every")
    given = {
        str(name): {
            str(unit): number
            for unit, said in row.items()
            if (number := read.parse(exact_number, said, "given", name, unit)) is not None
        }
        for name, row in read.mapping(declaration.get("given"), (), "given").items()
        if isinstance(row, Mapping)
    }
    parts = _read_parts(read, declaration, given)
    unranked = declaration.get("unranked")
    if unranked is not None:
        read.known(str(unranked), ("no demand",), "unranked")
    rules = AppraisalRules(
        code=str(declaration.get("appraisal", "")),
        title=zh,
        title_en=en,
        about=about,
        about_en=about_en,
        source=str(declaration.get("source") or ""),
        of=of,
        every=every,
        parts=parts,
        given=given,
        units=tuple(str(each) for each in read.listed(declaration.get("units"), "units")),
        at_least=read.count(declaration.get("at_least", 0), "at_least"),
        no_demand=unranked == "no demand",
        tiers=_read_tiers(read, declaration),
        show=read.parse(parse_show, declaration.get("show"), "show") or Show("", 2),
        least=read.parse(exact_number, declaration.get("least"), "least"),
        most=read.parse(exact_number, declaration.get("most"), "most"),
        items=(*_read_items(read, declaration, "bonus", 1), *_read_items(read, declaration, "penalty", -1)),
        appeals=read.parse(
            lambda said: parse_limit(str(said).removeprefix("within ")), declaration.get("appeals"), "appeals"
        ),
    )
    return rules, read.problems


def _read_parts(read: Reader, declaration: Mapping[str, Any], given: Mapping[str, Any]) -> tuple[Part, ...]:
    found: dict[str, Part] = {}
    rows = read.listed(declaration.get("parts"), "parts")
    if not rows:
        read.wrong(_("考核至少有一项：parts: [{code: …, figure: …, formula: …}]。"), "parts")
    for index, row in enumerate(rows):
        at: tuple[str | int, ...] = ("parts", index)
        row = read.mapping(row, _PART_KEYS, *at)
        code = str(row.get("code", ""))
        if not code or code in found:
            read.wrong(_("每一项要有自己的代码：code: on-time。"), *at, "code")
        zh, en = title_of(row.get("title"))
        about, about_en = title_of(row.get("about"))
        formula = read.parse(lambda said: read_formula(str(said)), row.get("formula"), *at, "formula")
        if row.get("formula") is None:
            read.wrong(_('缺少公式：formula: "25 - (100 - p)"。'), *at, "formula")
        known = {*_OWN_NAMES, *given, *(part.name for part in found.values())}
        for name in sorted(formula.names - known) if formula else ():
            said = Sentence(
                _("公式里的“%(name)s”没有来处，可以写：%(known)s。"),
                {"name": name, "known": "、".join(sorted(known))},
            )
            read.wrong(said, *at, "formula")
        empty = str(row.get("empty") or "unranked")
        read.known(empty, EMPTY, *at, "empty")
        numbers = {
            key: read.parse(exact_number, row.get(key), *at, key)
            for key in ("points", "least", "most", "per_head")
        }
        if empty == "full" and numbers["points"] is None:
            read.wrong(_("empty: full 要写明满分：points: 25。"), *at, "points")
        found[code] = Part(
            code,
            zh or code,
            en,
            str(row.get("figure") or ""),
            formula,
            empty=empty,
            about=about,
            about_en=about_en,
            input=read.parse(parse_show, row.get("input"), *at, "input"),
            round=read.parse(parse_show, row.get("round"), *at, "round"),
            counts=row.get("counts", True) is not False,
            **numbers,
        )
    return tuple(found.values())


def _read_items(read: Reader, declaration: Mapping[str, Any], key: str, sign: int) -> tuple[Item, ...]:
    found: dict[str, Item] = {}
    for index, row in enumerate(read.listed(declaration.get(key), key)):
        row = read.mapping(row, _ITEM_KEYS, key, index)
        code = str(row.get("code", ""))
        if not code or code in found:
            read.wrong(_("每一项要有自己的代码：code: on-time。"), key, index, "code")
        zh, en = title_of(row.get("title"))
        points = read.parse(exact_number, row.get("points", 1), key, index, "points") or Fraction(0)
        most = read.parse(exact_number, row.get("most"), key, index, "most")
        found[code] = Item(
            code, zh or code, en, sign * abs(points), most, row.get("evidence", True) is not False
        )
    return tuple(found.values())


def _read_tiers(read: Reader, declaration: Mapping[str, Any]) -> tuple[Tier, ...]:
    found = []
    for index, row in enumerate(read.listed(declaration.get("tiers"), "tiers")):
        row = read.mapping(row, ("title", "from"), "tiers", index)
        zh, en = title_of(row.get("title"))
        least = read.parse(exact_number, row.get("from", 0), "tiers", index, "from")
        found.append(Tier(zh, en, least if least is not None else Fraction(0)))
    return tuple(sorted(found, key=lambda tier: -tier.least))
