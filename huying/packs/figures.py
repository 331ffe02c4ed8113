"""Figures and checks between them: what may be wrong with them, and the rows they become."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from huying.figures.collections import collection, collections
from huying.figures.rules import FigureRules, read_checks, read_figure
from huying.packs.reader import Document, Keys, check_title
from huying.packs.wording import expected, said
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _
from huying.registry.declared.fields import title_of

Found = Iterator[tuple[Keys, Sentence]]
# Words of these fields are codes that the pack declares: field → kind of code.
_CODES = {
    "ledger": "ledger", "topic": "topics", "register": "register", "standard": "standard", "plan": "plan",
    "campaign": "campaign", "department": "departments", "owner": "departments", "keeper": "departments",
    "area": "areas", "series": "bulletin", "programme": "programme",
}  # fmt: skip


@dataclass(frozen=True)
class Around:
    """What figures refer to: codes by kind, all figures by code, and every `programme/target` of the pack."""

    known: Mapping[str, Collection[str]]
    figures: Mapping[str, FigureRules]
    targets: Collection[str]


def check_figure(declaration: Mapping[str, Any], around: Around) -> Found:
    """What is wrong with a figure."""
    if title_of(declaration.get("title"))[0]:
        yield from ((("title",), sentence) for sentence in check_title(declaration.get("title")))
    rules, problems = read_figure(declaration)
    yield from ((problem.keys, problem.sentence) for problem in problems)
    if rules.of:
        yield from _check_counted(declaration, rules, around)
    else:
        yield from _check_calculated(rules, around)


def _check_counted(declaration: Mapping[str, Any], rules: FigureRules, around: Around) -> Found:
    if rules.of not in collections():
        yield ("of",), expected(rules.of, collections())
        return
    of = collection(rules.of)
    for key in ("where", "count", "out_of"):
        for name, words in getattr(rules, key).items():
            if not of.knows(name):
                yield (key, name), expected(name, [*of.fields, *(f"{column}.…" for column in of.declared)])
                continue
            if (codes := around.known.get(_CODES.get(name, ""))) is not None:
                yield from (((key, name), expected(word, codes)) for word in words if word not in codes)
            field = of.fields.get(name)
            if field is not None and field.kind == "flag" and not set(words) <= {"true", "false"}:
                yield (key, name), said(_("这里写 true 或 false。"))
            if field is not None and (field.lookup or field.q) and field.kind in ("day", "moment", "number"):
                yield from _readable(of.condition, name, words, key)
    if rules.number and not of.knows(rules.number):
        yield (rules.way,), expected(rules.number, of.fields)
    if rules.when and (rules.when not in of.fields or of.fields[rules.when].kind not in ("day", "moment")):
        days = [name for name, field in of.fields.items() if field.kind in ("day", "moment")]
        yield ("when",), expected(rules.when, days)
    for index, dimension in enumerate(rules.by):
        if dimension not in of.dimensions():
            yield ("by", index), expected(dimension, of.dimensions())


def _readable(condition: Any, name: str, words: tuple[str, ...], key: str) -> Found:
    try:
        condition(name, words)
    except ValueError as error:
        sentence = error.args[0] if error.args else None
        unread = said(_("读不懂“%(found)s”。"), found="、".join(words))
        yield (key, name), sentence if isinstance(sentence, Sentence) else unread


def _check_calculated(rules: FigureRules, around: Around) -> Found:
    with_target = rules.way in ("percent_of", "pace")
    for code in rules.parts[:1] if with_target else rules.parts:
        if code not in around.figures:
            yield (rules.way,), expected(code, around.figures)
        elif rules.code in _behind(code, around.figures, set()):
            yield (rules.way,), said(_("“%(code)s”又是由这个数算出来的：绕成了圈。"), code=code)
    if with_target and rules.parts[1] not in around.targets:
        yield (rules.way, "target"), expected(rules.parts[1], around.targets)


def _behind(code: str, figures: Mapping[str, FigureRules], seen: set[str]) -> set[str]:
    """The figure and all that it is calculated from."""
    if code not in seen and code in figures:
        seen.add(code)
        for part in figures[code].parts:
            _behind(part, figures, seen)
    return seen


def check_checks(declaration: Mapping[str, Any], around: Around) -> Found:
    """What is wrong with a list of relations."""
    if title_of(declaration.get("title"))[0]:
        yield from ((("title",), sentence) for sentence in check_title(declaration.get("title")))
    checks, problems = read_checks(declaration)
    yield from ((problem.keys, problem.sentence) for problem in problems)
    places = {str(row.get("code")): index for index, row in enumerate(declaration.get("list") or ())}
    for check in checks:
        for code in (*check.parts, *((check.equals,) if check.equals else ())):
            if code not in around.figures:
                yield ("list", places[check.code], check.way), expected(code, around.figures)


def targets_of(programmes: list[Document]) -> set[str]:
    """Every `programme/target` that the pack declares, below promises too."""
    return {f"{each.code}/{code}" for each in programmes for code in _target_codes(each.value)}


def _target_codes(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _target_codes(each)
    elif isinstance(value, dict):
        if "code" in value and {"target", "counted", "entered"} & set(value):
            yield str(value["code"])
        for each in value.values():
            yield from _target_codes(each)


# -- rows ----------------------------------------------------------------------------------------------------


def declared_values(kind: str, declaration: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a figure's or a list of checks' row."""
    zh, en = title_of(declaration.get("title"))
    code = str(declaration[kind])
    return {
        "code": code,
        "title": zh or code,
        "title_en": en,
        "declaration": dict(declaration),
        "active": True,
    }
