"""A standard's declaration, read: what is looked at, how many points it is worth, and what failing opens.

`read_standard` reports every problem with the key it stands under; `StandardRules.from_declaration` is for
declarations that were checked before they were loaded.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from huying.core.language import is_english
from huying.places.clock import TimeLimit, parse_limit
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _
from huying.registry.declared.fields import Field, Problem, Reader, read_fields, title_of

EVIDENCE = ("none", "photo", "reading")
KINDS = ("must", "ban")
SIGNATURES = ("none", "asked", "required")
# Which paper a failing round issues: 督办函 or 责令整改通知书.
LETTERS = ("supervision", "order")
AREA_LEVELS = ("district", "subdistrict", "community", "village", "compound", "grid")
MOST_POINTS = 1000
_KEYS = (
    "standard", "title", "about", "applies_to", "from", "items", "fields", "pass", "grades", "letter", "signature",
)  # fmt: skip
_ITEM_KEYS = (
    "code", "title", "group", "points", "evidence", "kind", "critical", "reading", "help", "fails_open",
)  # fmt: skip
_COMPARISON = re.compile(r"\s*value\s*(<=|>=|==|!=|<|>)\s*(-?\d+(?:\.\d+)?)\s*")

# Readings are judged on the phone as well, so a condition on them is made of comparisons with `value` alone:
# alternatives (||) of comparisons that all hold (&&).
Bounds = tuple[tuple[tuple[str, float], ...], ...]


@dataclass(frozen=True)
class Opens:
    """The case that something opens: in which ledger, as what, and with which limit instead of its own."""

    ledger: str
    category: str = ""
    limit: TimeLimit | None = None


@dataclass(frozen=True)
class StandardItem:
    """One thing that is looked at. A `ban` is answered in the same words: pass means that it was not seen."""

    code: str
    title: str
    title_en: str = ""
    group: str = ""
    group_en: str = ""
    points: int = 1
    evidence: str = "none"
    kind: str = "must"
    critical: str = ""  # "": counts its points; "fails": the round fails; "zero": and its score is nothing
    unit: str = ""
    bounds: Bounds = ()
    help: str = ""
    opens: Opens | None = None

    def __str__(self) -> str:
        return (self.title_en if is_english() else "") or self.title

    @property
    def fault(self) -> str:
        """What is wrong where it fails, as cases and letters name it: a must is named as not met, a ban as seen."""
        return self.title if self.kind == "ban" else f"不符合「{self.title}」"


@dataclass(frozen=True)
class Grade:
    """What a score from this many tenths of a percent on is called."""

    since: int
    title: str
    title_en: str = ""

    def __str__(self) -> str:
        return (self.title_en if is_english() else "") or self.title


@dataclass(frozen=True)
class Letter:
    """The paper that a failing round issues, and by when it is to be answered."""

    kind: str
    within: TimeLimit | None = None
    words: str = ""


@dataclass(frozen=True)
class StandardRules:
    """Everything that a round asks of its standard."""

    code: str
    title: str
    title_en: str = ""
    about: str = ""
    registers: tuple[str, ...] = ()
    area_level: str = ""
    departments: bool = False
    valid_from: dt.date | None = None
    items: tuple[StandardItem, ...] = ()
    fields: tuple[Field, ...] = ()
    pass_tenths: int = 1000  # where the pack says nothing, everything has to be right
    grades: tuple[Grade, ...] = ()  # the highest first
    letter: Letter | None = None
    signature: str = "none"

    def item(self, code: str) -> StandardItem | None:
        """The item with this code, where it is declared."""
        return next((item for item in self.items if item.code == code), None)

    @property
    def groups(self) -> list[tuple[str, list[StandardItem]]]:
        """The items under their headings, both in the order of the pack."""
        found: dict[str, list[StandardItem]] = {}
        for item in self.items:
            found.setdefault((item.group_en if is_english() else "") or item.group, []).append(item)
        return list(found.items())

    @staticmethod
    def from_declaration(declaration: Mapping[str, Any]) -> StandardRules:
        """The rules of a declaration that `pack check` has passed; ValueError names what is wrong."""
        return _rules_of(json.dumps(declaration))


@lru_cache(maxsize=256)
def _rules_of(declaration: str) -> StandardRules:
    rules, problems = read_standard(json.loads(declaration))
    if problems:
        raise ValueError("; ".join(f"{'.'.join(map(str, p.keys))}: {p.sentence}" for p in problems))
    return rules


def read_standard(declaration: Mapping[str, Any]) -> tuple[StandardRules, list[Problem]]:
    """Read a standard's declaration; the rules hold defaults where a problem is reported."""
    read = Reader()
    read.mapping(declaration, _KEYS)
    zh, en = title_of(declaration.get("title"))
    if not zh:
        read.wrong(_("缺少中文名称：title: {zh: …, en: …}。"), "title")
    applies = read.mapping(declaration.get("applies_to"), ("register", "areas", "departments"), "applies_to")
    if len(applies) != 1:
        read.wrong(
            _("写明查什么，只写一种：applies_to: {register: [名录]}、{areas: 层级} 或 {departments: true}。"),
            "applies_to",
        )
    level = str(applies.get("areas") or "")
    if level:
        read.known(level, AREA_LEVELS, "applies_to", "areas")
    departments = applies.get("departments", False)
    if not isinstance(departments, bool):
        read.wrong(_("这里写 true：查的是部门，哪些部门由计划来定。"), "applies_to", "departments")
    share = read.parse(percent, declaration.get("pass", "100%"), "pass")
    signature = str(declaration.get("signature") or "none")
    read.known(signature, SIGNATURES, "signature")
    rules = StandardRules(
        code=str(declaration.get("standard", "")), title=zh, title_en=en,
        about=title_of(declaration.get("about"))[0], registers=words_of(applies.get("register")),
        area_level=level, departments=departments is True,
        valid_from=read.parse(day_of, declaration.get("from"), "from"), items=_items(read, declaration),
        fields=read_fields(read, declaration.get("fields"), "fields"),
        pass_tenths=1000 if share is None else share, grades=_grades(read, declaration.get("grades")),
        letter=_letter(read, declaration.get("letter")), signature=signature,
    )  # fmt: skip
    return rules, read.problems


