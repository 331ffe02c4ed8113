"""Messages, their answers, and the mailboxes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from huying.cases import policy
from huying.cases.models import Case, Status
from huying.cases.views.desk.display import status_badge
from huying.core.errors import NotAllowed, Refusal
from huying.core.pages import Column, Filter, ListPage
from huying.core.templatetags.parts import badge, clock
from huying.core.toasts import toast
from huying.integrations.netizen import quality
from huying.integrations.netizen.actions import (
    Incoming,
    mark_posted,
    release_reply,
    take_message,
    try_reply_again,
)
from huying.integrations.netizen.fetching import fetch
from huying.integrations.netizen.forms import MailboxForm, MessageForm, ReplyForm
from huying.integrations.netizen.models import MAIL, Mailbox, Message
from huying.people.guards import VerbRequired, requires, signed_in
from huying.people.models import User
from huying.people.policy import reaches
from huying.people.views.common import act, add_refusal

ANSWER, MANAGE = "netizen.answer", "integrations.manage"
_COLOURS = {
    Message.Reply.NONE: "",
    Message.Reply.RELEASED: "blue",
    Message.Reply.SENT: "green",
    Message.Reply.FAILED: "red",
}


def messages_for(user: User) -> QuerySet[Message]:
    """The messages whose cases this person may see."""
    return Message.objects.filter(report__case__in=policy.cases_for(user))


def _platform(message: Message) -> str:
    return _("邮件") if message.platform == MAIL else message.platform


def _number(message: Message) -> str:
    """A mail's number is long and says nothing to people: its report's stands for it."""
    return message.report.number if message.platform == MAIL else message.number


def _reply(message: Message) -> Any:
    return badge(
        str(message.get_reply_state_display()), _COLOURS[Message.Reply(message.reply_state)], "message"
    )


def _due(message: Message) -> Any:
    if message.reply_due_at is None or message.reply_state == Message.Reply.SENT:
        return message.reply_due_at
    return clock(message.reply_due_at, message.report.reported_at)


class Messages(VerbRequired, ListPage):
    """Every message, the newest first."""

    verb = ANSWER
    name = "netizen-messages"
    title = gettext_lazy("网民留言")
    lead = gettext_lazy("留言板、邮件和表格来的留言，和给网民的正式答复。")
    template_name = "netizen/messages.html"
    order = "-pk"
    empty = {
        "title": gettext_lazy("没有留言"),
        "text": gettext_lazy("用表格导入、登记一条，或等邮箱收到来信。"),
    }

    def get_columns(self) -> tuple[Column, ...]:
        return (
            Column("number", gettext_lazy("编号"), value=_number, css="cell--nowrap"),
            Column("platform", gettext_lazy("平台"), value=_platform),
            Column("case", gettext_lazy("案件"), value="report.case.title"),
            Column("status", gettext_lazy("状态"), value=lambda m: m.report.case.get_status_display(),
                   show=lambda m: status_badge(m.report.case)),
            Column("posted_at", gettext_lazy("留言时间")),
            Column("reply_due_at", gettext_lazy("答复期限"), show=_due),
            Column("reply", gettext_lazy("答复"), value="get_reply_state_display", show=_reply),
        )  # fmt: skip

    def get_filters(self) -> tuple[Filter, ...]:
        return (
            Filter(
                "reply",
                forms.ChoiceField(label=_("答复"), choices=[("", _("全部")), *Message.Reply.choices]),
                lookup="reply_state",
            ),
            Filter(
                "to_answer",
                forms.BooleanField(label=_("已办结待答复")),
                apply=lambda rows, _v: rows.filter(
                    reply_state=Message.Reply.NONE, report__case__status=Status.CLOSED
                ),
            ),
        )

    def get_queryset(self) -> QuerySet[Message]:
        return messages_for(signed_in(self.request)).select_related("report__case")

    def row_url(self, row: Any) -> str:
        return reverse("netizen:message", args=[row.pk])


def _message(request: HttpRequest, pk: int) -> Message:
    rows = messages_for(signed_in(request)).select_related(
        "report__case__category__topic", "report__case__topic", "mailbox", "released_by"
    )
    return get_object_or_404(rows, pk=min(pk, 2**62))


@never_cache
@require_http_methods(["GET", "POST"])
@requires(ANSWER)
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """One message; POST releases its answer, on a second look where there are warnings."""
    message = _message(request, pk)
    case: Case = message.report.case
    form = ReplyForm(request.POST if request.method == "POST" else None, initial={"reply": case.answer})
    warned: list[str] = []
    if request.method == "POST" and form.is_valid():
        text = form.cleaned_data["reply"]
        warned = quality.warnings(case, text)
        if not warned or request.POST.get("seen") == "1":
            try:
                release_reply(message, text=text, actor=signed_in(request))
                toast(
                    request,
                    _("答复已放行，正在发出。")
                    if message.mailbox_id
                    else _("答复已放行，请贴到留言板后点“已发布”。"),
                )
                return redirect("netizen:message", pk=message.pk)
            except Refusal as refusal:
                add_refusal(form, refusal)
    context = {
        "message": message, "case": case, "form": form, "warned": warned, "badge": status_badge(case),
        "reply_badge": _reply(message), "number": _number(message), "platform": _platform(message),
        "due": _due(message), "may_reply": message.reply_state == Message.Reply.NONE
        and case.status in (Status.CLOSED, Status.DECLINED),
    }  # fmt: skip
    return render(request, "netizen/message.html", context, status=422 if form.errors else 200)


@require_POST
@requires(ANSWER)
def posted(request: HttpRequest, pk: int) -> HttpResponse:
    """The answer stands on the board."""
    message = _message(request, pk)
    return act(
        request, lambda: mark_posted(message, actor=signed_in(request)), _("已记下发布。"),
        reverse("netizen:message", args=[message.pk]),
    )  # fmt: skip


@require_POST
@requires(ANSWER)
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a failed answer again."""
    message = _message(request, pk)
    return act(
        request, lambda: try_reply_again(message, actor=signed_in(request)), _("已安排重新发送。"),
        reverse("netizen:message", args=[message.pk]),
    )  # fmt: skip


