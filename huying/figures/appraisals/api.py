"""Appraisals over HTTP: which there are, and the table of a period with every step."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Field, Router, Schema

from huying.core.api import Problem, query
from huying.figures.appraisals.actions import corrected_lines
from huying.figures.appraisals.counting import compute
from huying.figures.appraisals.models import Appraisal
from huying.figures.appraisals.scoring import Line
from huying.figures.appraisals.views import appraisal_for, period_for
from huying.people.api import caller

router = Router(tags=["appraisals"])
VERBS = ("figure.view", "appraisal.manage", "appraisal.appeal")


class PartOut(Schema):
    """A part of a score."""

    code: str
    title: str
    figure: str
    formula: str
    counts: bool


class AppraisalOut(Schema):
    """An appraisal as it is declared."""

    code: str
    title: str
    of: str
    every: str
    parts: list[PartOut]


class StepOut(Schema):
    """One part of a unit's score: exact numbers as text."""

    part: str
    numerator: str
    denominator: str | None
    written: str = Field(description="the formula with the numbers put in")
    points: str | None
    url: str


class LineOut(Schema):
    """One unit; `rank` 0 and `why` where it has no place."""

    unit: str
    title: str
    steps: list[StepOut]
    extra: str
    score: str | None
    rank: int
    tier: str
    why: str


class TableOut(Schema):
    """The table of a period: as announced with corrections where it is, else as the rows are now."""

    appraisal: str
    period: str
    state: str = Field(description="live, announced or published")
    at: datetime
    lines: list[LineOut]


@router.get("/appraisals", response={200: list[AppraisalOut], 403: Problem}, summary="List appraisals")
def list_appraisals(request: HttpRequest) -> list[dict[str, Any]]:
    """Every appraisal of the pack with its formulas."""
    caller(request, *VERBS)
    return [_appraisal_out(row) for row in Appraisal.objects.filter(active=True)]


def _appraisal_out(row: Appraisal) -> dict[str, Any]:
    rules = row.rules
    parts = [
        {
            "code": part.code, "title": str(part), "figure": part.figure, "counts": part.counts,
            "formula": part.formula.text if part.formula else "",
        }
        for part in rules.parts
    ]  # fmt: skip
    return {"code": row.code, "title": str(row), "of": rules.of, "every": rules.every, "parts": parts}


@router.get(
    "/appraisals/{code}/table", response={200: TableOut, 403: Problem, 404: Problem}, summary="Read a table"
)
def read_appraisal_table(
    request: HttpRequest, code: str, period: str = query("", description="2026-10; the last one that is over")
) -> dict[str, Any]:
    """The table of a period."""
    caller(request, *VERBS)
    found = appraisal_for(code)
    asked = period_for(found.rules, period)
    table = found.tables.filter(period=asked.name).first()
    if table is not None:
        state, at, lines = (
            "published" if table.published_at else "announced",
            table.at,
            corrected_lines(table),
        )
    else:
        state, at = "live", timezone.now()
        lines, missing = compute(found, asked, at)
        if missing:
            raise Http404(f"no figure {missing[0]}")
    return {
        "appraisal": code,
        "period": asked.name,
        "state": state,
        "at": at,
        "lines": [_line(line) for line in lines],
    }


def _line(line: Line) -> dict[str, Any]:
    steps = [
        {
            "part": step.code, "numerator": str(step.n), "denominator": None if step.d is None else str(step.d),
            "written": step.written, "points": None if step.points is None else str(step.points), "url": step.url,
        }
        for step in line.steps
    ]  # fmt: skip
    return {
        "unit": line.unit, "title": line.title, "steps": steps, "extra": str(line.extra), "rank": line.rank,
        "score": None if line.score is None else str(line.score), "tier": line.tier, "why": line.why,
    }  # fmt: skip
