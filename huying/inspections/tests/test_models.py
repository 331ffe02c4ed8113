"""A standard has versions, and the one in force on a day is known."""

from __future__ import annotations

import datetime as dt

import pytest

from huying.inspections.models import Plan, Standard, StandardVersion
from huying.inspections.tests.conftest import STANDARD

pytestmark = pytest.mark.django_db


def test_the_version_in_force_is_the_newest_that_holds(standard: Standard) -> None:
    def version(number: int, day: dt.date) -> StandardVersion:
        return StandardVersion.objects.create(
            standard=standard, number=number, declaration=STANDARD, valid_from=day
        )

    version(2, dt.date(2026, 6, 1))
    third = version(3, dt.date(2026, 6, 1))
    version(4, dt.date(2999, 1, 1))
    assert standard.version_on(dt.date(2026, 6, 1)) == third == standard.version_on()
    found = standard.version_on(dt.date(2026, 5, 31))
    assert found is not None and found.number == 1
    assert standard.version_on(dt.date(2025, 12, 31)) is None


def test_items_keep_the_order_in_which_they_were_declared(standard: Standard) -> None:
    version = StandardVersion.objects.get(standard=standard)
    assert [item.code for item in version.rules.items] == ["on", "upright"]
    assert str(version) == "路灯检查 v1"


def test_a_plan_is_read_from_its_row(plan: Plan) -> None:
    again = Plan.objects.get(pk=plan.pk)
    assert again.rules is plan.rules and again.rules.standard == "lamp-check"
