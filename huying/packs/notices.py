"""The words of notices (kind `notices`): what may be wrong with them, and what is kept of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from huying.cases.telling import TO_REPORTER, TO_STAFF
from huying.inspections import undrawn
from huying.inspections.duties import missed
from huying.notices import rosters
from huying.notices.texts import RESIDENT_TEXTS, ROBOT_WORDS, STAFF_TEXTS, parse_quiet, placeholders
from huying.packs.reader import Keys
from huying.packs.wording import expected, said
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _
from huying.targets.projects import reminders

KEYS = ("notices", "title", "moments", "staff", "quiet", "flood", "daily_at")
# What a notice to a reporter can be about, and what can be filled into it (cases.telling).
MOMENTS = (*TO_REPORTER, "taken_up", "callback", "returned", "overdue")
WORDS = (
    "number", "code", "title", "category", "department", "officer", "due", "new_due", "until", "window", "reason",
    "answer", "main_code", "link",
)  # fmt: skip
# What inspections and projects tell staff, with the words of each.
OF_UPPER_FLOORS = {missed.DUE: missed.WORDS, undrawn.UNDRAWN: undrawn.WORDS, **reminders.WORDS}
STAFF_WORDS = ("number", "category", "department", "due", "title", "link")
_LANGUAGES = ("zh", "en")


def check_notices(value: Mapping[str, Any]) -> Iterator[tuple[Keys, Sentence]]:
    """What is wrong with the declaration, with the keys that lead to the place."""
    yield from _known_keys(value, KEYS)
    for moment, texts in (value.get("moments") or {}).items():
        if moment not in MOMENTS:
            yield ("moments", moment), expected(moment, MOMENTS)
        yield from _texts(texts, RESIDENT_TEXTS, ("moments", moment), dict.fromkeys(RESIDENT_TEXTS, WORDS))
    for code, texts in (value.get("staff") or {}).items():
        known = (*TO_STAFF, *rosters.TO_HEADS, *OF_UPPER_FLOORS)
        if code not in known:
            yield ("staff", code), expected(code, known)
        # A chat group hears nothing that a reporter said or is, nor who should have stood at a post.
        robot: tuple[str, ...] = ROBOT_WORDS
        others: tuple[str, ...] = STAFF_WORDS
        if code in OF_UPPER_FLOORS:
            robot = others = OF_UPPER_FLOORS[code]
        elif code in rosters.TO_HEADS:
            robot, others = rosters.GROUP_WORDS, rosters.WORDS
        allowed = {kind: robot if kind == "robot" else others for kind in STAFF_TEXTS}
        yield from _texts(texts, STAFF_TEXTS, ("staff", code), allowed)
    if value.get("quiet"):
        try:
            parse_quiet(str(value["quiet"]))
        except ValueError:
            yield ("quiet",), said(_("免打扰时段写成 22:00-07:00。"))
    flood = value.get("flood") or {}
    yield from _known_keys(flood, ("more_than", "within_minutes"), "flood")
    for key in ("more_than", "within_minutes"):
        if key in flood and not (
            str(flood[key]).isascii() and str(flood[key]).isdigit() and int(flood[key]) > 0
        ):
            yield ("flood", key), said(_("这里写一个整数，例如 5。"))
    if value.get("daily_at"):
        try:
            dt.time.fromisoformat(str(value["daily_at"]))
        except ValueError:
            yield ("daily_at",), said(_("时间写成 08:30。"))


def _known_keys(
    value: Mapping[str, Any], known: Collection[str], *keys: str | int
) -> Iterator[tuple[Keys, Sentence]]:
    for key in value:
        if key not in known:
            yield (*keys, key), said(_("不认识的键。%(hint)s"), hint=expected(key, known))


def _texts(
    texts: Any, kinds: Collection[str], keys: Keys, allowed: Mapping[str, Collection[str]]
) -> Iterator[tuple[Keys, Sentence]]:
    """One text for all channels, or one for each; each plain or in two languages."""
    if isinstance(texts, Mapping) and not set(texts) <= set(_LANGUAGES):
        yield from _known_keys(texts, kinds, *keys)
        for kind, text in texts.items():
            yield from _text(text, (*keys, kind), allowed.get(kind, ()) or WORDS)
    else:
        # A text for all channels may name what the strictest of them may.
        strict = min(allowed.values(), key=len)
        yield from _text(texts, keys, strict)


def _text(text: Any, keys: Keys, allowed: Collection[str]) -> Iterator[tuple[Keys, Sentence]]:
    if isinstance(text, Mapping):
        yield from _known_keys(text, _LANGUAGES, *keys)
        for language, words in text.items():
            yield from _placeholders(str(words), (*keys, language), allowed)
    else:
        yield from _placeholders(str(text), keys, allowed)


def _placeholders(text: str, keys: Keys, allowed: Collection[str]) -> Iterator[tuple[Keys, Sentence]]:
    """Only what the system can fill in stands in braces."""
    try:
        names = placeholders(text)
    except ValueError:
        yield keys, said(_("花括号没有配对：要填的词写成 {due}。"))
        return
    for name in names:
        if name not in allowed:
            yield keys, expected(name, allowed)


def kept(value: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept on the district's row (`notices.texts` reads it)."""
    return {key: value[key] for key in KEYS[2:] if value.get(key)}