def _items(read: Reader, declaration: Mapping[str, Any]) -> tuple[StandardItem, ...]:
    rows = read.listed(declaration.get("items"), "items")
    if not rows:
        read.wrong(_("写上要看哪些：items: [{code: …, title: …}]。"), "items")
    found: dict[str, StandardItem] = {}
    for index, row in enumerate(rows):
        row = read.mapping(row, _ITEM_KEYS, "items", index)
        item = _item(read, row, index)
        if item.code in found:
            said = Sentence(_("“%(code)s”写了两次，请改一个代码。"), {"code": item.code})
            read.wrong(said, "items", index, "code")
        found[item.code] = item
    return tuple(found.values())


def _item(read: Reader, row: Mapping[str, Any], index: int) -> StandardItem:
    at = ("items", index)
    zh, en = title_of(row.get("title"))
    if not zh:
        read.wrong(_("缺少中文名称：title: {zh: …, en: …}。"), *at, "title")
    group, group_en = title_of(row.get("group"))
    points = read.count(row.get("points", 1), *at, "points", at_most=MOST_POINTS, why=_("一项最多 1000 分。"))
    evidence = str(row.get("evidence", "none"))
    read.known(evidence, EVIDENCE, *at, "evidence")
    kind = str(row.get("kind", "must"))
    read.known(kind, KINDS, *at, "kind")
    unit, bounds = _reading(read, row, evidence, at)
    return StandardItem(
        code=str(row.get("code", "")), title=zh, title_en=en, group=group, group_en=group_en, points=points,
        evidence=evidence, kind=kind, critical=_critical(read, row.get("critical", False), at), unit=unit,
        bounds=bounds, help=title_of(row.get("help"))[0],
        opens=read_opens(read, row.get("fails_open"), *at, "fails_open"),
    )  # fmt: skip


