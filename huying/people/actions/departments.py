"""Departments: add, change, retire."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, Refusal
from huying.core.journal import log
from huying.people.actions.changes import set_fields
from huying.people.models import Department, Duty, User
from huying.people.policy import require_path

NEVER_LEAD = (Department.Kind.COMMUNITY, Department.Kind.VILLAGE)


@transaction.atomic
def add_department(*, code: str, actor: User | None, **fields: Any) -> Department:
    """A new department; its code never changes afterwards."""
    _check(actor, fields)
    if Department.objects.filter(code=code).exists():
        raise Refusal(_("代码“%s”已有部门使用，请换一个。") % code, field="code")
    department = Department.objects.create(code=code, **fields)
    log(department, "department.added", actor=actor, code=code, title=department.title)
    return department


@transaction.atomic
def change_department(department: Department, *, actor: User | None, **fields: Any) -> None:
    """Change title, kind, superior, area, phone or whether it may lead."""
    _require(actor, department)
    _check(actor, {"kind": department.kind, "area": department.area} | fields)
    parent = fields.get("parent")
    while parent is not None:
        if parent.pk == department.pk:
            raise Refusal(_("上级不能是它自己或它的下级，请另选。"), field="parent")
        parent = parent.parent
    if changed := set_fields(department, fields):
        log(department, "department.changed", actor=actor, changed=changed)


@transaction.atomic
def retire_department(department: Department, *, actor: User | None) -> None:
    """Take a department out of use from today; its cases and history stay.

    Refused while people, duties or departments below still depend on it: each would be left without an answer.
    """
    _require(actor, department)
    left = {
        _("%d 个在用账号"): department.staff.filter(is_active=True).count(),
        _("%d 项在办职责"): Duty.objects.on().filter(department=department).count(),
        _("%d 个下级部门"): department.children.filter(valid_to=None).count(),
    }
    waiting = "、".join(words % number for words, number in left.items() if number)
    if waiting:
        raise Refusal(_("还有%s，请先转给别的部门，再停用。") % waiting)
    today = timezone.localdate()
    if not Department.objects.filter(pk=department.pk, valid_to=None).update(valid_to=today):
        raise Conflict(_("这个部门已经停用。"))
    department.valid_to = today
    log(department, "department.retired", actor=actor, valid_to=str(today))


def _require(actor: User | None, department: Department) -> None:
    if actor is not None:
        require_path(actor, "people.manage", department.area.path if department.area else "")


def _check(actor: User | None, fields: dict[str, Any]) -> None:
    if fields.get("can_lead") and fields.get("kind") in NEVER_LEAD:
        raise Refusal(_("社区和村只协办、不主办：请取消“可以主办”。"), field="can_lead")
    if actor is not None:
        area = fields.get("area")
        require_path(actor, "people.manage", area.path if area else "")
