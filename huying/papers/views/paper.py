"""A paper: read, print, download; signed for and answered by the department it is addressed to."""

from __future__ import annotations

from typing import cast
from urllib.parse import quote

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from huying.core.errors import NotAllowed, Refusal
from huying.core.toasts import toast
from huying.papers import actions
from huying.papers import render as rendering
from huying.papers.actions import receipts_of
from huying.papers.enclosures import attachments_of
from huying.papers.forms import ReplyForm
from huying.papers.letter import letter_of, number_of
from huying.papers.models import Paper, PaperDraft, PaperMeeting, PaperReceipt, PaperReply
from huying.papers.policy import READING, may_answer, may_judge, may_replace, papers_for
from huying.papers.replacing import open_replacement, start_replacement
from huying.papers.subjects import about
from huying.people.guards import requires
from huying.people.models import User

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def paper_for(request: HttpRequest, pk: int) -> Paper:
    """The paper with its people; 404 for one that the reader may not see."""
    rows = (
        papers_for(request.user)
        .select_related(
            "addressee__area", "issued_by", "signed_by", "received_by", "replied_by", "superseded_by", "draft"
        )
        .prefetch_related("receipts__department", "receipts__received_by", "receipts__replies__by")
    )
    paper = rows.filter(pk=pk).first()
    if paper is None:
        raise Http404(_("没有这份文书，或者它不是发给您单位的。"))
    return paper


def _reader(request: HttpRequest) -> User:
    """Who is signed in: the guard has seen to that."""
    return cast(User, request.user)


@requires(*READING)
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """The paper as it was issued, its receipt and its reply."""
    return _page(request, paper_for(request, pk), ReplyForm())


def _page(request: HttpRequest, paper: Paper, form: ReplyForm, status: int = 200) -> HttpResponse:
    user = _reader(request)
    receipts = _receipts(paper)
    own = next(
        (each for each in receipts if each.department_id and each.department_id == user.department_id), None
    )
    mine = own is not None and may_answer(user, paper) and paper.withdrawn_at is None
    judges = may_judge(user, paper)
    draft: PaperDraft | None = getattr(paper, "draft", None)
    replaces = paper.superseded_by_id is None and may_replace(user, paper)
    context = {
        "paper": paper,
        "letter": letter_of(paper, copy_of(request, paper)),
        "number": number_of(paper),
        "form": form,
        "receipts": receipts if judges or own is None else _own_first(receipts, own),
        "main_count": sum(not each.copy for each in receipts),
        "own": own,
        "may_receive": mine and own is not None and own.received_at is None,
        "may_reply": mine and own is not None and not own.copy and own.replied_at is None,
        "may_judge": judges and paper.withdrawn_at is None,
        "reply_late": _late(paper),
        "draft": draft if judges else None,
        "attached": attachments_of(paper.details.get("attachments", ()), draft),
        "may_replace": replaces,
        "replacement": open_replacement(paper) if replaces else None,
        "replaced": _named(paper, user),
        "meeting": PaperMeeting.objects.filter(notice=paper).first(),
        "about": about(user, paper),
    }
    return render(request, "papers/paper.html", context, status=status)


def copy_of(request: HttpRequest, paper: Paper) -> int:
    """Which numbered copy this reader has: an addressee its own, whoever issues papers the one that is asked for."""
    receipts, user = _receipts(paper), _reader(request)
    own = (
        each.position for each in receipts if each.department_id and each.department_id == user.department_id
    )
    if may_judge(user, paper):
        said = request.GET.get("copy", "")
        wanted = int(said) if said.isdecimal() and len(said) < 4 else 1
        return min(max(wanted, 1), max(len(receipts), 1))
    return max(next(own, 1), 1)


def _named(paper: Paper, user: User) -> list[tuple[str, Paper, bool]]:
    """(number, paper, whether the reader may open it) of what took its place, and of what it took the place of."""
    around = [*([paper.superseded_by] if paper.superseded_by else []), *paper.supersedes.all()]
    if not around:
        return []
    open_keys = set(papers_for(user).filter(pk__in=[each.pk for each in around]).values_list("pk", flat=True))
    return [(number_of(each), each, each.pk in open_keys) for each in around]


def _receipts(paper: Paper) -> list[PaperReceipt]:
    return list(paper.receipts.all()) or receipts_of(paper)


