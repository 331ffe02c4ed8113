"""How projects are run, and the war map, as the pack declares them, read.

Each `read_...` reports every problem with the key it stands under; `from_declaration` is for declarations that were
checked before they were loaded.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from huying.core.language import is_english
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _
from huying.registry.declared.fields import Problem, Reader, title_of

PROJECT_KEYS = (
    "projects", "title", "about", "items", "levels", "kinds", "lists", "update", "visits", "meeting", "problems",
    "permits", "works", "grants", "renovation",
)  # fmt: skip
MAP_KEYS = ("war-map", "title", "about", "near", "classes", "items")
LEVELS = ("provincial", "municipal", "district")
_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Word:
    """A code with its names, and the unit it is measured in."""

    code: str
    title: str
    title_en: str = ""
    unit: str = ""
    unit_en: str = ""
    level: str = ""  # of a list: which level its projects have at least
    group: str = ""  # of a list: what it is shown with
    per_unit_wan: Decimal = Decimal(0)  # of a grant: what one unit is worth

    def __str__(self) -> str:
        return (self.title_en if is_english() else "") or self.title

    @property
    def counted_in(self) -> str:
        """The unit in the reader's language."""
        return (self.unit_en if is_english() else "") or self.unit


Words = Mapping[str, Word]


@dataclass(frozen=True)
class ProjectRules:
    """Everything that the pack says about how projects are run."""

    code: str
    title: str
    title_en: str
    levels: Words
    kinds: Words
    lists: Words
    permits: Words
    works: Words
    grants: Words
    due_day: int = 5  # a month's update is due on this day of the next month, or the next working day
    remind_days: int = 2
    visits_per_month: int = 1
    near_m: int = 500  # a visit this near to the project proves itself
    meeting_before: int = 10
    ledger: str = ""
    category: str = ""
    renovation: str = ""  # the register of renovated compounds

    @staticmethod
    def from_declaration(declaration: Mapping[str, Any]) -> ProjectRules:
        """The rules of a declaration that `pack check` has passed; ValueError names what is wrong."""
        return _projects_of(json.dumps(declaration))


@lru_cache(maxsize=16)
def _projects_of(declaration: str) -> ProjectRules:
    rules, problems = read_projects(json.loads(declaration))
    _refuse(problems)
    return rules


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise ValueError("; ".join(f"{'.'.join(map(str, p.keys))}: {p.sentence}" for p in problems))


def read_projects(declaration: Mapping[str, Any]) -> tuple[ProjectRules, list[Problem]]:
    """Read a declaration of kind `projects`."""
    read = Reader()
    read.mapping(declaration, PROJECT_KEYS)
    zh, en = title_of(declaration.get("title"))
    if not zh:
        read.wrong(_("缺少中文名称：title: {zh: …, en: …}。"), "title")
    update = read.mapping(declaration.get("update"), ("due_day", "remind_days"), "update")
    visits = read.mapping(declaration.get("visits"), ("per_month", "near_m"), "visits")
    meeting = read.mapping(declaration.get("meeting"), ("before_day",), "meeting")
    problems = read.mapping(declaration.get("problems"), ("ledger", "category"), "problems")
    renovation = read.mapping(declaration.get("renovation"), ("register",), "renovation")
    month_day = _("写 1 到 28 的整数：每个月都有这一天。")
    rules = ProjectRules(
        code=str(declaration.get("projects", "")),
        title=zh,
        title_en=en,
        levels=_words(read, declaration.get("levels") or _usual_levels(), "levels", known=LEVELS),
        kinds=_words(read, declaration.get("kinds"), "kinds"),
        lists=_words(read, declaration.get("lists"), "lists"),
        permits=_words(read, declaration.get("permits"), "permits"),
        works=_words(read, declaration.get("works"), "works", measured=True),
        grants=_words(read, declaration.get("grants"), "grants", measured=True),
        due_day=_between(read, update.get("due_day", 5), 1, 28, month_day, "update", "due_day"),
        remind_days=_between(
            read, update.get("remind_days", 2), 0, 20, _("写 0 到 20 的整数。"), "update", "remind_days"
        ),
        visits_per_month=_between(
            read, visits.get("per_month", 1), 1, 31, _("写 1 到 31 的整数。"), "visits", "per_month"
        ),
        near_m=_between(
            read, visits.get("near_m", 500), 1, 20000, _("写米数，例如 500。"), "visits", "near_m"
        ),
        meeting_before=_between(
            read, meeting.get("before_day", 10), 1, 28, month_day, "meeting", "before_day"
        ),
        ledger=str(problems.get("ledger") or ""),
        category=str(problems.get("category") or ""),
        renovation=str(renovation.get("register") or ""),
    )
    return rules, read.problems


def _usual_levels() -> list[dict[str, str]]:
    titles = {"provincial": "省重点", "municipal": "市重点", "district": "区重点"}
    return [{"code": code, "title": titles[code]} for code in LEVELS]


