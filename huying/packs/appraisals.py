"""Appraisals: what may be wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from huying.figures.appraisals.rules import read_appraisal
from huying.figures.rules import FigureRules
from huying.packs.reader import Keys, check_title
from huying.packs.wording import expected, said
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _
from huying.registry.declared.fields import title_of

Found = Iterator[tuple[Keys, Sentence]]


def check_appraisal(
    declaration: Mapping[str, Any],
    figures: Mapping[str, FigureRules],
    units: Mapping[str, Collection[str]],
) -> Found:
    """What is wrong with an appraisal; `units` are the codes of each dimension that units may be of."""
    if title_of(declaration.get("title"))[0]:
        yield from ((("title",), sentence) for sentence in check_title(declaration.get("title")))
    rules, problems = read_appraisal(declaration)
    yield from ((problem.keys, problem.sentence) for problem in problems)
    for index, part in enumerate(rules.parts):
        at: Keys = ("parts", index, "figure")
        if part.figure not in figures:
            yield at, expected(part.figure, figures)
        elif rules.of not in dimensions_of(part.figure, figures):
            sentence = _("“%(figure)s”没有按 %(of)s 分：在它的 by 里加上。")
            yield at, said(sentence, figure=part.figure, of=rules.of)
    known = units.get(rules.of)
    if known is not None:
        yield from (
            (("units", index), expected(code, known))
            for index, code in enumerate(rules.units)
            if code not in known
        )
        for name, row in rules.given.items():
            yield from ((("given", name, code), expected(code, known)) for code in row if code not in known)


def dimensions_of(code: str, figures: Mapping[str, FigureRules], depth: int = 0) -> set[str]:
    """By what a figure may be told apart: of a calculated one, what all its parts share."""
    rules = figures.get(code)
    if rules is None or depth > 9:
        return set()
    if rules.of or rules.by:
        return set(rules.by)
    parts = rules.parts[:1] if rules.way in ("percent_of", "pace", "change") else rules.parts
    found = [dimensions_of(part, figures, depth + 1) for part in parts]
    return set.intersection(*found) if found else set()
