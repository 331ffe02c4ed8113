"""News: for residents at /news/, for staff at /desk/news/ and /field/news/, and where it is written."""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import Path
from typing import Any

from django import forms
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from huying.core.errors import Refusal
from huying.core.files import store_document
from huying.core.limits import count_attempt
from huying.core.models import StoredFile
from huying.core.pages import Column, Filter, ListPage
from huying.core.paging import paginate
from huying.core.templatetags.parts import badge
from huying.core.toasts import toast
from huying.notices import markdown, news
from huying.notices.channels import channel_title
from huying.notices.forms import CommentForm, JudgeForm, NewsForm
from huying.notices.models import Comment, Delivery, News, NewsFile, NewsRead
from huying.people.access import can
from huying.people.guards import VerbRequired, reader, requires
from huying.people.models import User
from huying.people.roles import ROLES
from huying.people.signin import client_address
from huying.people.views.common import act, add_refusal

COMMENTS_PER_ADDRESS = 20
KIND_COLOURS = {
    "news": ("", "document"), "policy": ("accent", "shield"), "consultation": ("blue", "message"),
    "emergency": ("red", "alert"),
}  # fmt: skip
STATES = {
    "draft": (gettext_lazy("草稿"), "", "edit"), "scheduled": (gettext_lazy("待发布"), "blue", "clock"),
    "shown": (gettext_lazy("已发布"), "green", "check"), "over": (gettext_lazy("已到期"), "", "calendar"),
    "withdrawn": (gettext_lazy("已撤下"), "red", "return"),
}  # fmt: skip


def kind_badge(row: News) -> Any:
    return badge(row.get_kind_display(), *KIND_COLOURS[row.kind])


def state_badge(row: News) -> Any:
    title, colour, icon = STATES[row.state]
    return badge(str(title), colour, icon)


def _content(row: News) -> dict[str, Any]:
    """What every page of a news item shows."""
    attachments = list(row.attachments.select_related("file"))
    return {
        "news": row,
        "kind": kind_badge(row),
        "body": markdown.render(row.body),
        "photos": [one for one in attachments if one.file.kind == StoredFile.Kind.PHOTO],
        "documents": [one for one in attachments if one.file.kind == StoredFile.Kind.DOCUMENT],
    }


# -- residents -----------------------------------------------------------------------------------------------


@require_safe
def public_news(request: HttpRequest) -> HttpResponse:
    """What is out, pinned first, newest first."""
    kind = request.GET.get("kind", "")
    rows = news.for_residents()
    if kind in News.Kind.values:
        rows = rows.filter(kind=kind)
    found, pager = paginate(request, rows)
    kinds = [
        {"title": title, "url": f"?kind={code}" if code else "?", "active": kind == code}
        for code, title in (("", _("全部")), *News.Kind.choices)
    ]
    context = {
        "rows": [(row, kind_badge(row), news.summary(row, 80)) for row in found],
        "pager": pager,
        "tabs": kinds,
    }
    return render(request, "notices/public_news.html", context)


@require_safe
def public_item(request: HttpRequest, pk: int) -> HttpResponse:
    """One item. That it was looked at is counted; by whom is not known."""
    row = get_object_or_404(news.for_residents(), pk=pk)
    if request.method == "GET":
        news.count_view(row)
    return _public_page(request, row, CommentForm(initial={"client_id": uuid.uuid4()}))


def _public_page(request: HttpRequest, row: News, form: CommentForm, status: int = 200) -> HttpResponse:
    context = _content(row) | {
        "form": form if row.takes_comments() else None,
        "comments": row.comments.filter(state=Comment.State.SHOWN),
        "over": row.kind == News.Kind.CONSULTATION and not row.takes_comments(),
    }
    return render(request, "notices/public_item.html", context, status=status)


@require_POST
def public_comment(request: HttpRequest, pk: int) -> HttpResponse:
    """An opinion on a consultation."""
    row = get_object_or_404(news.for_residents(), pk=pk)
    form = CommentForm(request.POST)
    status = 422
    if form.is_valid() and not form.cleaned_data["website"]:
        try:
            count_attempt(
                "comment", client_address(request), most=COMMENTS_PER_ADDRESS, within=dt.timedelta(hours=1)
            )
            news.comment(row, words=form.cleaned_data["words"], client_id=form.cleaned_data["client_id"])
        except Refusal as refusal:
            add_refusal(form, refusal)
            status = refusal.status
        else:
            toast(request, _("谢谢，已收到您的意见。工作人员看过后公开。"))
            return redirect("notices:public-item", pk)
    return _public_page(request, row, form, status)


