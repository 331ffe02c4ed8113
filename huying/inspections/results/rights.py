"""Who decides measures about which things, and who reads them."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from huying.core.errors import NotAllowed
from huying.core.models import StoredFile
from huying.inspections.results.models import Measure, MeasureStep
from huying.inspections.rounds.rights import VIEW
from huying.people.access import can, scopes, with_stations
from huying.people.models import User
from huying.registry.models import Item

DECIDE = "measure.decide"


def measures_for(user: User | AnonymousUser) -> QuerySet[Measure]:
    """The measures that this person may read: of their area, of what is theirs, or that their unit decides."""
    found = Q(pk=None)
    for scope in scopes(user, VIEW):
        within = Q(area_path__startswith=scope.path) if scope.path else Q()
        if scope.department_id is not None:
            mine = with_stations(scope.department_id)
            within &= (
                Q(department__in=mine)
                | Q(item__owner__in=mine)
                | Q(item__keeper__in=mine)
                | Q(item__supervisor__in=mine)
            )
        if not within:
            return Measure.objects.all()
        found |= within
    return Measure.objects.filter(found)


def may_begin(user: User | AnonymousUser, item: Item) -> bool:
    """Whether this person may take measures there: of the unit that supervises it, and not of its keeper."""
    for scope in scopes(user, DECIDE):
        if scope.path and not item.area_path.startswith(scope.path):
            continue
        if scope.department_id is None:
            return True
        if item.supervisor_id in with_stations(scope.department_id):
            return True
    return False


def may_go_on(user: User | AnonymousUser, measure: Measure) -> bool:
    """Whether this person takes its next step."""
    for scope in scopes(user, DECIDE):
        if scope.path and not measure.area_path.startswith(scope.path):
            continue
        if scope.department_id is None or measure.department_id in with_stations(scope.department_id):
            return True
    return False


def require_begin(user: User, item: Item) -> None:
    """Refuse, saying why."""
    if not can(user, DECIDE):
        raise NotAllowed(_("您的岗位没有这项权限。需要时请联系系统管理员。"))
    if not may_begin(user, item):
        raise NotAllowed(_("「%(title)s」由它的主管部门处理。") % {"title": item.title})


def require_go_on(user: User, measure: Measure) -> None:
    """Refuse, saying why."""
    if not can(user, DECIDE):
        raise NotAllowed(_("您的岗位没有这项权限。需要时请联系系统管理员。"))
    if not may_go_on(user, measure):
        raise NotAllowed(_("这件处理由 %(unit)s 办。") % {"unit": measure.department or ""})


def may_open_of_measure(request: HttpRequest, file: StoredFile) -> bool:
    """Whether whoever asks may see a measure that this picture is evidence of."""
    user = request.user
    if not user.is_authenticated:
        return False
    return MeasureStep.objects.filter(evidence=file, measure__in=measures_for(user)).exists()
