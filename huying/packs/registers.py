"""Registers and their things: what may be wrong with a declaration, and with a row of its table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from huying.packs.reader import Keys, check_length, check_title
from huying.packs.tables import Known, Wrong, read_line
from huying.packs.wording import expected, said
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _
from huying.registry.declared.cells import NOT_IN_TABLES, read_cell
from huying.registry.declared.fields import title_of
from huying.registry.rules import PROPERTIES, RegisterRules, read_register

# `road` is the road on which the thing stands, by code or title; `line` its course (a road without one has the road's).
ITEM_COLUMNS = ("code", "title", "lng", "lat", "address", "road", "line", *PROPERTIES, "state")


def check_register(declaration: Mapping[str, Any], known: Known) -> Iterator[tuple[Keys, Sentence]]:
    """What is wrong with a register's declaration, with the keys that lead to the place."""
    yield from ((("title",), sentence) for sentence in check_title(declaration.get("title")))
    rules, problems = read_register(declaration)
    yield from ((problem.keys, problem.sentence) for problem in problems)
    for role, who in rules.people.items():
        if who != "department" and who not in known["departments"]:
            yield ("people", role), expected(who, known["departments"])


def register_values(declaration: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a register's row."""
    zh, en = title_of(declaration["title"])
    return {
        "code": str(declaration["register"]), "title": zh, "title_en": en, "declaration": dict(declaration),
        "active": True,
    }  # fmt: skip


def read_item(values: dict[str, Any], rules: RegisterRules, known: Known) -> Iterator[Sentence]:
    """Put values in place of a row's words; sentences for those that can't be read."""
    for column in ("code", "title"):
        if not values.get(column):
            yield said(_("“%(name)s”不能空着。"), name=column)
    yield from check_length(values.get("code"), 40)
    yield from check_length(values.get("title"), 120)
    yield from check_length(values.get("address"), 160)
    for column in ("lng", "lat"):
        text, values[column] = values.get(column), None
        try:
            values[column] = float(text) if text else None
        except ValueError:
            yield said(_("“%(text)s”要写成数字，例如 113.32。"), text=text)
    if values.get("line"):
        try:
            values["line"] = read_line(values["line"])
        except Wrong as wrong:
            yield wrong.sentence
    own_road = any(field.code == "road" for field in rules.fields)  # then it is what the register says of it
    if values.get("road") and values["road"] not in known["road names"] and not own_road:
        yield expected(values["road"], known["roads"])
    for column in PROPERTIES:
        if values.get(column) and values[column] not in known["departments"]:
            yield expected(values[column], known["departments"])
    states = [state.code for state in rules.states]
    if values.get("state") and values["state"] not in states:
        yield expected(values["state"], states)
    for field in rules.fields:
        text = values.get(field.code, "")
        if not text:
            if field.required:
                yield said(_("“%(name)s”不能空着。"), name=field.code)
        elif field.type in NOT_IN_TABLES:
            yield said(_("“%(name)s”不能写在表里，请在物件的页面上添加。"), name=field.code)
        else:
            try:
                values[field.code] = read_cell(field, str(text))
            except ValueError as error:
                yield error.args[0]
