"""Figures over HTTP: their values, groups and rows, what was published, and the relations between them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status

from huying.core.api import Problem, query
from huying.core.errors import NotAllowed, Refusal
from huying.figures.checking import Outcome, outcomes
from huying.figures.counting import Group, UnknownFigure, Value, count, groups
from huying.figures.exports import as_number
from huying.figures.meaning import meaning
from huying.figures.models import Figure, PublishedFigure
from huying.figures.policy import (
    PUBLISH,
    VIEW,
    figures_for,
    is_staff_reader,
    may_see,
    require_publish,
    shown_keys,
)
from huying.figures.publishing import asked_of, frozen_rows, publish, recount
from huying.figures.rows import Row, open_page_of, page_of
from huying.figures.rules import FigureRules
from huying.figures.views.desk.asking import Looked, look
from huying.figures.views.desk.figures import dimensions_of, kept_back
from huying.people.access import can
from huying.people.api import SessionAuth, TokenAuth, caller

router = Router(tags=["figures"])
MOST = 500


def anybody(request: HttpRequest) -> Any:
    """Who comes without a token reads what is public; a token that is wrong is no stranger's."""
    return None if "Authorization" in request.headers else request.user


OPEN: list[Any] = [TokenAuth(), SessionAuth(), anybody]
_WHERE = [
    {"name": "from", "in": "query", "schema": {"type": "string", "format": "date"}, "description": "first day"},
    {"name": "to", "in": "query", "schema": {"type": "string", "format": "date"}, "description": "last day"},
    {
        "name": "in", "in": "query", "schema": {"type": "string"},
        "description": "this-month, last-month, this-year, last-year or today, instead of days",
    },
    {
        "name": "at", "in": "query", "schema": {"type": "string", "format": "date-time"},
        "description": "a moment of the past: values and rows as they were",
    },
    {
        "name": "area", "in": "query", "schema": {"type": "string"},
        "description": "codes joined by commas; likewise every field of what the figure counts",
    },
]  # fmt: skip


class FigureOut(Schema):
    """A figure as it is declared."""

    code: str
    title: str
    meaning: str = Field(description="what is counted, in words")
    of: str = Field(description="the collection whose rows are counted; empty: calculated from other figures")
    unit: str
    system: str
    visible: str = Field(description="public or staff")
    by: list[str] = Field(description="dimensions by which it may be told apart")


class ValueOut(Schema):
    """A value. It is exact as numerator and denominator; `value` is the nearest number, `text` the rounded one."""

    figure: str
    text: str
    value: float | None = Field(description="null where there is nothing to divide by")
    numerator: str
    denominator: str | None
    at: dt.datetime
    first: dt.date | None
    last: dt.date | None
    where: dict[str, list[str]]
    url: str = Field(description="the page with the rows as of this moment")
    meaning: str = ""
    parts: list[ValueOut] = []


class GroupOut(Schema):
    """One group of a figure; `key` is empty for rows that have no such group."""

    key: str
    title: str
    value: ValueOut


class FigureRowOut(Schema):
    """A row that was counted."""

    id: int
    label: str
    state: str
    day: str
    url: str
    number: float | None = Field(description="what it adds to a sum or a mean")
    inside: bool = Field(description="whether it is inside the share")


class FigureRowsOut(Schema):
    """A page of rows. `total` were counted, `hidden` of them the caller may not open."""

    items: list[FigureRowOut]
    total: int
    hidden: int
    next: int | None = Field(description="send as `start` for the next page")


def _figure_out(rules: FigureRules) -> dict[str, Any]:
    return {
        "code": rules.code, "title": str(rules), "meaning": str(meaning(rules)), "of": rules.of,
        "unit": rules.counted_in, "system": rules.system, "visible": rules.visible, "by": list(dimensions_of(rules)),
    }  # fmt: skip


def _value_out(value: Value, *, with_meaning: bool = False) -> dict[str, Any]:
    return {
        "figure": value.rules.code, "text": value.text, "value": as_number(value.exact),
        "numerator": str(value.numerator),
        "denominator": None if value.denominator is None else str(value.denominator), "at": value.at,
        "first": value.asked.span.first, "last": value.asked.span.last,
        "where": {name: list(words) for name, words in value.asked.where.items()}, "url": value.url,
        "meaning": str(meaning(value.rules, value.asked, value.at)) if with_meaning else "",
        "parts": [_value_out(part) for part in value.parts],
    }  # fmt: skip


