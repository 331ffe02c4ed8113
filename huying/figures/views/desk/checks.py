"""Relations between figures at the desk: those that fail first, each side open to its rows."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from huying.figures.changed import latest_changes
from huying.figures.checking import outcomes
from huying.figures.counting import Asked
from huying.figures.policy import PUBLISH, VIEW
from huying.figures.rules import FigureRules
from huying.figures.views.desk.asking import look
from huying.people.access import can
from huying.people.guards import requires

_ANY = FigureRules(code="", title="")


@never_cache
@require_safe
@requires(VIEW)
def checks(request: HttpRequest) -> HttpResponse:
    """Every relation for the days that are asked for."""
    # A relation has no part of its own: only days and the moment are read.
    days = {name: value for name, value in request.GET.items() if name in ("from", "to", "in")}
    looked = look(_ANY, days)
    found = outcomes(Asked(looked.asked.span), looked.at)
    context = {
        "outcomes": found, "failing": sum(not each.holds for each in found), "looked": looked,
        "mistakes": looked.mistakes, "at": timezone.localtime(looked.at),
        "changes": latest_changes() if can(request.user, PUBLISH) else [],
    }  # fmt: skip
    return render(request, "figures/checks.html", context)
