"""All registers on one page: how many things, in which state, what everyone may see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from huying.core.paging import COUNT_CAP, Total
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
    total: Total = field(default_factory=lambda: Total(0))
    states: list[tuple[str, Total, str, str, str]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)  # state → how many

    @property
    def public(self) -> str:
        return public_words(self.rules)


def counted(user: User) -> dict[int, dict[str, int]]:
    """Register → state → how many things of it the user may see, each counted up to a little over COUNT_CAP.

    Which states occur is read by leaps through the index, and each count stops: a million things cost as little
    as ten thousand.
    """
    rows = policy.items_for(user).order_by()
    one = rows.extra(
        where=["registry_item.register_id = there.register_id AND registry_item.state = there.state"]
    )
    counting, values = one.values("pk")[: COUNT_CAP + 1].query.sql_with_params()
    found: dict[int, dict[str, int]] = defaultdict(dict)
    if rows.query.is_empty():
        return found
    with connection.cursor() as cursor:
        cursor.execute(_COUNT.format(counting=counting), values)
        for register, state, number in cursor.fetchall():
            if number:
                found[register][state] = number
    return found


_COUNT = """
WITH RECURSIVE there AS (
    (SELECT register_id, state FROM registry_item ORDER BY register_id, state LIMIT 1)
    UNION ALL
    SELECT following.register_id, following.state FROM there CROSS JOIN LATERAL (
        SELECT register_id, state FROM registry_item
        WHERE (register_id, state) > (there.register_id, there.state) ORDER BY register_id, state LIMIT 1
    ) AS following
)
SELECT register_id, state, (SELECT count(*) FROM ({counting}) AS counted) FROM there
"""


def said(numbers: Iterable[int]) -> Total:
    """The sum of counts that may have stopped."""
    known = list(numbers)
    return Total(sum(min(number, COUNT_CAP) for number in known), any(number > COUNT_CAP for number in known))


def overview_rows(user: User) -> list[Row]:
    """Every register in use with its counts."""
    counts = counted(user)
    rows = []
    for register in Register.objects.filter(active=True):
        rules, found = register.rules, counts.get(register.pk, {})
        total = said(number for state, number in found.items() if state != RETIRED)
        row = Row(register, rules, total, counts=found)
        order = [state.code for state in rules.states]
        for state in sorted(found, key=lambda code: order.index(code) if code in order else len(order)):
            url = f"{register.get_absolute_url()}?{urlencode({'state': state})}"
            row.states.append((str(rules.state(state)), said([found[state]]), url, *look_of(state)))
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
        "total": Total(sum(row.total.number for row in rows), any(row.total.capped for row in rows)),
        "search_action": reverse("desk:items"),
    }
    return render(request, "registry/registers.html", context)