def _row_out(row: Row, url: str | None = None) -> dict[str, Any]:
    return {
        "id": row.facts.pk, "label": row.facts.label, "state": row.facts.state, "day": row.facts.day,
        "url": row.facts.url if url is None else url, "number": as_number(row.number), "inside": row.inside,
    }  # fmt: skip


def _rules(request: HttpRequest, code: str) -> FigureRules:
    row = Figure.objects.filter(code=code, active=True).first()
    if row is None or not may_see(request.user, row.rules):
        if not can(request.user, VIEW) and request.user.is_authenticated:
            raise NotAllowed(_("您的岗位没有这项权限。需要时请联系系统管理员。"))
        raise Http404(_("没有代码为“%(code)s”的数字。") % {"code": code})
    return row.rules


def _looked(request: HttpRequest, rules: FigureRules) -> Looked:
    params = {name: value for name, value in request.GET.items() if name not in ("start", "limit")}
    looked = look(rules, params)
    if looked.mistakes:
        raise Refusal(" ".join(looked.mistakes))
    return looked


def _gone() -> Refusal:
    return Refusal(_("这个数用到的另一个数或目标不在区包里了。请系统管理员运行 huying pack check。"))


@router.get("/figures/declared", response=list[FigureOut], auth=OPEN, summary="List figures")
def list_figures(
    request: HttpRequest,
    q: str = query("", description="words in code and title"),
    system: str = query("", description="like A1"),
    of: str = query("", description="the collection that is counted"),
) -> list[dict[str, Any]]:
    """Every figure that the caller sees; without a token those that are public."""
    found = (row.rules for row in figures_for(request.user).order_by("code"))
    words = q.lower().split()
    return [
        _figure_out(rules) for rules in found
        if system in ("", rules.system) and of in ("", rules.of)
        and all(word in f"{rules.code} {rules.title} {rules.title_en}".lower() for word in words)
    ]  # fmt: skip


class OutcomeOut(Schema):
    """A relation between figures, and whether it holds."""

    code: str
    title: str
    holds: bool
    sentence: str
    difference: str = Field(description="exact, left less right")
    left: list[ValueOut]
    right: list[ValueOut]
    note: str


def _outcome_out(outcome: Outcome) -> dict[str, Any]:
    return {
        "code": outcome.check.code, "title": str(outcome.check), "holds": outcome.holds, "sentence": outcome.sentence,
        "difference": str(outcome.difference), "left": [_value_out(each) for each in outcome.left],
        "right": [_value_out(each) for each in outcome.right], "note": outcome.check.explained,
    }  # fmt: skip


@router.get(
    "/figures/checks",
    response={200: list[OutcomeOut], 403: Problem},
    summary="Hold relations against the rows",
)
def list_figure_checks(request: HttpRequest) -> list[dict[str, Any]]:
    """Every relation between figures that the pack declares, those that fail first."""
    caller(request, VIEW)
    return [_outcome_out(outcome) for outcome in outcomes()]


# -- published -----------------------------------------------------------------------------------------------


class PublishedOut(Schema):
    """A value as it was told. Its rows are frozen; `/rows` lists them."""

    token: str
    figure: str
    title: str
    text: str
    value: float | None
    numerator: str
    denominator: str | None
    at: dt.datetime
    first: dt.date | None
    last: dt.date | None
    where: dict[str, list[str]]
    rows: int
    purpose: str
    meaning: str = Field(description="what was counted, by the declaration of that day")
    url: str = Field(description="its permanent address")
    parts: list[str] = Field(description="tokens of the values that it was calculated from")


def _published_out(found: PublishedFigure) -> dict[str, Any]:
    return {
        "token": found.token, "figure": found.figure.code, "title": str(found.rules), "text": found.text,
        "value": as_number(found.exact), "numerator": found.numerator, "denominator": found.denominator or None,
        "at": found.at, "first": found.first_day, "last": found.last_day, "where": found.where, "rows": found.rows,
        "purpose": found.purpose, "meaning": str(meaning(found.rules, asked_of(found), found.at)),
        "url": found.get_absolute_url(), "parts": [part.token for part in found.parts.order_by("pk")],
    }  # fmt: skip


