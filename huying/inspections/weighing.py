"""What weighs when places are drawn: their risk, and how long nobody was there. From the rounds and the cases."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Max
from django.utils import timezone

from huying.inspections.draws import InspectorFact, PlaceFact, weights_of
from huying.inspections.models import Plan
from huying.inspections.places import PlanPlace, inspectors_of, places_of
from huying.inspections.plans import PlanRules
from huying.inspections.rounds.going import open_cases_at
from huying.inspections.rounds.models import Round

# A failure of longer ago says little of the place as it is now.
REMEMBERED = dt.timedelta(days=365)


def gather(plan: Plan, places: Sequence[PlanPlace]) -> tuple[dict[str, dt.date], dict[str, int]]:
    """The day of the last visit by the plan's standard, and the risk, by the key of each place.

    Risk is 1, and 1 more for every failing round of the last year and for every case that is open there now.
    """
    by_pk = {place.pk: place.key for place in places}
    if not by_pk:
        return {}, {}
    kind = f"{places[0].kind}_id"
    rounds = Round.objects.filter(
        version__standard__code=plan.rules.standard, proved=True, **{f"{kind}__isnull": False}
    ).order_by()
    last = rounds.values_list(kind).annotate(Max("day"))
    visited = {by_pk[pk]: day for pk, day in last if pk in by_pk}
    since = timezone.localdate() - REMEMBERED
    failing = rounds.filter(passed=False, day__gte=since).values_list(kind).annotate(Count("pk"))
    risks = Counter({by_pk[pk]: count for pk, count in failing if pk in by_pk})
    if kind == "item_id":
        risks.update({by_pk[pk]: count for pk, count in open_cases_at(by_pk).items()})
    return visited, {key: 1 + count for key, count in risks.items()}


def fact_of(
    rules: PlanRules, place: PlanPlace, visited: Mapping[str, dt.date], risks: Mapping[str, int]
) -> PlaceFact:
    """What is known of one place; a plan that names a field as its risk takes the field."""
    risk = risks.get(place.key, 1)
    if rules.draw is not None and rules.draw.risk:
        value = place.data.get(rules.draw.risk)
        risk = round(value) if isinstance(value, int | float) and not isinstance(value, bool) else 1
    last = visited.get(place.key)
    days = (timezone.localdate() - last).days if last else None
    return PlaceFact(place.key, risk, days, tuple(sorted(place.units)))


@dataclass(frozen=True)
class Weighed:
    """One place before the draw: what is known of it, its weight, and its chance to be drawn first (0 to 1)."""

    place: PlanPlace
    fact: PlaceFact
    weight: int
    chance: float

    @property
    def percent(self) -> str:
        """The chance as it is shown: 2.1%; very small ones keep a digit that counts."""
        return f"{self.chance * 100:.3g}%"


@dataclass(frozen=True)
class Population:
    """Everything that a draw would choose from, the heaviest first, and who may be sent."""

    places: tuple[Weighed, ...]
    inspectors: tuple[InspectorFact, ...]
    wanted: int


def population(plan: Plan) -> Population:
    """Before anything is drawn: who and what is in it, with which weight."""
    rules = plan.rules
    assert rules.draw is not None
    places = places_of(rules)
    visited, risks = gather(plan, places)
    facts = [fact_of(rules, place, visited, risks) for place in places]
    weights = weights_of(rules.draw, facts)
    total = sum(weights) or 1
    weighed = [
        Weighed(place, fact, weight, weight / total)
        for place, fact, weight in zip(places, facts, weights, strict=True)
    ]
    people = inspectors_of(rules) if rules.draw.inspectors else ()
    return Population(
        tuple(sorted(weighed, key=lambda each: (-each.weight, each.place.key))),
        tuple(
            InspectorFact(user.username, user.department.code if user.department else "") for user in people
        ),
        rules.draw.of(len(places)) if places else 0,
    )
