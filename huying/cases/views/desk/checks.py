"""The checker's desk: is it really done? Somebody else looks, with photos before and after side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from huying.cases import actions, policy
from huying.cases.models import Case, CaseFile, CaseQuerySet, Status
from huying.cases.views.desk import work
from huying.cases.views.desk.case import Photos, case_for, head_context
from huying.cases.views.desk.display import metres_words
from huying.cases.views.desk.work import Pile, PileList, chosen, do_all, reader
from huying.core.pages import Column
from huying.people.access import can
from huying.people.guards import requires
from huying.registry.declared.forms import shown_values

VERBS = ("case.check", "case.close")
# Farther than this between photo and case, and the page says it in yellow.
FAR_M = 200

TO_CHECK = Pile(
    "to-check",
    gettext_lazy("待核查"),
    lambda user: Q(status=Status.HANDLED),
    ("check", "rework"),
    order="handled_at",
    icon="eye",
    empty=gettext_lazy("报告办结的案件都核查过了。"),
)
AGAIN = Pile(
    "again",
    gettext_lazy("返工后再核查"),
    lambda user: Q(status=Status.HANDLED, reworks__gt=0),
    ("check", "rework"),
    order="handled_at",
    icon="refresh",
    empty=gettext_lazy("没有返工后等待再核查的案件。"),
)
TO_CLOSE = Pile(
    "to-close",
    gettext_lazy("待结案"),
    lambda user: Q(status=Status.CHECKED),
    ("close",),
    order="checked_at",
    icon="check-circle",
    empty=gettext_lazy("核查通过的案件都结案了。"),
)
SENT_BACK = Pile(
    "sent-back",
    gettext_lazy("返工中"),
    lambda user: Q(status=Status.HANDLING, reworks__gt=0),
    icon="return",
    colour="yellow",
    empty=gettext_lazy("没有返工中的案件。"),
)


class CheckDesk(PileList):
    """Handled cases wait here for somebody else's eyes; checked ones for being struck off."""

    verbs = VERBS
    title = gettext_lazy("核查结案")
    name = "checks"
    detail = "check-pane"
    template_name = "cases/desk/checks.html"
    columns = (
        work.TITLE,
        work.NUMBER,
        Column("handled_at", gettext_lazy("报告办结"), sort="handled_at", css="cell--nowrap"),
        work.CLOCK,
        work.aside(work.STATUS),
        work.aside(work.DEPARTMENT),
        work.PLACE,
        Column("handled_by", gettext_lazy("办理人"), lambda case: str(case.handled_by or ""), shown=False),
        work.LEDGER,
        work.CATEGORY,
        work.aside(work.MARKS),
    )
    keys = (("p", gettext_lazy("核查通过")), ("b", gettext_lazy("退回返工")), ("c", gettext_lazy("结案销号")))

    @property
    def piles(self) -> Sequence[Pile]:  # type: ignore[override]
        """Checkers check; dispatchers and arbiters strike off."""
        user = reader(self.request)
        checks = (TO_CHECK, AGAIN, SENT_BACK) if can(user, "case.check") else ()
        return (*checks, *((TO_CLOSE,) if can(user, "case.close") else ()))

    @property
    def bulk_actions(self) -> Sequence[dict[str, Any]]:  # type: ignore[override]
        if self.pile != TO_CLOSE:
            return ()
        return (
            {
                "title": _("结案销号"),
                "url": reverse("desk:close-many"),
                "icon": "check-circle",
                "key": "c",
                "strong": True,
            },
        )

    def base(self) -> CaseQuerySet:
        """Every pile is kept to where its reader has its right, see `get_queryset`; tabs count the same way."""
        user = reader(self.request)
        checking, closing = policy.cases_for(user, "case.check"), policy.cases_for(user, "case.close")
        mine = Q(pk__in=closing.filter(status=Status.CHECKED).values("pk"))
        if can(user, "case.check"):
            others = (Status.HANDLED, Status.HANDLING)
            mine |= Q(pk__in=checking.filter(status__in=others).values("pk"))
        return Case.objects.filter(mine).open()

    def get_queryset(self) -> CaseQuerySet:
        return (
            super()
            .get_queryset()
            .select_related(
                "ledger", "category", "topic", "subdistrict", "area", "department", "handler", "handled_by"
            )
        )

    def row_url(self, row: Case) -> str:
        return reverse("desk:check", args=[row.number])

    def extra_context(self) -> dict[str, Any]:
        return {**super().extra_context(), "looks": can(reader(self.request), "case.look_back")}


def distance_m(lng: float, lat: float, other_lng: float, other_lat: float) -> float:
    """Metres between two points (WGS-84) that are near each other."""
    x = math.radians(other_lng - lng) * math.cos(math.radians((lat + other_lat) / 2))
    return math.hypot(x, math.radians(other_lat - lat)) * 6_371_008.8


def photo_distance(case: Case, uses: Sequence[CaseFile]) -> dict[str, Any] | None:
    """How far from the case the newest photo after handling was taken, where both places are known."""
    if case.lng is None or case.lat is None:
        return None
    for use in reversed(uses):
        file = use.file
        if use.role == CaseFile.Role.AFTER and file.lng is not None and file.lat is not None:
            metres = distance_m(case.lng, case.lat, file.lng, file.lat)
            return {"words": metres_words(metres), "far": metres > FAR_M, "at": file.taken_at}
    return None


@never_cache
@require_GET
@requires(*VERBS)
def show(request: HttpRequest, number: str) -> HttpResponse:
    """One case as a checker looks at it: before and after, where, what was done; a pane of the list or a page."""
    case = case_for(reader(request), number)
    uses = list(case.files.select_related("file").order_by("id"))
    context = {
        **head_context(case, reader(request)),
        "photos": Photos(uses),
        "distance": photo_distance(case, uses),
        "has_after": any(use.role == CaseFile.Role.AFTER for use in uses),
        "handling": shown_values(case.rules.handling_form, case.handling, private=True),
        "earlier": list(case.checks.select_related("checked_by")),
        "own_work": reader(request).pk in (case.handled_by_id, case.handler_id),
        "stay": "",
    }
    pane = request.headers.get("HX-Target") == "check-pane"
    return render(request, "cases/desk/_check.html" if pane else "cases/desk/check.html", context)


@require_POST
@requires("case.close")
def close_many(request: HttpRequest) -> HttpResponse:
    """Strike off all selected cases whose gates are open; the others stay, saying what is missing."""
    cases = chosen(request, policy.cases_for(reader(request), "case.close"))
    return do_all(
        request,
        cases,
        lambda case: actions.close_case(case, actor=reader(request)),
        _("已结案 %d 件，已请反映人评价。"),
        reverse("desk:checks"),
    )
