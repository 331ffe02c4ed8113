"""Accounts: add, change, give and withdraw roles, reset the password, deactivate."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, Refusal
from huying.core.journal import log
from huying.people.actions.changes import set_fields
from huying.people.models import Department, Grant, User
from huying.people.policy import grant_path, require_account, require_path
from huying.people.roles import ROLES
from huying.places.models import Area

# Without letters and digits that look alike: the password is read out or written on paper once.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def new_password() -> str:
    """A password for the first sign-in: four groups of four, about 79 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _place in range(4)) for _group in range(4))


@transaction.atomic
def add_account(*, username: str, actor: User | None, **fields: Any) -> tuple[User, str]:
    """A new account and its first password, which is shown once and kept nowhere."""
    _require_department(actor, fields.get("department"))
    if User.objects.filter(username__iexact=username).exists():
        raise Refusal(_("用户名“%s”已有人用，请换一个。") % username, field="username")
    password = new_password()
    user = User(username=username, **fields)
    user.set_password(password)
    user.save()
    log(user, "user.added", actor=actor, username=username, department=str(user.department or ""))
    return user, password


@transaction.atomic
def change_account(user: User, *, actor: User | None, **fields: Any) -> None:
    """Change name, title, phone or department."""
    if actor is not None:
        require_account(actor, user)
        _require_department(actor, fields.get("department", user.department))
    if changed := set_fields(user, fields):
        # The number itself is personal: the journal keeps that it changed, not from what to what.
        if "phone" in changed:
            changed["phone"] = []
        log(user, "user.changed", actor=actor, changed=changed)


@transaction.atomic
def give_role(
    user: User,
    role: str,
    *,
    actor: User | None,
    area: Area | None = None,
    department: Department | None = None,
    starts_on: dt.date | None = None,
    ends_on: dt.date | None = None,
) -> Grant:
    """Grant a role within an area and a department, from when to when (both included)."""
    if role not in ROLES:
        raise Refusal(_("没有这个角色，请从列表中选择。"), field="role")
    if starts_on and ends_on and ends_on < starts_on:
        raise Refusal(_("止期早于起期，请重新选择日期。"), field="ends_on")
    if ROLES[role].own_department and not (department or user.department):
        raise Refusal(
            _("“%s”只办本部门的事：请先为账号填写部门，或在授权里选择部门。") % ROLES[role].title,
            field="department",
        )
    if actor is not None:
        require_account(actor, user)
        require_path(actor, "people.manage", area.path if area else "")
        if department:
            _require_department(actor, department)
    twin = Grant.objects.on().filter(user=user, role=role, area=area, department=department)
    if twin.exists():
        raise Conflict(_("这个账号在这个范围已经有“%s”角色。") % ROLES[role].title, field="role")
    grant = Grant.objects.create(
        user=user, role=role, area=area, department=department, starts_on=starts_on, ends_on=ends_on
    )
    log(user, "user.role_given", actor=actor, **_grant_words(grant))
    return grant


@transaction.atomic
def withdraw_role(grant: Grant, *, actor: User | None) -> None:
    """End a grant now; the journal keeps that it was."""
    if actor is not None:
        require_account(actor, grant.user)
        require_path(actor, "people.manage", grant_path(grant))
        if actor.pk == grant.user_id and grant.role == "administrator":
            raise Refusal(_("不能收回自己的管理员角色，请另一位管理员来办。"))
    words = _grant_words(grant)
    if not Grant.objects.filter(pk=grant.pk).delete()[0]:
        raise Conflict(_("这项授权已被收回。"))
    log(grant.user, "user.role_withdrawn", actor=actor, **words)


@transaction.atomic
def reset_password(user: User, *, actor: User) -> str:
    """A new first password, shown once; the account's sessions end."""
    require_account(actor, user)
    password = new_password()
    user.set_password(password)
    user.save(update_fields=["password"])
    log(user, "user.password_reset", actor=actor)
    return password


@transaction.atomic
def deactivate_account(user: User, *, actor: User) -> None:
    """Close an account: no sign-in, and open sessions end with their next click; posts and history stay."""
    require_account(actor, user)
    if user.pk == actor.pk:
        raise Refusal(_("不能停用自己的账号，请另一位管理员来办。"))
    if not User.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
        raise Conflict(_("这个账号已经停用。"))
    user.is_active = False
    log(user, "user.deactivated", actor=actor)


@transaction.atomic
def activate_account(user: User, *, actor: User) -> None:
    """Open a closed account again, with the roles it had."""
    require_account(actor, user)
    if not User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
        raise Conflict(_("这个账号已经是启用状态。"))
    user.is_active = True
    log(user, "user.activated", actor=actor)


def _require_department(actor: User | None, department: Department | None) -> None:
    if actor is not None:
        require_path(actor, "people.manage", department.area.path if department and department.area else "")


def _grant_words(grant: Grant) -> dict[str, Any]:
    return {
        "role": grant.role,
        "area": grant.area.code if grant.area else "",
        "department": grant.department.code if grant.department else "",
    }
