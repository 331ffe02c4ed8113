"""The case page: everything about one matter, and exactly the steps that are open to its reader."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from huying.cases import policy
from huying.cases.models import Case
from huying.cases.story import story_for_staff
from huying.people.guards import requires
from huying.people.models import User


def case_for(user: User, number: str) -> Case:
    """The case with what its page needs; 404 for one that this person may not see."""
    case = (
        policy.cases_for(user)
        .select_related(
            "ledger", "category__topic", "topic__parent", "department", "handler", "subdistrict", "area", "compound",
            "item__register", "item__owner", "handled_by", "checked_by", "closed_by", "merged_into",
        )
        .filter(number=number)
        .first()
    )  # fmt: skip
    if case is None:
        raise Http404(_("没有这个案件，或者它不在您负责的区域和部门内。请核对编号。"))
    return case


@requires("case.view")
def show(request: HttpRequest, number: str) -> HttpResponse:
    """The page of one case."""
    case = case_for(request.user, number)
    return render(request, "cases/desk/case.html", {"case": case, "events": story_for_staff(case)})