def _published(request: HttpRequest, token: str) -> PublishedFigure:
    found = (
        PublishedFigure.objects.select_related("figure").filter(token=token).first()
        if token.isprintable()
        else None
    )
    if found is None or not may_see(request.user, found.rules):
        if not can(request.user, VIEW) and request.user.is_authenticated:
            raise NotAllowed(_("您的岗位没有这项权限。需要时请联系系统管理员。"))
        raise Http404(_("没有这个地址。请核对十位字母和数字。"))
    return found


@router.get(
    "/figures/published/{token}", response={200: PublishedOut, 403: Problem, 404: Problem}, auth=OPEN,
    summary="Read a published value",
)  # fmt: skip
def read_published_figure(request: HttpRequest, token: str) -> dict[str, Any]:
    """A value as it was told, by the declaration of that day."""
    return _published_out(_published(request, token))


@router.get(
    "/figures/published/{token}/rows", response={200: FigureRowsOut, 403: Problem, 404: Problem},
    summary="List the rows of a published value",
)  # fmt: skip
def list_published_rows(
    request: HttpRequest,
    token: str,
    start: int = query(0, ge=0, le=10**9),
    limit: int = query(100, ge=1, le=MOST),
) -> dict[str, Any]:
    """The frozen rows, as they were, that the caller may read."""
    caller(request, VIEW)
    found = _published(request, token)
    shown = list(_shown(request, found))
    items = [_row_out(row) for row in shown[start : start + limit]]
    following = start + limit if start + limit < len(shown) else None
    return {"items": items, "total": found.rows, "hidden": found.rows - len(shown), "next": following}


def _shown(request: HttpRequest, found: PublishedFigure) -> Iterable[Row]:
    if not found.rules.of:
        return
    rows = list(frozen_rows(found))
    for place in range(0, len(rows), 1000):
        chunk = rows[place : place + 1000]
        mine = shown_keys(found.rules.of, request.user, [row.facts for row in chunk])
        yield from (row for row in chunk if row.facts.pk in mine)


class DifferenceOut(Schema):
    """A row that counts otherwise: it came, left or changed."""

    kind: str
    id: int
    label: str
    before: float | None
    now: float | None
    entries: list[str] = Field(description="codes of the journal's entries about it since")


class RecountOut(Schema):
    """A published value, counted again."""

    same: bool
    text: str
    value: float | None
    at: dt.datetime
    differences: list[DifferenceOut] = Field(description="those rows that the caller may read")
    differing: int = Field(description="how many rows differ")


@router.get(
    "/figures/published/{token}/recount", response={200: RecountOut, 403: Problem, 404: Problem, 422: Problem},
    summary="Count a published value again",
)  # fmt: skip
def recount_published_figure(
    request: HttpRequest, token: str, then: bool = query(False, description="as it was known at its moment")
) -> dict[str, Any]:
    """By the declaration of its day, from the rows as they are now or as they were known then."""
    caller(request, VIEW)
    found = _published(request, token)
    try:
        again = recount(found, then=then)
    except (UnknownFigure, KeyError):
        raise _gone() from None
    mine = (
        shown_keys(found.rules.of, request.user, [each.facts for each in again.differences])
        if found.rules.of
        else set()
    )
    return {
        "same": again.same, "text": again.value.text, "value": as_number(again.value.exact), "at": again.at,
        "differing": len(again.differences) + again.more,
        "differences": [
            {
                "kind": each.kind, "id": each.facts.pk, "label": each.facts.label, "before": _counted(each.before),
                "now": _counted(each.now), "entries": [entry.code for entry in each.entries],
            }
            for each in again.differences if each.facts.pk in mine
        ],
    }  # fmt: skip


def _counted(row: Row | None) -> int | float | None:
    """What a row adds: its number, else one for each that is inside."""
    if row is None:
        return None
    return as_number(row.number if row.number is not None else Fraction(int(row.inside)))


# -- one figure ----------------------------------------------------------------------------------------------


