"""Meetings at the desk: the list, and one meeting with its answers, minutes and decisions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from huying.core.errors import Refusal
from huying.core.pages import Column, Filter, ListPage
from huying.core.toasts import toast
from huying.papers import meetings as doing
from huying.papers import policy
from huying.papers.letter import number_of
from huying.papers.models import MeetingDecision, PaperMeeting
from huying.papers.subjects import about
from huying.papers.views.lists import day_field
from huying.people.guards import VerbRequired, reader, requires
from huying.people.models import Department

MEETING = ("paper.draft", "paper.issue", "paper.sign", policy.RECEIVING)


class Meetings(VerbRequired, ListPage):
    """The meetings that were called."""

    verbs = MEETING
    name = "paper-meetings"
    title = gettext_lazy("会议")
    order = "-pk"
    columns = (
        Column("title", gettext_lazy("会议"), css="cell--wide"),
        Column("held_at", gettext_lazy("时间"), css="cell--nowrap"),
        Column("place", gettext_lazy("地点")),
        Column("coming", gettext_lazy("参加"), css="number"),
        Column("asked", gettext_lazy("通知单位"), css="number"),
        Column("decided", gettext_lazy("议定事项"), css="number"),
        Column("undone", gettext_lazy("未办结"), css="number"),
        Column("notice", gettext_lazy("通知"), lambda row: number_of(row.notice), css="cell--nowrap", shown=False),
    )  # fmt: skip
    filters = (
        Filter("from", day_field(gettext_lazy("从")), lookup="held_at__date__gte"),
        Filter("to", day_field(gettext_lazy("到")), lookup="held_at__date__lte"),
        Filter("q", forms.CharField(label=gettext_lazy("会议"), max_length=80, widget=forms.SearchInput()),
               lookup="title__icontains"),
    )  # fmt: skip
    empty = {
        "title": gettext_lazy("没有会议"),
        "text": gettext_lazy("印发一份会议通知，会议就会出现在这里。"),
        "icon": "users",
    }

    def get_queryset(self) -> QuerySet[PaperMeeting]:
        main = Q(notice__receipts__copy=False)
        return doing.meetings_for(reader(self.request)).annotate(
            asked=Count("notice__receipts", filter=main, distinct=True),
            coming=Count(
                "notice__receipts",
                filter=main & Q(notice__receipts__attendance__in=(doing.COMES, doing.INSTEAD)),
                distinct=True,
            ),
            decided=Count("decisions", distinct=True),
            undone=Count("decisions", filter=Q(decisions__done_at=None), distinct=True),
        )

    def row_url(self, row: PaperMeeting) -> str:
        return reverse("papers:meeting", args=[row.pk])


class DecisionForm(forms.Form):
    """One thing that was decided."""

    words = forms.CharField(
        label=gettext_lazy("议定事项"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )
    department: forms.ModelChoiceField[Department] = forms.ModelChoiceField(
        label=gettext_lazy("责任单位"), queryset=Department.objects.none(), required=False
    )
    due_on = forms.DateField(
        label=gettext_lazy("完成期限"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"].queryset = policy.recipients(user)  # type: ignore[attr-defined]


def meeting_for(request: HttpRequest, pk: int) -> PaperMeeting:
    """The meeting; 404 for one whose notice the reader may not see."""
    found = doing.meetings_for(reader(request)).filter(pk=pk).first()
    if found is None:
        raise Http404(_("没有这次会议，或者您没有接到通知。"))
    return found


@require_safe
@requires(*MEETING)
def meeting(request: HttpRequest, pk: int) -> HttpResponse:
    """Answers, minutes and decisions."""
    found = meeting_for(request, pk)
    return _page(request, found, DecisionForm(user=reader(request)))


def _page(
    request: HttpRequest, found: PaperMeeting, form: DecisionForm, *, sentence: str = "", status: int = 200
) -> HttpResponse:
    user = reader(request)
    receipts = list(found.notice.receipts.select_related("department"))
    words = doing.attendance_words()
    decisions = list(found.decisions.select_related("department", "done_by", "meeting"))
    draft, subject = found.minutes, about(user, found.notice)
    context = {
        "meeting": found,
        "number": number_of(found.notice),
        "form": form,
        "sentence": sentence,
        "receipts": [(each, words.get(each.attendance, "")) for each in receipts],
        "coming": sum(each.attendance in (doing.COMES, doing.INSTEAD) for each in receipts),
        "own": next(
            (each for each in receipts if each.department_id and each.department_id == user.department_id),
            None,
        ),
        "answers": words,
        "may_run": doing.may_run(user, found) and subject is None,
        "about": subject,
        "decisions": [(each, doing.may_close(user, each) and each.done_at is None) for each in decisions],
        "minutes": draft if draft and policy.drafts_for(user).filter(pk=draft.pk).exists() else None,
        "minutes_paper": draft.paper
        if draft and draft.paper and policy.papers_for(user).filter(pk=draft.paper.pk).exists()
        else None,
    }
    return render(request, "papers/desk/meeting.html", context, status=status)


@require_POST
@requires(policy.RECEIVING)
def attendance(request: HttpRequest, pk: int) -> HttpResponse:
    """The addressee says who comes."""
    found = meeting_for(request, pk)
    try:
        doing.answer_notice(
            found, answer=request.POST.get("answer", ""), words=request.POST.get("words", ""), actor=reader(request)
        )  # fmt: skip
    except Refusal as refusal:
        form = DecisionForm(user=reader(request))
        return _page(request, found, form, sentence=str(refusal), status=refusal.status)
    toast(request, _("已答复。"))
    return redirect("papers:meeting", pk=pk)


@require_POST
@requires("paper.draft", "paper.issue")
def minutes(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin the minutes."""
    draft = doing.start_minutes(meeting_for(request, pk), actor=reader(request))
    return redirect("papers:draft", pk=draft.pk)


@require_POST
@requires("paper.draft", "paper.issue")
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """One more thing that was decided."""
    found, form = meeting_for(request, pk), DecisionForm(request.POST, user=reader(request))
    if not form.is_valid():
        return _page(request, found, form, status=422)
    said = form.cleaned_data
    try:
        doing.add_decision(
            found,
            words=said["words"],
            department=said["department"],
            due_on=said["due_on"],
            actor=reader(request),
        )
    except Refusal as refusal:
        form.add_error("words", str(refusal))
        return _page(request, found, form, status=refusal.status)
    toast(request, _("已记下。"))
    return redirect("papers:meeting", pk=pk)


@require_POST
@requires(*MEETING)
def done(request: HttpRequest, pk: int, decision_pk: int) -> HttpResponse:
    """A decision is done."""
    found = meeting_for(request, pk)
    decision = get_object_or_404(
        MeetingDecision.objects.select_related("meeting"), pk=decision_pk, meeting=found
    )
    try:
        doing.close_decision(decision, words=request.POST.get("words", ""), actor=reader(request))
    except Refusal as refusal:
        form = DecisionForm(user=reader(request))
        return _page(request, found, form, sentence=str(refusal), status=refusal.status)
    toast(request, _("已记下完成情况。"))
    return redirect("papers:meeting", pk=pk)
