"""Who may do what, where: the one place that answers, and can say why.

`scopes(user, verb)` are the limits within which a user has a verb; each floor turns them into a
queryset in its own `policy.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser

from huying.people.models import Department, Grant, User
from huying.people.roles import ROLES


@dataclass(frozen=True)
class Scope:
    """One grant's reach: an area subtree (`path` prefix, empty = everywhere) and a department (None = any)."""

    role: str
    path: str
    department_id: int | None


@dataclass(frozen=True)
class TokenLimit:
    """What a token leaves of its owner's rights: these verbs (None: all of them) inside this area's path."""

    verbs: frozenset[str] | None
    path: str = ""


def grants_of(user: User | AnonymousUser) -> list[Grant]:
    """The user's grants in force today, read once per request."""
    if not isinstance(user, User) or not user.is_active:
        return []
    # By attribute, not by __dict__: `request.user` is a proxy with a dictionary of its own.
    cached: list[Grant] | None = getattr(user, "_grants", None)
    if cached is None:
        cached = list(Grant.objects.on().filter(user=user).select_related("area").defer("area__boundary"))
        user._grants = cached  # type: ignore[attr-defined]
    return cached


def scopes(user: User | AnonymousUser, verb: str) -> list[Scope]:
    """Every scope in which the user has `verb`; empty when not at all.

    A user who came with a token has at most the verbs of the token, and only within its area.
    """
    limit: TokenLimit | None = getattr(user, "token_limit", None)
    if limit is not None and limit.verbs is not None and verb not in limit.verbs:
        return []
    found = []
    for grant in grants_of(user):
        role = ROLES.get(grant.role)
        if role is None or verb not in role.verbs:
            continue
        department_id = grant.department_id
        if role.own_department and department_id is None:
            department_id = user.department_id  # type: ignore[union-attr]
            if department_id is None:
                continue  # a clerk without a department is responsible for nothing
        path = grant.area.path if grant.area else ""
        if limit is not None and limit.path:
            if not (path.startswith(limit.path) or limit.path.startswith(path)):
                continue
            path = max(path, limit.path, key=len)
        found.append(Scope(grant.role, path, department_id))
    return found


def can(user: User | AnonymousUser, verb: str) -> bool:
    """Whether the user has `verb` anywhere."""
    return bool(scopes(user, verb))


def everywhere(user: User | AnonymousUser, verb: str) -> bool:
    """Whether the user has `verb` without limits: for what concerns the installation as a whole."""
    return any(not scope.path and scope.department_id is None for scope in scopes(user, verb))


def with_stations(department_id: int) -> set[int]:
    """The keys of a department and of those directly below it: a bureau's people serve its stations too."""
    return {department_id, *Department.objects.filter(parent_id=department_id).values_list("pk", flat=True)}


def roles_of(user: Any) -> set[str]:
    """The codes of the user's roles in force today."""
    return {grant.role for grant in grants_of(user)}
