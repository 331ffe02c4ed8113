"""Projects over HTTP: reading them with their months and works, reporting a month. Amounts are in 万元, as text."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status

from huying.core.api import Page, Problem, page_of, query
from huying.core.errors import Refusal
from huying.people.api import caller
from huying.people.models import User
from huying.targets.projects.actions.updates import correct_update, submit_update
from huying.targets.projects.lookups import in_area
from huying.targets.projects.models import MonthlyUpdate, Project, WarMapItem, Work
from huying.targets.projects.months import parse_month
from huying.targets.projects.policy import UPDATE, VIEW, map_items_for, projects_for, works_for
from huying.targets.projects.rates import of_year, on_list

router = Router(tags=["projects"])


class ProjectRow(Schema):
    """A project. `level`: provincial, municipal, district, none; `lists`: codes of the lists that it is on."""

    code: str
    title: str
    level: str
    kind: str
    state: str
    street: str
    owner: str
    total_wan: str = Field(description="the whole investment in 万元")
    started_on: dt.date | None
    planned_finish: dt.date | None
    lng: float | None
    lat: float | None
    lists: list[str]


class UpdateOut(Schema):
    """One version of a month. `state`: accepted, proposed, replaced, refused."""

    month: str
    version: int
    state: str
    done_wan: str
    words: str
    problems: str
    late: bool
    due_at: dt.datetime
    submitted_at: dt.datetime


class PlanOut(Schema):
    """What was planned for one year."""

    year: int
    plan_wan: str


class ProjectOut(ProjectRow):
    """A project with its plans and every version of its months, the newest first."""

    about: str
    builder: str
    leader: str
    officer: str
    plans: list[PlanOut]
    updates: list[UpdateOut]


def _row(project: Project) -> dict[str, Any]:
    return {
        "code": project.code, "title": project.title, "level": project.level, "kind": project.kind,
        "state": project.state, "street": project.street.code if project.street else "",
        "owner": project.owner.code if project.owner else "", "total_wan": str(project.total_wan),
        "started_on": project.started_on, "planned_finish": project.planned_finish, "lng": project.lng,
        "lat": project.lat,
        "lists": [entry.list.code for entry in project.entries.all() if entry.left_on is None],
    }  # fmt: skip


def _update(update: MonthlyUpdate) -> dict[str, Any]:
    return {
        "month": f"{update.month:%Y-%m}", "version": update.version, "state": update.state,
        "done_wan": str(update.done_wan), "words": update.words, "problems": update.problems, "late": update.late,
        "due_at": update.due_at, "submitted_at": update.submitted_at,
    }  # fmt: skip


@router.get("/projects", response={200: Page[ProjectRow], 403: Problem}, summary="List projects")
def list_projects(
    request: HttpRequest,
    list: str = query("", description="code of a list"),
    area: str = query("", description="code of an area: what lies in it"),
    state: str = query("", description="planned, started, in service, finished, stopped"),
    year: int = query(0, description="on any list of this year, or with a plan for it", ge=0, le=2100),
    after: str = query("", description="the `next` of the page before"),
    limit: int = query(50, ge=1, le=200),
) -> dict[str, Any]:
    """The projects that the caller may see, by their code."""
    rows = (
        projects_for(caller(request, VIEW))
        .select_related("street", "owner")
        .prefetch_related("entries__list")
    )
    if list:
        rows = on_list(rows, list)
    if area:
        rows = in_area(rows, area)
    if state:
        rows = rows.filter(state=state)
    if year:
        rows = of_year(rows, year)
    return page_of(rows, _row, order="code", after=after, limit=limit)


def _project(user: User, code: str) -> Project:
    rows = projects_for(user).select_related("street", "owner", "leader", "officer")
    found = rows.prefetch_related("entries__list").filter(code=code).first()
    if found is None:
        raise Http404(_("没有这个项目，或者它不由您的单位负责。请核对编号。"))
    return found


@router.get(
    "/projects/{code}", response={200: ProjectOut, 403: Problem, 404: Problem}, summary="Read a project"
)
def read_project(request: HttpRequest, code: str) -> dict[str, Any]:
    """A project, its plans and its months."""
    found = _project(caller(request, VIEW), code)
    return {
        **_row(found), "about": found.about, "builder": found.builder, "leader": str(found.leader or ""),
        "officer": str(found.officer or ""),
        "plans": [{"year": plan.year, "plan_wan": str(plan.plan_wan)} for plan in found.plans.all()],
        "updates": [_update(update) for update in found.updates.all()],
    }  # fmt: skip


class UpdateIn(Schema):
    """A month as its street reports it."""

    month: str = Field(max_length=7, description="2026-10")
    done_wan: Decimal = Field(
        ge=0, max_digits=14, decimal_places=2, description="of this month alone, in 万元"
    )
    words: str = Field(max_length=2000)
    problems: str = Field("", max_length=1000)
    client_id: uuid.UUID | None = Field(None, description="the same again makes nothing again")


class CorrectionIn(Schema):
    """Another version of a month, and why."""

    done_wan: Decimal = Field(ge=0, max_digits=14, decimal_places=2)
    words: str = Field(max_length=2000)
    problems: str = Field("", max_length=1000)
    reason: str = Field(max_length=300)
    version: int = Field(ge=1, le=32_000, description="the version that was looked at")


@router.post(
    "/projects/{code}/updates",
    response={201: UpdateOut, 403: Problem, 404: Problem, 409: Problem, 422: Problem},
    summary="Report a month",
)
def report_month(request: HttpRequest, code: str, data: UpdateIn) -> Any:
    """The first word about a month; 409 where somebody has reported it."""
    user = caller(request, UPDATE)
    project, month = _project(user, code), parse_month(data.month)
    if month is None:
        raise Refusal(_("月份写成 2026-10。"), field="month")
    made = submit_update(
        project, month=month, done_wan=data.done_wan, words=data.words, problems=data.problems, actor=user,
        client_id=data.client_id,
    )  # fmt: skip
    return Status(201, _update(made))


@router.post(
    "/projects/{code}/updates/{month}/corrections",
    response={201: UpdateOut, 403: Problem, 404: Problem, 409: Problem, 422: Problem},
    summary="Correct a month",
)
def correct_month(request: HttpRequest, code: str, month: str, data: CorrectionIn) -> Any:
    """Another version: before the deadline it holds at once, after it the project office decides."""
    user = caller(request, UPDATE)
    project, day = _project(user, code), parse_month(month)
    update = project.updates.filter(month=day, version=data.version).first() if day else None
    if update is None:
        raise Http404(_("这个月还没有月报。"))
    made = correct_update(
        update,
        done_wan=data.done_wan,
        words=data.words,
        problems=data.problems,
        reason=data.reason,
        actor=user,
    )
    return Status(201, _update(made))


class WorkRow(Schema):
    """A piece of work that is done: a quantity of a kind."""

    id: int
    kind: str
    quantity: str
    unit: str
    pieces: int
    done_on: dt.date
    area: str
    programme: str
    project: str
    cost_wan: str
    words: str


def _work(work: Work) -> dict[str, Any]:
    return {
        "id": work.pk, "kind": work.kind, "quantity": f"{work.quantity.normalize():f}", "unit": work.unit,
        "pieces": work.pieces, "done_on": work.done_on, "area": work.area.code if work.area else "",
        "programme": work.programme, "project": work.project.code if work.project else "",
        "cost_wan": str(work.cost_wan), "words": work.words,
    }  # fmt: skip


@router.get("/works", response={200: Page[WorkRow], 403: Problem}, summary="List works that are done")
def list_works(
    request: HttpRequest,
    kind: str = query("", description="code of a kind of work"),
    area: str = query("", description="code of an area: what lies in it"),
    after: str = query("", description="the `next` of the page before"),
    limit: int = query(50, ge=1, le=200),
) -> dict[str, Any]:
    """Works that count, the newest first; what was struck out is left out."""
    rows = works_for(caller(request, VIEW)).filter(struck_at=None).select_related("area", "project")
    if kind:
        rows = rows.filter(kind=kind)
    if area:
        rows = in_area(rows, area)
    return page_of(rows.defer("area__boundary"), _work, order="-done_on", after=after, limit=limit)


class TaskRow(Schema):
    """A task of a war map. `light`: done, on time, near, behind, overdue."""

    code: str
    war_map: str
    category: str
    title: str
    owner: str
    deadline: dt.date
    state: str
    progress: int
    light: str


def _task(item: WarMapItem) -> dict[str, Any]:
    return {
        "code": item.code, "war_map": item.war_map.code, "category": item.category, "title": item.title,
        "owner": item.owner.code if item.owner else "", "deadline": item.deadline, "state": item.state,
        "progress": item.progress, "light": item.light(),
    }  # fmt: skip


@router.get(
    "/war-maps/{code}/items", response={200: list[TaskRow], 403: Problem}, summary="List a war map's tasks"
)
def list_tasks(request: HttpRequest, code: str) -> Any:
    """Every task with its light, in the order of the map."""
    rows = map_items_for(caller(request, VIEW)).filter(war_map__code=code).select_related("war_map", "owner")
    return [_task(item) for item in rows.order_by("position", "code")]
