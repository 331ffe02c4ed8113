"""Figures over the four lamps of the small district."""

from __future__ import annotations

from typing import Any

import pytest

from huying.cases.tests.conftest import loop
from huying.core.testing import MiniDistrict, make_department, make_user
from huying.figures.models import Figure
from huying.people.models import User
from huying.registry.models import Item, Register

__all__ = ["loop"]  # a fixture


def declare(code: str, **declaration: Any) -> Figure:
    """A figure as the loader would write it."""
    whole = {"figure": code, "title": code, **declaration}
    return Figure.objects.create(code=code, title=code, declaration=whole)


@pytest.fixture
def lamps(district: MiniDistrict) -> list[Item]:
    """Three lamps in the east and one in the west; heights 8, 12, 12 and none."""
    register = Register.objects.create(code="lamp", title="路灯", declaration={})
    department = make_department("lighting")
    east, west = district.grid_of("东苑社区"), district.grid_of("西苑社区")
    rows = (("A", east, 8), ("B", east, 12), ("C", east, 12), ("D", west, None))
    return [
        Item.objects.create(
            register=register, code=code, title=f"路灯 {code}", keeper=department, area=area, area_path=area.path,
            data={} if height is None else {"height": height}, state="in use",
        )
        for code, area, height in rows
    ]  # fmt: skip


@pytest.fixture
def writer(district: MiniDistrict) -> User:
    """May publish figures."""
    return make_user("writer")
