"""What is done with plans: one function for each verb, on record."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping
from dataclasses import asdict

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, Refusal
from huying.core.journal import log
from huying.inspections.draws import InspectorFact, PlaceFact, draw_places, kept_facts
from huying.inspections.models import Draw, Plan
from huying.inspections.occurrences import period_named
from huying.inspections.places import PlanPlace, inspectors_of, places_of
from huying.inspections.plans import PlanRules
from huying.inspections.policy import DRAW, require
from huying.people.models import User


def draw(
    plan: Plan,
    period: str,
    *,
    actor: User,
    visited: Mapping[str, dt.date] | None = None,
    risks: Mapping[str, int] | None = None,
) -> Draw:
    """Let fate choose the places of one period (2026-W47) of a plan, once, and keep how it was chosen.

    `visited` is the day of the last visit by key of place, `risks` the failing rounds and open cases of each;
    a plan that names a field as its risk takes the field. Conflict where the period has been drawn.
    """
    require(actor, DRAW)
    rules = plan.rules
    if rules.draw is None:
        raise Refusal(_("这个计划不抽查：每个地方都要去。"))
    try:
        if period_named(rules.every.unit, period).last < timezone.localdate():
            raise Refusal(_("这个时段已经过去，不能再抽。"))
    except ValueError as error:
        raise Refusal(error.args[0]) from None
    facts = [_fact(rules, place, visited or {}, risks or {}) for place in places_of(rules)]
    people = inspectors_of(rules) if rules.draw.inspectors else ()
    inspectors = [
        InspectorFact(user.username, user.department.code if user.department else "") for user in people
    ]
    # Sixteen random characters of the operating system: nobody, the actor included, can know or choose them.
    seed = secrets.token_hex(8)
    drawn = draw_places(rules.draw, period, seed, facts, inspectors)
    try:
        with transaction.atomic():
            kept = Draw.objects.create(
                plan=plan, period=period, seed=seed, rules=asdict(rules.draw),
                facts=kept_facts(facts, inspectors), chosen=list(drawn.places), inspectors=drawn.inspectors,
                drawn_by=actor,
            )  # fmt: skip
            log(
                plan, "inspections.drawn", actor=actor, period=period, seed=seed, places=len(facts),
                chosen=list(drawn.places),
            )  # fmt: skip
    except IntegrityError:
        first = Draw.objects.select_related("drawn_by").get(plan=plan, period=period)
        raise Conflict(
            _("%(who)s已在 %(at)s 抽过这个时段，抽出来的不能重抽。")
            % {"who": first.drawn_by or "", "at": f"{timezone.localtime(first.drawn_at):%m-%d %H:%M}"}
        ) from None
    return kept


def _fact(
    rules: PlanRules, place: PlanPlace, visited: Mapping[str, dt.date], risks: Mapping[str, int]
) -> PlaceFact:
    risk = risks.get(place.key, 1)
    if rules.draw is not None and rules.draw.risk:
        value = place.data.get(rules.draw.risk)
        risk = round(value) if isinstance(value, int | float) and not isinstance(value, bool) else 1
    last = visited.get(place.key)
    days = (timezone.localdate() - last).days if last else None
    return PlaceFact(place.key, risk, days, tuple(sorted(place.units)))
