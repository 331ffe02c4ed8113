"""Meetings on projects: called, minuted, and what they decided followed until it is done."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from huying.core.errors import NotAllowed, Refusal
from huying.core.pages import Column, Filter, ListPage
from huying.core.templatetags.parts import badge
from huying.core.toasts import toast
from huying.papers.letter import number_of
from huying.papers.models import PaperDraft, PaperMeeting
from huying.papers.policy import drafts_for, papers_for
from huying.people.guards import VerbRequired, requires, signed_in
from huying.people.models import User
from huying.targets.projects.actions import meetings as actions
from huying.targets.projects.actions.papers import draft_minutes, draft_notice, held_at
from huying.targets.projects.forms import DecisionForm, MeetingForm
from huying.targets.projects.lookups import any_choice, step_badge
from huying.targets.projects.models import Meeting
from huying.targets.projects.models.project import project_rules
from huying.targets.projects.policy import MANAGE, VIEW, meetings_for, require_manage
from huying.targets.projects.story import story
from huying.targets.projects.views.lists import day_filters, search_field
from huying.targets.projects.views.project import refuse

LOOKS = {
    Meeting.State.CALLED: ("blue", "clock"), Meeting.State.HELD: ("green", "check"),
    Meeting.State.CANCELLED: ("", "close-circle"),
}  # fmt: skip


def _decided(rows: QuerySet[Meeting], value: str) -> QuerySet[Meeting]:
    late = Q(decisions__done_on=None, decisions__due_on__lt=timezone.localdate())
    wanted = late if value == "late" else Q(decisions__isnull=False, decisions__done_on=None)
    return rows.filter(pk__in=Meeting.objects.filter(wanted).values("pk"))


class Meetings(VerbRequired, ListPage):
    """Every meeting that the reader may read about."""

    verb = VIEW
    name = "project-meetings"
    title = gettext_lazy("项目会议")
    template_name = "targets/projects/meetings.html"
    order = "-held_on"
    columns = (
        Column("held_on", gettext_lazy("日期"), sort="held_on", css="cell--nowrap"),
        Column("title", gettext_lazy("会议"), css="cell--wide"),
        Column("state", gettext_lazy("状态"), lambda row: row.get_state_display(),
               lambda row: badge(row.get_state_display(), *LOOKS[Meeting.State(row.state)]), css="cell--nowrap"),
        Column("monthly", gettext_lazy("每月推进会"), lambda row: _("是") if row.monthly else ""),
        Column("projects", gettext_lazy("研究项目"), lambda row: row.project_count or "", css="number"),
        Column("decided", gettext_lazy("议定"), lambda row: row.decided or "", css="number"),
        Column("open", gettext_lazy("没办结"), lambda row: row.open or "", css="number"),
        Column("chair", gettext_lazy("主持"), lambda row: str(row.chair or "")),
        Column("place", gettext_lazy("地点"), shown=False),
    )  # fmt: skip
    empty = {
        "title": gettext_lazy("没有这样的会议"),
        "text": gettext_lazy("由项目办通知会议。"),
        "icon": "users",
    }

    def get_filters(self) -> list[Filter]:
        return [
            Filter("q", search_field(), lookup="title__icontains"),
            Filter("state", any_choice(gettext_lazy("状态"), lambda: Meeting.State.choices)),
            Filter(
                "monthly",
                any_choice(gettext_lazy("每月推进会"), lambda: [("yes", _("是")), ("no", _("否"))]),
                apply=lambda rows, value: rows.filter(monthly=value == "yes"),
            ),
            Filter(
                "open",
                any_choice(
                    gettext_lazy("议定事项"), lambda: [("open", _("有没办结的")), ("late", _("有超期的"))]
                ),
                apply=_decided,
            ),
            *day_filters("held_on"),
        ]

    def get_queryset(self) -> QuerySet[Meeting]:
        rows = meetings_for(self.request.user).select_related("chair")
        return rows.annotate(
            project_count=Count("projects", distinct=True), decided=Count("decisions", distinct=True),
            open=Count("decisions", filter=Q(decisions__done_on=None), distinct=True),
        )  # fmt: skip

    def extra_context(self) -> dict[str, Any]:
        return {"may_manage": self.request.user.can(MANAGE), "before": project_rules().meeting_before}  # type: ignore[union-attr]


def meeting_for(request: HttpRequest, pk: int) -> Meeting:
    """The meeting; 404 for one that the reader may not read about."""
    found = (
        meetings_for(request.user)
        .select_related("chair", "notice__paper", "minutes_draft__paper")
        .filter(pk=pk)
        .first()
    )
    if found is None:
        raise Http404(_("没有这次会议，或者它与您的项目无关。"))
    return found


@never_cache
@require_safe
@requires(VIEW)
def meeting(request: HttpRequest, pk: int) -> HttpResponse:
    """A meeting with its minutes, its papers and what was decided."""
    found = meeting_for(request, pk)
    return _page(request, found, DecisionForm(prefix="new", meeting=found))


def _page(request: HttpRequest, found: Meeting, form: forms.Form, status: int = 200) -> HttpResponse:
    user = signed_in(request)
    decisions = [
        {
            "row": row,
            "badge": step_badge(row.light),
            "may": row.done_on is None and actions.may_finish(user, row),
        }
        for row in found.decisions.select_related("department", "project", "done_by", "problem__case")
    ]
    manages = user.can(MANAGE)
    before = project_rules().meeting_before
    context = {
        "meeting": found, "badge": badge(found.get_state_display(), *LOOKS[Meeting.State(found.state)]),
        "decisions": decisions, "form": form, "may_manage": manages, "story": story(found),
        "papers": [
            _paper(user, draft, word)
            for draft, word in ((found.notice, _("会议通知")), (found.minutes_draft, _("会议纪要")))
            if draft and draft.state != PaperDraft.State.DISCARDED
        ],
        "may_notify": manages and found.state == Meeting.State.CALLED and not _begun(found.notice),
        "may_minute": manages and found.state == Meeting.State.HELD and not _begun(found.minutes_draft),
        "moved": _moved(found),
        "attendees": found.attendees.select_related("department"), "projects": found.projects.all()[:200],
        "before": before, "in_time": found.held_on.day < before,
    }  # fmt: skip
    return render(request, "targets/projects/meeting.html", context, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires(MANAGE)
def call(request: HttpRequest) -> HttpResponse:
    """Call a meeting."""
    return _write(request, None)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires(MANAGE)
def write(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what is written of a meeting, above all its minutes."""
    return _write(request, meeting_for(request, pk))


