"""Kinds of papers: what may be wrong with them, and the rows they become."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from huying.packs.reader import Keys, check_title
from huying.papers.rules import read_kind
from huying.places.sentences import Sentence
from huying.registry.declared.fields import title_of

Found = Iterator[tuple[Keys, Sentence]]


def check_paper(declaration: Mapping[str, Any]) -> Found:
    """What is wrong with a kind of paper."""
    yield from ((("title",), sentence) for sentence in check_title(declaration.get("title")))
    _rules, problems = read_kind(declaration)
    yield from ((problem.keys, problem.sentence) for problem in problems)


def paper_values(declaration: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a kind's row."""
    zh, en = title_of(declaration["title"])
    return {
        "code": str(declaration["paper"]), "title": zh, "title_en": en, "declaration": dict(declaration),
        "active": True,
    }  # fmt: skip
