"""Looking back (回头看) over HTTP: draw by a seed, read a draw, record what was found."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema, Status

from huying.cases.actions import record_look_back
from huying.cases.models import LookBack, LookBackTask
from huying.cases.views.desk.looking_back import (
    VERB,
    DrawForm,
    TaskList,
    VerdictForm,
    draw,
    looks_for,
    tasks_for,
)
from huying.core.api import Page, Problem, cleaned, filters, form_data, page_of, query, rows_of
from huying.people.api import caller

router = Router(tags=["look-backs"])


class LookBackOut(Schema):
    """A draw: `size` of the `population` closed in the period, in the order of SHA-256 of `seed:number`."""

    id: int
    title: str
    ledger: str
    area: str
    closed_from: date
    closed_to: date
    seed: str
    size: int
    population: int
    done: int
    failed: int
    drawn_at: datetime
    drawn_by: str


class TaskOut(Schema):
    """One drawn case; `passed` is null until somebody has looked."""

    id: int
    case: str
    passed: bool | None
    words: str
    done_at: datetime | None
    done_by: str


def _look_out(look: Any) -> dict[str, Any]:
    return {
        "id": look.pk, "title": look.title, "ledger": look.ledger.code if look.ledger else "",
        "area": look.area.code if look.area else "", "closed_from": look.closed_from, "closed_to": look.closed_to,
        "seed": look.seed, "size": look.size, "population": look.population, "done": look.done,
        "failed": look.failed, "drawn_at": look.drawn_at, "drawn_by": str(look.drawn_by or ""),
    }  # fmt: skip


def _task_out(task: LookBackTask) -> dict[str, Any]:
    return {
        "id": task.pk, "case": task.case.number, "passed": task.passed, "words": task.words,
        "done_at": task.done_at, "done_by": str(task.done_by or ""),
    }  # fmt: skip


def _looks(user: Any) -> Any:
    return looks_for(user).annotate(
        done=Count("tasks", filter=Q(tasks__passed__isnull=False)),
        failed=Count("tasks", filter=Q(tasks__passed=False)),
    )


@router.get("/look-backs", response={200: Page[LookBackOut], 403: Problem}, summary="List draws")
def list_look_backs(
    request: HttpRequest,
    seed: str = query("", max_length=40, description="only draws by this seed"),
    after: str = "",
    limit: int = query(50, ge=1, le=200),
) -> dict[str, Any]:
    """The draws with cases that the caller may look at again, newest first."""
    rows = _looks(caller(request, VERB))
    return page_of(
        rows.filter(seed=seed) if seed else rows, _look_out, order="-drawn_at", after=after, limit=limit
    )


class DrawIn(Schema):
    """What is drawn: so many (`size`) or such a share in percent of what was closed in the period."""

    closed_from: date
    closed_to: date
    seed: str = Field(max_length=40)
    size: int | None = Field(None, ge=1, le=2000)
    share: float | None = Field(
        None, ge=0, le=100, description="percent; the ledger's own where nothing is given"
    )
    ledger: str = Field("", max_length=40)
    area: str = Field("", max_length=40, description="code of a subdistrict")
    title: str = Field("", max_length=120)


@router.post(
    "/look-backs",
    response={201: LookBackOut, 403: Problem, 422: Problem},
    summary="Draw cases to look at again",
)
def create_look_back(request: HttpRequest, data: DrawIn) -> Any:
    """Draw by a seed, among the cases that the caller may look at: the same seed draws the same cases."""
    user = caller(request, VERB)
    made: LookBack = draw(request, cleaned(DrawForm(form_data(data.model_dump()))))
    return Status(201, _look_out(_looks(user).get(pk=made.pk)))


@router.get(
    "/look-backs/{pk}", response={200: LookBackOut, 403: Problem, 404: Problem}, summary="Read a draw"
)
def read_look_back(request: HttpRequest, pk: int) -> dict[str, Any]:
    """One draw: everything that it takes to draw it again by hand, and how far it is."""
    return _look_out(get_object_or_404(_looks(caller(request, VERB)), pk=pk))


@router.get(
    "/look-backs/{pk}/tasks", response={200: Page[TaskOut], 403: Problem, 404: Problem, 422: Problem},
    summary="List the cases of a draw", **filters(result="waiting, passed or failed", area="code of a subdistrict"),
)  # fmt: skip
def list_look_back_tasks(
    request: HttpRequest, pk: int, after: str = "", limit: int = query(50, ge=1, le=200)
) -> dict[str, Any]:
    """The drawn cases that the caller may look at again."""
    look = get_object_or_404(looks_for(caller(request, VERB)), pk=pk)
    rows = rows_of(TaskList, request).filter(look_back=look)
    return page_of(rows, _task_out, order="pk", after=after, limit=limit)


class VerdictIn(Schema):
    """What was found; what was not done needs words, and is handled again at once."""

    passed: bool
    words: str = Field("", max_length=500)


@router.post(
    "/look-backs/{pk}/tasks/{task}",
    response={200: TaskOut, 403: Problem, 404: Problem, 409: Problem, 422: Problem},
    summary="Record a look back",
)
def record_task(request: HttpRequest, pk: int, task: int, data: VerdictIn) -> dict[str, Any]:
    """Record what was found at a case; not by who handled it, and only once."""
    user = caller(request, VERB)
    found = get_object_or_404(tasks_for(user), pk=task, look_back=pk)
    sent = VerdictForm(form_data({"passed": "yes" if data.passed else "no", "words": data.words}))
    record_look_back(
        found, passed=cleaned(sent)["passed"] == "yes", words=sent.cleaned_data["words"], actor=user
    )
    return _task_out(found)
