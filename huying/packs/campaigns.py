"""Campaigns, rankings and bulletins: what may be wrong with them, and the rows they become."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from huying.cases.ledger import LedgerRules
from huying.cases.models import Channel, Status
from huying.inspections.campaigns.rules import (
    HEAD,
    CaseWords,
    parts_of,
    read_bulletin,
    read_campaign,
    read_ranking,
    uses_of,
)
from huying.packs.reader import Keys, check_title
from huying.packs.wording import expected, said
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _
from huying.registry.declared.fields import title_of

Found = Iterator[tuple[Keys, Sentence]]


@dataclass(frozen=True)
class Around:
    """What campaigns refer to: codes by kind (registers, standards, plans, ledgers, rankings, bulletins, campaigns,
    departments, topics, areas), the categories of each ledger, and the ledgers' rules."""

    known: Mapping[str, Collection[str]]
    categories: Mapping[str, Collection[str]]
    ledgers: Mapping[str, LedgerRules]


def _head(declaration: Mapping[str, Any]) -> Found:
    if title_of(declaration.get("title"))[0]:
        yield from ((("title",), sentence) for sentence in check_title(declaration.get("title")))


def _each(values: Iterable[str], known: Collection[str], *keys: str | int) -> Found:
    yield from ((keys, expected(value, known)) for value in values if value not in known)


def check_campaign(declaration: Mapping[str, Any], around: Around) -> Found:
    """What is wrong with a campaign's own keys; its parts are checked as their kinds."""
    yield from _head(declaration)
    rules, problems = read_campaign(declaration)
    yield from ((problem.keys, problem.sentence) for problem in problems)
    for kind, keys, part in parts_of(declaration):
        if not isinstance(part, dict) and str(part) not in around.known[kind]:
            yield keys, expected(part, around.known[kind])
    if rules.lead and rules.lead not in around.known["departments"]:
        yield ("lead",), expected(rules.lead, around.known["departments"])
    for index, words in enumerate(rules.counts):
        yield from _check_cases(words, around, "counts", index)
        if not words.values and not words.spans:
            yield ("counts", index), said(_("空的条件会把所有案件都算进来：至少写一个台账或事项。"))
    for index, figure in enumerate(rules.figures):
        at: Keys = ("figures", index)
        yield from _check_cases(figure.cases, around, *at, "where")
        for key, values in figure.rounds.items():
            if key in ("standard", "plan"):
                yield from _each(values, around.known[key], *at, "where", key)
            elif key == "area":
                yield from _each(values, around.known["areas"], *at, "where", key)
            elif any(value not in ("true", "false", "True", "False") for value in values):
                yield (*at, "where", key), said(_("这里写 true 或 false。"))
        if figure.sum:
            yield from _check_sum(figure.sum, figure.cases, rules.uses.get("ledger", ()), around, *at, "sum")


def _check_cases(words: CaseWords, around: Around, *keys: str | int) -> Found:
    """The codes of a filter of cases; categories of the ledgers that it names, or of any."""
    ledgers = words.values.get("ledger", ())
    named = [around.categories[code] for code in ledgers if code in around.categories]
    categories = {code for codes in named or around.categories.values() for code in codes}
    known: dict[str, Collection[str]] = {
        "ledger": around.known["ledger"], "category": categories, "topic": around.known["topics"],
        "area": around.known["areas"], "department": around.known["departments"],
        "status": ("open", "ended", "accepted", *Status.values), "channel": Channel.values,
    }  # fmt: skip
    for key, values in words.values.items():
        if key in known:
            yield from _each(values, known[key], *keys, key)


def _check_sum(name: str, words: CaseWords, uses: Collection[str], around: Around, *keys: str | int) -> Found:
    """The number is asked for by the handling form of one of the ledgers."""
    ledgers = [code for code in (words.values.get("ledger") or uses) if code in around.ledgers]
    numbers = {
        field.code
        for code in ledgers
        for field in around.ledgers[code].handling_form
        if field.type in ("number", "money")
    }
    if name not in numbers:
        yield keys, expected(name, numbers)


def check_ranking(declaration: Mapping[str, Any], around: Around) -> Found:
    """What is wrong with a ranking."""
    yield from _head(declaration)
    rules, problems = read_ranking(declaration)
    yield from ((problem.keys, problem.sentence) for problem in problems)
    for code in rules.weights:
        yield from _each([code], around.known["standard"], "score", code)
    if rules.campaign:
        yield from _each([rules.campaign], around.known["campaign"], "campaign")
    if rules.deductions and not rules.campaign:
        yield ("deduct",), said(_("扣分看的是一个专项的案件：写明 campaign: 专项代码。"))


def check_bulletin(declaration: Mapping[str, Any], around: Around) -> Found:
    """What is wrong with a series of bulletins."""
    yield from _head(declaration)
    rules, problems = read_bulletin(declaration)
    yield from ((problem.keys, problem.sentence) for problem in problems)
    if rules.campaign:
        yield from _each([rules.campaign], around.known["campaign"], "campaign")
    yield from _check_cases(rules.takes, around, "takes")


# -- rows ----------------------------------------------------------------------------------------------------


def campaign_values(declaration: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a campaign's row: its own keys, and the codes of its parts."""
    zh, en = title_of(declaration["title"])
    own = {key: declaration[key] for key in HEAD if key in declaration}
    return {
        "code": str(declaration["campaign"]), "title": zh, "title_en": en, "active": True,
        "declaration": {**own, **uses_of(declaration)},
    }  # fmt: skip


def series_values(kind: str, declaration: Mapping[str, Any], campaigns: Mapping[str, int]) -> dict[str, Any]:
    """The fields of a ranking's or a bulletin series' row."""
    zh, en = title_of(declaration["title"])
    return {
        "code": str(declaration[kind]), "title": zh, "title_en": en, "declaration": dict(declaration), "active": True,
        "campaign_id": campaigns.get(str(declaration.get("campaign") or "")),
    }  # fmt: skip
