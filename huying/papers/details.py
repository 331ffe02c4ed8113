"""What is said about a paper beside its text: whom it goes to, what is attached, who signs, when the meeting is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from huying.core.errors import Refusal
from huying.papers.rules import SECRECIES, URGENCIES, KindRules
from huying.people.models import Department

MOST = 60  # addressees, attachments, people of one paper
_LISTS = {"attachments": 120, "signatories": 60, "attendees": 60}
_WORDS = {"place": 120, "held_at": 40, "urgency": 4, "secrecy": 12}
_ANYWHERE = ("urgency", "secrecy", "attachments", "cc")  # a paper of any kind may have them


def clean_details(rules: KindRules, said: Mapping[str, Any]) -> dict[str, Any]:
    """What a paper of this kind keeps of it. Raises Refusal for what can't be read."""
    found: dict[str, Any] = {}
    wanted = (*rules.fields, *_ANYWHERE)
    for key in ("addressees", "cc"):
        if key in wanted and (rows := _recipients(said.get(key) or (), key)):
            found[key] = rows
    for key, longest in _LISTS.items():
        lines = [str(each).strip()[:longest] for each in said.get(key) or ()]
        if key in wanted and (lines := [line for line in lines if line]):
            _not_too_many(lines, key)
            found[key] = lines
    for key, longest in _WORDS.items():
        if key in wanted and (words := str(said.get(key) or "").strip()[:longest]):
            found[key] = words
    for key, known in (("urgency", URGENCIES), ("secrecy", SECRECIES)):
        if found.get(key) and found[key] not in known:
            raise Refusal(_("请从列表里选。"), field=key)
    if found.get("held_at"):
        try:
            dt.datetime.fromisoformat(found["held_at"])
        except ValueError:
            raise Refusal(_("请写会议的日期和时间，例如 2026-11-25 09:00。"), field="held_at") from None
    return found


def _not_too_many(rows: list[Any], key: str) -> None:
    if len(rows) > MOST:
        raise Refusal(_("最多 %d 个。") % MOST, field=key)


def _recipients(rows: Iterable[Any], key: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for row in rows:
        said = dict(row) if isinstance(row, Mapping) else {"name": str(row)}
        if code := str(said.get("department") or ""):
            one = {"department": code}
        elif name := str(said.get("name") or "").strip():
            one = {"name": name[:120]}
        else:
            continue
        if one not in found:
            found.append(one)
    _not_too_many(found, key)
    codes = {each["department"] for each in found if "department" in each}
    known = set(Department.objects.filter(code__in=codes).values_list("code", flat=True)) if codes else set()
    if missing := codes - known:
        raise Refusal(_("没有这个部门：%s。") % "、".join(sorted(missing)), field=key)
    return found


def names_of(rows: object) -> list[str]:
    """The names of addressees as they stand on the paper: a department by its title."""
    found = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list | tuple) else []
    codes = [row["department"] for row in found if row.get("department")]
    titles = dict(Department.objects.filter(code__in=codes).values_list("code", "title")) if codes else {}
    return [
        str(titles.get(row["department"], row["department"]))
        if row.get("department")
        else str(row.get("name", ""))
        for row in found
    ]


def said_details(details: Mapping[str, Any]) -> dict[str, str]:
    """Single words as they stand on the paper: 2026年11月25日（星期三）9:00."""
    found = {key: str(details[key]) for key in _WORDS if details.get(key)}
    if held := found.get("held_at"):
        at = dt.datetime.fromisoformat(held)
        day = "一二三四五六日"[at.weekday()]
        found["held_at"] = f"{at.year}年{at.month}月{at.day}日（星期{day}）{at.hour}:{at.minute:02d}"
    return found
