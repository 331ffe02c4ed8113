"""Four lamps in the small district, a standard for them and a monthly draw."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from huying.core.testing import MiniDistrict, make_department, make_user
from huying.inspections.models import Plan, Standard, StandardVersion
from huying.people.models import Department, User
from huying.registry.models import Item, Register

STANDARD: dict[str, Any] = {
    "standard": "lamp-check",
    "title": "路灯检查",
    "applies_to": {"register": ["lamp"]},
    "items": [{"code": "on", "title": "亮"}, {"code": "upright", "title": "不歪"}],
}
PLAN: dict[str, Any] = {
    "plan": "lamp-draw",
    "title": "路灯抽查",
    "does": {"standard": "lamp-check"},
    "at": {"register": ["lamp"]},
    "by": ["market", "lighting"],
    "every": "monthly",
    "draw": {"number": 2, "by": ["risk", "time since last visit"], "inspectors": 1},
}


@pytest.fixture
def lamps(district: MiniDistrict) -> list[Item]:
    """Four lamps: three of 路灯所, one of the market bureau; the last is retired."""
    register = Register.objects.create(code="lamp", title="路灯", declaration={})
    lighting, market = make_department("lighting"), make_department("market")
    return [
        Item.objects.create(
            register=register, code=code, title=f"路灯 {code}", owner=market if code == "C" else lighting,
            area=district.grid_of("东苑社区"), state="retired" if code == "D" else "in use",
            data={"height": 8 if code == "A" else 12, "solar": code == "B"},
        )
        for code in "ABCD"
    ]  # fmt: skip


@pytest.fixture
def standard(db: None) -> Standard:
    """The standard with one version."""
    standard = Standard.objects.create(code="lamp-check", title="路灯检查")
    StandardVersion.objects.create(
        standard=standard, number=1, declaration=STANDARD, valid_from=dt.date(2026, 1, 1)
    )
    return standard


@pytest.fixture
def plan(lamps: list[Item], standard: Standard) -> Plan:
    """Two lamps a month, drawn; a clerk of either department goes."""
    for code in ("lighting", "market"):
        department = Department.objects.get(code=code)
        make_user("clerk", department=department, username=f"clerk-{code}")
    return Plan.objects.create(code="lamp-draw", title="路灯抽查", declaration=PLAN)


@pytest.fixture
def supervisor(district: MiniDistrict) -> User:
    """May draw."""
    return make_user("supervisor")
