"""All registers on one page: how many things, in which state, what everyone may see."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from huying.people.guards import requires, signed_in
from huying.people.models import User
from huying.registry import policy
from huying.registry.display import look_of, public_words
from huying.registry.models import Register
from huying.registry.rules import RETIRED, RegisterRules


@dataclass
class Row:
    """One register as the overview shows it. Each count is [word, number, address of its rows, colour, icon]."""

    register: Register
    rules: RegisterRules
    total: int = 0
    states: list[tuple[str, int, str, str, str]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)  # state → how many

    @property
    def public(self) -> str:
        return public_words(self.rules)


def counted(user: User) -> dict[int, dict[str, int]]:
    """Register → state → how many things of it the user may see."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    rows = policy.items_for(user).order_by().values_list("register_id", "state").annotate(Count("pk"))
    for register, state, number in rows:
        found[register][state] = number
    return found


def overview_rows(user: User) -> list[Row]:
    """Every register in use with its counts."""
    counts = counted(user)
    rows = []
    for register in Register.objects.filter(active=True):
        rules, found = register.rules, counts.get(register.pk, {})
        total = sum(number for state, number in found.items() if state != RETIRED)
        row = Row(register, rules, total, counts=found)
        order = [state.code for state in rules.states]
        for state in sorted(found, key=lambda code: order.index(code) if code in order else len(order)):
            url = f"{register.get_absolute_url()}?{urlencode({'state': state})}"
            row.states.append((str(rules.state(state)), found[state], url, *look_of(state)))
        rows.append(row)
    return rows


@require_GET
@requires(policy.VIEW)
def registers(request: HttpRequest) -> HttpResponse:
    """The registers by group."""
    rows = overview_rows(signed_in(request))
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.rules.group].append(row)
    context: dict[str, Any] = {
        # What belongs to no group comes last.
        "groups": sorted(
            ((title or _("其他"), found) for title, found in groups.items()),
            key=lambda pair: pair[0] == _("其他"),
        ),
        "grouped": len(groups) > 1,
        "total": sum(row.total for row in rows),
        "search_action": reverse("desk:items"),
    }
    return render(request, "registry/registers.html", context)
