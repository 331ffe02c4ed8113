"""Departments, duties and posts over HTTP: read, and kept as on the desk."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema, Status

from huying.core.api import Page, Problem, by_code, cleaned, filters, form_data, page_of, query, rows_of
from huying.people import actions
from huying.people.api.auth import caller
from huying.people.forms import DepartmentForm, DutyForm
from huying.people.models import Department, Duty, Post, PostHolding
from huying.people.policy import departments_for, duties_for, holdings_for
from huying.people.views.common import MANAGE_PEOPLE
from huying.people.views.duties import Duties
from huying.people.views.posts import Holdings

router = Router(tags=["people"])
_REFUSED: dict[Any, Any] = {403: Problem, 404: Problem, 409: Problem, 422: Problem}


class DepartmentOut(Schema):
    """A department; only those with `leads` can be responsible for a case."""

    code: str
    title: str
    kind: str
    parent: str
    area: str
    phone: str
    leads: bool


def department_out(row: Department) -> dict[str, Any]:
    """A department."""
    return {
        "code": row.code, "title": str(row), "kind": row.kind, "parent": row.parent.code if row.parent else "",
        "area": row.area.code if row.area else "", "phone": row.phone, "leads": row.can_lead,
    }  # fmt: skip


@router.get("/departments", response=list[DepartmentOut], summary="List departments")
def list_departments(request: HttpRequest) -> list[dict[str, Any]]:
    """Every department in use."""
    rows = Department.objects.filter(valid_to=None).select_related("parent", "area").defer("area__boundary")
    return [department_out(row) for row in rows]


class DepartmentIn(Schema):
    """A new department. `parent` and `area` are codes; who manages a part of the district names an area."""

    code: str = Field(max_length=40)
    title: str = Field(max_length=120)
    title_en: str = Field("", max_length=160)
    kind: str = Field(max_length=24)
    parent: str = Field("", max_length=40)
    area: str = Field("", max_length=40)
    phone: str = Field("", max_length=30)
    can_lead: bool = True


class DepartmentChange(Schema):
    """What changes; what is left out stays. An empty text empties."""

    title: str | None = Field(None, max_length=120)
    title_en: str | None = Field(None, max_length=160)
    kind: str | None = Field(None, max_length=24)
    parent: str | None = Field(None, max_length=40)
    area: str | None = Field(None, max_length=40)
    phone: str | None = Field(None, max_length=30)
    can_lead: bool | None = None


def _department(user: Any, code: str) -> Department:
    rows = departments_for(user).select_related("parent", "area").defer("area__boundary")
    return get_object_or_404(rows, code=code)


@router.post("/departments", response={201: DepartmentOut, **_REFUSED}, summary="Add a department")
def add_department(request: HttpRequest, data: DepartmentIn) -> Any:
    """A new department; its code never changes afterwards."""
    user = caller(request, MANAGE_PEOPLE)
    form = by_code(DepartmentForm(user, form_data(data.model_dump())))
    return Status(201, department_out(actions.add_department(actor=user, **cleaned(form))))


@router.patch("/departments/{code}", response={200: DepartmentOut, **_REFUSED}, summary="Change a department")
def change_department(request: HttpRequest, code: str, data: DepartmentChange) -> dict[str, Any]:
    """Change title, kind, superior, area, phone or whether it may lead."""
    user = caller(request, MANAGE_PEOPLE)
    row = _department(user, code)
    now = {
        "title": row.title, "title_en": row.title_en, "kind": row.kind, "phone": row.phone,
        "parent": row.parent.code if row.parent else "", "area": row.area.code if row.area else "",
        "can_lead": row.can_lead,
    }  # fmt: skip
    sent = form_data(now | data.model_dump(exclude_none=True))
    # The form writes into its instance while it validates; the action wants to see the old values.
    form = by_code(DepartmentForm(user, sent, instance=_department(user, code)))
    actions.change_department(row, actor=user, **cleaned(form))
    return department_out(row)


@router.post(
    "/departments/{code}/retirement", response={204: None, **_REFUSED}, summary="Retire a department"
)
def retire_department(request: HttpRequest, code: str) -> Any:
    """Take a department out of use; refused while people, duties or departments below depend on it."""
    user = caller(request, MANAGE_PEOPLE)
    actions.retire_department(_department(user, code), actor=user)
    return Status(204, None)


class DutyOut(Schema):
    """The department answers for the topic and its children in the area, from when to when (both included)."""

    id: int
    topic: str
    area: str
    department: str
    post: str
    user: str
    starts_on: date | None
    ends_on: date | None


def duty_out(duty: Duty) -> dict[str, Any]:
    """A duty."""
    return {
        "id": duty.pk, "topic": duty.topic, "area": duty.area.code, "department": duty.department.code,
        "post": duty.post.code if duty.post else "", "user": duty.user.username if duty.user else "",
        "starts_on": duty.starts_on, "ends_on": duty.ends_on,
    }  # fmt: skip


@router.get(
    "/duties", response={200: Page[DutyOut], 403: Problem, 422: Problem}, summary="List duties",
    **filters(
        topic="code; with those below it", department="code", area="code; with those inside it",
        past="true: with those that have ended",
    ),
)  # fmt: skip
def list_duties(
    request: HttpRequest, after: str = "", limit: int = query(50, ge=1, le=200)
) -> dict[str, Any]:
    """Who answers for which topic in which area, within the area that the caller manages."""
    caller(request, MANAGE_PEOPLE)
    rows = rows_of(Duties, request).defer("area__boundary")
    return page_of(rows, duty_out, order="topic", after=after, limit=limit)


class DutyIn(Schema):
    """A duty to add. `area` by code or title, `user` by username or name, the others by code."""

    topic: str = Field(max_length=40)
    area: str = Field(max_length=80)
    department: str = Field(max_length=40)
    post: str = Field("", max_length=40)
    user: str = Field("", max_length=150)
    starts_on: date | None = None
    ends_on: date | None = None


@router.post("/duties", response={201: DutyOut, **_REFUSED}, summary="Add a duty")
def add_duty(request: HttpRequest, data: DutyIn) -> Any:
    """A department answers for a topic in an area from now on."""
    user = caller(request, MANAGE_PEOPLE)
    form = by_code(DutyForm(user, form_data(data.model_dump())))
    return Status(201, duty_out(actions.add_duty(actor=user, **cleaned(form))))


@router.post("/duties/{pk}/end", response={200: DutyOut, **_REFUSED}, summary="End a duty")
def end_duty(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Today is the duty's last day; what was dispatched under it stays explained."""
    user = caller(request, MANAGE_PEOPLE)
    duty = get_object_or_404(duties_for(user).select_related("area", "department", "post", "user"), pk=pk)
    actions.end_duty(duty, actor=user)
    return duty_out(duty)


