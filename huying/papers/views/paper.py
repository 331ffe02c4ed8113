"""A paper: read, print, download; signed for and answered by the department it is addressed to."""

from __future__ import annotations

from typing import cast
from urllib.parse import quote

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from huying.core.errors import NotAllowed, Refusal
from huying.core.toasts import toast
from huying.papers import actions
from huying.papers import render as rendering
from huying.papers.letter import letter_of, number_of
from huying.papers.models import Paper
from huying.papers.policy import ISSUING, RECEIVING, may_answer, papers_for
from huying.people.guards import requires
from huying.people.models import User

READING = (*ISSUING, RECEIVING)
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


class ReplyForm(forms.Form):
    """What the department did, in writing."""

    reply = forms.CharField(
        label=gettext_lazy("书面回复"),
        max_length=2000,
        help_text=gettext_lazy("写明已经做了什么、现在怎样、什么时候办结。提交后不能修改。"),
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": gettext_lazy("请写明办理情况（至少 10 个字）。")},
    )


def paper_for(request: HttpRequest, pk: int) -> Paper:
    """The paper with its people; 404 for one that the reader may not see."""
    rows = papers_for(request.user).select_related("addressee", "issued_by", "received_by", "replied_by")
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
    mine = may_answer(_reader(request), paper)
    context = {
        "paper": paper,
        "letter": letter_of(paper),
        "number": number_of(paper),
        "form": form,
        "may_receive": mine and paper.received_at is None,
        "may_reply": mine and paper.replied_at is None,
        "reply_late": _late(paper),
    }
    return render(request, "papers/paper.html", context, status=status)


def _late(paper: Paper) -> bool:
    return paper.reply_due_at is not None and (paper.replied_at or timezone.now()) > paper.reply_due_at


@requires(*READING)
def pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The paper as PDF, shown in the browser; where PDF can't be made the page says so and offers Word."""
    paper = paper_for(request, pk)
    try:
        body = rendering.as_pdf(paper)
    except Refusal as refusal:
        toast(request, str(refusal), level=messages.ERROR)
        return redirect("papers:paper", pk=pk)
    return _file(body, paper, "pdf", "application/pdf", inline=True)


@requires(*READING)
def docx(request: HttpRequest, pk: int) -> HttpResponse:
    """The paper as a Word file."""
    paper = paper_for(request, pk)
    return _file(rendering.as_docx(paper), paper, "docx", DOCX)


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
