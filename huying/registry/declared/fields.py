"""How a field is declared: type, words, when it is asked. Mistakes are collected with the keys to their place."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _

FIELD_TYPES = (
    "text", "long text", "number", "money", "date", "time", "choice", "choices", "photo", "photos", "place",
    "person", "phone", "identity number", "credit code", "item", "file", "signature", "yes or no",
)  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """What is wrong with a declaration, and the keys that lead to the place."""

    keys: tuple[str | int, ...]
    sentence: Sentence


@dataclass(frozen=True)
class Field:
    """One declared field of a report form or a handling form."""

    code: str
    type: str
    title: str
    title_en: str = ""
    of: tuple[str, ...] = ()
    unit: str = ""
    required: bool = False
    private: bool = False
    help: str = ""
    when: str = ""


def nearest(word: object, words: Iterable[str]) -> Sentence:
    """For an unknown word: the nearest known one, or all of them."""
    known = list(words)
    close = difflib.get_close_matches(str(word), known, 1, cutoff=0.6)
    if close:
        return Sentence(_("没有“%(found)s”，是不是“%(nearest)s”？"), {"found": word, "nearest": close[0]})
    values = {"found": word, "words": "、".join(known)}
    return Sentence(_("没有“%(found)s”，可以写：%(words)s。"), values)


class Reader:
    """Reads values under keys and collects problems instead of stopping at the first."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def wrong(self, said: Sentence | str, *keys: str | int) -> None:
        """Note a mistake under these keys."""
        self.problems.append(Problem(keys, said if isinstance(said, Sentence) else Sentence(said)))

    def parse(self, reader: Any, value: object, *keys: str | int) -> Any:
        """What `reader` makes of a value; None, and a mistake, where it can't."""
        if value is None:
            return None
        try:
            return reader(value)
        except (ValueError, TypeError) as error:
            said = error.args[0] if error.args else None
            unread = Sentence(_("读不懂“%(found)s”。"), {"found": value})
            self.wrong(said if isinstance(said, Sentence) else unread, *keys)
            return None

    def count(self, value: object, *keys: str | int, at_most: int | None = None, why: str = "") -> int:
        """A whole number; `why` is said when it is more than allowed."""
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            self.wrong(Sentence(_("要写整数，例如 2，不是“%(found)s”。"), {"found": value}), *keys)
            return at_most or 0
        if at_most is not None and value > at_most:
            self.wrong(why, *keys)
        return value

    def known(self, value: Any, words: Iterable[str], *keys: str | int) -> bool:
        """Whether the word is one of these; else a mistake with the nearest."""
        words = tuple(words)
        if value in words:
            return True
        self.wrong(nearest(value, words), *keys)
        return False

    def mapping(self, value: object, keys_known: Iterable[str], *keys: str | int) -> Mapping[str, Any]:
        """A group of keys and values; unknown keys are mistakes."""
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.wrong(_("这里要写一组“键: 值”。"), *keys)
            return {}
        allowed = tuple(keys_known)
        for key in value:
            if allowed:
                self.known(key, allowed, *keys, key)
        return value

    def listed(self, value: object, *keys: str | int) -> list[Any]:
        """A list."""
        if value is None:
            return []
        if not isinstance(value, list):
            self.wrong(_("这里要写列表，例如 [甲, 乙]。"), *keys)
            return []
        return value


def title_of(value: object) -> tuple[str, str]:
    """(zh, en) of `title: {zh: ..., en: ...}` or a plain Chinese string."""
    if isinstance(value, Mapping):
        return str(value.get("zh", "")), str(value.get("en", ""))
    return str(value or ""), ""


def read_fields(read: Reader, value: object, key: str) -> tuple[Field, ...]:
    """The fields declared under this key, in their order; mistakes are noted on the reader."""
    found = []
    for code, spec in read.mapping(value, (), key).items():
        spec = {"type": spec} if isinstance(spec, str) else spec
        spec = read.mapping(
            spec, ("type", "title", "of", "unit", "required", "private", "help", "when"), key, code
        )
        kind = str(spec.get("type", "text"))
        unit = str(spec.get("unit", ""))
        if match := re.match(r"^number \((.+)\)$", kind):
            kind, unit = "number", match[1]
        if not read.known(kind, FIELD_TYPES, key, code, "type"):
            continue
        options = read.listed(spec.get("of"), key, code, "of")
        if kind in ("choice", "choices") and not options:
            read.wrong(_("选择题要写选项：of: [甲, 乙]。"), key, code)
        zh, en = title_of(spec.get("title", code))
        found.append(
            Field(
                code=str(code), type=kind, title=zh or str(code), title_en=en,
                of=tuple(str(option) for option in options), unit=unit,
                required=bool(spec.get("required")), private=bool(spec.get("private")),
                help=title_of(spec.get("help"))[0], when=str(spec.get("when", "")),
            )
        )  # fmt: skip
    return tuple(found)
