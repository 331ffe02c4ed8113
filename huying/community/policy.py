"""Who may read of which homes: whoever works the grid today, and no longer; supervisors see masked rows."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from huying.community.models import Household, Visit
from huying.core.errors import NotAllowed
from huying.people.access import can, scopes
from huying.people.models import User

RECORD = "visit.record"
VIEW = "visit.view"


def households_for(user: User | AnonymousUser, verb: str = RECORD) -> QuerySet[Household]:
    """The households of the areas for which the user has the verb today."""
    found = Q(pk=None)
    for scope in scopes(user, verb):
        found |= Q(area_path__startswith=scope.path) if scope.path else Q(pk__isnull=False)
    return Household.objects.filter(found)


def visits_for(user: User | AnonymousUser) -> QuerySet[Visit]:
    """The visits to the households of the areas that the user looks after."""
    return Visit.objects.filter(household__in=households_for(user, VIEW).values("pk"))


def require(user: User, household: Household) -> None:
    """Refuse, saying why, unless the user works the household's grid now."""
    if not can(user, RECORD):
        raise NotAllowed(_("您的岗位没有这项权限。需要时请联系系统管理员。"))
    if not households_for(user).filter(pk=household.pk).exists():
        raise NotAllowed(_("这一户不在您现在负责的网格里。"))