def _own_first(receipts: list[PaperReceipt], own: PaperReceipt) -> list[PaperReceipt]:
    """An addressee reads its own receipt, not how the others answered."""
    return [own]


def _late(paper: Paper) -> bool:
    return paper.reply_due_at is not None and (paper.replied_at or timezone.now()) > paper.reply_due_at


@require_POST
@requires("paper.issue")
def verdict(request: HttpRequest, pk: int, reply_pk: int) -> HttpResponse:
    """The issuer accepts an answer, or sends it back with what is missing."""
    paper = paper_for(request, pk)
    found = get_object_or_404(PaperReply.objects.select_related("receipt"), pk=reply_pk, receipt__paper=paper)
    if request.POST.get("verdict") == "accepted":
        actions.accept_reply(found, actor=_reader(request))
        toast(request, _("已认可 %s 的回复。") % found.receipt)
    else:
        actions.send_back_reply(found, words=request.POST.get("words", ""), actor=_reader(request))
        toast(request, _("已退回 %s 的回复。") % found.receipt)
    return redirect("papers:paper", pk=pk)


@require_POST
@requires("paper.issue")
def withdrawal(request: HttpRequest, pk: int) -> HttpResponse:
    """The issuer declares the paper void, with the reason."""
    paper = paper_for(request, pk)
    actions.withdraw_paper(paper, reason=request.POST.get("reason", ""), actor=_reader(request))
    toast(request, _("%s 已废止。") % number_of(paper))
    return redirect("papers:paper", pk=pk)


@require_POST
@requires("paper.draft")
def replacement(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin the paper that takes the place of this one, or go on with it."""
    draft = start_replacement(paper_for(request, pk), actor=_reader(request))
    toast(request, _("已按原文起草，改好后送审；新文印发时，原文废止。"))
    return redirect("papers:draft", pk=draft.pk)


@requires(*READING)
def pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The paper as PDF, shown in the browser; where PDF can't be made the page says so and offers Word."""
    paper = paper_for(request, pk)
    try:
        body = rendering.as_pdf(paper, copy_of(request, paper))
    except Refusal as refusal:
        toast(request, str(refusal), level=messages.ERROR)
        return redirect("papers:paper", pk=pk)
    return _file(body, paper, "pdf", "application/pdf", inline=True)


@requires(*READING)
def docx(request: HttpRequest, pk: int) -> HttpResponse:
    """The paper as a Word file."""
    paper = paper_for(request, pk)
    return _file(rendering.as_docx(paper, copy_of(request, paper)), paper, "docx", DOCX)


def _file(body: bytes, paper: Paper, suffix: str, kind: str, *, inline: bool = False) -> HttpResponse:
    response = HttpResponse(body, content_type=kind)
    name = quote(f"{number_of(paper)}.{suffix}", safe="")
    response["Content-Disposition"] = f"{'inline' if inline else 'attachment'}; filename*=UTF-8''{name}"
    return response


@require_POST
@requires(*READING)
def receipt(request: HttpRequest, pk: int) -> HttpResponse:
    """The addressee signs for the paper."""
    paper = paper_for(request, pk)
    try:
        actions.receive_paper(paper, actor=_reader(request))
    except NotAllowed as refusal:
        return render(request, "403.html", {"sentence": str(refusal)}, status=403)
    except Refusal as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    else:
        toast(request, _("已签收 %s。") % number_of(paper))
    return redirect("papers:paper", pk=pk)


@require_POST
@requires(*READING)
def reply(request: HttpRequest, pk: int) -> HttpResponse:
    """The addressee answers in writing; what was typed stays when it is refused."""
    paper, form = paper_for(request, pk), ReplyForm(request.POST)
    if not form.is_valid():
        return _page(request, paper, form, 422)
    try:
        actions.reply_to_paper(paper, reply=form.cleaned_data["reply"], actor=_reader(request))
    except NotAllowed as refusal:
        return render(request, "403.html", {"sentence": str(refusal)}, status=403)
    except Refusal as refusal:
        form.add_error("reply" if refusal.field == "reply" else None, str(refusal))
        return _page(request, paper, form, refusal.status)
    toast(request, _("已回复 %s。") % number_of(paper))
    return redirect("papers:paper", pk=pk)
