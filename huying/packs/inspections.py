"""Standards and plans (kinds `standard` and `plan`): what may be wrong with them, and the rows they become."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from huying.core import expressions
from huying.inspections.plans import PlanRules, read_plan
from huying.inspections.standards import Opens, StandardRules, read_standard
from huying.packs.reader import Keys, check_code, check_length, check_title
from huying.packs.tables import Known
from huying.packs.wording import expected, said
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _
from huying.registry.declared.fields import title_of
from huying.registry.rules import PROPERTIES, RegisterRules

Found = Iterator[tuple[Keys, Sentence]]
# What a plan's `where` may ask besides the fields of the register.
ITEM_WORDS = ("state", "code", *PROPERTIES)


@dataclass(frozen=True)
class Surroundings:
    """What standards and plans refer to: codes by kind, and the declarations behind some of them."""

    known: Known  # departments, posts
    registers: Mapping[str, RegisterRules]
    categories: Mapping[str, Collection[str]]  # codes by ledger
    standards: Mapping[str, StandardRules]


def category_codes(
    declaration: Mapping[str, Any], topics: Iterable[tuple[str, str]], catalogue: Iterable[tuple[str, str]]
) -> set[str]:
    """The codes of a ledger's categories. `topics`: (code, parent) each; `catalogue`: (kind, code) each."""
    found = {str(row.get("code", "")) for row in declaration.get("categories") or ()}
    chosen = declaration.get("topics_from") or []
    named = {str(code) for code in (chosen if isinstance(chosen, list) else [chosen])}
    found |= {code for code, parent in topics if chosen == "all" or code in named or parent in named}
    wanted = declaration.get("categories_from") or {}
    only = tuple(str(code) for code in wanted.get("only") or ())
    for kind, code in catalogue:
        if kind in (wanted.get("catalogue") or ()) and (not only or code.startswith(only)):
            found.add(f"{kind}-{code}")
    return found


# -- standards -----------------------------------------------------------------------------------------------


def check_standard(declaration: Mapping[str, Any], around: Surroundings) -> Found:
    """What is wrong with a standard, with the keys that lead to the place."""
    yield from _check_head(declaration)
    rules, problems = read_standard(declaration)
    yield from ((problem.keys, problem.sentence) for problem in problems)
    for index, code in enumerate(rules.registers):
        if code not in around.registers:
            yield ("applies_to", "register", index), expected(code, around.registers)
    for index, row in enumerate(declaration.get("items") or ()):
        at: Keys = ("items", index)
        yield from (((*at, "code"), sentence) for sentence in check_code(row.get("code")))
        yield from (
            ((*at, "title"), sentence) for sentence in check_length(title_of(row.get("title"))[0], 120)
        )
    for index, item in enumerate(rules.items):
        yield from _check_opens(item.opens, around, "items", index, "fails_open")
    for spec in rules.fields:
        if spec.when:
            try:
                expressions.check(spec.when)
            except expressions.BadExpression as error:
                yield ("fields", spec.code, "when"), said(_("条件写错了：%(problem)s"), problem=error)


def _check_head(declaration: Mapping[str, Any]) -> Found:
    """The title, where there is one: that there is none is said by the rules."""
    if title_of(declaration.get("title"))[0]:
        yield from ((("title",), sentence) for sentence in check_title(declaration.get("title")))


def _check_opens(opens: Opens | None, around: Surroundings, *keys: str | int) -> Found:
    """The ledger there is, and the category in it; of a ledger with one category it need not be named."""
    if opens is None or not opens.ledger:
        return
    if opens.ledger not in around.categories:
        yield (*keys, "ledger"), expected(opens.ledger, around.categories)
        return
    categories = around.categories[opens.ledger]
    if opens.category and opens.category not in categories:
        yield (*keys, "category"), expected(opens.category, sorted(categories))
    elif not opens.category and len(categories) != 1:
        hint = expected("", sorted(categories))
        yield keys, said(_("写明是台账里的哪一类：category: 类别。%(hint)s"), hint=hint)


def standard_values(declaration: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a standard's row."""
    zh, en = title_of(declaration["title"])
    return {"code": str(declaration["standard"]), "title": zh, "title_en": en, "active": True}


# -- plans -----------------------------------------------------------------------------------------------------


def check_plan(declaration: Mapping[str, Any], around: Surroundings) -> Found:
    """What is wrong with a plan, with the keys that lead to the place."""
    yield from _check_head(declaration)
    rules, problems = read_plan(declaration)
    yield from ((problem.keys, problem.sentence) for problem in problems)
    yield from _check_places(rules, around)
    if rules.by_post and rules.by_post not in around.known["posts"]:
        yield ("by",), expected(rules.by_post, around.known["posts"])
    for key, codes in ((("by",), rules.by_departments), (("at", "departments"), rules.at_departments)):
        for index, code in enumerate(codes):
            if code not in around.known["departments"]:
                yield (*key, index), expected(code, around.known["departments"])
    if rules.standard:
        if rules.standard in around.standards:
            yield from _check_applies(rules, around.standards[rules.standard])
        else:
            yield ("does", "standard"), expected(rules.standard, around.standards)
    yield from _check_opens(rules.opens, around, "missed", "open")


def _check_places(rules: PlanRules, around: Surroundings) -> Found:
    for index, code in enumerate(rules.registers):
        register = around.registers.get(code)
        if register is None:
            yield ("at", "register", index), expected(code, around.registers)
            continue
        fields = {field.code: field for field in register.fields}
        for name, wanted in rules.where.items():
            keys: Keys = ("at", "where", name)
            if name not in fields and name not in ITEM_WORDS:
                yield keys, expected(name, [*fields, *ITEM_WORDS])
            options = fields[name].of if name in fields else ()
            if name == "state":
                options = tuple(state.code for state in register.states)
            yield from ((keys, expected(word, options)) for word in wanted if options and word not in options)
        if rules.draw and rules.draw.risk:
            numbers = [field.code for field in register.fields if field.type == "number"]
            if rules.draw.risk not in numbers:
                yield ("draw", "risk"), expected(rules.draw.risk, numbers)
        if "scan" in rules.proof and register.label == "none":
            yield (
                ("proof",),
                said(_("名录“%(register)s”没有贴码：在名录里写 label: qr，或去掉 scan。"), register=code),
            )
    if "scan" in rules.proof and not rules.registers:
        yield ("proof",), said(_("只有名录里的物件有码可扫：去掉 scan。"))


def _check_applies(rules: PlanRules, standard: StandardRules) -> Found:
    """The plan goes to what its standard is for."""
    wrong = [code for code in rules.registers if code not in standard.registers]
    if standard.registers and wrong:
        hint = expected(wrong[0], standard.registers)
        yield ("at", "register"), said(_("标准不适用于这个名录。%(hint)s"), hint=hint)
    elif (
        bool(standard.registers) != bool(rules.registers)
        or standard.area_level != rules.area_level
        or standard.departments != bool(rules.at_departments)
    ):
        yield ("at",), said(_("计划去的地方和标准 applies_to 的不是一类，改成一样的。"))


def plan_values(declaration: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a plan's row."""
    zh, en = title_of(declaration["title"])
    return {
        "code": str(declaration["plan"]), "title": zh, "title_en": en, "declaration": dict(declaration),
        "active": True,
    }  # fmt: skip