def _between(read: Reader, value: object, least: int, most: int, why: str, *keys: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        read.wrong(why, *keys)
        return least
    return value


def _words(
    read: Reader, value: object, key: str, *, known: tuple[str, ...] = (), measured: bool = False
) -> dict[str, Word]:
    found: dict[str, Word] = {}
    for index, row in enumerate(read.listed(value, key)):
        at = (key, index)
        row = read.mapping(row, ("code", "title", "unit", "level", "group", "per_unit_wan"), *at)
        code, (zh, en) = str(row.get("code", "")), title_of(row.get("title"))
        if not _CODE.fullmatch(code) or code in found:
            read.wrong(_("每行要有自己的代码，小写字母、数字和连字符：code: land。"), *at, "code")
        elif known:
            read.known(code, known, *at, "code")
        if not zh:
            read.wrong(_("缺少中文名称：title: {zh: …, en: …}。"), *at, "title")
        if row.get("level"):
            read.known(row["level"], LEVELS, *at, "level")
        unit, unit_en = title_of(row.get("unit"))
        if measured and not unit:
            read.wrong(_("写明按什么单位计：unit: 公里。"), *at)
        found[code] = Word(
            code,
            zh,
            en,
            unit,
            unit_en,
            str(row.get("level") or ""),
            str(row.get("group") or ""),
            read.parse(_amount, row.get("per_unit_wan"), *at, "per_unit_wan") or Decimal(0),
        )
    return found


def _amount(value: object) -> Decimal:
    """An amount in 万元. Raises ValueError with a sentence."""
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        found = Decimal(-1)
    if not found.is_finite() or found < 0:
        raise ValueError(Sentence(_("写金额（万元），例如 1.5，不是“%(found)s”。"), {"found": value}))
    return found


# -- the war map ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MapItem:
    """A task as it is declared; `owner` is a department's code."""

    code: str
    category: str
    title: str
    title_en: str
    task: str
    standard: str
    owner: str
    person: str
    begins_on: dt.date | None
    deadline: dt.date | None


@dataclass(frozen=True)
class WarMapRules:
    """A wall chart: its classes, its tasks, and when a light says that the deadline is near."""

    code: str
    title: str
    title_en: str
    about: str
    about_en: str
    near_days: int
    classes: Words
    items: tuple[MapItem, ...]

    @staticmethod
    def from_declaration(declaration: Mapping[str, Any]) -> WarMapRules:
        """The rules of a declaration that `pack check` has passed; ValueError names what is wrong."""
        return _map_of(json.dumps(declaration, default=str))

    def light(
        self, *, done: bool, progress: int, begins_on: dt.date | None, deadline: dt.date, today: dt.date
    ) -> str:
        """Red past the deadline, yellow behind the share of time that is gone, blue near the deadline, else green."""
        if done:
            return "done"
        if today > deadline:
            return "overdue"
        if begins_on and begins_on < deadline and today > begins_on:
            gone = (today - begins_on).days * 100
            if progress * (deadline - begins_on).days < gone:
                return "behind"
        return "near" if (deadline - today).days <= self.near_days else "on time"


@lru_cache(maxsize=16)
def _map_of(declaration: str) -> WarMapRules:
    rules, problems = read_war_map(json.loads(declaration))
    _refuse(problems)
    return rules


def _day(value: object) -> dt.date:
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(Sentence(_("“%(text)s”不是日期，请写成 2026-11-20。"), {"text": value})) from None


def read_war_map(declaration: Mapping[str, Any]) -> tuple[WarMapRules, list[Problem]]:
    """Read a declaration of kind `war-map`."""
    read = Reader()
    read.mapping(declaration, MAP_KEYS)
    zh, en = title_of(declaration.get("title"))
    if not zh:
        read.wrong(_("缺少中文名称：title: {zh: …, en: …}。"), "title")
    about, about_en = title_of(declaration.get("about"))
    near = re.fullmatch(r"(\d{1,3}) days?", str(declaration.get("near", "30 days")))
    if near is None:
        read.wrong(_("写成 near: 30 days。"), "near")
    classes = _words(read, declaration.get("classes"), "classes")
    items: dict[str, MapItem] = {}
    for index, row in enumerate(read.listed(declaration.get("items"), "items")):
        item = _read_item(read, row, index, classes)
        if item.code in items:
            read.wrong(_("每行要有自己的代码，小写字母、数字和连字符：code: land。"), "items", index, "code")
        items[item.code] = item
    rules = WarMapRules(
        str(declaration.get("war-map", "")), zh, en, about, about_en, int(near[1]) if near else 30, classes,
        tuple(items.values()),
    )  # fmt: skip
    return rules, read.problems


def _read_item(read: Reader, row: object, index: int, classes: Words) -> MapItem:
    at = ("items", index)
    keys = ("code", "class", "title", "task", "standard", "owner", "person", "begins", "deadline")
    said = read.mapping(row, keys, *at)
    code, (zh, en) = str(said.get("code", "")), title_of(said.get("title"))
    if not _CODE.fullmatch(code):
        read.wrong(_("每行要有自己的代码，小写字母、数字和连字符：code: land。"), *at, "code")
    if not zh:
        read.wrong(_("缺少中文名称：title: {zh: …, en: …}。"), *at, "title")
    read.known(str(said.get("class", "")), classes, *at, "class")
    begins = read.parse(_day, said.get("begins"), *at, "begins")
    deadline = read.parse(_day, said.get("deadline"), *at, "deadline")
    if deadline is None:
        read.wrong(_("每项要有时限：deadline: 2022-11-30。"), *at)
    elif begins and begins > deadline:
        read.wrong(_("开始的日子比时限晚。"), *at, "begins")
    if not said.get("owner"):
        read.wrong(_("每项要有责任单位：owner: 单位代码。"), *at)
    return MapItem(
        code, str(said.get("class", "")), zh, en, str(said.get("task") or ""), str(said.get("standard") or ""),
        str(said.get("owner") or ""), str(said.get("person") or ""), begins, deadline,
    )  # fmt: skip