class PostOut(Schema):
    """A post, and for what kind of place it is held."""

    code: str
    title: str
    place: str


@router.get("/posts", response={200: list[PostOut], 403: Problem}, summary="List posts")
def list_posts(request: HttpRequest) -> list[dict[str, Any]]:
    """Every post that somebody can hold."""
    caller(request, MANAGE_PEOPLE)
    return [{"code": post.code, "title": str(post), "place": post.place} for post in Post.objects.all()]


class HoldingOut(Schema):
    """Who holds a post, for which area or road, from when to when (both included)."""

    id: int
    username: str
    name: str
    post: str
    area: str
    road: str
    starts_on: date | None
    ends_on: date | None


def holding_out(holding: PostHolding) -> dict[str, Any]:
    """Somebody in a post."""
    return {
        "id": holding.pk, "username": holding.user.username, "name": holding.user.name, "post": holding.post.code,
        "area": holding.area.code if holding.area else "", "road": holding.road.code if holding.road else "",
        "starts_on": holding.starts_on, "ends_on": holding.ends_on,
    }  # fmt: skip


@router.get(
    "/holdings", response={200: Page[HoldingOut], 403: Problem, 422: Problem}, summary="List who holds posts",
    **filters(
        q="name of a person, area or road", post="code", area="code; with those inside it",
        past="true: with those that have ended",
    ),
)  # fmt: skip
def list_holdings(
    request: HttpRequest, after: str = "", limit: int = query(50, ge=1, le=200)
) -> dict[str, Any]:
    """Who holds which post, within the area that the caller manages."""
    caller(request, MANAGE_PEOPLE)
    rows = rows_of(Holdings, request).defer("area__boundary")
    return page_of(rows, holding_out, order="pk", after=after, limit=limit)


@router.post("/holdings/{pk}/end", response={200: HoldingOut, **_REFUSED}, summary="Leave a post")
def end_holding(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Today is the last day of the holding."""
    user = caller(request, MANAGE_PEOPLE)
    rows = holdings_for(user).select_related("user", "post", "area", "road")
    holding = get_object_or_404(rows, pk=pk)
    actions.end_holding(holding, actor=user)
    return holding_out(holding)
