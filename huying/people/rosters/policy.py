"""Whose rosters somebody plans or reads: those of the areas and departments of their grants."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from huying.core.errors import NotAllowed
from huying.people.access import scopes
from huying.people.models import Handover, Roster, Shift, Turn, User

PLAN = "roster.plan"
VIEW = "roster.view"
Reader = User | AnonymousUser


def rosters_for(user: Reader, verb: str = VIEW) -> QuerySet[Roster]:
    """Rosters within the user's grants: a department's head has those of its stations too."""
    found = Q(pk=None)
    for scope in scopes(user, verb):
        here = Q(area__path__startswith=scope.path) if scope.path else Q(pk__isnull=False)
        if scope.department_id is not None:
            here &= Q(department=scope.department_id) | Q(department__parent=scope.department_id)
        found |= here
    return Roster.objects.filter(found)


def shifts_for(user: Reader, verb: str = VIEW) -> QuerySet[Shift]:
    """The shifts of those rosters."""
    return Shift.objects.filter(roster__in=rosters_for(user, verb).values("pk"))


def readable_shifts(user: Reader) -> QuerySet[Shift]:
    """Shifts that the user looks after, and those on which they are or were themselves."""
    own = Turn.objects.filter(shift=OuterRef("pk"), user=user.pk)
    return Shift.objects.filter(Q(roster__in=rosters_for(user).values("pk")) | Exists(own))


def readable_handovers(user: Reader) -> QuerySet[Handover]:
    """Hand-overs from or to a shift that the user may read."""
    shifts = readable_shifts(user).values("pk")
    return Handover.objects.filter(Q(shift__in=shifts) | Q(to__in=shifts))


def may_plan(user: Reader, roster: Roster) -> bool:
    """Whether the user puts people on this roster."""
    return rosters_for(user, PLAN).filter(pk=roster.pk).exists()


def require_plan(user: Reader, roster: Roster) -> None:
    """Refuse, saying why, unless the roster is the user's to plan."""
    if not may_plan(user, roster):
        raise NotAllowed(_("这个值班岗不归您排班。需要调整时请联系它的负责单位。"))