def _begun(draft: PaperDraft | None) -> bool:
    return draft is not None and draft.state != PaperDraft.State.DISCARDED


def _paper(user: User, draft: PaperDraft, word: str) -> dict[str, Any]:
    """A paper of the meeting as its page shows it: how far it is, and the way there for who may go."""
    paper = draft.paper
    if paper is not None:
        mine = papers_for(user).filter(pk=paper.pk).exists()
        url = reverse("papers:paper", args=[paper.pk]) if mine else ""
        called = PaperMeeting.objects.filter(notice=paper).first() if mine else None
        return {
            "word": word, "title": number_of(paper), "url": url, "badge": badge(_("已印发"), "green", "send"),
            "answers": reverse("papers:meeting", args=[called.pk]) if called else "",
        }  # fmt: skip
    url = reverse("papers:draft", args=[draft.pk]) if drafts_for(user).filter(pk=draft.pk).exists() else ""
    return {
        "word": word, "title": draft.title, "url": url, "badge": badge(draft.get_state_display(), "yellow", "clock"),
    }  # fmt: skip


def _moved(meeting: Meeting) -> bool:
    """Whether the notice that was issued says another time or place than the meeting says now."""
    paper = meeting.notice.paper if meeting.notice else None
    if paper is None or meeting.state != Meeting.State.CALLED:
        return False
    said = (paper.details.get("held_at", ""), paper.details.get("place", ""))
    return said != (held_at(meeting), meeting.place)