@require_safe
def public_file(request: HttpRequest, pk: int, file: int) -> HttpResponseBase:
    """A photo or attachment, to whoever may read the item; `?small=1` for the thumbnail."""
    row = News.objects.filter(pk=pk).first()
    if row is None or not _may_read(request, row):
        raise Http404
    use = get_object_or_404(NewsFile.objects.select_related("file"), news=row, file=file)
    stored = use.file
    photo = stored.kind == StoredFile.Kind.PHOTO
    chosen = stored.thumbnail if photo and request.GET.get("small") and stored.thumbnail else stored.file
    name = Path(str(stored.file.name))
    try:
        response = FileResponse(
            chosen.open("rb"),
            as_attachment=not photo,
            filename=f"{Path(use.title).stem or name.stem}{name.suffix}",
            **({"content_type": "image/jpeg"} if photo else {}),
        )
    except FileNotFoundError:
        raise Http404 from None
    response["Cache-Control"] = "private, max-age=3600"
    return response


def _may_read(request: HttpRequest, row: News) -> bool:
    if row.public and row.state == "shown":
        return True
    user = request.user
    if not isinstance(user, User) or not can(user, "case.view"):
        return False
    return news.for_staff(user).filter(pk=row.pk).exists() or (
        can(user, news.PUBLISH) and news.managed_by(user).filter(pk=row.pk).exists()
    )


# -- staff ---------------------------------------------------------------------------------------------------


@requires("case.view")
@never_cache
@require_GET
def staff_news(request: HttpRequest) -> HttpResponse:
    """What concerns me, new ones marked."""
    user = reader(request)
    mine = NewsRead.objects.filter(news=OuterRef("pk"), user=user)
    rows = news.for_staff(user).annotate(
        seen=Exists(mine), confirmed=Exists(mine.filter(confirmed_at__isnull=False))
    )
    found, pager = paginate(request, rows)
    in_field = request.path.startswith("/field/")
    page = "notices:field-item" if in_field else "notices:item"
    context = {
        "rows": [(row, kind_badge(row), reverse(page, args=[row.pk]), news.summary(row, 60)) for row in found],
        "pager": pager, "base_template": _base(request),
    }  # fmt: skip
    return render(request, "notices/staff_news.html", context)


def _base(request: HttpRequest) -> str:
    return "base_field.html" if request.path.startswith("/field/") else "base_desk.html"


@requires("case.view")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def staff_item(request: HttpRequest, pk: int) -> HttpResponse:
    """One item as staff read it; POST says 收到. Who publishes here also sees who has read it."""
    user = reader(request)
    addressed = news.for_staff(user).filter(pk=pk).first()
    manages = can(user, news.PUBLISH) and news.managed_by(user).filter(pk=pk).exists()
    row = addressed or (
        News.objects.select_related("area", "department").filter(pk=pk).first() if manages else None
    )
    if row is None:
        raise Http404(_("没有这条消息，或者它不是发给您的。"))
    if request.method == "POST":
        return act(request, lambda: news.confirm(row, user), _("已回复“收到”。"), request.path)
    mine = news.note_read(row, user) if addressed and request.method == "GET" else None
    context = _content(row) | {
        "base_template": _base(request), "mine": mine, "state": state_badge(row), "manages": manages,
        "readers": _readers(row) if manages else None,
    }  # fmt: skip
    return render(request, "notices/staff_item.html", context)


def _readers(row: News) -> dict[str, Any]:
    """How many of those it is addressed to have read it, and who has not."""
    people = news.audience(row)
    reads = row.reads.filter(user__in=people)
    counted = reads.aggregate(read=Count("pk"), confirmed=Count("pk", filter=Q(confirmed_at__isnull=False)))
    done = reads.filter(confirmed_at__isnull=False) if row.confirm else reads
    missing = (
        people.exclude(pk__in=done.values("user")).select_related("department").order_by("department", "pk")
    )
    return {
        "of": people.count(), **counted, "missing": missing[:60],
        "told": [
            (channel_title(way), Delivery.State(state).label, n) for way, state, n in
            Delivery.objects.filter(subject_kind="news", subject_id=row.pk)
            .values_list("channel", "state").annotate(n=Count("pk")).order_by("channel", "state")
        ],
    }  # fmt: skip


# -- writing -------------------------------------------------------------------------------------------------


