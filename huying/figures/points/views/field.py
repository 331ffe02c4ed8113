"""My points, on the phone: this month line by line with its rows, what is left, what others gave; appeals."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from huying.cases.views.field.access import in_the_field, worker
from huying.figures.points.counting import schemes_of
from huying.figures.points.display import (
    entry_shown,
    group_of,
    left_of,
    lines_shown,
    month_of,
    months,
    period_for,
    right_total,
    split,
)
from huying.figures.points.models import PointEntry
from huying.figures.points.scoring import signed
from huying.people.models import User


def links(user: User) -> Iterator[tuple[str, str, str]]:
    """The way here from the page about oneself."""
    if schemes_of(user):
        yield reverse("figures:my-points"), _("我的积分"), "star"


def pages(user: User) -> Iterator[tuple[str, str]]:
    """What opens without a signal: this month, as it was at the start of the day."""
    if schemes_of(user):
        yield reverse("figures:my-points"), f"{timezone.localdate()}"


@never_cache
@in_the_field
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """Own points, phone first; of several schemes one at a time."""
    user = worker(request)
    schemes = schemes_of(user)
    wanted = request.GET.get("scheme", "")
    scheme = next((each for each in schemes if each.code == wanted), schemes[0] if schemes else None)
    period = period_for(request.GET.get("period", ""))
    context: dict[str, object] = {
        "schemes": schemes,
        "scheme": scheme,
        "period": period,
        "months": months(period),
    }
    if scheme is not None:
        group = group_of(scheme, user, period)
        month = month_of(scheme, group, period) if group else None
        account = month.account(user.pk) if month else None
        entries = PointEntry.objects.filter(
            scheme=scheme, person=user, on__range=(period.first, period.last)
        ).select_related("evidence", "entered_by")
        context |= {
            "rules": scheme.rules,
            "month": month,
            "account": account,
            "right": right_total(month, user.pk),
            "total": signed(account.total) if account else "",
            "of": len(month.members) if month else 0,
            **split(
                lines_shown(month, account, user, whole=request.GET.get("line", ""), phone=True)
                if month and account
                else []
            ),
            "result": month.results.get(user.pk) if month else None,
            "may_appeal": _may_appeal(month.table) if month else False,
            "left": left_of(scheme, user),
            "entries": [entry_shown(each, scheme.rules) for each in entries],
            "back": request.get_full_path(),
        }
    return render(request, "figures/points/field.html", context | {"title": _("我的积分")})


def _may_appeal(table: object) -> bool:
    until = getattr(table, "appeals_until", None)
    return until is not None and getattr(table, "published_at", None) is None and timezone.now() <= until