@require_POST
@requires(MANAGE)
def notice(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin the notice of the meeting."""
    found = meeting_for(request, pk)
    return _try(
        request,
        found,
        lambda: draft_notice(found, actor=signed_in(request)),
        _("已起草会议通知，请核对后送签。"),
    )


@require_POST
@requires(MANAGE)
def minutes(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin the minutes as a paper."""
    found = meeting_for(request, pk)
    return _try(
        request,
        found,
        lambda: draft_minutes(found, actor=signed_in(request)),
        _("已起草会议纪要，请核对后送审。"),
    )


def _write(request: HttpRequest, found: Meeting | None) -> HttpResponse:
    user = signed_in(request)
    require_manage(user)
    instance = Meeting.objects.get(pk=found.pk) if found else None
    form = MeetingForm(request.POST or None, instance=instance)
    status = 422 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        said = dict(form.cleaned_data)
        people, projects, seen = said.pop("attendees"), said.pop("projects"), said.pop("seen", 0)
        try:
            if found is None:
                title, held_on = said.pop("title"), said.pop("held_on")
                found = actions.call_meeting(
                    title=title, held_on=held_on, actor=user, attendees=people, projects=projects, **said
                )
            else:
                actions.write_minutes(
                    found, actor=user, seen=seen, values=said, attendees=people, projects=projects
                )
        except NotAllowed:
            raise
        except Refusal as refusal:
            refuse(form, refusal)
            status = refusal.status
        else:
            toast(request, _("已保存。"))
            return HttpResponseRedirect(found.get_absolute_url())
    context = {
        "form": form, "title": _("修改会议") if found else _("通知会议"), "submit": _("保存"), "photos": False,
        "crumbs": [(_("项目会议"), reverse("targets:meetings"))],
        "cancel_url": found.get_absolute_url() if found else reverse("targets:meetings"),
    }  # fmt: skip
    return render(request, "targets/projects/form.html", context, status=status)


@require_POST
@requires(MANAGE)
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """It does not take place."""
    found = meeting_for(request, pk)
    return _try(
        request, found,
        lambda: actions.cancel_meeting(found, actor=signed_in(request), words=request.POST.get("words", "")),
        _("会议已取消。"),
    )  # fmt: skip


@require_POST
@requires(MANAGE)
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Record what was decided."""
    user, found = signed_in(request), meeting_for(request, pk)
    form = DecisionForm(request.POST, prefix="new", meeting=found)
    if not form.is_valid():
        return _page(request, found, form, 422)
    try:
        actions.decide(found, actor=user, **form.cleaned_data)
    except NotAllowed:
        raise
    except Refusal as refusal:
        refuse(form, refusal)
        return _page(request, found, form, refusal.status)
    toast(request, _("已记议定事项。"))
    return HttpResponseRedirect(found.get_absolute_url())


@require_POST
@requires(VIEW)
def finish(request: HttpRequest, pk: int, decision: int) -> HttpResponse:
    """What was decided is done, or was not after all."""
    user, found = signed_in(request), meeting_for(request, pk)
    row = found.decisions.filter(pk=decision).first()
    if row is None:
        raise Http404(_("没有这件议定事项。"))
    words = request.POST.get("words", "")
    if row.done_on:
        return _try(
            request, found, lambda: actions.reopen_decision(row, actor=user, words=words), _("已撤回。")
        )
    return _try(request, found, lambda: actions.finish_decision(row, actor=user, words=words), _("已办结。"))


def _try(request: HttpRequest, found: Meeting, call_it: Any, said: str) -> HttpResponse:
    try:
        call_it()
    except NotAllowed:
        raise
    except Refusal as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    else:
        toast(request, said)
    return HttpResponseRedirect(found.get_absolute_url())
