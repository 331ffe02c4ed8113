"""What the API gives to read: cases by the filters of every list, one case whole, what is declared, numbers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Router, Schema, Status

from huying.cases import policy, rates
from huying.cases.api.shapes import (
    CaseOut,
    CaseRow,
    CategoryOut,
    LedgerOut,
    Named,
    case_out,
    case_row,
    category_out,
    ledger_out,
)
from huying.cases.filters import KEYS, CaseFilter, for_rows
from huying.cases.models import Ledger, Notice, Topic
from huying.cases.story import story_for_staff
from huying.cases.suggest import responsible_at
from huying.cases.views.desk.case import case_for
from huying.cases.views.desk.notices import notices_for
from huying.cases.views.desk.verbs import verbs_open_to
from huying.core.api import Page, Problem, page_of, query, unless_changed
from huying.core.errors import Refusal
from huying.people.api import caller

router = Router(tags=["cases"])
ORDERS = ("-reported_at", "reported_at", "due_at", "-due_at", "-closed_at", "pk", "-pk")


def filter_of(request: HttpRequest) -> CaseFilter:
    """The filter in the address; a value that nothing knows is refused here, where no person sees a hint."""
    found = CaseFilter.from_query(request.GET)
    if found.mistakes:
        raise Refusal(" ".join(found.mistakes))
    return found


FILTERS: list[dict[str, Any]] = [
    {
        "name": key.name, "in": "query", "required": False, "schema": {"type": "string"},
        "description": f"{key.about}. Several values by comma.",
    }
    for key in KEYS.values()
]  # fmt: skip
_FILTERS: dict[str, Any] = {"openapi_extra": {"parameters": FILTERS}}


@router.get(
    "/cases", response={200: Page[CaseRow], 403: Problem, 422: Problem}, summary="List cases", **_FILTERS
)
def list_cases(
    request: HttpRequest,
    order: str = query("-reported_at", description=f"one of {', '.join(ORDERS)}"),
    after: str = query("", description="the `next` of the page before"),
    limit: int = query(50, ge=1, le=200),
) -> dict[str, Any]:
    """The cases that the caller may see, by the same filters as the desk's list."""
    user = caller(request, "case.view")
    if order not in ORDERS:
        raise Refusal(_("排序方式请选：%s") % "、".join(ORDERS), field="order")
    rows = for_rows(filter_of(request).apply(policy.cases_for(user)))
    return page_of(rows, case_row, order=order, after=after, limit=limit)


@router.get(
    "/cases/{number}",
    response={200: CaseOut, 304: None, 403: Problem, 404: Problem},
    summary="Read a case",
)
def read_case(request: HttpRequest, response: HttpResponse, number: str) -> Any:
    """One case with its reports (masked), photos, story and the verbs that are open to the caller.

    `ETag` is its version: send it as `If-None-Match` to read only what changed, as `If-Match` to change only that.
    """
    user = caller(request, "case.view")
    case = case_for(user, number)
    if unless_changed(request, response, case.version):
        return Status(304, None)
    return case_out(case, [verb.code for verb in verbs_open_to(case, user)], story_for_staff(case))


class CountOut(Schema):
    """A count of the chosen cases, and the page that lists exactly what was counted."""

    code: str
    title: str
    value: int
    rows: str


class RateOut(Schema):
    """A rate: `percent` with two decimals, half up; null when there is nothing to divide by."""

    code: str
    title: str
    formula: str
    percent: float | None
    numerator: str
    denominator: str


class FiguresOut(Schema):
    """Counts and rates of the chosen cases, as the cockpit has them."""

    counts: list[CountOut]
    rates: list[RateOut]


