"""Targets asked by figures, and figures asked by targets."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction

from huying.figures.counting import Asked, UnknownFigure, counted
from huying.inspections.campaigns.rules import Span
from huying.targets.programmes.models import Target
from huying.targets.programmes.progress import Counted, planned_on


@dataclass(frozen=True)
class PromisedNumbers:
    """What was promised, and how much of it was planned by the day that is asked."""

    value: Fraction
    planned: Fraction


def numbers_of(reference: str, on: dt.date) -> PromisedNumbers:
    """Of `programme/target`; a target without a plan had everything planned for its last day. Raises UnknownFigure."""
    target = Target.objects.filter(code=reference).select_related("programme").first()
    if target is None:
        raise UnknownFigure(reference)
    value = Fraction(target.amount or 0)
    planned = planned_on(target.rules, target, on)
    return PromisedNumbers(value, value if planned is None and on >= target.due else planned or Fraction(0))


def count_for_target(code: str, *, first: dt.date, last: dt.date) -> Counted | None:
    """The counter that `targets` asks: a figure's value in these days, with its rows; None for a code nobody knows."""
    try:
        value = counted(code, Asked(Span(first, last)))
    except UnknownFigure:
        return None
    if value.exact is None:
        return None
    return Counted(value.exact, value.url, value.at, public=value.rules.visible == "public")
