"""A ledger's declaration: what may be wrong with it, and the rows that it becomes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from huying.cases.ledger import read_rules
from huying.cases.models import Category, Topic
from huying.core import expressions
from huying.packs.reader import Keys, check_code, check_length, check_title
from huying.packs.rules import check_lead
from huying.packs.tables import Known
from huying.packs.wording import expected, said, sentence_of
from huying.people.roles import ROLES
from huying.places.clock import parse_limit
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _
from huying.registry.declared.fields import title_of

_CATEGORY_KEYS = (
    "code", "title", "limit", "topic", "department", "urgent", "keywords", "condition", "closing", "kind",
    "standard_code",
)  # fmt: skip


def check_declaration(
    declaration: Mapping[str, Any], known: Known, leads: Mapping[str, bool]
) -> Iterator[tuple[Keys, Sentence]]:
    """What is wrong with a ledger's declaration, with the keys that lead to the place.

    The values have their shapes (`shapes.mould`). `known` holds the codes of topics, departments, registers
    and catalogue entries; `leads` says which departments may be responsible.
    """
    for sentence in check_title(declaration.get("title")) if title_of(declaration.get("title"))[0] else ():
        yield ("title",), sentence
    rules, problems = read_rules(declaration)
    for problem in problems:
        yield problem.keys, problem.sentence
    for code in rules.registers:
        if code not in known["register"]:
            yield ("concerns", "register"), expected(code, known["register"])
    for step, role in rules.who.items():
        if role not in ROLES:
            yield ("who", step), expected(role, ROLES)
    for step, gates in rules.gates.items():
        for index, gate in enumerate(gates):
            if not re.fullmatch(r"\w+", gate):
                yield from _expression(gate, "gates", step, index)
    for key in ("fields", "handling_form"):
        for spec in getattr(rules, key):
            if spec.when:
                yield from _expression(spec.when, key, spec.code, "when")
    yield from _check_categories(declaration, known, leads)


def _expression(text: str, *keys: str | int) -> Iterator[tuple[Keys, Sentence]]:
    try:
        expressions.check(text)
    except expressions.BadExpression as error:
        yield keys, said(_("条件写错了：%(problem)s"), problem=error)


def _check_categories(
    declaration: Mapping[str, Any], known: Known, leads: Mapping[str, bool]
) -> Iterator[tuple[Keys, Sentence]]:
    own = declaration.get("categories") or []
    from_topics = declaration.get("topics_from") or []
    from_catalogue = declaration.get("categories_from") or {}
    if not (own or from_topics or from_catalogue):
        yield ("ledger",), said(_("台账没有类别：写 categories、topics_from 或 categories_from。"))
    if from_topics != "all":
        for index, topic in enumerate(from_topics if isinstance(from_topics, list) else [from_topics]):
            if topic not in known["topics"]:
                yield ("topics_from", index), expected(topic, [*known["topics"], "all"])
    yield from _check_from_catalogue(from_catalogue, known)
    seen: set[str] = set()
    for index, category in enumerate(own):
        keys: Keys = ("categories", index)
        for key in category:
            if key not in _CATEGORY_KEYS:
                yield (*keys, key), said(_("不认识的键。%(hint)s"), hint=expected(key, _CATEGORY_KEYS))
        code = str(category.get("code", ""))
        for sentence in check_code(code):
            yield keys, sentence
        if code in seen:
            yield keys, said(_("类别“%(code)s”写了两次。"), code=code)
        seen.add(code)
        for sentence in check_title(category.get("title")):
            yield (*keys, "title"), sentence
        for key, longest in (("condition", 200), ("closing", 200), ("standard_code", 12)):
            for sentence in check_length(category.get(key), longest):
                yield (*keys, key), sentence
        if (kind := category.get("kind", "topic")) not in Category.Kind.values:
            yield (*keys, "kind"), expected(kind, Category.Kind.values)
        try:
            parse_limit(str(category.get("limit", "")))
        except ValueError as error:
            yield (*keys, "limit"), sentence_of(error)
        topic, department = category.get("topic"), category.get("department")
        if topic and topic not in known["topics"]:
            yield (*keys, "topic"), expected(topic, known["topics"])
        if department and department not in known["departments"]:
            yield (*keys, "department"), expected(department, known["departments"])
        else:
            for _column, sentence in check_lead("department", department, leads):
                yield (*keys, "department"), sentence


def _check_from_catalogue(value: Mapping[str, Any], known: Known) -> Iterator[tuple[Keys, Sentence]]:
    for key in value:
        if key not in ("catalogue", "only"):
            yield (
                ("categories_from", key),
                said(_("不认识的键。%(hint)s"), hint=expected(key, ("catalogue", "only"))),
            )
    for index, kind in enumerate(value.get("catalogue") or ()):
        if kind not in ("component", "event"):
            yield ("categories_from", "catalogue", index), expected(kind, ("component", "event"))
    for index, code in enumerate(value.get("only") or ()):
        if not any(each.startswith(str(code)) for each in known["catalogue"]):
            yield ("categories_from", "only", index), expected(code, known["catalogue"])


# -- rows ----------------------------------------------------------------------------------------------------


def ledger_values(declaration: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a ledger's row."""
    zh, en = title_of(declaration["title"])
    return {
        "code": str(declaration["ledger"]), "title": zh, "title_en": en, "declaration": dict(declaration),
        "active": True,
    }  # fmt: skip


