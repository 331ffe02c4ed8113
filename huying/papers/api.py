"""Official papers over HTTP: read, sign for, reply."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema

from huying.core.api import Page, Problem, page_of, query
from huying.core.errors import NotAllowed
from huying.papers import actions
from huying.papers.letter import number_of
from huying.papers.models import Paper
from huying.papers.policy import ISSUING, RECEIVING, papers_for
from huying.people.access import can
from huying.people.models import User

router = Router(tags=["papers"])


class PaperOut(Schema):
    """A paper: its number, its frozen text, its receipt and reply."""

    id: int
    kind: str
    number: str
    title: str
    body: str
    colour: str
    subject: str
    addressee: str
    issued_at: datetime
    reply_due_at: datetime | None
    received_at: datetime | None
    replied_at: datetime | None
    reply: str
    pdf: str
    docx: str


def _out(paper: Paper) -> dict[str, Any]:
    return {
        "id": paper.pk, "kind": paper.kind, "number": number_of(paper), "title": paper.title, "body": paper.body,
        "colour": paper.colour, "subject": paper.subject_label,
        "addressee": paper.addressee.code if paper.addressee else paper.addressee_name,
        "issued_at": paper.issued_at, "reply_due_at": paper.reply_due_at, "received_at": paper.received_at,
        "replied_at": paper.replied_at, "reply": paper.reply, "pdf": f"/desk/papers/{paper.pk}/paper.pdf",
        "docx": f"/desk/papers/{paper.pk}/paper.docx",
    }  # fmt: skip


def _caller(request: HttpRequest) -> User:
    user: Any = request.user
    if not any(can(user, verb) for verb in (*ISSUING, RECEIVING)):
        raise NotAllowed(_("您的岗位没有这项权限。需要时请联系系统管理员。"))
    return user  # type: ignore[no-any-return]


def _paper(user: User, pk: int) -> Paper:
    found = papers_for(user).select_related("addressee").filter(pk=pk).first()
    if found is None:
        raise Http404(_("没有这份文书，或者它不是发给您单位的。"))
    return found


@router.get("/papers", response={200: Page[PaperOut], 403: Problem}, summary="List papers")
def list_papers(
    request: HttpRequest, after: str = "", limit: int = query(50, ge=1, le=200)
) -> dict[str, Any]:
    """The papers that the caller may read, newest first."""
    rows = papers_for(_caller(request)).select_related("addressee")
    return page_of(rows, _out, order="-issued_at", after=after, limit=limit)


@router.get("/papers/{pk}", response={200: PaperOut, 403: Problem, 404: Problem}, summary="Read a paper")
def read_paper(request: HttpRequest, pk: int) -> dict[str, Any]:
    """One paper."""
    return _out(_paper(_caller(request), pk))


@router.post(
    "/papers/{pk}/receipt",
    response={200: PaperOut, 403: Problem, 404: Problem, 409: Problem},
    summary="Sign for a paper",
)
def receive(request: HttpRequest, pk: int) -> dict[str, Any]:
    """The addressee signs for the paper."""
    user = _caller(request)
    actions.receive_paper(_paper(user, pk), actor=user)
    return _out(_paper(user, pk))


class ReplyIn(Schema):
    """What the department did, in writing."""

    reply: str = Field(max_length=2000)


@router.post(
    "/papers/{pk}/reply",
    response={200: PaperOut, 403: Problem, 404: Problem, 409: Problem, 422: Problem},
    summary="Reply to a paper",
)
def reply(request: HttpRequest, pk: int, data: ReplyIn) -> dict[str, Any]:
    """The addressee replies; a reply is not changed afterwards."""
    user = _caller(request)
    actions.reply_to_paper(_paper(user, pk), reply=data.reply, actor=user)
    return _out(_paper(user, pk))
