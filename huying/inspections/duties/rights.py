"""Who reads which duties: of their area, of what is theirs, or that their people do. Unannounced visits stay hidden
from the unit that is inspected until somebody was there.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from huying.inspections.duties.models import PlaceDay
from huying.inspections.models import Plan
from huying.inspections.rounds.rights import VIEW
from huying.people.access import scopes
from huying.people.models import Department, User
from huying.registry.models import Item


@dataclass(frozen=True)
class Reach:
    """What somebody may read. `path`: all of this area and nothing else, so that its sums may be read (empty: the
    whole district); None where only the rows themselves say what is theirs.
    """

    rows: Q
    path: str | None = None
    departments: frozenset[int] | None = None  # whose people they may read about; None: all within the area

    def days(self) -> QuerySet[PlaceDay]:
        """The places and days that they may read."""
        return PlaceDay.objects.filter(self.rows)


def reach(user: User | AnonymousUser) -> Reach:
    """The duties that this person may read."""
    rows, paths, units = Q(pk=None), [], set()
    limited = False
    for scope in scopes(user, VIEW):
        within = Q(area_path__startswith=scope.path) if scope.path else Q()
        if scope.department_id is not None:
            mine = departments_of(scope.department_id)
            units |= mine
            limited = True
            within &= _theirs(mine)
        else:
            paths.append(scope.path)
        if not within:
            rows, limited, paths = Q(), False, [""]
            break
        rows |= within
    hidden = _hidden(user)
    if hidden is not None:
        rows &= ~hidden
    whole = not limited and len(paths) == 1 and hidden is None
    return Reach(rows, paths[0] if whole else None, frozenset(units) if limited and not paths else None)


def departments_of(department_id: int) -> set[int]:
    """A bureau and its stations."""
    return {department_id, *Department.objects.filter(parent_id=department_id).values_list("pk", flat=True)}


def _theirs(mine: set[int]) -> Q:
    """What their people do, and what is done at what they own, keep or supervise."""
    things = Item.objects.filter(Q(owner__in=mine) | Q(keeper__in=mine) | Q(supervisor__in=mine))
    return Q(doer__in=mine) | Q(department__in=mine) | Q(item__in=things.values("pk"))


def _hidden(user: User | AnonymousUser) -> Q | None:
    """What nobody of the inspected unit may know: an unannounced visit that nobody has made yet."""
    if not isinstance(user, User) or user.department is None:
        return None
    own = user.department
    mine = {own.pk, own.parent_id} if own.parent_id else {own.pk}
    codes = set(Department.objects.filter(pk__in=mine).values_list("code", flat=True))
    secret = [
        plan.pk
        for plan in Plan.objects.filter(active=True)
        if plan.rules.unannounced and not codes & set(plan.rules.by_departments)
    ]
    if not secret:
        return None
    inspected = Q(item__owner__in=mine) | Q(item__keeper__in=mine) | Q(department__in=mine)
    if own.area_id is not None and own.kind in _OFFICES:
        inspected |= Q(area=own.area_id)
    coming = PlaceDay.objects.filter(inspected, plan__in=secret, done=0, late=0)
    return Q(pk__in=coming.values("pk")) if coming.exists() else None


# The offices of an area are inspected with it; a bureau of the district is not.
_OFFICES = (Department.Kind.SUBDISTRICT, Department.Kind.COMMUNITY, Department.Kind.VILLAGE)
