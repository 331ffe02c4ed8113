"""Rosters (kind `rosters`): which posts are manned, on which days and in which shifts, and who may stand there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from huying.packs.reader import LONGEST_CODE, Keys, check_code, check_length, check_title
from huying.packs.wording import expected, said
from huying.people.roles import ROLES
from huying.people.rosters.rules import DAYS, SEASON, clock
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _
from huying.registry.declared.fields import title_of

KEYS = ("rosters", "title", "about", "list")
ROSTER_KEYS = (
    "code", "title", "department", "area", "areas", "topics", "phone", "days", "season", "shifts", "posts", "roles",
    "rest_hours", "early_minutes", "late_minutes", "handover",
)  # fmt: skip
_SHIFT_KEYS = ("code", "title", "from", "to", "people")
_LONGEST_SHIFT_CODE = 20
_KEPT = ("days", "season", "posts", "roles", "rest_hours", "early_minutes", "late_minutes", "handover")
_NUMBERS = {"rest_hours": 48, "early_minutes": 240, "late_minutes": 240}

Known = Mapping[str, Collection[str]]


def check_rosters(value: Mapping[str, Any], known: Known) -> Iterator[tuple[Keys, Sentence]]:
    """What is wrong with the declaration, with the keys that lead to the place.

    `known`: codes of `departments`, `areas`, `topics` and `posts`.
    """
    for key in value:
        if key not in KEYS:
            yield (key,), expected(key, KEYS)
    rows = value.get("list") or []
    if not rows:
        yield ("list",), said(_("写一个 list: 列表，每行一个，用 - 开头。"))
    seen: set[str] = set()
    for index, row in enumerate(rows):
        at: Keys = ("list", index)
        if row.get("code") in seen:
            yield (*at, "code"), said(_("“%(code)s”写了两次，请改一个代码。"), code=row["code"])
        seen.add(str(row.get("code")))
        for keys, sentence in _check_roster(row, known):
            yield (*at, *keys), sentence


def _check_roster(row: Mapping[str, Any], known: Known) -> Iterator[tuple[Keys, Sentence]]:
    for key in row:
        if key not in ROSTER_KEYS:
            yield (key,), expected(key, ROSTER_KEYS)
    yield from ((("code",), sentence) for sentence in check_code(row.get("code")))
    yield from ((("title",), sentence) for sentence in check_title(row.get("title")))
    yield from _check_references(row, known)
    if row.get("days", "all") not in DAYS:
        yield ("days",), expected(row["days"], DAYS)
    if row.get("season") and not SEASON.fullmatch(str(row["season"])):
        yield ("season",), said(_("时段要写成 11-15..03-15。"))
    for key, most in _NUMBERS.items():
        if key in row and (not str(row[key]).replace(".", "", 1).isdigit() or float(row[key]) > most):
            yield (key,), said(_("这里写一个数字，最多 %(most)d。"), most=most)
    if not isinstance(row.get("handover", True), bool):
        yield ("handover",), expected(row["handover"], ("true", "false"))
    yield from _check_shifts(row.get("shifts") or [])


def _check_references(row: Mapping[str, Any], known: Known) -> Iterator[tuple[Keys, Sentence]]:
    if not row.get("department"):
        yield ("department",), said(_("写上由哪个单位排班：department: 单位代码。"))
    for key, table in (("department", "departments"), ("area", "areas")):
        if row.get(key) and str(row[key]) not in known[table]:
            yield (key,), expected(row[key], known[table])
    if row.get("area") and row.get("areas"):
        yield ("areas",), said(_("area 和 areas 只写一个：area 是一个岗，areas 是每个区域各一个岗。"))
    for key, words in (
        ("areas", known["areas"]), ("topics", known["topics"]), ("posts", known["posts"]), ("roles", ROLES),
    ):  # fmt: skip
        for index, word in enumerate(row.get(key) or ()):
            if str(word) not in words:
                yield (key, index), expected(word, words)
    for area in row.get("areas") or ():
        if len(f"{row.get('code')}-{area}") > LONGEST_CODE:
            yield ("code",), said(_("代码太长：加上区域代码以后最多 %(most)d 个字符。"), most=LONGEST_CODE)
            break
    if not row.get("posts") and not row.get("roles"):
        yield (), said(_("写上谁可以排这个班：posts: [岗位代码] 或 roles: [角色]。"))


def _check_shifts(shifts: list[Mapping[str, Any]]) -> Iterator[tuple[Keys, Sentence]]:
    if not shifts:
        yield ("shifts",), said(_('写班次，例如 - {code: night, title: 夜班, from: "20:00", to: "08:00"}。'))
    seen: set[str] = set()
    for index, shift in enumerate(shifts):
        at: Keys = ("shifts", index)
        for key in shift:
            if key not in _SHIFT_KEYS:
                yield (*at, key), expected(key, _SHIFT_KEYS)
        code = str(shift.get("code", ""))
        yield from (((*at, "code"), sentence) for sentence in check_code(code))
        yield from (((*at, "code"), sentence) for sentence in check_length(code, _LONGEST_SHIFT_CODE))
        yield from (((*at, "title"), sentence) for sentence in check_title(shift.get("title")))
        if code in seen:
            yield (*at, "code"), said(_("“%(code)s”写了两次，请改一个代码。"), code=code)
        seen.add(code)
        for key in ("from", "to"):
            try:
                clock(shift.get(key))
            except ValueError:
                yield (*at, key), said(_('时间写成 "08:00"，带引号。到第二天的，to 写得比 from 早就行。'))
        people = str(shift.get("people", 1))
        if not people.isdigit() or not 1 <= int(people) <= 99:
            yield (*at, "people"), said(_("几个人值班：写 1 到 99 的整数。"))


def roster_rows(
    value: Mapping[str, Any], area_titles: Mapping[str, tuple[str, str]]
) -> dict[str, dict[str, Any]]:
    """What the loader keeps, by code: one row for each roster, or for each of its `areas`."""
    found: dict[str, dict[str, Any]] = {}
    for row in value.get("list") or ():
        zh, en = title_of(row["title"])
        rules = {key: row[key] for key in _KEPT if key in row} | {
            "shifts": [_shift(one) for one in row["shifts"]]
        }
        common = {
            "department": str(row["department"]), "topics": [str(topic) for topic in row.get("topics") or ()],
            "phone": str(row.get("phone", "")), "rules": rules,
        }  # fmt: skip
        code = str(row["code"])
        if row.get("areas"):
            for area in map(str, row["areas"]):
                there, there_en = area_titles.get(area, (area, ""))
                found[f"{code}-{area}"] = common | {
                    "area": area, "title": f"{there}{zh}"[:120], "title_en": f"{en}, {there_en}"[:160] if en else "",
                }  # fmt: skip
        else:
            found[code] = common | {"area": str(row.get("area") or ""), "title": zh, "title_en": en}
    return found


def _shift(said_: Mapping[str, Any]) -> dict[str, Any]:
    zh, en = title_of(said_["title"])
    return {
        "code": str(said_["code"]), "title": zh, "title_en": en, "from": str(said_["from"]).zfill(5),
        "to": str(said_["to"]).zfill(5), "people": int(said_.get("people", 1)),
    }  # fmt: skip
