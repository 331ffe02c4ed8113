"""Official papers over HTTP: read, sign for, reply."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema

from huying.core.api import Page, Problem, page_of, query
from huying.core.errors import NotAllowed
from huying.papers import actions, drafting
from huying.papers.blocks import plain_text
from huying.papers.enclosures import attachments_of
from huying.papers.letter import number_of
from huying.papers.models import Paper, PaperDraft, PaperReply
from huying.papers.policy import DRAFTING, READING, drafts_for, papers_for, received_by
from huying.papers.views.lists import PAPER_STATES, state_code
from huying.people.access import can
from huying.people.models import User

router = Router(tags=["papers"])


class ReplyOut(Schema):
    """One written answer and what the issuer said of it."""

    id: int
    words: str
    at: datetime
    late: bool
    verdict: str
    verdict_words: str


class ReceiptOut(Schema):
    """One addressee: a department's code, or the name of somebody outside."""

    addressee: str
    copy_only: bool
    received_at: datetime | None
    replied_at: datetime | None
    accepted_at: datetime | None
    replies: list[ReplyOut]


class AttachmentOut(Schema):
    """A line of 附件; `url` is empty where there is only its name."""

    title: str
    url: str


class PaperOut(Schema):
    """A paper: its number, its frozen text, its receipts and replies.

    `received_at` and `replied_at` say when the last of the main addressees had done it. In `body` numbers may lead to
    their rows, written `⟦836|/figures/p/…/⟧`; `text` is the same without addresses.
    """

    id: int
    kind: str
    number: str
    title: str
    body: str
    text: str
    state: str
    link_path: str
    colour: str
    subject: str
    addressee: str
    issued_at: datetime
    reply_due_at: datetime | None
    received_at: datetime | None
    replied_at: datetime | None
    reply: str
    settled_at: datetime | None
    withdrawn_at: datetime | None
    withdrawn_reason: str
    replaced_by: str
    replaces: list[str]
    attachments: list[AttachmentOut]
    receipts: list[ReceiptOut]
    pdf: str
    docx: str


def _receipt(receipt: Any) -> dict[str, Any]:
    replies = [
        {
            "id": each.pk, "words": each.words, "at": each.at, "late": each.late, "verdict": each.verdict,
            "verdict_words": each.verdict_words,
        }
        for each in receipt.replies.all()
    ]  # fmt: skip
    return {
        "addressee": receipt.department.code if receipt.department else receipt.name, "copy_only": receipt.copy,
        "received_at": receipt.received_at, "replied_at": receipt.replied_at, "accepted_at": receipt.accepted_at,
        "replies": replies,
    }  # fmt: skip


def _attachments(paper: Paper) -> list[dict[str, str]]:
    draft = PaperDraft.objects.filter(paper=paper).first() if paper.details.get("attachments") else None
    return [
        {
            "title": each.title,
            "url": reverse("papers:paper-attachment", args=[paper.pk, each.row.pk]) if each.row else "",
        }
        for each in attachments_of(paper.details.get("attachments", ()), draft)
    ]


def _out(paper: Paper) -> dict[str, Any]:
    return {
        "id": paper.pk, "kind": paper.kind, "number": number_of(paper), "title": paper.title, "body": paper.body,
        "text": plain_text(paper.body), "state": state_code(paper), "link_path": paper.link_path,
        "settled_at": paper.settled_at, "withdrawn_at": paper.withdrawn_at, "withdrawn_reason": paper.withdrawn_reason,
        "replaced_by": number_of(paper.superseded_by) if paper.superseded_by else "",
        "replaces": [number_of(each) for each in paper.supersedes.all()], "attachments": _attachments(paper),
        "receipts": [_receipt(each) for each in paper.receipts.all()],
        "colour": paper.colour, "subject": paper.subject_label,
        "addressee": paper.addressee.code if paper.addressee else paper.addressee_name,
        "issued_at": paper.issued_at, "reply_due_at": paper.reply_due_at, "received_at": paper.received_at,
        "replied_at": paper.replied_at, "reply": paper.reply, "pdf": f"/desk/papers/{paper.pk}/paper.pdf",
        "docx": f"/desk/papers/{paper.pk}/paper.docx",
    }  # fmt: skip


def _caller(request: HttpRequest) -> User:
    user: Any = request.user
    if not any(can(user, verb) for verb in READING):
        raise NotAllowed(_("您的岗位没有这项权限。需要时请联系系统管理员。"))
    return user  # type: ignore[no-any-return]


def _paper(user: User, pk: int) -> Paper:
    found = (
        papers_for(user)
        .select_related("addressee", "superseded_by")
        .prefetch_related(*_WITH)
        .filter(pk=pk)
        .first()
    )
    if found is None:
        raise Http404(_("没有这份文书，或者它不是发给您单位的。"))
    return found


_WITH = ("receipts__department", "receipts__replies", "supersedes")


@router.get("/papers", response={200: Page[PaperOut], 403: Problem}, summary="List papers")
def list_papers(
    request: HttpRequest,
    kind: str = "",
    state: Literal["", "unreceived", "waiting", "late", "replied", "settled", "withdrawn"] = "",
    received: bool = False,
    after: str = "",
    limit: int = query(50, ge=1, le=200),
) -> dict[str, Any]:
    """The papers that the caller may read, newest first; `received`: only those sent to the caller's department."""
    user = _caller(request)
    rows = received_by(user) if received else papers_for(user)
    rows = rows.select_related("addressee", "superseded_by").prefetch_related(*_WITH)
    if kind:
        rows = rows.filter(kind=kind)
    if state:
        rows = PAPER_STATES[state][1](rows)
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


class VerdictIn(Schema):
    """`accepted`, or `sent-back` with what is missing."""

    verdict: Literal["accepted", "sent-back"]
    words: str = Field("", max_length=300)


