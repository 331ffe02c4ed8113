"""Standards, plans, what is due, and draws over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db.models import Count
from django.http import Http404, HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status

from huying.core.api import Page, Problem, page_of, query
from huying.core.errors import Refusal
from huying.inspections.actions import draw as draw_period
from huying.inspections.actions import drawable
from huying.inspections.changes import limit_of, percent_of
from huying.inspections.models import Draw, Plan, Standard, StandardVersion
from huying.inspections.occurrences import period_of
from huying.inspections.places import PlanPlace, places_of
from huying.inspections.policy import DRAW, VIEW, may_see, plans_for
from huying.inspections.rounds.going import Going, going
from huying.inspections.saying import Names, plan_sentence
from huying.inspections.standards import StandardItem
from huying.inspections.views.desk.draws import record
from huying.inspections.views.desk.plans import place_count, plan_for, runs_on
from huying.inspections.weighing import gather
from huying.people.access import scopes
from huying.people.api import caller
from huying.people.models import Department, User
from huying.registry.declared.forms import field_title

router = Router(tags=["inspections"])


class StandardRow(Schema):
    """A standard, and the version that holds today (null: none yet)."""

    code: str
    title: str
    version: int | None
    valid_from: date | None
    versions: int


class StandardItemOut(Schema):
    """One thing that is looked at. `evidence`: none, photo (when it fails) or reading; `kind`: must or ban."""

    code: str
    title: str
    group: str
    points: int
    evidence: str
    kind: str
    critical: str = Field(description="empty, fails (the round fails) or zero (and its score is nothing)")
    unit: str
    holds: str = Field(description="what a reading has to be, in the pack's words")
    opens_ledger: str
    opens_category: str
    opens_limit: str


class AskedOut(Schema):
    """A field that a round asks once."""

    code: str
    type: str
    title: str
    unit: str
    required: bool


class StandardOut(Schema):
    """One version of a standard, whole. `id` is what a round names as its version."""

    id: int
    code: str
    title: str
    version: int
    valid_from: date
    registers: list[str]
    areas: str
    departments: bool
    pass_percent: str
    grades: list[dict[str, str]]
    letter: str
    signature: str
    items: list[StandardItemOut]
    fields: list[AskedOut]


@router.get(
    "/inspections/standards", response={200: list[StandardRow], 403: Problem}, summary="List standards"
)
def list_standards(request: HttpRequest) -> list[dict[str, Any]]:
    """Every standard in use."""
    caller(request, VIEW, DRAW)
    held: dict[int, StandardVersion] = {}
    rows = StandardVersion.objects.filter(valid_from__lte=timezone.localdate()).order_by("standard", "number")
    for version in rows.defer("declaration"):
        held[version.standard_id] = version
    return [
        {
            "code": row.code, "title": str(row), "versions": row.count,
            "version": held[row.pk].number if row.pk in held else None,
            "valid_from": held[row.pk].valid_from if row.pk in held else None,
        }
        for row in Standard.objects.filter(active=True).annotate(count=Count("versions"))
    ]  # fmt: skip


def _item(item: StandardItem) -> dict[str, Any]:
    opens = item.opens
    return {
        "code": item.code, "title": str(item), "group": item.group, "points": item.points, "evidence": item.evidence,
        "kind": item.kind, "critical": item.critical, "unit": item.unit,
        "holds": " || ".join(" && ".join(f"value {sign} {bound:g}" for sign, bound in group) for group in item.bounds),
        "opens_ledger": opens.ledger if opens else "", "opens_category": opens.category if opens else "",
        "opens_limit": limit_of(opens.limit) if opens else "",
    }  # fmt: skip


@router.get(
    "/inspections/standards/{code}",
    response={200: StandardOut, 403: Problem, 404: Problem},
    summary="Read a standard",
)
def read_standard(
    request: HttpRequest, code: str, version: int | None = query(None, ge=1, le=32_000)
) -> dict[str, Any]:
    """The version that holds today, or the one with this number."""
    caller(request, VIEW, DRAW)
    standard = Standard.objects.filter(code=code).first()
    found = None
    if standard is not None:
        found = standard.versions.filter(number=version).first() if version else standard.version_on()
    if standard is None or found is None:
        raise Http404(_("没有这个标准或这一版。"))
    rules = found.rules
    return {
        "id": found.pk, "code": standard.code, "title": str(standard), "version": found.number,
        "valid_from": found.valid_from, "registers": list(rules.registers), "areas": rules.area_level,
        "departments": rules.departments, "pass_percent": percent_of(rules.pass_tenths),
        "grades": [{"from": percent_of(grade.since), "title": str(grade)} for grade in rules.grades],
        "letter": rules.letter.kind if rules.letter else "", "signature": rules.signature,
        "items": [_item(item) for item in rules.items],
        "fields": [
            {"code": f.code, "type": f.type, "title": field_title(f), "unit": f.unit, "required": f.required}
            for f in rules.fields
        ],
    }  # fmt: skip


class PlanOut(Schema):
    """A plan: `sentence` is all of it in words. Lists of codes; `draws` tells whether places are drawn."""

    code: str
    title: str
    sentence: str
    standard: str
    registers: list[str]
    areas: str
    at_departments: list[str]
    by_post: str
    by_departments: list[str]
    times: int
    unit: str
    proof: list[str]
    unannounced: bool
    draws: bool
    places: int
    runs_today: bool


def _plan(plan: Plan, names: Names) -> dict[str, Any]:
    rules = plan.rules
    return {
        "code": plan.code, "title": str(plan), "sentence": plan_sentence(rules, names), "standard": rules.standard,
        "registers": list(rules.registers), "areas": rules.area_level, "at_departments": list(rules.at_departments),
        "by_post": rules.by_post, "by_departments": list(rules.by_departments), "times": rules.every.times,
        "unit": rules.every.unit, "proof": list(rules.proof), "unannounced": rules.unannounced,
        "draws": rules.draw is not None, "places": place_count(rules),
        "runs_today": runs_on(rules, timezone.localdate()),
    }  # fmt: skip


@router.get("/inspections/plans", response={200: list[PlanOut], 403: Problem}, summary="List plans")
def list_plans(request: HttpRequest) -> list[dict[str, Any]]:
    """The plans in use. One without notice is not told to whom it inspects."""
    shown = plans_for(caller(request, VIEW, DRAW))
    names = Names.of(plan.rules for plan in shown)
    return [_plan(plan, names) for plan in shown]


@router.get(
    "/inspections/plans/{code}", response={200: PlanOut, 403: Problem, 404: Problem}, summary="Read a plan"
)
def read_plan(request: HttpRequest, code: str) -> dict[str, Any]:
    """One plan."""
    plan = plan_for(caller(request, VIEW, DRAW), code)
    return _plan(plan, Names.of([plan.rules]))


class DueOut(Schema):
    """What one place owes next. `state`: late, due, soon (a visit before `not_before` would not count) or done."""

    kind: str
    key: str = Field(description="`register/code` of a thing, else the code of the area or department")
    title: str
    state: str
    number: int | None
    opens: datetime | None
    due: datetime | None
    not_before: datetime | None


def _due(each: Going) -> dict[str, Any]:
    slot = each.slot
    return {
        "kind": each.place.kind, "key": each.place.key, "title": each.place.title, "state": each.state,
        "number": slot.number if slot else None, "opens": slot.opens if slot else None,
        "due": slot.due if slot else None, "not_before": each.not_before,
    }  # fmt: skip


@router.get(
    "/inspections/plans/{code}/due",
    response={200: Page[DueOut], 403: Problem, 404: Problem, 422: Problem},
    summary="List what is due",
)
def list_due(
    request: HttpRequest,
    code: str,
    state: str = query("", description="late, due, soon or done"),
    after: str = query("", description="the `next` of the page before"),
    limit: int = query(50, ge=1, le=200),
) -> dict[str, Any]:
    """Every place of the plan that the caller may see, the most pressing first. Worked out now, not stored."""
    if state not in ("", "late", "due", "soon", "done"):
        raise Refusal(_("state 请写 late、due、soon 或 done。"), field="state")
    if after and not (after.isascii() and after.isdecimal() and len(after) < 9):
        raise Refusal(_("after 请写上一页给出的 next。"), field="after")
    user = caller(request, VIEW)
    plan = plan_for(user, code)
    found = going(plan, _places(user, plan))
    if state:
        found = [each for each in found if each.state == state]
    start = int(after or 0)
    end = start + limit
    return {"items": [_due(each) for each in found[start:end]], "next": str(end) if end < len(found) else ""}


def _places(user: User, plan: Plan) -> list[PlanPlace]:
    """The plan's places in the caller's areas; who serves a department sees what it answers for or goes to."""
    rules = plan.rules
    chosen = None
    if rules.draw is not None:
        period = period_of(rules.every.unit, timezone.localdate()).name
        drawn = Draw.objects.filter(plan=plan, period=period).first()
        chosen = set(drawn.chosen) if drawn else set()
    reach = []
    for scope in scopes(user, VIEW):
        codes = None
        if scope.department_id is not None:
            units = Department.objects.filter(pk=scope.department_id) | Department.objects.filter(
                parent=scope.department_id
            )
            codes = set(units.values_list("code", flat=True))
            if codes & set(rules.by_departments):
                codes = None
        reach.append((scope.path, codes))
    return [
        place for place in places_of(rules, chosen)
        if any(place.path.startswith(path) and (codes is None or place.units & codes) for path, codes in reach)
    ]  # fmt: skip


class DrawRow(Schema):
    """A draw: which places of how many, by which seed."""

    id: int
    plan: str
    period: str
    seed: str
    drawn_at: datetime
    drawn_by: str
    drawn: int
    of: int


class DrawnPlace(Schema):
    """A drawn place, in the order of the draw, with what weighed and who goes."""

    key: str
    title: str
    risk: int
    days: int | None = Field(description="since the last visit; null: nobody was ever there")
    weight: int
    inspectors: list[str]


class DrawOut(DrawRow):
    """The public record. `facts` and `rules` are all that is needed to draw again; `holds` tells that it gives the
    same.
    """

    rules: dict[str, Any]
    facts: dict[str, Any]
    places: list[DrawnPlace]
    holds: bool


def _draw_row(row: Draw) -> dict[str, Any]:
    return {
        "id": row.pk, "plan": row.plan.code, "period": row.period, "seed": row.seed, "drawn_at": row.drawn_at,
        "drawn_by": row.drawn_by.username if row.drawn_by else "", "drawn": len(row.chosen),
        "of": len(row.facts["places"]),
    }  # fmt: skip


def _draw_out(row: Draw) -> dict[str, Any]:
    return _draw_row(row) | {
        "rules": row.rules, "facts": row.facts, "holds": row.holds(),
        "places": [each | {"inspectors": row.inspectors.get(each["key"], [])} for each in record(row)],
    }  # fmt: skip


@router.get("/inspections/draws", response={200: Page[DrawRow], 403: Problem}, summary="List draws")
def list_draws(
    request: HttpRequest,
    plan: str = query("", description="code of a plan"),
    after: str = query("", description="the `next` of the page before"),
    limit: int = query(50, ge=1, le=200),
) -> dict[str, Any]:
    """The draws of the plans that the caller may see, the newest first."""
    shown = [each for each in plans_for(caller(request, VIEW, DRAW)) if plan in ("", each.code)]
    rows = Draw.objects.filter(plan__in=shown).select_related("plan", "drawn_by")
    return page_of(rows, _draw_row, order="-drawn_at", after=after, limit=limit)


@router.get(
    "/inspections/draws/{pk}", response={200: DrawOut, 403: Problem, 404: Problem}, summary="Read a draw"
)
def read_draw(request: HttpRequest, pk: int) -> dict[str, Any]:
    """The public record of one draw."""
    user = caller(request, VIEW, DRAW)
    found = Draw.objects.select_related("plan", "drawn_by").filter(pk=min(pk, 2**62)).first()
    if found is None or not may_see(user, found.plan):
        raise Http404(_("没有这次抽取，或者您不能看它。"))
    return _draw_out(found)


class DrawIn(Schema):
    """Which period is drawn; empty: the one under way."""

    period: str = Field("", max_length=10, description="2026-W47, 2026-11, 2026-Q4 …: this one or the next")


@router.post(
    "/inspections/plans/{code}/draws",
    response={201: DrawOut, 403: Problem, 404: Problem, 409: Problem, 422: Problem},
    summary="Draw a period",
)
def draw_plan(request: HttpRequest, code: str, data: DrawIn) -> Any:
    """Let fate choose the places and people of a period, once. 409 where it has been drawn."""
    user = caller(request, DRAW)
    plan = plan_for(user, code)
    visited, risks = gather(plan, places_of(plan.rules)) if plan.rules.draw else ({}, {})
    period = data.period or drawable(plan.rules)[0].name
    return Status(201, _draw_out(draw_period(plan, period, actor=user, visited=visited, risks=risks)))
