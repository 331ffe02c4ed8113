"""How projects are run, and war maps: what may be wrong with them, and the rows they become."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from huying.packs.reader import Keys
from huying.packs.wording import expected
from huying.places.sentences import Sentence
from huying.registry.declared.fields import title_of
from huying.targets.projects.rules import read_projects, read_war_map

Found = Iterator[tuple[Keys, Sentence]]
Known = Mapping[str, Collection[str]]


def check_projects(declaration: Mapping[str, Any], known: Known) -> Found:
    """What is wrong; `known` has the codes of `ledger` and `register`, and `categories` of the named ledger."""
    rules, problems = read_projects(declaration)
    yield from ((problem.keys, problem.sentence) for problem in problems)
    if rules.ledger and rules.ledger not in known["ledger"]:
        yield ("problems", "ledger"), expected(rules.ledger, known["ledger"])
    elif rules.category and rules.category not in known["categories"]:
        yield ("problems", "category"), expected(rules.category, known["categories"])
    if rules.renovation and rules.renovation not in known["register"]:
        yield ("renovation", "register"), expected(rules.renovation, known["register"])


def check_war_map(declaration: Mapping[str, Any], known: Known) -> Found:
    """What is wrong; `known` has the codes of `departments`."""
    rules, problems = read_war_map(declaration)
    yield from ((problem.keys, problem.sentence) for problem in problems)
    for index, item in enumerate(rules.items):
        if item.owner and item.owner not in known["departments"]:
            yield ("items", index, "owner"), expected(item.owner, known["departments"])


def declared_values(kind: str, declaration: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the row that a declaration becomes."""
    zh, en = title_of(declaration["title"])
    return {
        "code": str(declaration[kind]), "title": zh, "title_en": en, "declaration": dict(declaration), "active": True,
    }  # fmt: skip


def item_values(
    declaration: Mapping[str, Any], maps: Mapping[str, int], departments: Mapping[str, int]
) -> dict[str, dict[str, Any]]:
    """The tasks of a war map by their whole code; how far they are, people say, not the pack."""
    rules, _problems = read_war_map(declaration)
    return {
        f"{rules.code}-{item.code}": {
            "code": f"{rules.code}-{item.code}", "war_map_id": maps[rules.code], "category": item.category,
            "position": place, "title": item.title, "title_en": item.title_en, "task": item.task,
            "standard": item.standard, "owner_id": departments.get(item.owner), "person": item.person,
            "begins_on": item.begins_on, "deadline": item.deadline, "active": True,
        }
        for place, item in enumerate(rules.items, start=1)
    }  # fmt: skip
