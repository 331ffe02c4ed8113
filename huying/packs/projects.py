"""How projects are run, their list, and war maps: what may be wrong with them, and the rows they become."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from huying.packs.reader import Keys, check_length
from huying.packs.wording import expected, said
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _
from huying.registry.declared.fields import title_of
from huying.targets.projects.importing import COLUMNS
from huying.targets.projects.models import Project
from huying.targets.projects.rules import ProjectRules, read_projects, read_war_map

Found = Iterator[tuple[Keys, Sentence]]
Known = Mapping[str, Collection[str]]
# Columns that name something else of the pack: which kind of code stands in them.
_REFERS = {
    "area": "areas",
    "owner": "departments",
    "street": "departments",
    "leader": "staff",
    "officer": "staff",
}
_DAYS = ("planned_start", "planned_finish", "updates_from")
_LONGEST = {"code": 40, "title": 120, "industry": 60, "builder": 120, "address": 200}


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


# -- the list of projects ------------------------------------------------------------------------------------


def project_columns() -> dict[str, str]:
    """What may stand at the head of the list: the names of the spreadsheet's columns, or its Chinese headings."""
    names = [column.name for column in COLUMNS]
    return {name: name for name in names} | {_heading(column): column.name for column in COLUMNS}


def _heading(column: Any) -> str:
    """The heading in the language of records, whoever reads."""
    from django.utils.translation import override

    with override("zh-hans"):
        return str(column.heading)


def read_project(
    cells: Mapping[str, str], rules: ProjectRules, known: Known
) -> tuple[dict[str, Any], list[Sentence]]:
    """The values of a row by column, and what is wrong with it. An empty cell says nothing, and is left out."""
    values: dict[str, Any] = {}
    wrong: list[Sentence] = []
    for name, text in cells.items():
        if not text:
            continue
        try:
            values[name] = _CELLS.get(name, str)(text)
        except ValueError as error:
            wrong.append(error.args[0])
    for name in ("code", "title"):
        if not values.get(name):
            wrong.append(said(_("“%(name)s”不能空着。"), name=name))
    for name, longest in _LONGEST.items():
        wrong += check_length(values.get(name), longest)
    for name, words in (
        ("level", _LEVELS),
        ("kind", {str(each.title): code for code, each in rules.kinds.items()}),
    ):
        if name in values:
            code = words.get(values[name], values[name])
            if code in words.values():
                values[name] = code
            else:
                wrong.append(expected(values[name], [*words.values(), *words]))
    for name, kind in _REFERS.items():
        if name in values and values[name] not in known[kind]:
            wrong.append(expected(values[name], known[kind]))
    if ("lng" in values) != ("lat" in values):
        wrong.append(said(_("经度和纬度要一起写。")))
    start, end = values.get("planned_start"), values.get("planned_finish")
    if start and end and start > end:
        wrong.append(said(_("止（%(end)s）早于起（%(start)s）。"), start=start, end=end))
    return values, wrong


def _amount(text: str) -> Decimal:
    try:
        value = Decimal(text.replace(",", ""))
    except InvalidOperation:
        value = Decimal(-1)
    if not value.is_finite() or not 0 <= value < 10**12:
        raise ValueError(said(_("“%(text)s”要写成数字，单位万元，例如 12500。"), text=text))
    return round(value, 2)


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text[:10].replace("/", "-").replace(".", "-"))
    except ValueError:
        raise ValueError(said(_("“%(text)s”不是日期，请写成 2026-11-20。"), text=text)) from None


def _degrees(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(said(_("“%(text)s”要写成数字，例如 113.32。"), text=text)) from None


_CELLS: Mapping[str, Callable[[str], Any]] = {
    "total_wan": _amount, "lng": _degrees, "lat": _degrees, **dict.fromkeys(_DAYS, _day),
}  # fmt: skip
_LEVELS = {"省级": "provincial", "市级": "municipal", "区级": "district", "未列级": "none"}


def project_row(
    values: Mapping[str, Any], ids: Callable[[str, str | None], int | None], grid: str | None, paths: Mapping[str, str],
    streets: Mapping[str, int],
) -> dict[str, Any]:  # fmt: skip
    """The fields of a project's row, of what its line says: where it lies follows from the point, else the area."""
    plain = {name: value for name, value in values.items() if name not in _REFERS}
    row = {
        **plain,
        **{f"{name}_id": ids(kind, values[name]) for name, kind in _REFERS.items() if name in values},
    }
    path = paths.get(grid or "") or paths.get(values.get("area", ""), "")
    if path:
        row["area_path"] = path
        row["subdistrict_id"] = next((streets[code] for code in path.split("/") if code in streets), None)
    return row


def project_changes(before: Project | None, after: Project) -> dict[str, list[str]]:
    """What a load changed of a project, as its journal keeps it."""
    names = [column.name for column in COLUMNS if column.name != "code"]
    found = {}
    for name in names if before else ():
        key = f"{name}_id" if name in _REFERS else name
        old, new = getattr(before, key), getattr(after, key)
        if old != new:
            found[name] = ["" if value is None else str(value) for value in (old, new)]
    return found
