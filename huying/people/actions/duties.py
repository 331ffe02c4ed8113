"""Duties: who answers for which topic in which area."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, Refusal
from huying.core.journal import log
from huying.people.models import Department, Duty, Post, User
from huying.people.policy import require_path
from huying.places.models import Area


@transaction.atomic
def add_duty(
    *,
    topic: str,
    area: Area,
    department: Department,
    actor: User | None,
    post: Post | None = None,
    user: User | None = None,
    starts_on: dt.date | None = None,
    ends_on: dt.date | None = None,
) -> Duty:
    """The department answers for the topic and its children in the area, from when to when (both included)."""
    if actor is not None:
        require_path(actor, "people.manage", area.path)
    if department.valid_to is not None:
        raise Refusal(_("“%s”已停用，请选择在用的部门。") % department, field="department")
    if not department.can_lead:
        raise Refusal(
            _("“%s”不能主办，不能承担职责。请选择可以主办的部门。") % department, field="department"
        )
    if starts_on and ends_on and ends_on < starts_on:
        raise Refusal(_("止期早于起期，请重新选择日期。"), field="ends_on")
    same = Duty.objects.on(starts_on).filter(topic=topic, area=area, department=department)
    if same.filter(post=post, user=user).exists():
        raise Conflict(_("这项职责已经登记过。"), field="topic")
    duty = Duty.objects.create(
        topic=topic,
        area=area,
        department=department,
        post=post,
        user=user,
        starts_on=starts_on,
        ends_on=ends_on,
    )
    log(duty, "duty.added", actor=actor, topic=topic, area=area.code, department=department.code)
    return duty


@transaction.atomic
def end_duty(duty: Duty, *, actor: User | None, ends_on: dt.date | None = None) -> None:
    """The duty's last day is `ends_on` (today when not given); what was decided under it stays explained."""
    if actor is not None:
        require_path(actor, "people.manage", duty.area.path)
    ends_on = ends_on or timezone.localdate()
    if duty.ends_on and duty.ends_on <= ends_on:
        raise Conflict(_("这项职责已于 %s 结束。") % duty.ends_on)
    if duty.starts_on and ends_on < duty.starts_on:
        raise Refusal(_("止期早于起期，请重新选择日期。"), field="ends_on")
    Duty.objects.filter(pk=duty.pk).update(ends_on=ends_on)
    duty.ends_on = ends_on
    log(duty, "duty.ended", actor=actor, ends_on=str(ends_on))
