"""Who may see and do what with which cases: each verb is a queryset, and a refusal can say why."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from huying.cases.models import Case, CaseQuerySet, Report
from huying.core.errors import NotAllowed
from huying.people.access import Scope, can, scopes, with_stations
from huying.people.models import User

# Verbs that the lead department alone has; helpers of a joint case may only look and finish their part.
_LEAD_ONLY = frozenset(
    {
        "case.take_up", "case.assign", "case.report_handled", "case.return", "case.extend", "case.park",
        "case.appeal", "case.approve_extension",
    }
)  # fmt: skip


def led_with(user: User | AnonymousUser, department_id: int) -> set[int]:
    """The department and those directly below it: a bureau's clerk serves its stations too.

    Remembered on the user object, which lives as long as the request.
    """
    known: dict[int, set[int]] | None = getattr(user, "_known_departments", None)
    if known is None:
        known = {}
        user._known_departments = known  # type: ignore[union-attr]
    if department_id not in known:
        known[department_id] = with_stations(department_id)
    return known[department_id]


def _within(user: User | AnonymousUser, scope: Scope, verb: str) -> Q:
    found = Q()
    if scope.path:
        found &= Q(area_path__startswith=scope.path)
    if scope.department_id is not None:
        departments = led_with(user, scope.department_id)
        mine = Q(department__in=departments)
        if verb not in _LEAD_ONLY:
            mine |= Q(assistances__department__in=departments)
        found &= mine
    return found


def cases_for(user: User | AnonymousUser, verb: str = "case.view") -> CaseQuerySet:
    """The cases on which the user has the verb."""
    found: Q | None = None
    joins = False
    for scope in scopes(user, verb):
        within = _within(user, scope, verb)
        if not within:
            return Case.objects.all()
        joins = joins or (scope.department_id is not None and verb not in _LEAD_ONLY)
        found = within if found is None else found | within
    if found is None:
        return Case.objects.none()
    queryset = Case.objects.filter(found)
    # A semi-join instead of DISTINCT: a distinct over every column would sort the whole list.
    return Case.objects.filter(pk__in=queryset.values("pk")) if joins else queryset


def reports_for(user: User | AnonymousUser, verb: str = "case.view") -> object:
    """The reports of the cases on which the user has the verb."""
    return Report.objects.filter(case__in=cases_for(user, verb))


def may(user: User | AnonymousUser, verb: str, case: Case, *, role: str | None = None) -> bool:
    """Whether the user has the verb on this case; `role` narrows it to one role where the ledger names one."""
    for scope in scopes(user, verb):
        if role and scope.role != role:
            continue
        if scope.path and not case.area_path.startswith(scope.path):
            continue
        if scope.department_id is None:
            return True
        departments = led_with(user, scope.department_id)
        if case.department_id in departments:
            return True
        if verb not in _LEAD_ONLY and case.assistances.filter(department__in=departments).exists():
            return True
    return False


def require(user: User, verb: str, case: Case, *, role: str | None = None) -> None:
    """Refuse, saying why, unless the user has the verb on this case."""
    if may(user, verb, case, role=role):
        return
    if not can(user, verb):
        raise NotAllowed(_("您的岗位没有这项权限。需要时请联系系统管理员。"))
    if role and not any(scope.role == role for scope in scopes(user, verb)):
        raise NotAllowed(_("这个台账规定这一步由其他岗位办理。"))
    raise NotAllowed(_("这个案件不在您负责的区域或部门内。"))
