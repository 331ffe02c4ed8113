"""My tasks by distance and deadline; what is near; what I reported; what I did."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from huying.cases import policy
from huying.cases.models import Case, Report
from huying.cases.suggest import open_nearby
from huying.cases.views.field import todo
from huying.cases.views.field.access import areas_of, in_the_field, position_of, worker
from huying.cases.views.field.display import CARD_FIELDS, Point, card
from huying.core.parts import asked_as_part
from huying.people.models import User
from huying.people.views.shifts import mine_context

NEAR_M = 500
PAGE = 30
_RELATED = ("category", "subdistrict", "area")
_TABS = ("todo", "near", "reported", "done")


@in_the_field
def home(request: HttpRequest) -> HttpResponse:
    """The list of one tab; a part of the page when htmx asks (pulled, or sorted anew from the phone's position)."""
    user = worker(request)
    tab = request.GET.get("tab", "todo")
    tab = tab if tab in _TABS else "todo"
    sort = "distance" if request.GET.get("sort") == "distance" else "deadline"
    here = position_of(request)
    context: dict[str, Any] = {
        "tab": tab, "sort": sort, "here": here, "areas": areas_of(user), **_LISTS[tab](request, user, here, sort),
    }  # fmt: skip
    context["tabs"] = [
        {
            "title": title,
            "url": f"?tab={name}",
            "active": tab == name,
            "count": context.get("total") if tab == name else None,
        }
        for name, title in (
            ("todo", _("待办")),
            ("near", _("附近")),
            ("reported", _("我报的")),
            ("done", _("已办")),
        )
    ]
    if asked_as_part(request):
        return render(request, "cases/field/_tasks.html", context)
    return render(request, "cases/field/home.html", context | {"watch": mine_context(user)})


def _todo(request: HttpRequest, user: User, here: Point | None, sort: str) -> dict[str, Any]:
    cases = todo.needing(user).select_related(*_RELATED).only(*CARD_FIELDS, *_names())[: todo.MOST]
    cards = [card(case, here) for case in cases]
    if sort == "distance" and here is not None:
        # What has no place comes last; equal distances keep the order of their deadlines.
        cards.sort(key=lambda one: one["metres"] if one["metres"] is not None else float("inf"))
    return {"cards": cards, "total": len(cards), "most": len(cards) == todo.MOST}


def _near(request: HttpRequest, user: User, here: Point | None, sort: str) -> dict[str, Any]:
    among = (
        policy.cases_for(user)
        .select_related(*_RELATED)
        .only(*CARD_FIELDS, *_names(), "ledger__title", "topic__title")
    )
    if here is not None:
        found = [case for case, _metres in open_nearby(*here, within_m=NEAR_M, among=among, at_most=PAGE)]
    else:
        found = list(among.open().order_by("-reported_at", "-id")[:PAGE])
    return {"cards": [card(case, here) for case in found]}


def _reported(request: HttpRequest, user: User, here: Point | None, sort: str) -> dict[str, Any]:
    # By its reports, but only what is still in the reader's reach: people move to other areas.
    mine = policy.cases_for(user).filter(pk__in=Report.objects.filter(reported_by=user).values("case"))
    return _paged(request, mine, "reported_at", here)


def _done(request: HttpRequest, user: User, here: Point | None, sort: str) -> dict[str, Any]:
    mine = policy.cases_for(user).filter(handled_by=user, handled_at__isnull=False)
    return _paged(request, mine, "handled_at", here)


def _paged(request: HttpRequest, cases: Any, field: str, here: Point | None) -> dict[str, Any]:
    """A page of the newest first, and the address part of the next one."""
    ordered = cases.select_related(*_RELATED).only(*CARD_FIELDS, *_names()).order_by(f"-{field}", "-pk")
    start = request.GET.get("from", "")
    first = int(start) if start.isdecimal() and len(start) < 5 else 0
    rows: list[Case] = list(ordered[first : first + PAGE + 1])
    more = first + PAGE if len(rows) > PAGE else None
    return {"cards": [card(case, here) for case in rows[:PAGE]], "more": more}


def _names() -> tuple[str, ...]:
    return tuple(f"{name}__{column}" for name in _RELATED for column in ("title", "title_en"))


_LISTS = {"todo": _todo, "near": _near, "reported": _reported, "done": _done}
