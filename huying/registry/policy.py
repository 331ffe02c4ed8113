"""Who may look at, change and verify which things: each verb is a queryset, and a refusal can say why."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from huying.core.errors import NotAllowed
from huying.people.access import Scope, can, scopes, with_stations
from huying.people.models import User
from huying.registry.models import Item

VIEW, CHANGE, VERIFY, IMPORT = "item.view", "item.change", "item.verify", "item.import"


def _within(scope: Scope) -> Q:
    found = Q()
    if scope.path:
        found &= Q(area_path__startswith=scope.path)
    if scope.department_id is not None:
        mine = with_stations(scope.department_id)
        found &= Q(owner__in=mine) | Q(keeper__in=mine) | Q(supervisor__in=mine)
    return found


def items_for(user: User | AnonymousUser, verb: str = VIEW) -> QuerySet[Item]:
    """The things on which the user has the verb: those of their area, or that their department has a part in."""
    found: Q | None = None
    for scope in scopes(user, verb):
        within = _within(scope)
        if not within:
            return Item.objects.all()
        found = within if found is None else found | within
    return Item.objects.none() if found is None else Item.objects.filter(found)


Reach = Callable[[Item], bool]


def reach(user: User | AnonymousUser, verb: str) -> Reach:
    """`may`, for many things of one person: their scopes are looked up once."""
    wanted = [
        (scope.path, None if scope.department_id is None else with_stations(scope.department_id))
        for scope in scopes(user, verb)
    ]

    def reached(item: Item) -> bool:
        return any(
            item.area_path.startswith(path)
            and (mine is None or bool({item.owner_id, item.keeper_id, item.supervisor_id} & mine))
            for path, mine in wanted
        )

    return reached


def may(user: User | AnonymousUser, verb: str, item: Item) -> bool:
    """Whether the user has the verb on this thing, also on one that isn't stored yet."""
    return reach(user, verb)(item)


def require(user: User, verb: str, item: Item) -> None:
    """Refuse, saying why, unless the user has the verb on this thing."""
    if may(user, verb, item):
        return
    if not can(user, verb):
        raise NotAllowed(_("您的岗位没有这项权限。需要时请联系系统管理员。"))
    raise NotAllowed(_("「%(title)s」不在您负责的区域或部门内。") % {"title": item.title})