@router.post(
    "/papers/{pk}/replies/{reply_id}/verdict",
    response={200: PaperOut, 403: Problem, 404: Problem, 409: Problem, 422: Problem},
    summary="Accept a reply or send it back",
)
def judge_reply(request: HttpRequest, pk: int, reply_id: int, data: VerdictIn) -> dict[str, Any]:
    """The issuer accepts an answer, or sends it back; when all are accepted the paper is settled."""
    user = _caller(request)
    paper = _paper(user, pk)
    found = PaperReply.objects.select_related("receipt").filter(pk=reply_id, receipt__paper=paper).first()
    if found is None:
        raise Http404(_("没有这条回复。"))
    if data.verdict == "accepted":
        actions.accept_reply(found, actor=user)
    else:
        actions.send_back_reply(found, words=data.words, actor=user)
    return _out(_paper(user, pk))


# -- drafts --------------------------------------------------------------------------------------------------


class DraftOut(Schema):
    """A paper on its way: its text, its state, and the version that the next change names."""

    id: int
    kind: str
    state: str
    version: int
    title: str
    body: str
    details: dict[str, Any]
    subject: str
    drafted_at: datetime
    changed_at: datetime
    paper: int | None


def _draft_out(draft: PaperDraft) -> dict[str, Any]:
    return {
        "id": draft.pk, "kind": draft.kind, "state": draft.state, "version": draft.version, "title": draft.title,
        "body": draft.body, "details": draft.details, "subject": draft.subject_label, "drafted_at": draft.drafted_at,
        "changed_at": draft.changed_at, "paper": draft.paper_id,
    }  # fmt: skip


def _drafter(request: HttpRequest) -> User:
    user: Any = request.user
    if not any(can(user, verb) for verb in DRAFTING):
        raise NotAllowed(_("您的岗位没有这项权限。需要时请联系系统管理员。"))
    return user  # type: ignore[no-any-return]


def _draft(user: User, pk: int) -> PaperDraft:
    found = drafts_for(user).filter(pk=pk).first()
    if found is None:
        raise Http404(_("没有这份文稿，或者它还没有送到您这里。"))
    return found


@router.get("/paper-drafts", response={200: Page[DraftOut], 403: Problem}, summary="List drafts")
def list_drafts(
    request: HttpRequest,
    state: Literal["", "draft", "in-review", "to-sign", "signed", "issued", "discarded"] = "",
    after: str = "",
    limit: int = query(50, ge=1, le=200),
) -> dict[str, Any]:
    """The drafts that the caller may read, the last changed first."""
    rows = drafts_for(_drafter(request))
    if state:
        rows = rows.filter(state=state)
    return page_of(rows, _draft_out, order="-changed_at", after=after, limit=limit)


class StartIn(Schema):
    """A new draft. Addressees are codes of departments; `names` are of those who have no account here."""

    kind: str = Field(max_length=40)
    title: str = Field("", max_length=200)
    body: str = Field("", max_length=60_000)
    subject: str = Field("", max_length=60)
    addressees: list[str] = Field([], max_length=60)
    names: list[str] = Field([], max_length=60)


@router.post("/paper-drafts", response={201: DraftOut, 403: Problem, 422: Problem}, summary="Start a draft")
def start_draft(request: HttpRequest, data: StartIn) -> tuple[int, dict[str, Any]]:
    """Begin a paper; without a body it begins with the text of its kind."""
    told = [*({"department": code} for code in data.addressees), *({"name": name} for name in data.names)]
    draft = drafting.start_draft(
        data.kind, title=data.title, body=data.body, subject_label=data.subject, details={"addressees": told},
        actor=_drafter(request),
    )  # fmt: skip
    return 201, _draft_out(draft)


@router.get(
    "/paper-drafts/{pk}", response={200: DraftOut, 403: Problem, 404: Problem}, summary="Read a draft"
)
def read_draft(request: HttpRequest, pk: int) -> dict[str, Any]:
    """One draft."""
    return _draft_out(_draft(_drafter(request), pk))


class SaveIn(Schema):
    """The text as it is from now on; `version` is the one that was read."""

    version: int
    title: str = Field(max_length=200)
    body: str = Field(max_length=60_000)
    details: dict[str, Any] | None = None


@router.put(
    "/paper-drafts/{pk}",
    response={200: DraftOut, 403: Problem, 404: Problem, 409: Problem, 422: Problem},
    summary="Save a draft",
)
def save_draft(request: HttpRequest, pk: int, data: SaveIn) -> dict[str, Any]:
    """Save the text. When somebody else changed it meanwhile the answer is 409 and the text is kept as a version."""
    user = _drafter(request)
    draft = _draft(user, pk)
    draft.version = data.version
    drafting.save_draft(draft, title=data.title, body=data.body, details=data.details, actor=user)
    return _draft_out(draft)


class StepIn(Schema):
    """`words`: the reason of a return, or a reviewer's remark."""

    version: int
    words: str = Field("", max_length=1000)


@router.post(
    "/paper-drafts/{pk}/steps/{step}",
    response={200: DraftOut, 403: Problem, 404: Problem, 409: Problem, 422: Problem},
    summary="Move a draft",
)
def move_draft(
    request: HttpRequest,
    pk: int,
    step: Literal["submit", "approve", "return", "sign", "issue", "discard", "undo"],
    data: StepIn,
) -> dict[str, Any]:
    """One step: hand on, approve, return, sign, number and issue, throw away, or take the own last step back."""
    user = _drafter(request)
    draft = _draft(user, pk)
    draft.version = data.version
    drafting.take_step(draft, step, actor=user, words=data.words)
    return _draft_out(draft)
