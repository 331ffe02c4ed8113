"""Who may do what with plans, and who reads which: an unannounced plan is hidden from whoever is inspected."""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import NotAllowed
from huying.inspections.models import Plan
from huying.inspections.places import items_of
from huying.inspections.plans import PlanRules
from huying.people.access import can, everywhere
from huying.people.models import Department, PostHolding, User
from huying.places.models import ADMINISTRATIVE, Area

DRAW, VIEW = "inspection.draw", "round.view"


def require(user: User, verb: str) -> None:
    """Refuse, saying why, unless the user has the verb."""
    if not can(user, verb):
        raise NotAllowed(_("您的岗位没有这项权限。需要时请联系系统管理员。"))


def plans_for(user: User) -> list[Plan]:
    """The plans in use that this person may read, in the order of their codes.

    Whoever is inspected does not learn of a visit without notice before it happens. Who oversees the whole district
    and who goes there see it.
    """
    if not can(user, VIEW) and not can(user, DRAW):
        return []
    plans = list(Plan.objects.filter(active=True))
    if all(not plan.rules.unannounced for plan in plans) or _oversees(user):
        return plans
    posts = set(
        PostHolding.objects.on(timezone.localdate()).filter(user=user).values_list("post__code", flat=True)
    )
    return [
        plan for plan in plans if not plan.rules.unannounced or _goes(user, plan.rules, posts)
        or not is_inspected(user, plan.rules)
    ]  # fmt: skip


def may_see(user: User, plan: Plan) -> bool:
    """Whether this person may read the plan, its days and its draws."""
    return any(each.pk == plan.pk for each in plans_for(user))


def _oversees(user: User) -> bool:
    return everywhere(user, VIEW) or everywhere(user, DRAW)


def _goes(user: User, rules: PlanRules, posts: set[str]) -> bool:
    if rules.by_post:
        return rules.by_post in posts
    own = Q(pk=user.department_id) | Q(parent=user.department_id)
    return (
        user.department_id is not None
        and Department.objects.filter(own, code__in=rules.by_departments).exists()
    )


def is_inspected(user: User, rules: PlanRules) -> bool:
    """Whether the plan visits what this person's unit, its bureau or its stations answer for."""
    if user.department_id is None:
        return False
    own = Q(pk=user.department_id) | Q(children=user.department_id) | Q(parent=user.department_id)
    units = Department.objects.filter(own)
    if rules.at_departments:
        return units.filter(code__in=rules.at_departments).exists()
    if rules.registers:
        mine = list(units.values_list("pk", flat=True))
        return items_of(rules).filter(Q(owner__in=mine) | Q(keeper__in=mine)).exists()
    here = (
        User.objects.filter(pk=user.pk).values_list("department__area__path", "department__area__level").get()
    )
    path, level = here
    if not path:
        return False
    if level == Area.Level.DISTRICT:
        return rules.area_level == Area.Level.DISTRICT
    places = Area.objects.filter(level=rules.area_level, layer=ADMINISTRATIVE, valid_to__isnull=True)
    above = [part for part in path.split("/") if part]
    return places.filter(Q(path__startswith=path) | Q(code__in=above)).exists()
