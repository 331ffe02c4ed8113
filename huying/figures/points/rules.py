"""Points for persons (积分) as the pack declares them: whose, for what, how many, and what they may be changed into.

    points: grid-workers
    title: {zh: 网格员积分, en: Points of grid workers}
    who: {role: grid-worker}             # or {post: full-time-grid-worker}
    group: subdistrict                   # whose table they stand in: subdistrict, community, department
    counted:
      - {code: handled, title: 按时办结, figure: cases-in-time, person: handled-by, points: 2, most: {day: 6}}
    deducted:
      - {code: rework, title: 返工, figure: sent-back, person: handled-by, points: 2, most: {month: 10}}
    given:
      - {code: praise, title: 表扬, points: 3, most: {month: 6}}
      - {code: exposure, title: 曝光, points: -3}
    rewards:
      - {code: towel, title: 毛巾一条, points: 15}
    at_least: 5                          # a smaller group has no places
    appeals: within 5 work days

What is counted is a figure of the pack over rows that have a person; each row is worth the same. `most` bounds what one
line brings (or costs) a person on one day and in one month. Everything is exact; `show` rounds a sum at the very end.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any

from huying.core.language import is_english
from huying.figures.appraisals.rules import exact_number
from huying.people.roles import ROLES
from huying.places.clock import TimeLimit, parse_limit
from huying.places.rounding import Show, parse_show
from huying.places.sentences import gettext_noop as _
from huying.registry.declared.fields import Problem, Reader, title_of

GROUPS = {"subdistrict": _("街道"), "community": _("社区"), "department": _("单位")}
NAMES = ("own", "group")
KEYS = (
    "points",
    "title",
    "about",
    "who",
    "group",
    "names",
    "counted",
    "deducted",
    "given",
    "rewards",
    "at_least",
    "least",
    "show",
    "appeals",
)
_LINE_KEYS = ("code", "title", "about", "figure", "person", "points", "most")
_GIVEN_KEYS = ("code", "title", "about", "points", "most", "evidence")


@dataclass(frozen=True)
class Rule:
    """One line of the account: rows of a figure, or entries by hand (`figure` empty). `points` are signed."""

    code: str
    title: str
    title_en: str = ""
    about: str = ""
    about_en: str = ""
    figure: str = ""
    person: str = ""
    points: Fraction = Fraction(0)
    day: Fraction | None = None  # at most so many a day, whichever the sign
    month: Fraction | None = None
    evidence: bool = True

    def __str__(self) -> str:
        return (self.title_en if is_english() else "") or self.title

    @property
    def explained(self) -> str:
        """What stands in `about`, in the reader's language."""
        return (self.about_en if is_english() else "") or self.about

    @property
    def counted(self) -> bool:
        """Whether its rows are counted by a figure; else people enter them."""
        return bool(self.figure)


@dataclass(frozen=True)
class Reward:
    """Something that points are changed into."""

    code: str
    title: str
    title_en: str
    points: Fraction

    def __str__(self) -> str:
        return (self.title_en if is_english() else "") or self.title


@dataclass(frozen=True)
class PointRules:
    """A scheme of points, understood."""

    code: str
    title: str
    title_en: str = ""
    about: str = ""
    about_en: str = ""
    role: str = ""
    post: str = ""
    group: str = "subdistrict"
    names: str = "own"
    lines: tuple[Rule, ...] = ()
    rewards: tuple[Reward, ...] = ()
    at_least: int = 5
    least: Fraction | None = None
    show: Show = field(default_factory=Show)
    appeals: TimeLimit | None = None

    def __str__(self) -> str:
        return (self.title_en if is_english() else "") or self.title

    @property
    def explained(self) -> str:
        """What stands in `about`, in the reader's language."""
        return (self.about_en if is_english() else "") or self.about

    @property
    def given(self) -> tuple[Rule, ...]:
        """The lines that people enter."""
        return tuple(line for line in self.lines if not line.counted)

    def line(self, code: str) -> Rule | None:
        """The line of this code."""
        return next((line for line in self.lines if line.code == code), None)

    def reward(self, code: str) -> Reward | None:
        """The reward of this code."""
        return next((reward for reward in self.rewards if reward.code == code), None)

    @staticmethod
    def from_declaration(declaration: Mapping[str, Any]) -> PointRules:
        """The rules of a declaration that `pack check` has passed; ValueError names what is wrong."""
        return _rules_of(json.dumps(declaration))


@lru_cache(maxsize=64)
def _rules_of(declaration: str) -> PointRules:
    rules, problems = read_points(json.loads(declaration))
    if problems:
        raise ValueError("; ".join(f"{'.'.join(map(str, p.keys))}: {p.sentence}" for p in problems))
    return rules


