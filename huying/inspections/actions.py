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
from huying.inspections.draws import InspectorFact, draw_places, kept_facts
from huying.inspections.models import Draw, Plan
from huying.inspections.occurrences import Period, period_named, period_of
from huying.inspections.places import inspectors_of, places_of
from huying.inspections.plans import PlanRules
from huying.inspections.policy import DRAW, require
from huying.inspections.weighing import fact_of
from huying.people.models import User

_DAY = dt.timedelta(days=1)


def drawable(rules: PlanRules, today: dt.date | None = None) -> tuple[Period, Period]:
    """The periods that may be drawn: the one under way and the next."""
    now = period_of(rules.every.unit, today or timezone.localdate())
    return now, period_of(rules.every.unit, now.last + _DAY)


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
        asked = period_named(rules.every.unit, period)
        current, following = drawable(rules)
        if asked.last < current.first:
            raise Refusal(_("这个时段已经过去，不能再抽。"))
        if asked.first > following.first:
            # What weighs is known only when the time has come: a draw far ahead would be a list, not fate.
            raise Refusal(_("只能抽这个时段（%(now)s）和下一个（%(next)s）。") % {
                "now": current.name, "next": following.name,
            })  # fmt: skip
    except ValueError as error:
        raise Refusal(error.args[0]) from None
    facts = [fact_of(rules, place, visited or {}, risks or {}) for place in places_of(rules)]
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