def category_values(
    declaration: Mapping[str, Any],
    topics: list[Topic],
    catalogue: list[dict[str, Any]],
    departments: Mapping[str, int],
) -> dict[str, dict[str, Any]]:
    """The fields of every category of a ledger by code: its own, then those of the catalogue, then topics."""
    by_code = {topic.code: topic for topic in topics}
    found: dict[str, dict[str, Any]] = {}
    for topic in _topics_of(declaration.get("topics_from"), topics):
        found[topic.code] = {
            "title": topic.title, "title_en": topic.title_en, "kind": Category.Kind.TOPIC.value, "standard_code": "",
            "condition": "", "closing": "", "topic_id": topic.pk, "limit": topic.limit,
            "department_id": topic.department_id, "keywords": topic.keywords, "urgent": False, "active": True,
        }  # fmt: skip
    chosen = declaration.get("categories_from") or {}
    only = tuple(str(code) for code in chosen.get("only") or ())
    for row in catalogue:
        if row["kind"] not in (chosen.get("catalogue") or ()) or (only and not row["code"].startswith(only)):
            continue
        about = by_code.get(row["topic"] or "")
        # Components and events are numbered side by side in the standard, so the kind tells them apart.
        found[f"{row['kind']}-{row['code']}"] = {
            "title": row["title"], "title_en": row["title_en"], "kind": row["kind"], "standard_code": row["code"],
            "condition": row["condition"], "closing": row["closing"], "topic_id": about.pk if about else None,
            "limit": row["limit"], "department_id": _department(row["department"], about, departments),
            "keywords": [], "urgent": _is_urgent(row["limit"]), "active": True,
        }  # fmt: skip
    for own in declaration.get("categories") or ():
        zh, en = title_of(own["title"])
        about = by_code.get(own.get("topic") or "")
        found[str(own["code"])] = {
            "title": zh, "title_en": en, "kind": str(own.get("kind", Category.Kind.TOPIC.value)),
            "standard_code": str(own.get("standard_code", "")), "condition": str(own.get("condition", "")),
            "closing": str(own.get("closing", "")), "topic_id": about.pk if about else None,
            "limit": str(own["limit"]), "department_id": _department(own.get("department"), about, departments),
            "keywords": words(own.get("keywords")), "urgent": bool(own.get("urgent")), "active": True,
        }  # fmt: skip
    return found


def _topics_of(chosen: Any, topics: list[Topic]) -> list[Topic]:
    """All topics, or the named ones with their children."""
    if chosen == "all":
        return topics
    names = {str(code) for code in chosen or ()}
    return [topic for topic in topics if names & set(topic.chain)]


def _department(code: str | None, topic: Topic | None, departments: Mapping[str, int]) -> int | None:
    if code:
        return departments[code]
    return topic.department_id if topic else None


def _is_urgent(limit: str) -> bool:
    """Danger to people: the catalogue gives such conditions a limit in emergency hours."""
    return "emergency hour" in limit


def words(value: Any) -> list[str]:
    return [str(word) for word in value or ()]