@router.get(
    "/figures/{code}", response={200: ValueOut, 403: Problem, 404: Problem, 422: Problem}, auth=OPEN,
    summary="Read a figure's value", openapi_extra={"parameters": _WHERE},
)  # fmt: skip
def read_figure(request: HttpRequest, code: str) -> dict[str, Any]:
    """The value for these days and this part; it is the same for every reader."""
    rules = _rules(request, code)
    looked = _looked(request, rules)
    with looked.moment():
        return _value_out(_count(rules, looked), with_meaning=True)


def _count(rules: FigureRules, looked: Looked) -> Value:
    try:
        return count(rules, looked.asked, looked.at)
    except LookupError:
        raise _gone() from None


@router.get(
    "/figures/{code}/groups", response={200: list[GroupOut], 403: Problem, 404: Problem, 422: Problem}, auth=OPEN,
    summary="Tell a figure apart", openapi_extra={"parameters": _WHERE},
)  # fmt: skip
def list_figure_groups(
    request: HttpRequest, code: str, by: str = query(..., description="one of the figure's dimensions")
) -> list[dict[str, Any]]:
    """The figure for each group of a dimension, those without any rows left out."""
    rules = _rules(request, code)
    if by not in dimensions_of(rules):
        raise Refusal(
            _("这个数不能按“%(word)s”分；可以按：%(known)s。")
            % {"word": by[:40], "known": "、".join(dimensions_of(rules))},
            field="by",
        )
    looked = _looked(request, rules)
    with looked.moment():
        try:
            found: list[Group] = groups(rules, by, looked.asked, looked.at)
        except LookupError:
            raise _gone() from None
        return [{"key": each.key, "title": each.title, "value": _value_out(each.value)} for each in found]


@router.get(
    "/figures/{code}/rows", response={200: FigureRowsOut, 403: Problem, 404: Problem, 422: Problem}, auth=OPEN,
    summary="List the rows of a figure", openapi_extra={"parameters": _WHERE},
)  # fmt: skip
def list_figure_rows(
    request: HttpRequest,
    code: str,
    start: int = query(0, ge=0, le=10**9),
    limit: int = query(100, ge=1, le=MOST),
) -> dict[str, Any]:
    """The rows that were counted, as far as the caller may open them; of a calculated figure there are its parts'."""
    rules = _rules(request, code)
    if not rules.of:
        raise Refusal(_("这个数由别的数算出来，自己没有记录；请看 parts 里每个数的记录。"))
    looked = _looked(request, rules)
    with looked.moment():
        if not is_staff_reader(request.user):
            page = open_page_of(rules, looked.asked, looked.at, start, limit)
        else:
            page = page_of(rules, looked.asked, looked.at, caller(request, VIEW), start, limit)
            if looked.earlier:
                page = kept_back(rules, page, caller(request, VIEW))
        shown = page.total - page.hidden
        return {
            "items": [_row_out(row) for row in page.rows], "total": page.total, "hidden": page.hidden,
            "next": start + limit if start + limit < shown else None,
        }  # fmt: skip


class PublishIn(Schema):
    """For which days and which part the figure is told, and what for."""

    first: dt.date | None = None
    last: dt.date | None = None
    where: dict[str, list[str]] = {}
    purpose: str = Field("", max_length=160)


@router.post(
    "/figures/{code}/published", response={201: PublishedOut, 403: Problem, 404: Problem, 422: Problem},
    summary="Publish a figure",
)  # fmt: skip
def publish_one_figure(request: HttpRequest, code: str, data: PublishIn) -> Any:
    """Count now and freeze value and rows under a permanent address. Send an `Idempotency-Key`."""
    user = caller(request, PUBLISH)
    require_publish(user)
    rules = _rules(request, code)
    days = {"from": data.first, "to": data.last}
    params = {name: f"{day}" for name, day in days.items() if day}
    looked = look(rules, {**params, **{name: ",".join(words) for name, words in data.where.items()}})
    if looked.mistakes:
        raise Refusal(" ".join(looked.mistakes))
    try:
        found = publish(code, looked.asked, actor=user, purpose=data.purpose)
    except LookupError:
        raise _gone() from None
    return Status(201, _published_out(found))
