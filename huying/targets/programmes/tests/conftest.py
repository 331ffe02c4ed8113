"""A programme over the small district: one entered target of the urban managers, one task, one counted."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from huying.core.testing import MiniDistrict, grant_role
from huying.packs.programmes import programme_values, promise_values, target_values
from huying.people.models import Department, User
from huying.targets.programmes.models import Programme, Promise, Target

DECLARED: dict[str, Any] = {
    "programme": "livelihood", "title": "民生实事", "kind": "民生实事", "year": 2023, "public": True,
    "show": "percent, 2 decimals",
    "promises": [
        {
            "code": "covers", "title": "窨井盖",
            "measures": [
                {"code": "covers", "title": "更换窨井盖", "owner": "urban-management", "unit": "处", "target": 600,
                 "plan": "even", "every": "month", "entered": "with evidence"},
                {"code": "counted", "title": "按台账", "owner": "urban-management", "unit": "处", "target": 82,
                 "counted": "figure covers-own"},
            ],
        }
    ],
    "targets": [
        {"code": "list", "title": "建台账", "owner": "water-company", "standard": "台账建好。",
         "entered": "with evidence", "due": "2023-06-30"},
        {"code": "teeth", "title": "窝沟封闭", "owner": "urban-management", "unit": "人", "target": 100,
         "entered": "with evidence",
         "entry": {"sum": "pupils", "fields": {
             "school": {"type": "text", "required": True}, "pupils": {"type": "number", "required": True},
             "teeth": {"type": "number"}}}},
    ],
}  # fmt: skip


def load(declaration: dict[str, Any]) -> Programme:
    """The rows that a declaration becomes."""
    row = Programme.objects.create(**programme_values(declaration))
    promises = {
        code: Promise.objects.create(**values).pk
        for code, values in promise_values(declaration, row.pk).items()
    }
    departments = dict(Department.objects.values_list("code", "pk"))
    for values in target_values(declaration, row.pk, promises, departments, {}).values():
        Target.objects.create(**values)
    return row


def person(name: str, role: str, department: Department | None = None) -> User:
    user = User.objects.create_user(username=name, name=name, department=department)
    grant_role(user, role, **({"department": department} if role == "clerk" else {}))
    return user


@pytest.fixture
def programme(district: MiniDistrict) -> Programme:
    return load(DECLARED)


@pytest.fixture
def covers(programme: Programme) -> Target:
    return Target.objects.select_related("programme", "department").get(code="livelihood/covers")


@pytest.fixture
def clerk(district: MiniDistrict) -> User:
    return person("clerk", "clerk", district.urban)


@pytest.fixture
def supervisor(district: MiniDistrict) -> User:
    return person("supervisor", "supervisor")


DAY = dt.date(2023, 6, 30)
