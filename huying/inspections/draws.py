"""双随机: fate chooses the places that are inspected, and who inspects them. Anybody can draw it again.

**Places.** The weight of a place is its risk times the days since it was last visited (or only one of them, as
the plan says; both at least 1). Places are drawn without replacement by exponential keys (Efraimidis and
Spirakis 2006): over the sorted keys of the places, `random.Random(seed)` gives each a number u between 0 and 1,
and the smallest `-ln(u) / weight` are drawn. A place of twice the weight is twice as likely to be drawn first.
A place that was never visited weighs like the one that has waited longest.

**Inspectors.** The same generator goes on: for each drawn place, in the order in which they were drawn,
whoever has been sent to the fewest places so far comes first, and among those a new random number decides.
Nobody is sent to a unit that he or she works for.

Pure: what weighed is handed in, and kept beside the seed.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from huying.core.errors import Refusal
from huying.inspections.plans import DrawRules
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _


@dataclass(frozen=True)
class PlaceFact:
    """What is known of one place when it is drawn. `days` is None where nobody was ever there."""

    key: str
    risk: int = 1
    days: int | None = None
    units: tuple[str, ...] = ()


@dataclass(frozen=True)
class InspectorFact:
    """Somebody who may be sent, and the unit that he or she works for."""

    username: str
    unit: str = ""


@dataclass(frozen=True)
class Drawn:
    """The places in the order in which they were drawn, and who goes to each."""

    places: tuple[str, ...]
    inspectors: dict[str, list[str]]


def draw_places(
    rules: DrawRules,
    period: str,
    seed: str,
    places: Sequence[PlaceFact],
    inspectors: Sequence[InspectorFact] = (),
) -> Drawn:
    """Draw by the method above. The order of `places` and `inspectors` does not matter.

    Raises Refusal where there is no place, or where a place has too few people who do not work for it.
    """
    if not places:
        raise Refusal(Sentence(_("没有可抽的地方：先看看计划的范围和名录。")))
    chance = random.Random(f"{period}|{seed}")
    order = sorted(places, key=lambda each: each.key)
    keys = []
    for fact, weight in zip(order, weights_of(rules, order), strict=True):
        keys.append((-math.log(1 - chance.random()) / weight, fact.key))
    chosen = [key for _key, key in sorted(keys)[: rules.of(len(places))]]
    units = {fact.key: set(fact.units) for fact in places}
    return Drawn(tuple(chosen), _send(chance, rules.inspectors, chosen, units, inspectors))


def weights_of(rules: DrawRules, places: Sequence[PlaceFact]) -> list[int]:
    """The weight of every place among the others, in their order."""
    longest = max((fact.days for fact in places if fact.days is not None), default=1)
    return [_weight(rules, fact, longest) for fact in places]


def _weight(rules: DrawRules, fact: PlaceFact, longest: int) -> int:
    weight = 1
    if "risk" in rules.by:
        weight *= max(fact.risk, 1)
    if "time since last visit" in rules.by:
        weight *= max(longest if fact.days is None else fact.days, 1)
    return weight


def _send(
    chance: random.Random,
    wanted: int,
    chosen: Sequence[str],
    units: dict[str, set[str]],
    inspectors: Sequence[InspectorFact],
) -> dict[str, list[str]]:
    if not wanted:
        return {}
    people = sorted(inspectors, key=lambda each: each.username)
    sent = {each.username: 0 for each in people}
    found: dict[str, list[str]] = {}
    for place in chosen:
        order = sorted((sent[each.username], chance.random(), each.username, each.unit) for each in people)
        going = [name for _times, _lot, name, unit in order if unit not in units[place]][:wanted]
        if len(going) < wanted:
            said = _(
                "“%(place)s”要 %(wanted)d 个人去，能去的只有 %(there)d 个（不查自己单位）：计划里再写几个单位。"
            )
            raise Refusal(Sentence(said, {"place": place, "wanted": wanted, "there": len(going)}))
        for name in going:
            sent[name] += 1
        found[place] = going
    return found


# -- as it is kept -------------------------------------------------------------------------------------------


def kept_facts(places: Sequence[PlaceFact], inspectors: Sequence[InspectorFact]) -> dict[str, Any]:
    """The facts as JSON."""
    return {"places": [asdict(fact) for fact in places], "inspectors": [asdict(fact) for fact in inspectors]}


def draw_again(rules: dict[str, Any], period: str, seed: str, facts: dict[str, Any]) -> Drawn:
    """The same draw from what was kept of it."""
    return draw_places(
        DrawRules(**rules | {"by": tuple(rules["by"])}),
        period,
        seed,
        [PlaceFact(**fact | {"units": tuple(fact["units"])}) for fact in facts["places"]],
        [InspectorFact(**fact) for fact in facts["inspectors"]],
    )
