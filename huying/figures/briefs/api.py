"""Briefs over HTTP: which there are, their issues, the text and the numbers of one."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from ninja import Router, Schema

from huying.core.api import Problem
from huying.figures.briefs.exports import number_rows
from huying.figures.briefs.models import Brief, BriefRun
from huying.figures.exports import as_number
from huying.papers.letter import number_of
from huying.papers.policy import drafts_for
from huying.people.api import caller

router = Router(tags=["briefs"])
VERBS = ("figure.view", "brief.write")
MOST = 200


class BriefOut(Schema):
    """A brief as it is declared."""

    code: str
    title: str
    paper: str
    rhythm: str
    period: str


class BriefRunOut(Schema):
    """One issue: `text` holds tokens while it is a draft, and addresses of its numbers once it is issued."""

    token: str
    brief: str
    title: str
    state: str
    first: date | None
    last: date
    counted_at: datetime | None
    number: str
    url: str


class BriefNumberOut(Schema):
    """A number of the text, and where its rows are."""

    code: str
    title: str
    text: str
    value: float | int | None
    rows: int | None
    url: str


class BriefTextOut(BriefRunOut):
    """An issue with its text and its numbers."""

    text: str
    numbers: list[BriefNumberOut]


def _out(run: BriefRun) -> dict[str, Any]:
    draft = run.draft
    return {
        "token": run.token, "brief": run.brief.code, "title": draft.title if draft else str(run),
        "state": draft.state if draft else "", "first": run.first_day, "last": run.last_day,
        "counted_at": run.counted_at, "number": number_of(draft.paper) if draft and draft.paper else "",
        "url": run.get_absolute_url(),
    }  # fmt: skip


def _open(request: HttpRequest) -> Any:
    user = caller(request, *VERBS)
    seen = Q(counted_at__isnull=False) | Q(draft__in=drafts_for(user))
    return BriefRun.objects.filter(seen).select_related("brief", "draft", "draft__paper")


@router.get("/briefs", response={200: list[BriefOut], 403: Problem}, summary="List briefs")
def list_briefs(request: HttpRequest) -> list[dict[str, Any]]:
    """Every brief of the pack."""
    caller(request, *VERBS)
    found = [(row, row.rules) for row in Brief.objects.filter(active=True)]
    return [
        {
            "code": row.code, "title": str(row), "paper": rules.paper, "rhythm": str(rules.how_often),
            "period": rules.period,
        }
        for row, rules in found
    ]  # fmt: skip


@router.get(
    "/briefs/{code}/issues", response={200: list[BriefRunOut], 403: Problem}, summary="List issues of a brief"
)
def list_brief_issues(request: HttpRequest, code: str) -> list[dict[str, Any]]:
    """Issues, the newest first: those that are issued, and the drafts that the caller may read."""
    return [_out(run) for run in _open(request).filter(brief__code=code)[:MOST]]


@router.get(
    "/brief-issues/{token}", response={200: BriefTextOut, 403: Problem, 404: Problem}, summary="Read an issue"
)
def read_brief_issue(request: HttpRequest, token: str) -> dict[str, Any]:
    """Text and numbers of one issue."""
    run = _open(request).filter(token=token).first()
    if run is None:
        raise Http404(_("没有这份简报，或者它还没有送到您这里。"))
    numbers = [
        {
            "code": row.code, "title": row.title, "text": row.text, "value": as_number(row.exact), "rows": row.rows,
            "url": row.url,
        }
        for row in number_rows(run, run.draft)
    ]  # fmt: skip
    body = run.draft.paper.body if run.draft.paper else run.draft.body
    return {**_out(run), "text": body, "numbers": numbers}