class Manage(VerbRequired, ListPage):
    """Everything written for the areas that the reader publishes for."""

    verb = news.PUBLISH
    name = "news"
    title = gettext_lazy("发布新闻、政策")
    lead = gettext_lazy("发给一个区域的工作人员、群和居民。居民在“公告”里看，工作人员在铃铛旁边看。")
    template_name = "notices/manage.html"
    order = "-publish_from"

    def get_columns(self):
        return (
            Column("title", gettext_lazy("标题"), value=str),
            Column("kind", gettext_lazy("类别"), value=lambda row: row.get_kind_display(), show=kind_badge),
            Column("area", gettext_lazy("发到哪里")),
            Column("publish_from", gettext_lazy("发布时间"), sort="publish_from", css="cell--nowrap"),
            Column("state", gettext_lazy("状态"), value=lambda row: STATES[row.state][0], show=state_badge),
            Column("read_count", gettext_lazy("工作人员已读"), css="number"),
            Column("views", gettext_lazy("居民浏览"), css="number"),
            Column("waiting", gettext_lazy("待审意见"), css="number"),
        )

    def get_filters(self):
        kinds = [("", _("全部")), *News.Kind.choices]
        return (
            Filter("kind", forms.ChoiceField(label=_("类别"), choices=kinds)),
            Filter(
                "q",
                forms.CharField(label=_("标题"), widget=forms.TextInput(attrs={"type": "search"})),
                "title__icontains",
            ),
        )

    def get_queryset(self) -> QuerySet[News]:
        return (
            news.managed_by(self.request.user)
            .select_related("area")
            .annotate(
                read_count=Count("reads", distinct=True),
                waiting=Count("comments", filter=Q(comments__state=Comment.State.WAITING), distinct=True),
            )
        )

    def row_url(self, row: News) -> str:
        return reverse("notices:edit", args=[row.pk])


@requires(news.PUBLISH)
def add(request: HttpRequest) -> HttpResponse:
    start = {"publish_from": timezone.now(), "public": True, "to_groups": True}
    return _write(request, None, NewsForm(reader(request), request.POST or None, initial=start))


@requires(news.PUBLISH)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(news.managed_by(request.user).select_related("area"), pk=pk)
    return _write(request, row, NewsForm(reader(request), request.POST or None, instance=row))


def _write(request: HttpRequest, row: News | None, form: NewsForm) -> HttpResponse:
    """The form of a new or known item, with what else can be done about it."""
    if request.method == "POST" and form.is_valid():
        try:
            uploads = request.FILES.getlist("files")[: news.MOST_FILES + 1]
            files = [store_document(upload, by=reader(request)) for upload in uploads]
            saved = news.save_news(
                row or News(), actor=reader(request), files=files,
                titles=[str(upload.name) for upload in uploads], **form.cleaned_data,
            )  # fmt: skip
        except Refusal as refusal:
            add_refusal(form, refusal)
        else:
            toast(request, _("已保存。") if row else _("已存为草稿，看过后点“发布”。"))
            return redirect("notices:edit", saved.pk)
    context: dict[str, Any] = {"form": form, "news": row, "title": _("写一条"), "most_files": news.MOST_FILES}
    if row is not None:
        row.refresh_from_db()
        context |= _content(row) | {
            "title": row.title, "state": state_badge(row), "spoken": news.spoken(row),
            "comments": row.comments.order_by("state", "said_at")[:100],
            "roles": [ROLES[code].title for code in row.roles if code in ROLES],
        }  # fmt: skip
    return render(request, "notices/write.html", context, status=422 if form.errors else 200)


@requires(news.PUBLISH)
@require_POST
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(news.managed_by(request.user).select_related("area"), pk=pk)
    here = reverse("notices:edit", args=[pk])
    return act(request, lambda: news.publish(row, actor=reader(request)), _("已发布。"), here)


@requires(news.PUBLISH)
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(news.managed_by(request.user).select_related("area"), pk=pk)
    reason = request.POST.get("reason", "")
    here = reverse("notices:edit", args=[pk])
    return act(request, lambda: news.withdraw(row, actor=reader(request), reason=reason), _("已撤下。"), here)


@requires(news.PUBLISH)
@require_POST
def remove_file(request: HttpRequest, pk: int, file: int) -> HttpResponse:
    """Take a photo or attachment off."""
    row = get_object_or_404(news.managed_by(request.user), pk=pk)
    NewsFile.objects.filter(news=row, file=file).delete()
    toast(request, _("已去掉。"))
    return redirect("notices:edit", pk)


@requires(news.PUBLISH)
@require_POST
def judge(request: HttpRequest, pk: int, comment: int) -> HttpResponse:
    """Show an opinion or not, and answer it."""
    row = get_object_or_404(news.managed_by(request.user), pk=pk)
    found = get_object_or_404(row.comments.select_related("news__area"), pk=comment)
    form = JudgeForm(request.POST)
    here = f"{reverse('notices:edit', args=[pk])}#comments"

    def save() -> None:
        if not form.is_valid():
            raise Refusal(_("请选择公开或不公开，答复在 1000 字以内。"))
        news.judge_comment(found, actor=reader(request), **form.cleaned_data)

    return act(request, save, _("已保存。"), here)


@requires("case.view")
@never_cache
@require_GET
def board(request: HttpRequest, pk: int) -> HttpResponse:
    """The version for the notice board (告示), to print."""
    row = News.objects.select_related("area", "department").filter(pk=pk).first()
    if row is None or not _may_read(request, row):
        raise Http404(_("没有这条消息，或者它不是发给您的。"))
    return render(request, "notices/board.html", _content(row) | {"spoken": news.spoken(row)})
