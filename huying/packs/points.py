"""Points for persons: what may be wrong with a declaration."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from huying.figures.collections import collection, collections
from huying.figures.points.rules import Rule, read_points
from huying.figures.rules import FigureRules
from huying.packs.reader import Keys, check_title
from huying.packs.wording import expected, said
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _
from huying.registry.declared.fields import title_of

Found = Iterator[tuple[Keys, Sentence]]


def check_points(
    declaration: Mapping[str, Any], figures: Mapping[str, FigureRules], posts: Collection[str]
) -> Found:
    """What is wrong with a scheme of points: its words, its figures, whose rows they count."""
    if title_of(declaration.get("title"))[0]:
        yield from ((("title",), sentence) for sentence in check_title(declaration.get("title")))
    rules, problems = read_points(declaration)
    yield from ((problem.keys, problem.sentence) for problem in problems)
    if rules.post and rules.post not in posts:
        yield ("who", "post"), expected(rules.post, posts)
    by_code = {line.code: line for line in rules.lines}
    for key in ("counted", "deducted"):
        for index, row in enumerate(declaration.get(key) or ()):
            line = by_code.get(str(row.get("code", ""))) if isinstance(row, Mapping) else None
            if line is not None and line.figure:
                yield from (
                    (((key, index, *keys)), sentence) for keys, sentence in _check_line(line, figures)
                )


def _check_line(line: Rule, figures: Mapping[str, FigureRules]) -> Found:
    found = figures.get(line.figure)
    if found is None:
        yield ("figure",), expected(line.figure, figures)
    elif not found.of or found.way != "rows":
        sentence = _("“%(figure)s”要是一条一条数的数（只写 of 和 where），每一条才有分。")
        yield ("figure",), said(sentence, figure=line.figure)
    elif found.of in collections():
        of = collection(found.of)
        persons = [name for name, field in of.fields.items() if field.kind == "person"]
        if not persons:
            yield ("figure",), said(_("“%(of)s”的记录里没有人，不能给人计分。"), of=found.of)
        elif line.person not in persons:
            yield ("person",), expected(line.person, persons)
        elif not (found.when or of.moment):
            yield ("figure",), said(_("“%(of)s”的记录没有日期，不能按月计分。"), of=found.of)