@never_cache
@require_http_methods(["GET", "POST"])
@requires(ANSWER)
def add(request: HttpRequest) -> HttpResponse:
    """A message copied from a board."""
    form = MessageForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        known = Message.objects.filter(
            platform=form.cleaned_data["platform"], number=form.cleaned_data["number"]
        ).first()
        if known is not None:
            form.add_error(
                "number",
                format_html(
                    '{} <a href="{}">{}</a>', _("这条留言已经登记过。"), reverse("netizen:message", args=[known.pk]),
                    _("去看这条"),
                )
                if messages_for(signed_in(request)).filter(pk=known.pk).exists()
                else _("这条留言已经登记过。"),
            )  # fmt: skip
        else:
            try:
                message, _outcome = take_message(Incoming(**form.cleaned_data), actor=signed_in(request))
                toast(request, _("已登记为 %s。") % message.report.case.number)
                return redirect("netizen:list")
            except Refusal as refusal:
                add_refusal(form, refusal)
    context = {
        "title": _("登记网民留言"), "form": form, "cancel_url": reverse("netizen:list"),
        "crumbs": [(_("网民留言"), reverse("netizen:list")), (_("登记"), "")],
    }  # fmt: skip
    return render(request, "people/form_page.html", context, status=422 if form.errors else 200)


# -- mailboxes -----------------------------------------------------------------------------------------------


def manages(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For those who look after mailboxes, which are the whole district's."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not reaches(request.user, MANAGE, ""):
            raise NotAllowed(_("留言邮箱由区级管理员管理。请联系区级管理员。"))
        return view(request, *args, **kwargs)

    return requires(MANAGE)(guarded)


@never_cache
@manages
def mailboxes(request: HttpRequest) -> HttpResponse:
    """The mailboxes, and whether they can be read."""
    return render(request, "netizen/mailboxes.html", {"title": _("留言邮箱"), "rows": Mailbox.objects.all()})


@never_cache
@require_http_methods(["GET", "POST"])
@manages
def edit_mailbox(request: HttpRequest, pk: int = 0) -> HttpResponse:
    """Add or change a mailbox."""
    mailbox = get_object_or_404(Mailbox, pk=min(pk, 2**62)) if pk else None
    form = MailboxForm(request.POST if request.method == "POST" else None, instance=mailbox)
    if request.method == "POST" and form.is_valid():
        changed: Mailbox = form.save(commit=False)
        if new := form.cleaned_data["new_password"]:
            changed.password = new
        changed.save()
        toast(request, _("已保存。"))
        return redirect("netizen:mailboxes")
    context = {
        "title": mailbox.title if mailbox else _("登记留言邮箱"), "form": form,
        "crumbs": [(_("留言邮箱"), reverse("netizen:mailboxes"))], "cancel_url": reverse("netizen:mailboxes"),
    }  # fmt: skip
    return render(request, "people/form_page.html", context, status=422 if form.errors else 200)


@require_POST
@manages
def fetch_now(request: HttpRequest, pk: int) -> HttpResponse:
    """Read a mailbox at once, to see whether the connection is right."""
    mailbox = get_object_or_404(Mailbox, pk=min(pk, 2**62))
    done = fetch(mailbox)
    mailbox.refresh_from_db()
    if mailbox.problem:
        toast(request, mailbox.problem, level=messages.ERROR)
    else:
        toast(
            request,
            _("收件完成：新增 %(new)d，补充 %(added)d，略过 %(passed)d，读不了 %(failed)d。")
            % {
                "new": done["new"], "added": done["added"], "failed": done["failed"],
                "passed": done["passed over"] + done["same"],
            },
        )  # fmt: skip
    return redirect("netizen:mailboxes")
