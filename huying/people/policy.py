"""Which places and people an administrator may see and change: each verb is a queryset.

An administrator limited to an area keeps what lies in that area. What belongs to the district as a whole (a department
without an area, an account with wider rights) stays with administrators of the district, so that nobody gives
themselves more than they have.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from huying.core.errors import NotAllowed
from huying.people.access import scopes
from huying.people.models import Department, Duty, Grant, Organisation, PostHolding, User
from huying.places.models import Area

Reader = User | AnonymousUser


def paths_of(user: Reader, verb: str) -> list[str] | None:
    """The subtrees in which the user has the verb; None where nothing limits it."""
    paths = [scope.path for scope in scopes(user, verb)]
    return None if "" in paths else paths


def _inside(paths: list[str] | None, field: str) -> Q:
    if paths is None:
        return Q()
    found = Q(pk__in=[])
    for path in paths:
        found |= Q(**{f"{field}__startswith": path})
    return found


def areas_for(user: Reader, verb: str = "places.manage") -> QuerySet[Area]:
    """The areas of the user's subtrees; functional grids belong to the administrators of the district."""
    return Area.objects.filter(_inside(paths_of(user, verb), "path"))


def departments_for(user: Reader, verb: str = "people.manage") -> QuerySet[Department]:
    """Departments whose own area lies inside."""
    return Department.objects.filter(_inside(paths_of(user, verb), "area__path"))


def users_for(user: Reader, verb: str = "people.manage") -> QuerySet[User]:
    """Accounts of those departments, and accounts without one that hold a post inside."""
    paths = paths_of(user, verb)
    if paths is None:
        return User.objects.all()
    posted = PostHolding.objects.filter(_inside(paths, "area__path"), user=OuterRef("pk"))
    return User.objects.filter(_inside(paths, "department__area__path") | Q(department=None) & Exists(posted))


def duties_for(user: Reader, verb: str = "people.manage") -> QuerySet[Duty]:
    return Duty.objects.filter(_inside(paths_of(user, verb), "area__path"))


def holdings_for(user: Reader, verb: str = "people.manage") -> QuerySet[PostHolding]:
    """Holdings for an area inside; those for a road, or for nothing in particular, follow their holder's department."""
    paths = paths_of(user, verb)
    if paths is None:
        return PostHolding.objects.all()
    return PostHolding.objects.filter(
        _inside(paths, "area__path") | Q(area=None) & _inside(paths, "user__department__area__path")
    )


def organisations_for(user: Reader, verb: str = "people.manage") -> QuerySet[Organisation]:
    return Organisation.objects.filter(_inside(paths_of(user, verb), "area__path"))


def reaches(user: Reader, verb: str, path: str) -> bool:
    """Whether the user has the verb on this path; the empty path is the whole district."""
    paths = paths_of(user, verb)
    return paths is None or (bool(path) and any(path.startswith(each) for each in paths))


def require_path(user: Reader, verb: str, path: str) -> None:
    """Refuse, saying why, unless the path is inside the user's subtrees."""
    if not reaches(user, verb, path):
        raise NotAllowed(_("这超出了您管理的区域。请选择您辖区内的区域或部门，或请区级管理员办理。"))


def require_account(actor: Reader, account: User) -> None:
    """Refuse when the account isn't the actor's to manage, or may do more than the actor could give.

    Whoever may set an account's password may act as its owner.
    """
    if not users_for(actor).filter(pk=account.pk).exists():
        raise NotAllowed(_("这个账号不在您管理的区域内。请联系它所在单位的管理员。"))
    for grant in Grant.objects.on().filter(user=account).select_related("area"):
        if not reaches(actor, "people.manage", grant_path(grant)):
            raise NotAllowed(_("这个账号有超出您辖区的权限，只能由区级管理员修改。"))


def grant_path(grant: Any) -> str:
    """Where a grant holds, for the question whether somebody may give or take it."""
    return grant.area.path if grant.area else ""
