"""What the page of a thing says of its cases: open ones first, then how it went before."""

from __future__ import annotations

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import urlencode

from huying.cases import policy
from huying.cases.models import OPEN
from huying.cases.views.desk.display import status_badge
from huying.people.access import can
from huying.people.models import User
from huying.registry.models import Item

MOST_OPEN, MOST_PAST = 10, 5


def item_panel(item: Item, user: User) -> str:
    """The panel; nothing for who may see no cases at all."""
    if not can(user, "case.view"):
        return ""
    rows = policy.cases_for(user).filter(item=item).select_related("category", "department", "ledger")
    still = list(rows.filter(status__in=OPEN).order_by("due_at", "pk")[: MOST_OPEN + 1])
    past = list(rows.exclude(status__in=OPEN).order_by("-reported_at", "-pk")[: MOST_PAST + 1])
    return render_to_string(
        "cases/desk/_item_cases.html",
        {
            "open": [(case, status_badge(case)) for case in still[:MOST_OPEN]],
            "past": [(case, status_badge(case)) for case in past[:MOST_PAST]],
            "more": len(still) > MOST_OPEN or len(past) > MOST_PAST,
            "url": f"{reverse('desk:cases')}?{urlencode({'item': item.code})}",
        },
    )
