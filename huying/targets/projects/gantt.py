"""Projects on a line of time: planned and actual spans as an SVG that prints on one A3 sheet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from huying.targets.projects.models import Milestone, Project
from huying.targets.projects.months import first_of, plus

LEFT, WIDTH, ROW, HEAD = 300, 1000, 22, 30  # of the drawing, in its own units
_LONGEST_LABEL = 21


@dataclass(frozen=True)
class Gantt:
    """The drawing: its size, months, rows, and where today is (None: outside)."""

    width: int
    height: int
    months: list[dict[str, Any]]
    rows: list[dict[str, Any]]
    today: float | None
    left: int = LEFT


def bars_of(projects: Sequence[Project], year: int | None = None) -> Gantt | None:
    """The projects' spans: those of one year, or as long as they last. None where nothing has a date."""
    spans = [(project, *_span(project)) for project in projects]
    dated = [(project, first, last) for project, first, last in spans if first and last]
    if not dated:
        return None
    if year is not None:
        begin, end = dt.date(year, 1, 1), dt.date(year + 1, 1, 1)
    else:
        begin = first_of(min(first for _p, first, _l in dated))
        end = plus(first_of(max(last for _p, _f, last in dated)), 1)
    steps = Milestone.objects.filter(project__in=[project.pk for project, _f, _l in dated], dropped=False)
    marks: dict[int, list[Milestone]] = {}
    for step in steps:
        marks.setdefault(step.project_id, []).append(step)
    rows = [
        _row(project, place, begin, end, marks.get(project.pk, []))
        for place, (project, _f, _l) in enumerate(dated)
    ]
    today = timezone.localdate()
    return Gantt(
        LEFT + WIDTH, HEAD + ROW * len(rows) + 8, _months(begin, end), rows,
        round(_at(today, begin, end), 1) if begin <= today <= end else None,
    )  # fmt: skip


def _span(project: Project) -> tuple[dt.date | None, dt.date | None]:
    first = [day for day in (project.planned_start, project.started_on) if day]
    ended = project.finished_on or project.in_service_on
    last = [day for day in (project.planned_finish, ended) if day]
    begin = min(first, default=None)
    return begin, max(last, default=None) or (max(timezone.localdate(), begin) if begin else None)


def _at(day: dt.date, begin: dt.date, end: dt.date) -> float:
    return LEFT + WIDTH * (min(max(day, begin), end) - begin).days / max((end - begin).days, 1)


def _months(begin: dt.date, end: dt.date) -> list[dict[str, Any]]:
    found, month = [], begin
    every = 1 if (end - begin).days <= 800 else 3 if (end - begin).days <= 2200 else 12
    while month < end:
        x = round(_at(month, begin, end), 1)
        label = f"{month:%Y-%m}" if month.month == 1 or month == begin else f"{month.month}"
        found.append({"x": x, "label": label, "year": month.month == 1})
        month = plus(month, every)
    return found


def _bar(
    first: dt.date | None, last: dt.date | None, begin: dt.date, end: dt.date
) -> dict[str, float] | None:
    if first is None or last is None or last < begin or first > end:
        return None
    left = _at(first, begin, end)
    return {"x": round(left, 1), "width": round(max(_at(last, begin, end) - left, 2), 1)}


def _row(
    project: Project, place: int, begin: dt.date, end: dt.date, steps: list[Milestone]
) -> dict[str, Any]:
    y = HEAD + ROW * place
    ended = project.finished_on or project.in_service_on
    until = ended or (timezone.localdate() if project.state != Project.State.STOPPED else project.started_on)
    late = bool(project.planned_finish and not ended and project.planned_finish < timezone.localdate())
    label = str(project)
    return {
        "project": project,
        "y": y,
        "text_y": y + 15,
        "bar_y": y + 4,
        "done_y": y + 9,
        "url": project.get_absolute_url(),
        "label": label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…",
        "planned": _bar(project.planned_start, project.planned_finish, begin, end),
        "actual": _bar(project.started_on, until, begin, end),
        "late": late,
        "state": project.state.replace(" ", "-"),
        "steps": [
            {
                "x": round(_at(step.done_on or step.planned_on, begin, end), 1),
                "light": step.light,
                "title": str(step),
            }
            for step in steps
            if begin <= (step.done_on or step.planned_on) <= end
        ],
    }