def _critical(read: Reader, value: object, at: tuple[str | int, ...]) -> str:
    if value == "zero":
        return "zero"
    if not isinstance(value, bool):
        read.wrong(_("写 true（这一项不合格，整次就不合格），或 zero（并且得零分）。"), *at, "critical")
    return "fails" if value is True else ""


def _reading(
    read: Reader, row: Mapping[str, Any], evidence: str, at: tuple[str | int, ...]
) -> tuple[str, Bounds]:
    reading = read.mapping(row.get("reading"), ("unit", "holds"), *at, "reading")
    if (evidence == "reading") != bool(reading):
        read.wrong(
            _('要读数的项目写 evidence: reading，并写怎样算合格：reading: {unit: °C, holds: "value >= 18"}。'),
            *at, "reading" if reading else "evidence",
        )  # fmt: skip
        return "", ()
    if not reading:
        return "", ()
    bounds = read.parse(parse_bounds, str(reading.get("holds") or ""), *at, "reading", "holds")
    return str(reading.get("unit", "")), bounds or ()


def parse_bounds(text: str) -> Bounds:
    """Read `value >= 18 && value <= 26 || value == 0`. Raises ValueError with a sentence.

    Of CEL only comparisons of `value` with numbers, joined by && and ||, are taken: all that is taken is CEL.
    """
    try:
        return tuple(tuple(_comparison(part) for part in group.split("&&")) for group in text.split("||"))
    except ValueError:
        said = _("条件只能拿 value 和数字比，用 && 和 || 相连，例如 value >= 18，不是“%(found)s”。")
        raise ValueError(Sentence(said, {"found": text})) from None


def _comparison(text: str) -> tuple[str, float]:
    match = _COMPARISON.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return match[1], float(match[2])


def read_opens(read: Reader, value: object, *keys: str | int) -> Opens | None:
    """Which case is opened: `{ledger: ..., category: ..., limit: ...}`; None where nothing is."""
    if value is None:
        return None
    opens = read.mapping(value, ("ledger", "category", "limit"), *keys)
    if not opens.get("ledger"):
        read.wrong(_("写明进哪个台账：ledger: 台账代码。"), *keys)
    limit = read.parse(lambda text: parse_limit(str(text)), opens.get("limit"), *keys, "limit")
    return Opens(str(opens.get("ledger", "")), str(opens.get("category", "")), limit)


def _grades(read: Reader, value: object) -> tuple[Grade, ...]:
    grades = []
    for index, row in enumerate(read.listed(value, "grades")):
        row = read.mapping(row, ("from", "title"), "grades", index)
        since = read.parse(percent, row.get("from", ""), "grades", index, "from")
        zh, en = title_of(row.get("title"))
        if not zh:
            read.wrong(_("缺少中文名称：title: {zh: …, en: …}。"), "grades", index)
        if since is not None:
            grades.append(Grade(since, zh, en))
    return tuple(sorted(grades, key=lambda grade: -grade.since))


def _letter(read: Reader, value: object) -> Letter | None:
    if value is None:
        return None
    letter = read.mapping(value, ("kind", "within", "words"), "letter")
    read.known(letter.get("kind", ""), LETTERS, "letter", "kind")
    within = read.parse(lambda text: parse_limit(str(text)), letter.get("within"), "letter", "within")
    return Letter(str(letter.get("kind", "")), within, title_of(letter.get("words"))[0])


def percent(value: object) -> int:
    """`80`, `80%` or `92.5%` in tenths of a percent, from 0 to 100 percent. Raises ValueError with a sentence."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d)?)\s*%?\s*", str(value))
    tenths = Fraction(match[1]) * 10 if match else None
    if tenths is None or tenths > 1000:
        raise ValueError(
            Sentence(_("要写 0 到 100 的百分数，例如 80%%，不是“%(found)s”。"), {"found": value})
        )
    return int(tenths)


def day_of(value: object) -> dt.date:
    """`2026-11-20`. Raises ValueError with a sentence."""
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        said = _("“%(text)s”不是日期，请写成 2026-11-20。")
        raise ValueError(Sentence(said, {"text": value})) from None


def words_of(value: object) -> tuple[str, ...]:
    """One word or a list of words."""
    if value is None or value == "":
        return ()
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)
