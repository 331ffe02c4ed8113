"""The numbers of an appraisal from its figures, and its table as the rows are now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from fractions import Fraction

from django.utils import timezone

from huying.figures.appraisals.models import Appraisal, AppraisalEntry
from huying.figures.appraisals.rules import AppraisalRules
from huying.figures.appraisals.scoring import Entry, Input, Line, place, score_unit
from huying.figures.counting import Asked, UnknownFigure, figure, groups
from huying.inspections.campaigns.rules import Span
from huying.inspections.occurrences import Period
from huying.people.models import Department
from huying.places.models import ADMINISTRATIVE, Area


def asked_for(period: Period) -> Asked:
    """What the figures of a period are asked for."""
    return Asked(Span(period.first, period.last))


def inputs_of(
    rules: AppraisalRules, period: Period, at: dt.datetime
) -> tuple[dict[str, dict[str, Input]], list[str]]:
    """What each unit's figures came to, and the figures that have left the pack."""
    found: dict[str, dict[str, Input]] = {}
    missing = []
    for part in rules.parts:
        try:
            parted = groups(figure(part.figure), rules.of, asked_for(period), at)
        except (UnknownFigure, LookupError):
            missing.append(part.figure)
            continue
        for group in parted:
            if group.key:
                value = group.value
                found.setdefault(group.key, {})[part.code] = Input(
                    value.numerator, value.denominator, value.url
                )
    return found, missing


def titles_of(rules: AppraisalRules, codes: set[str]) -> dict[str, str]:
    """The units that are appraised, in their order: those named; else every street or community.

    Of departments those that have any rows.
    """
    if rules.of == "department":
        rows = Department.objects.filter(code__in=rules.units or codes).order_by("code")
        return {row.code: str(row) for row in rows}
    areas = Area.objects.filter(level=rules.of, layer=ADMINISTRATIVE, valid_to=None).order_by("code")
    return {row.code: str(row) for row in (areas.filter(code__in=rules.units) if rules.units else areas)}


def facts_of(rules: AppraisalRules) -> dict[str, dict[str, Fraction]]:
    """What is known of units whatever the pack says: the households of areas."""
    if rules.of == "department":
        return {}
    rows = Area.objects.filter(level=rules.of, households__isnull=False).values_list("code", "households")
    return {code: {"households": Fraction(households)} for code, households in rows if households is not None}


def entries_of(appraisal: Appraisal, period: Period) -> dict[str, list[Entry]]:
    """What was entered by hand for each unit and not withdrawn."""
    found: dict[str, list[Entry]] = {}
    rows = AppraisalEntry.objects.filter(appraisal=appraisal, period=period.name, withdrawn_at=None)
    for row in rows:
        found.setdefault(row.unit, []).append(Entry(row.item, row.exact, row.words))
    return found


def compute(
    appraisal: Appraisal, period: Period, at: dt.datetime | None = None
) -> tuple[list[Line], list[str]]:
    """The table of a period as the rows are now, and the figures that are missing."""
    rules, at = appraisal.rules, at or timezone.now()
    inputs, missing = inputs_of(rules, period, at)
    entries = entries_of(appraisal, period)
    facts: Mapping[str, Mapping[str, Fraction]] = facts_of(rules)
    titles = titles_of(rules, {*inputs, *entries})
    lines = [
        score_unit(
            rules, code, title, inputs.get(code, {}), given=facts.get(code), entries=entries.get(code, ())
        )
        for code, title in titles.items()
    ]
    return place(rules, lines), missing
