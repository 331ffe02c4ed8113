"""What is known already of a thing whose label was scanned: its open cases, for everybody and for staff."""

from __future__ import annotations

from django.template.loader import render_to_string

from huying.cases import policy
from huying.cases.models import Case
from huying.cases.public import public_title
from huying.people.access import can
from huying.people.models import User
from huying.registry.models import Item

_MOST = 5


def known_here(item: Item) -> str:
    """Open public cases of the thing: whoever scans it sees that it is known, and may join in."""
    from huying.cases.views.portal.display import standing, status_badge

    rows = Case.objects.public().open().filter(item=item).select_related("department", "ledger", "category")
    cases = [
        (case, public_title(case), status_badge(case), standing(case))
        for case in rows.order_by("-reported_at", "-pk")[:_MOST]
    ]
    return render_to_string("cases/portal/_known_here.html", {"cases": cases}) if cases else ""


def open_here(item: Item, user: User) -> str:
    """Open cases of the thing that this member of staff may see, with the way to each."""
    from huying.cases.views.desk.display import status_badge

    if not can(user, "case.view"):
        return ""
    rows = policy.cases_for(user).open().filter(item=item).select_related("department", "category", "ledger")
    cases = [(case, status_badge(case)) for case in rows.order_by("due_at", "pk")[:_MOST]]
    return render_to_string(
        "cases/field/_open_here.html", {"cases": cases, "in_the_field": can(user, "field.work")}
    )