def read_points(declaration: Mapping[str, Any]) -> tuple[PointRules, list[Problem]]:
    """Read a declaration; its figures and posts are checked by the pack."""
    read = Reader()
    read.mapping(declaration, KEYS)
    zh, en = title_of(declaration.get("title"))
    if not zh:
        read.wrong(_("缺少中文名称：title: {zh: …, en: …}。"), "title")
    about, about_en = title_of(declaration.get("about"))
    who = read.mapping(declaration.get("who"), ("role", "post"), "who")
    if len(who) != 1:
        read.wrong(_("写明是谁的积分：who: {role: grid-worker}，或 who: {post: 岗位代码}。"), "who")
    if who.get("role"):
        read.known(str(who["role"]), ROLES, "who", "role")
    group = str(declaration.get("group") or "subdistrict")
    read.known(group, GROUPS, "group")
    names = str(declaration.get("names") or "own")
    read.known(names, NAMES, "names")
    lines: dict[str, Rule] = {}
    for key, sign in (("counted", 1), ("deducted", -1), ("given", 0)):
        _read_lines(read, declaration, key, sign, lines)
    if not lines:
        read.wrong(_("至少写一项：counted: [{code: …, figure: …, points: 2}]。"), "counted")
    rules = PointRules(
        code=str(declaration.get("points", "")), title=zh, title_en=en, about=about, about_en=about_en,
        role=str(who.get("role") or ""), post=str(who.get("post") or ""), group=group, names=names,
        lines=tuple(lines.values()), rewards=_read_rewards(read, declaration),
        at_least=read.count(declaration.get("at_least", 5), "at_least"),
        least=read.parse(exact_number, declaration.get("least"), "least"),
        show=read.parse(parse_show, declaration.get("show"), "show") or Show(),
        appeals=read.parse(
            lambda said: parse_limit(str(said).removeprefix("within ")), declaration.get("appeals"), "appeals"
        ),
    )  # fmt: skip
    return rules, read.problems


def _read_lines(
    read: Reader, declaration: Mapping[str, Any], key: str, sign: int, found: dict[str, Rule]
) -> None:
    """Lines of one list; a deduction is written as a positive number, what people give with its own sign."""
    for index, row in enumerate(read.listed(declaration.get(key), key)):
        at: tuple[str | int, ...] = (key, index)
        row = read.mapping(row, _LINE_KEYS if sign else _GIVEN_KEYS, *at)
        code = str(row.get("code", ""))
        if not code or code in found:
            read.wrong(_("每一项要有自己的代码：code: on-time。"), *at, "code")
        zh, en = title_of(row.get("title"))
        about, about_en = title_of(row.get("about"))
        points = read.parse(exact_number, row.get("points"), *at, "points")
        if not points or (sign and points < 0):
            read.wrong(_("写明每次几分，例如 points: 2。"), *at, "points")
        if sign and not row.get("figure"):
            read.wrong(_("写明数的是哪个数：figure: cases-in-time。"), *at, "figure")
        most = read.mapping(row.get("most"), ("day", "month"), *at, "most")
        caps = {
            each: read.parse(exact_number, most.get(each), *at, "most", each) for each in ("day", "month")
        }
        for each, cap in caps.items():
            if cap is not None and cap <= 0:
                read.wrong(_("封顶要大于 0，例如 most: {day: 6, month: 60}。"), *at, "most", each)
        found[code] = Rule(
            code, zh or code, en, about, about_en, figure=str(row.get("figure") or ""),
            person=str(row.get("person") or "person"), points=(sign or 1) * (points or Fraction(0)),
            day=caps["day"], month=caps["month"], evidence=row.get("evidence", True) is not False,
        )  # fmt: skip


def _read_rewards(read: Reader, declaration: Mapping[str, Any]) -> tuple[Reward, ...]:
    found: dict[str, Reward] = {}
    for index, row in enumerate(read.listed(declaration.get("rewards"), "rewards")):
        row = read.mapping(row, ("code", "title", "points"), "rewards", index)
        code = str(row.get("code", ""))
        if not code or code in found:
            read.wrong(_("每一项要有自己的代码：code: on-time。"), "rewards", index, "code")
        zh, en = title_of(row.get("title"))
        points = read.parse(exact_number, row.get("points"), "rewards", index, "points")
        if not points or points <= 0:
            read.wrong(_("写明要几分，例如 points: 15。"), "rewards", index, "points")
        found[code] = Reward(code, zh or code, en, points or Fraction(1))
    return tuple(found.values())
