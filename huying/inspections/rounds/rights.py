"""Who makes rounds where, and who reads them: a queryset for reading, a refusal that says why for making."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from huying.core.errors import NotAllowed
from huying.core.models import StoredFile
from huying.inspections.plans import PlanRules
from huying.inspections.rounds.models import Round, RoundMember, RoundPhoto
from huying.inspections.rounds.sites import Site
from huying.people.access import Scope, can, scopes, with_stations
from huying.people.models import Department, User

MAKE, VIEW = "round.make", "round.view"


def _reaches(scope: Scope, site: Site, plan: PlanRules | None) -> bool:
    if scope.path and not site.path.startswith(scope.path):
        return False
    if scope.department_id is None:
        return True
    mine = with_stations(scope.department_id)
    if plan is not None and plan.by_departments:
        return Department.objects.filter(pk__in=mine, code__in=plan.by_departments).exists()
    if site.item is None:
        return False
    if plan is not None and plan.by_post and {site.item.owner_id, site.item.keeper_id} & mine:
        return True
    return site.item.supervisor_id in mine


def may_make(user: User | AnonymousUser, site: Site, plan: PlanRules | None = None) -> bool:
    """Whether this person may make a round there."""
    return any(_reaches(scope, site, plan) for scope in scopes(user, MAKE))


def require_make(user: User, site: Site, plan: PlanRules | None = None) -> None:
    """Refuse, saying why, unless this person may make a round there.

    A returning duty is done by whoever keeps the place; an inspection never by the unit that is inspected.
    """
    if not can(user, MAKE):
        raise NotAllowed(_("您的岗位没有这项权限。需要时请联系系统管理员。"))
    if not may_make(user, site, plan):
        raise NotAllowed(_("「%(title)s」不在您负责的区域或计划内。") % {"title": site.title})
    duty = plan is not None and plan.kept_up
    if not duty and user.department_id and user.department_id in {unit.pk for unit in site.units}:
        raise NotAllowed(_("不能检查自己单位管的地方，请由别的单位来查。"))


def rounds_for(user: User | AnonymousUser, verb: str = VIEW) -> QuerySet[Round]:
    """The rounds that this person may read: of their area, of what is theirs, or that their people made."""
    found = Q(pk=None)
    for scope in scopes(user, verb):
        within = Q(area_path__startswith=scope.path) if scope.path else Q()
        if scope.department_id is not None:
            mine = with_stations(scope.department_id)
            within &= (
                Q(item__owner__in=mine) | Q(item__keeper__in=mine) | Q(item__supervisor__in=mine)
                | Q(department__in=mine) | Q(pk__in=_made_by(mine))
            )  # fmt: skip
        if not within:
            return Round.objects.all()
        found |= within
    return Round.objects.filter(found)


def _made_by(departments: set[int]) -> QuerySet[Round]:
    return RoundMember.objects.filter(department__in=departments).values("round")  # type: ignore[return-value]


def may_open_of_round(request: HttpRequest, file: StoredFile) -> bool:
    """Whether whoever asks may see a round that this picture belongs to."""
    user = request.user
    if not user.is_authenticated:
        return False
    mine = rounds_for(user)
    shown = RoundPhoto.objects.filter(file=file, round__in=mine).exists()
    return shown or mine.filter(signature=file).exists()