@router.get(
    "/figures", response={200: FiguresOut, 403: Problem, 422: Problem}, summary="Count cases", **_FILTERS
)
def read_figures(request: HttpRequest) -> dict[str, Any]:
    """The figures of the cockpit over the cases that match, each with the list of its rows."""
    user = caller(request, "cockpit.view")
    counted = rates.total(policy.cases_for(user), base=filter_of(request), now=timezone.now())
    numbers = {code: counted.number(code) for code in rates.MEASURES}
    return {
        "counts": [
            {"code": code, "title": str(rates.MEASURES[code].title), "value": n.value, "rows": n.url}
            for code, n in numbers.items()
        ],
        "rates": [
            {
                "code": code, "title": str(rate.title), "formula": str(rate.formula),
                "percent": None if (percent := counted.rate(code).percent) is None else float(percent),
                "numerator": rate.numerator, "denominator": rate.denominator,
            }
            for code, rate in rates.RATES.items()
        ],
    }  # fmt: skip


@router.get(
    "/ledgers", response={200: list[LedgerOut], 403: Problem}, summary="List ledgers", tags=["declared"]
)
def list_ledgers(request: HttpRequest) -> list[dict[str, Any]]:
    """Every ledger with the fields that it asks for."""
    caller(request, "case.view", "report.create")
    return [ledger_out(ledger) for ledger in Ledger.objects.order_by("code")]


@router.get(
    "/ledgers/{code}/categories",
    response={200: list[CategoryOut], 403: Problem, 404: Problem},
    summary="List a ledger's categories",
    tags=["declared"],
)
def list_categories(request: HttpRequest, code: str) -> list[dict[str, Any]]:
    """What a case of this ledger can be about."""
    caller(request, "case.view", "report.create")
    ledger = get_object_or_404(Ledger, code=code)
    return [category_out(row) for row in ledger.categories.filter(active=True).order_by("code")]


class TopicOut(Named):
    """A topic; `parent` is the main topic above it."""

    parent: str
    limit: str


@router.get("/topics", response={200: list[TopicOut], 403: Problem}, summary="List topics", tags=["declared"])
def list_topics(request: HttpRequest) -> list[dict[str, Any]]:
    """The tree of topics."""
    caller(request, "case.view", "report.create")
    return [
        {"code": t.code, "title": str(t), "parent": t.parent.code if t.parent else "", "limit": t.limit}
        for t in Topic.objects.select_related("parent").order_by("code")
    ]


class AnswererOut(Schema):
    """Who answers for a topic at a point, by which rule (duty, category, none), and the sentence that explains it.

    `others` have a duty that is as close: a person chooses between them.
    """

    department: str
    phone: str
    rule: str
    why: str
    others: list[str]


@router.get(
    "/responsible",
    response={200: AnswererOut, 403: Problem, 404: Problem, 422: Problem},
    summary="Who answers here",
    tags=["people"],
)
def who_answers(
    request: HttpRequest,
    topic: str,
    lng: float = query(..., ge=-180, le=180),
    lat: float = query(..., ge=-90, le=90),
) -> dict[str, Any]:
    """The department that a case of this topic at this point (WGS-84) would be suggested for, by the same rule."""
    caller(request, "case.view", "people.manage")
    found = responsible_at(get_object_or_404(Topic.objects.select_related("parent"), code=topic), lng, lat)
    department = found.department
    return {
        "department": department.code if department else "", "phone": department.phone if department else "",
        "rule": found.rule, "why": found.why, "others": [other.code for other in found.others],
    }  # fmt: skip


class NoticeOut(Schema):
    """Something the loop has told the caller or the caller's department."""

    id: int
    case: str
    code: str
    words: str
    sent_at: datetime
    read: bool


def _notice_out(notice: Notice) -> dict[str, Any]:
    return {
        "id": notice.pk, "case": notice.case.number, "code": notice.code, "words": notice.words,
        "sent_at": notice.sent_at, "read": notice.read_at is not None,
    }  # fmt: skip


@router.get("/notices", response={200: Page[NoticeOut], 403: Problem}, summary="List my notices")
def list_notices(
    request: HttpRequest, after: str = "", limit: int = query(50, ge=1, le=200)
) -> dict[str, Any]:
    """What the caller was told, newest first."""
    rows = notices_for(caller(request, "case.view")).select_related("case")
    return page_of(rows, _notice_out, order="-sent_at", after=after, limit=limit)
