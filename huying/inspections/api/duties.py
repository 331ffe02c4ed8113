"""Duties over HTTP: what the caller owes next, how the plans stand now, and compliance."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema

from huying.core.api import Problem, query
from huying.core.errors import Refusal
from huying.inspections.duties import figures
from huying.inspections.duties.due import Due, board, due_for, turns
from huying.inspections.duties.figures import Asked, Tally
from huying.inspections.duties.rights import reach
from huying.inspections.models import Plan
from huying.inspections.rounds.rights import MAKE, VIEW
from huying.people.api import caller
from huying.people.models import Department
from huying.places.models import Area

router = Router(tags=["inspections"])
LONGEST_DAYS = 400
_FIRST: Any = query(None, description="first day; today without one")
_LAST: Any = query(None, description="last day; today without one")


class DutyOut(Schema):
    """A place of one of the caller's plans, and the turn that is owed there."""

    plan: str
    kind: str
    key: str = Field(description="`register/code` of a thing, else the code of the area or department")
    title: str
    state: str = Field(description="overdue, soon or on-track")
    answered: int = Field(description="visits that counted in this period")
    owed: int = Field(description="visits that the period owes")
    due: datetime | None
    not_before: datetime | None = Field(description="a visit before this moment would be too soon")
    nobody: bool = Field(description="nobody holds the post today")


def _duty(due: Due) -> dict[str, Any]:
    item, place = due.row.item, due.row.place
    return {
        "plan": due.turn.plan.code, "kind": due.row.kind,
        "key": f"{item.register.code}/{item.code}" if item is not None else getattr(place, "code", ""),
        "title": str(place), "state": due.state.code, "answered": due.answered, "owed": due.row.due,
        "due": due.slot.due if due.slot else None, "not_before": due.not_before, "nobody": due.nobody,
    }  # fmt: skip


@router.get("/inspections/duties", response={200: list[DutyOut], 403: Problem}, summary="List my duties")
def list_duties(request: HttpRequest, limit: int = query(60, ge=1, le=500)) -> list[dict[str, Any]]:
    """What the caller owes now over all their plans and places, the most pressing first."""
    return [_duty(due) for due in due_for(caller(request, MAKE), most=limit)]


class BoardOut(Schema):
    """How one plan stands in the period that is under way."""

    plan: str
    title: str
    places: int
    due: int = Field(description="visits of the whole period")
    owed: int = Field(description="of these, those that should have been made by now")
    done: int
    late: int
    behind: int = Field(description="visits that should have been made by now and were not")
    nobody: int = Field(description="places of a post that nobody holds")
    next_due: datetime | None


@router.get(
    "/inspections/duties/board", response={200: list[BoardOut], 403: Problem}, summary="Board of duties"
)
def read_board(request: HttpRequest) -> list[dict[str, Any]]:
    """Every plan that is under way, as far as the caller may see its places; the most pressing first."""
    mine = reach(caller(request, VIEW))
    return [
        {
            "plan": line.turn.plan.code, "title": str(line.turn.plan), "places": line.places, "due": line.due,
            "owed": line.owed, "done": line.done, "late": line.late, "behind": line.behind,
            "nobody": line.nobody if line.turn.plan.rules.by_post else 0, "next_due": line.next_due,
        }
        for line in board(mine.days(), turns(timezone.now()))
    ]  # fmt: skip


class TallyOut(Schema):
    """What was owed and what became of it; `key` is a day, or the code of a plan, area or department."""

    key: str
    due: int
    done: int
    late: int
    missed: int
    rate: float | None = Field(description="done in time, of what is decided; null while nothing is")


class ComplianceOut(Schema):
    """The whole, and its parts."""

    whole: TallyOut
    parts: list[TallyOut]


def _tally(key: str, tally: Tally) -> dict[str, Any]:
    rate = round(tally.rate, 4) if tally.rate is not None else None
    return {
        "key": key, "due": tally.due, "done": tally.done, "late": tally.late, "missed": tally.missed, "rate": rate,
    }  # fmt: skip


@router.get(
    "/inspections/compliance",
    response={200: ComplianceOut, 403: Problem, 422: Problem},
    summary="Compliance of duties",
)
def read_compliance(
    request: HttpRequest,
    since: date | None = _FIRST,
    until: date | None = _LAST,
    plan: str = query("", description="code of a plan"),
    area: str = query("", description="code of an area"),
    department: str = query("", description="code of the department whose duty it is"),
    by: Literal["day", "plan", "area", "department"] = query("day"),
) -> dict[str, Any]:
    """What was owed in these days, and how much of it was done in time; the numbers of the desk's page."""
    mine = reach(caller(request, VIEW))
    today = timezone.localdate()
    first, last = since or today, until or today
    if first > last or last - first > timedelta(days=LONGEST_DAYS):
        raise Refusal(
            _("since 不能晚于 until，一次最多 %(days)d 天。") % {"days": LONGEST_DAYS}, field="since"
        )
    asked = Asked(first, last, _named(Plan, plan), _named(Area, area), _named(Department, department))
    found = figures.tallies("doer" if by == "department" else by, asked, mine)
    keys = _codes(by, list(found))
    parts = sorted(
        ((keys[key], tally) for key, tally in found.items() if key in keys), key=lambda part: part[0]
    )
    return {
        "whole": _tally("", figures.total(asked, mine)),
        "parts": [_tally(key, tally) for key, tally in parts],
    }


def _named(model: Any, code: str) -> Any:
    if not code:
        return None
    found = model.objects.filter(code=code).first()
    if found is None:
        raise Refusal(_("没有代码为“%(code)s”的计划、区域或单位。") % {"code": code}, field="code")
    return found


def _codes(by: str, keys: list[Any]) -> dict[Any, str]:
    if by == "day":
        return {day: day.isoformat() for day in keys}
    model: Any = {"plan": Plan, "area": Area, "department": Department}[by]
    return dict(model.objects.filter(pk__in=keys).values_list("pk", "code"))
