"""Programmes, promises and targets: what may be wrong with them, and the rows they become."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from huying.core import expressions
from huying.packs.reader import Keys, check_title
from huying.packs.wording import expected, said
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _
from huying.registry.declared.fields import title_of
from huying.targets.programmes.rules import ProgrammeRules, TargetRules, placed, read_programme

Found = Iterator[tuple[Keys, Sentence]]


@dataclass(frozen=True)
class Around:
    """What programmes refer to: codes by kind (departments, staff, figure).

    A pack that declares no figures at all may name them: they are declared by somebody else.
    """

    known: Mapping[str, Collection[str]]


def check_programme(declaration: Mapping[str, Any], around: Around) -> Found:
    """What is wrong with a programme."""
    if title_of(declaration.get("title"))[0]:
        yield from ((("title",), sentence) for sentence in check_title(declaration.get("title")))
    rules, problems = read_programme(declaration)
    yield from ((problem.keys, problem.sentence) for problem in problems)
    for keys, target in placed(rules):
        yield from _check_target(keys, target, around, rules)
    for index, promise in enumerate(rules.promises):
        if len(promise.title) > 120:
            yield ("promises", index, "title"), said(_("太长：最多 120 个字。"))


def _check_target(keys: Keys, target: TargetRules, around: Around, rules: ProgrammeRules) -> Found:
    if len(target.title) > 120:
        yield (*keys, "title"), said(_("太长：最多 120 个字。"))
    if target.owner and target.owner not in around.known["departments"]:
        yield (*keys, "owner"), expected(target.owner, around.known["departments"])
    figures = around.known["figure"]
    if target.figure and figures and target.figure not in figures:
        yield (*keys, "counted"), expected(target.figure, figures)
    if target.due is not None and target.due < rules.first:
        yield (*keys, "due"), said(_("完成时限早于计划开始的日子。"))
    if target.even and target.amount is None:
        yield (*keys, "plan"), said(_("没有目标值，就排不出进度：去掉 plan，或者写上 target。"))
    for spec in target.fields:
        if spec.type in ("photo", "photos", "file", "signature"):
            yield (
                (*keys, "entry", "fields", spec.code, "type"),
                said(_("照片和文件是每次填报都能附的佐证，不用另设一栏。")),
            )
        if spec.when:
            try:
                expressions.check(spec.when)
            except expressions.BadExpression as error:
                yield (
                    (*keys, "entry", "fields", spec.code, "when"),
                    said(_("条件写错了：%(problem)s"), problem=error),
                )


# -- rows ----------------------------------------------------------------------------------------------------


def programme_values(declaration: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a programme's row: its own keys, without promises and targets, which have rows of their own."""
    rules, _problems = read_programme(declaration)
    return {
        "code": rules.code, "title": rules.title, "title_en": rules.title_en, "kind": rules.kind[:40],
        "first_day": rules.first, "last_day": rules.last, "public": rules.public, "declaration": dict(declaration),
        "active": True,
    }  # fmt: skip


def promise_values(declaration: Mapping[str, Any], programme_id: int) -> dict[str, dict[str, Any]]:
    """The rows of a programme's promises by their code."""
    rules, _problems = read_programme(declaration)
    return {
        f"{rules.code}/{promise.code}": {
            "code": f"{rules.code}/{promise.code}", "title": promise.title, "title_en": promise.title_en,
            "programme_id": programme_id, "position": position, "about": promise.about, "about_en": promise.about_en,
            "active": True,
        }
        for position, promise in enumerate(rules.promises, start=1)
    }  # fmt: skip


def target_values(
    declaration: Mapping[str, Any],
    programme_id: int,
    promises: Mapping[str, int],
    departments: Mapping[str, int],
    staff: Mapping[str, int],
) -> dict[str, dict[str, Any]]:
    """The rows of a programme's targets by their code."""
    rules, _problems = read_programme(declaration)
    shown = {"show": declaration["show"]} if declaration.get("show") else {}
    found = {}
    for position, (keys, target) in enumerate(placed(rules), start=1):
        spec: Any = declaration
        for key in keys:
            spec = spec[key]
        promise = f"{rules.code}/{rules.promises[int(keys[1])].code}" if keys[0] == "promises" else ""
        code = f"{rules.code}/{target.code}"
        found[code] = {
            "code": code, "title": target.title, "title_en": target.title_en, "programme_id": programme_id,
            "promise_id": promises.get(promise), "position": position, "department_id": departments[target.owner],
            "leader_id": staff.get(target.leader),
            "leader_name": "" if target.leader in staff else target.leader[:60], "unit": target.unit[:20],
            "unit_en": target.unit_en[:30], "amount": target.amount, "due": target.due or rules.last,
            "figure": target.figure,
            "declaration": {**shown, **{key: value for key, value in spec.items() if value not in ("", {}, [])}},
            "active": True,
        }  # fmt: skip
    return found
