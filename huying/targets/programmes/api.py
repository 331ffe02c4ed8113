"""Targets over HTTP: how far each has come on a day, its entries, entering progress. Values are text, exact."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status

from huying.core.api import Page, Problem, page_of, query
from huying.core.errors import Refusal
from huying.people.api import caller
from huying.people.models import User
from huying.places.models import Area
from huying.registry.declared.cells import read_cell
from huying.targets.programmes.actions import enter_progress
from huying.targets.programmes.display import Line, boards
from huying.targets.programmes.models import Entry, Target
from huying.targets.programmes.policy import ENTER, VIEW, entries_for, programmes_for, targets_for

router = Router(tags=["targets"])
_ON: Any = query(
    None, description="the day to speak of; today, or the last day told of when the programme is over"
)


class ProgressOut(Schema):
    """A target and how far it has come. `source`: counted (by a figure) or entered (and approved by somebody else)."""

    programme: str
    promise: str | None
    code: str
    title: str
    owner: str
    unit: str
    due: dt.date
    on: dt.date
    target: str | None = Field(description="null: a task, done or not")
    value: str | None
    percent: str = Field(description="as shown, rounded half up")
    planned: str
    pace: str = Field(description="value less plan, with its sign")
    change: str = Field(description="against the same day of last year")
    status: str = Field(description="done, closing, in-progress, behind or not-started")
    light: str = Field(description="blue, yellow or red")
    source: str
    pending: int = Field(description="entries that await approval and do not count")


class EntryOut(Schema):
    """What somebody entered. `status`: submitted, approved, returned, replaced, withdrawn; draft: only one's own."""

    id: int
    target: str
    day: dt.date
    amount: str
    values: dict[str, Any]
    area: str | None
    words: str
    status: str
    corrects: int | None


class EntryIn(Schema):
    """Progress to be approved. `values`: the declared fields as text; `client_id`: sent twice, it is one entry."""

    day: dt.date
    amount: Decimal | None = None
    values: dict[str, str] = {}
    area: str | None = None
    words: str
    client_id: UUID | None = None


def _progress(line: Line, on: dt.date) -> dict[str, Any]:
    target, progress = line.target, line.progress
    programme, code = target.code.split("/")
    return {
        "programme": programme, "promise": target.promise.short if target.promise else None, "code": code,
        "title": str(target), "owner": target.department.code, "unit": target.measured_in, "due": target.due, "on": on,
        "target": progress.amount_words or None, "value": progress.value_words or None,
        "percent": progress.percent_words, "planned": progress.planned_words, "pace": progress.pace_words,
        "change": progress.change_words, "status": progress.status.value, "light": progress.light.value,
        "source": progress.source, "pending": progress.pending,
    }  # fmt: skip


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.pk, "target": entry.target.code, "day": entry.day, "amount": f"{entry.amount.normalize():f}",
        "values": {
            field.code: entry.values[field.code]
            for field in entry.target.rules.fields
            if field.code in entry.values and not field.private
        },
        "area": entry.area.code if entry.area else None, "words": entry.words, "status": entry.status,
        "corrects": entry.corrects_id,
    }  # fmt: skip


@router.get(
    "/targets/{programme}",
    response={200: list[ProgressOut], 403: Problem, 404: Problem},
    summary="List targets",
)
def list_targets(request: HttpRequest, programme: str, on: dt.date | None = _ON) -> list[dict[str, Any]]:
    """Every target of a programme with its progress on one day."""
    found = programmes_for(caller(request, VIEW)).filter(code=programme).first()
    if found is None:
        raise Http404(_("没有这个计划。请从计划列表里选。"))
    board = boards([found], on=on)[0]
    return [_progress(line, board.on) for line in board.lines]


def _target(user: User, programme: str, code: str) -> Target:
    rows = targets_for(user).select_related("programme", "department")
    found = rows.filter(code=f"{programme}/{code}").first()
    if found is None:
        raise Http404(_("没有这个目标。请从计划里选。"))
    return found


@router.get(
    "/targets/{programme}/{code}/entries",
    response={200: Page[EntryOut], 403: Problem, 404: Problem},
    summary="List entries of a target",
)
def list_entries(
    request: HttpRequest, programme: str, code: str, after: str = "", limit: int = query(50, ge=1, le=200)
) -> dict[str, Any]:
    """What was entered, the newest day first, as far as the caller may read it."""
    user = caller(request, VIEW)
    rows = entries_for(user).filter(target=_target(user, programme, code)).select_related("target", "area")
    return page_of(rows.defer("area__boundary"), _entry, order="-day", after=after, limit=limit)


@router.post(
    "/targets/{programme}/{code}/entries",
    response={201: EntryOut, 403: Problem, 404: Problem, 409: Problem, 422: Problem},
    summary="Enter progress",
)
def enter_target_progress(request: HttpRequest, programme: str, code: str, data: EntryIn) -> Any:
    """Enter progress of one's own department's target; it counts when somebody else has approved it."""
    user = caller(request, ENTER)
    target = _target(user, programme, code)
    area = Area.objects.defer("boundary").filter(code=data.area).first() if data.area else None
    if data.area and area is None:
        raise Refusal(_("没有“%(area)s”这个街道或社区。") % {"area": data.area}, field="area")
    made = enter_progress(
        target, day=data.day, amount=data.amount, values=_values(target, data.values), area=area, words=data.words,
        client_id=data.client_id, actor=user,
    )  # fmt: skip
    return Status(201, _entry(made))


def _values(target: Target, said: dict[str, str]) -> dict[str, Any]:
    """The declared fields, read as a spreadsheet's cells are. Refusal for one that is missing or wrong."""
    found: dict[str, Any] = {}
    for field in target.rules.fields:
        text = said.get(field.code, "").strip()
        if not text and field.required:
            raise Refusal(_("缺少“%(column)s”。") % {"column": field.title}, field=field.code)
        if text:
            try:
                found[field.code] = read_cell(field, text)
            except ValueError as error:
                raise Refusal(str(error.args[0] if error.args else error), field=field.code) from None
    return found
