"""Visits to households (kind `visits`): what is asked at the door, and what a bad reading opens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from huying.cases.ledger import read_rules
from huying.community.questions import HOUSEHOLD_WORDS, as_ledger
from huying.packs.reader import Keys
from huying.packs.wording import expected, said
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _

KEYS = ("visits", "title", "about", "fields", "low")
_LOW = ("field", "below", "opens")
_OPENS = ("ledger", "category", "words", "fields")


def check_visits(value: Mapping[str, Any]) -> Iterator[tuple[Keys, Sentence]]:
    """What is wrong with the declaration, with the keys that lead to the place."""
    for key in value:
        if key not in KEYS:
            yield (key,), expected(key, KEYS)
    rules, problems = read_rules(as_ledger(value))
    yield from ((problem.keys, problem.sentence) for problem in problems if problem.keys[:1] == ("fields",))
    low = value.get("low") or {}
    for key in low:
        if key not in _LOW:
            yield ("low", key), expected(key, _LOW)
    numbers = [field.code for field in rules.fields if field.type == "number"]
    if low and low.get("field") not in numbers:
        yield ("low", "field"), expected(low.get("field", ""), numbers)
    if low:
        try:
            float(str(low.get("below")))
        except ValueError:
            yield ("low", "below"), said(_("这里写一个数字，例如 18。"))
    opens = low.get("opens") or {}
    for key in opens:
        if key not in _OPENS:
            yield ("low", "opens", key), expected(key, _OPENS)
    for code, word in (opens.get("fields") or {}).items():
        if word not in HOUSEHOLD_WORDS:
            yield ("low", "opens", "fields", code), expected(word, HOUSEHOLD_WORDS)
