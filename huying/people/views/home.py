"""The administrator's first page: what there is, and what needs attention."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from huying.people.access import can
from huying.people.guards import requires
from huying.people.models import Duty, Grant, PostHolding
from huying.people.policy import (
    areas_for,
    departments_for,
    duties_for,
    holdings_for,
    organisations_for,
    users_for,
)
from huying.people.views.common import MANAGE_PEOPLE, MANAGE_PLACES
from huying.places.models import ADMINISTRATIVE, Area
from huying.places.work_calendar import provisional_years


@requires(MANAGE_PEOPLE, MANAGE_PLACES)
def home(request: HttpRequest) -> HttpResponse:
    """Counts that open their lists, and gaps that would leave a case without an answer."""
    context = {"tiles": _tiles(request), "gaps": [gap for gap in _gaps(request) if gap["count"]]}
    return render(request, "people/home.html", context)


def _tiles(request: HttpRequest) -> list[dict[str, Any]]:
    user, tiles = request.user, []
    if can(user, MANAGE_PLACES):
        levels = dict(
            areas_for(user)
            .filter(layer=ADMINISTRATIVE, valid_to=None)
            .order_by()
            .values_list("level")
            .annotate(n=Count("pk"))
        )
        for level in Area.Level:
            if level != Area.Level.DISTRICT:
                url = f"{reverse('people:areas')}?level={level}"
                tiles.append({"title": level.label, "value": levels.get(level, 0), "url": url})
    if can(user, MANAGE_PEOPLE):
        tiles += [
            {
                "title": _("部门"),
                "value": departments_for(user).filter(valid_to=None).count(),
                "url": reverse("people:departments"),
            },
            {
                "title": _("在用账号"),
                "value": users_for(user).filter(is_active=True).count(),
                "url": reverse("people:accounts"),
            },
            {
                "title": _("网格员"),
                "value": users_for(user).filter(_has_role("grid-worker"), is_active=True).count(),
                "url": f"{reverse('people:accounts')}?role=grid-worker",
            },
            {
                "title": _("在岗任职"),
                "value": holdings_for(user).filter(pk__in=PostHolding.objects.on()).count(),
                "url": reverse("people:holdings"),
            },
            {
                "title": _("在办职责"),
                "value": duties_for(user).filter(pk__in=Duty.objects.on()).count(),
                "url": reverse("people:duties"),
            },
            {
                "title": _("组织"),
                "value": organisations_for(user).filter(valid_to=None).count(),
                "url": reverse("people:organisations"),
            },
        ]
    return tiles


def _has_role(role: str) -> Exists:
    return Exists(Grant.objects.on().filter(user=OuterRef("pk"), role=role))


def _gaps(request: HttpRequest) -> list[dict[str, Any]]:
    user, gaps = request.user, []
    if can(user, MANAGE_PLACES):
        years = provisional_years(2)
        gaps.append(
            {
                "count": len(years),
                "title": _("%s年的节假日安排还没有录入，跨到该年的期限暂按周一至周五计算。")
                % "、".join(map(str, years)),
                "url": reverse("people:calendar"),
            }
        )
    if can(user, MANAGE_PEOPLE):
        active = users_for(user).filter(is_active=True)
        held = PostHolding.objects.on().filter(area=OuterRef("pk"), user__is_active=True)
        unheld = (
            areas_for(user, MANAGE_PEOPLE)
            .filter(~Exists(held), level=Area.Level.GRID, layer=ADMINISTRATIVE, valid_to=None)
            .count()
        )
        empty = departments_for(user).filter(~Q(staff__is_active=True), valid_to=None, can_lead=True).count()
        without = active.filter(~Exists(Grant.objects.on().filter(user=OuterRef("pk")))).count()
        gaps += [
            {
                "count": unheld,
                "title": _("%d 个网格没有任何在岗人员。") % unheld,
                "url": f"{reverse('people:areas')}?level=grid",
            },
            {
                "count": without,
                "title": _("%d 个在用账号没有角色，登录后打不开工作页。") % without,
                "url": f"{reverse('people:accounts')}?role=none",
            },
            {
                "count": empty,
                "title": _("%d 个可以主办的部门没有在用账号，派去的件没有人签收。") % empty,
                "url": reverse("people:departments"),
            },
        ]
    return gaps
