"""The places that a plan goes to, and the people who go: rows of the floors below, asked once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from huying.inspections.plans import PlanRules
from huying.people.models import Department, Grant, PostHolding, User
from huying.people.roles import ROLES
from huying.places.models import ADMINISTRATIVE, Area
from huying.registry.models import Item
from huying.registry.rules import RETIRED

_INSPECTING = tuple(code for code, role in ROLES.items() if "round.make" in role.verbs)
# What a plan may ask of an item besides the fields of its register.
_COLUMNS = {
    "state": "state", "owner": "owner__code", "keeper": "keeper__code", "supervisor": "supervisor__code",
    "code": "code",
}  # fmt: skip


@dataclass(frozen=True)
class PlanPlace:
    """An item, area or department that a plan visits. `key` is unique within the plan: `public-toilet/GC-01`."""

    kind: str
    pk: int
    key: str
    title: str
    path: str = ""  # of its area
    units: frozenset[str] = frozenset()  # codes of the departments that are inspected here
    data: Mapping[str, Any] = field(default_factory=dict, compare=False)


def places_of(rules: PlanRules, keys: Collection[str] | None = None) -> list[PlanPlace]:
    """Every place of the plan as it is now, in the order of their keys; what is retired is not visited.

    `keys` are those of the places asked for, where not all of them are.
    """
    if rules.registers:
        found = _items(rules, keys)
    elif rules.area_level:
        found = _areas(rules.area_level)
    else:
        rows = Department.objects.filter(code__in=rules.at_departments, valid_to__isnull=True)
        found = [
            PlanPlace(
                "department",
                row.pk,
                row.code,
                str(row),
                row.area.path if row.area else "",
                frozenset([row.code]),
            )
            for row in rows.select_related("area").defer("area__boundary")
        ]
    if keys is not None:
        found = [place for place in found if place.key in keys]
    return sorted(found, key=lambda place: place.key)


def items_of(rules: PlanRules) -> QuerySet[Item]:
    """The items that the plan visits: of its registers, not retired, with the values it asks for."""
    items = Item.objects.filter(register__code__in=rules.registers).exclude(state=RETIRED)
    for name, wanted in rules.where.items():
        if name in _COLUMNS:
            items = items.filter(**{f"{_COLUMNS[name]}__in": wanted})
        else:
            # Values are kept as they were typed: a number as a number, yes or no as true or false.
            asked = Q()
            for value in wanted:
                asked |= Q(**{f"data__{name}": value}) | Q(**{f"data__{name}": _plain(value)})
            items = items.filter(asked)
    return items


def _plain(text: str) -> Any:
    if text in ("true", "True", "false", "False"):
        return text.lower() == "true"
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text


def _items(rules: PlanRules, keys: Collection[str] | None = None) -> list[PlanPlace]:
    # Values, not objects: of ten thousand items with their area and departments nothing else is asked.
    rows = items_of(rules)
    if keys is not None:
        rows = rows.filter(code__in=[key.partition("/")[2] for key in keys])
    risk = bool(rules.draw and rules.draw.risk)
    columns = ["pk", "register__code", "code", "title", "area__path", "owner__code", "keeper__code"]
    return [
        PlanPlace(
            "item", row[0], f"{row[1]}/{row[2]}", row[3], row[4] or "", frozenset(filter(None, row[5:7])),
            row[7] if risk else {},
        )
        for row in rows.order_by().values_list(*columns, *(["data"] if risk else []))
    ]  # fmt: skip


def _areas(level: str) -> list[PlanPlace]:
    """Areas of this level, and the departments that are theirs."""
    rows = Area.objects.filter(level=level, layer=ADMINISTRATIVE, valid_to__isnull=True).defer("boundary")
    units: dict[int, set[str]] = {}
    for area, code in Department.objects.filter(valid_to__isnull=True, area__in=rows).values_list(
        "area", "code"
    ):
        units.setdefault(area, set()).add(code)
    return [
        PlanPlace("area", row.pk, row.code, str(row), row.path, frozenset(units.get(row.pk, ())))
        for row in rows
    ]


def inspectors_of(rules: PlanRules) -> QuerySet[User]:
    """Who may be sent: of the plan's departments, or of whoever holds its post today, those who make rounds."""
    able = Grant.objects.on().filter(role__in=_INSPECTING).values("user")
    people = User.objects.filter(is_active=True, pk__in=able).select_related("department")
    if rules.by_departments:
        return people.filter(department__code__in=rules.by_departments)
    holding = PostHolding.objects.on(timezone.localdate()).filter(post__code=rules.by_post)
    return people.filter(pk__in=holding.values("user"))
