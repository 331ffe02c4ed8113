"""Whoever may draw is told, once, that a period has begun which nobody has drawn."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from huying.core.journal import entries_of
from huying.core.testing import make_user
from huying.inspections.actions import draw
from huying.inspections.models import Plan
from huying.inspections.undrawn import UNDRAWN, remind_undrawn, undrawn
from huying.notices.models import Delivery
from huying.notices.recipients import link_of
from huying.people.models import User

pytestmark = pytest.mark.django_db


def test_whoever_may_draw_is_told_once_for_each_period(plan: Plan, supervisor: User) -> None:
    User.objects.filter(pk=supervisor.pk).update(email="du@example.test")
    make_user("clerk", email="clerk@example.test")
    assert (remind_undrawn(), remind_undrawn()) == (1, 0)
    (told,) = Delivery.objects.all()
    assert (told.to_id, told.code) == (supervisor.pk, UNDRAWN)
    assert f"路灯抽查 {timezone.localdate():%Y-%m} 已经开始" in told.words
    assert link_of(told).endswith(reverse("inspections:draw-plan", args=["lamp-draw"]))
    next_month = timezone.localdate().replace(day=28) + dt.timedelta(days=7)
    assert remind_undrawn(next_month) == 1
    assert [entry.code for entry in entries_of(plan)] == [UNDRAWN, UNDRAWN]


def test_what_is_drawn_or_does_not_run_needs_no_reminder(plan: Plan, supervisor: User) -> None:
    plan.declaration = plan.declaration | {"season": "01-01..01-31", "from": "2026-01-01"}
    plan.save()
    assert undrawn(dt.date(2026, 6, 1)) == [] and undrawn(dt.date(2027, 1, 5))
    plan.declaration = {key: value for key, value in plan.declaration.items() if key != "season"}
    plan.save()
    draw(plan, f"{timezone.localdate():%Y-%m}", actor=supervisor)
    assert undrawn() == [] and remind_undrawn() == 0


def test_it_is_on_record_even_where_nobody_can_be_reached(plan: Plan) -> None:
    assert remind_undrawn() == 1
    assert "told" not in entries_of(plan).get().data and not Delivery.objects.exists()
