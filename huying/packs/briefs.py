"""Briefs: what may be wrong with them; and the rows that briefs and appraisals become."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from huying.figures.briefs.rules import read_brief, tokens_of
from huying.figures.rules import FigureRules
from huying.packs.appraisals import dimensions_of
from huying.packs.reader import Keys, check_title
from huying.packs.wording import expected, said
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _
from huying.registry.declared.fields import title_of

Found = Iterator[tuple[Keys, Sentence]]


def check_brief(
    declaration: Mapping[str, Any], figures: Mapping[str, FigureRules], papers: Collection[str]
) -> Found:
    """What is wrong with a brief."""
    if title_of(declaration.get("title"))[0]:
        yield from ((("title",), sentence) for sentence in check_title(declaration.get("title")))
    rules, problems = read_brief(declaration)
    yield from ((problem.keys, problem.sentence) for problem in problems)
    if rules.paper not in papers:
        yield ("paper",), expected(rules.paper, papers)
    for key, pieces in (("text", rules.pieces), ("en", rules.en)):
        for index, piece in enumerate(pieces):
            at: Keys = (key, index) if isinstance(declaration.get(key), list) else (key,)
            try:
                tokens = [token for token in tokens_of(piece.text) if token.way != "word"]
            except ValueError:
                continue  # said already
            for token in tokens:
                if token.code not in figures:
                    yield at, expected(token.code, figures)
                elif token.by and token.by not in dimensions_of(token.code, figures):
                    sentence = _("“%(figure)s”没有按 %(of)s 分：在它的 by 里加上。")
                    yield at, said(sentence, figure=token.code, of=token.by)


def declared_values(kind: str, declaration: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the row of a brief or an appraisal."""
    zh, en = title_of(declaration.get("title"))
    code = str(declaration[kind])
    return {
        "code": code, "title": zh or code, "title_en": en, "declaration": dict(declaration), "active": True,
    }  # fmt: skip
