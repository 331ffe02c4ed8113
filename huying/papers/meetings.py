"""Meetings that a notice calls: who comes, the minutes, what was decided and whether it is done."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.journal import log
from huying.papers import policy
from huying.papers.actions import receive_paper
from huying.papers.drafting import start_draft
from huying.papers.models import MeetingDecision, Paper, PaperDraft, PaperMeeting, PaperReceipt
from huying.papers.telling import tell_departments
from huying.people.access import can
from huying.people.models import Department, User
from huying.places.sentences import gettext_noop

COMES, INSTEAD, ABSENT = "comes", "instead", "absent"
MINUTES_KIND = "minutes"


def attendance_words() -> dict[str, str]:
    """What an addressee may answer to a notice."""
    return {COMES: _("参加"), INSTEAD: _("派人代替"), ABSENT: _("请假")}


def meetings_for(user: User) -> QuerySet[PaperMeeting]:
    """The meetings whose notice the person may read, and those that gave the person's department something to do."""
    seen = Q(notice__in=policy.papers_for(user).order_by().values("pk"))
    if user.department_id is not None:
        seen |= Q(pk__in=MeetingDecision.objects.filter(department=user.department_id).values("meeting"))
    return PaperMeeting.objects.filter(seen).select_related(
        "notice__addressee", "notice__draft", "minutes__paper"
    )


def may_run(user: User, meeting: PaperMeeting) -> bool:
    """Whoever drafted the notice, their department, and those who issue papers write down what was decided."""
    draft = PaperDraft.objects.filter(paper=meeting.notice).first()
    drafts = (
        draft is not None
        and can(user, "paper.draft")
        and (
            draft.drafted_by_id == user.pk
            or (user.department_id is not None and draft.department_id == user.department_id)
        )
    )
    return drafts or policy.may_judge(user, meeting.notice)


def _require_run(user: User, meeting: PaperMeeting) -> None:
    if not may_run(user, meeting):
        raise NotAllowed(_("只有会议的主办单位可以记录纪要和议定事项。"))


@transaction.atomic
def answer_notice(meeting: PaperMeeting, *, answer: str, words: str, actor: User) -> PaperReceipt:
    """An addressee says who comes; the notice is signed for with it. A later answer replaces the earlier one."""
    if answer not in attendance_words():
        raise Refusal(_("请选择参加、派人代替或者请假。"), field="answer")
    if answer != COMES and not words.strip():
        raise Refusal(_("请写明代替的人，或者请假的原因。"), field="words")
    if actor.department_id is None or not policy.may_answer(actor, meeting.notice):
        raise NotAllowed(_("只有接到通知的单位可以答复。"))
    if meeting.notice.withdrawn_at or meeting.cancelled_at:
        raise Conflict(_("会议已经取消。"))
    mine = PaperReceipt.objects.filter(paper=meeting.notice, department=actor.department_id)
    if not mine.filter(received_at__isnull=False).exists():
        receive_paper(meeting.notice, actor=actor)
    receipt = mine.select_for_update().get()
    receipt.attendance, receipt.attendance_words = answer, words.strip()[:200]
    receipt.save(update_fields=["attendance", "attendance_words"])
    log(
        meeting,
        "meeting.answered",
        actor=actor,
        department=receipt.department and receipt.department.code,
        answer=answer,
        words=receipt.attendance_words,
    )
    return receipt


@transaction.atomic
def start_minutes(meeting: PaperMeeting, *, actor: User) -> PaperDraft:
    """Begin the minutes: place, time and who came are there already."""
    _require_run(actor, meeting)
    held = PaperMeeting.objects.select_for_update().get(pk=meeting.pk)
    if held.minutes_id is not None:
        raise Conflict(_("这次会议的纪要已经在起草。"))
    said = meeting.notice.details
    coming = PaperReceipt.objects.filter(paper=meeting.notice, attendance__in=(COMES, INSTEAD))
    people = [
        f"{each}{f'（{each.attendance_words}）' if each.attendance_words else ''}"
        for each in coming.select_related("department")
    ]
    draft = start_draft(
        MINUTES_KIND,
        subject=meeting,
        subject_label=meeting.title[:60],
        actor=actor,
        area_path=meeting.notice.area_path,
        details={
            "place": meeting.place,
            "held_at": said.get("held_at", ""),
            "attendees": people or said.get("attendees", ()),
            "cc": said.get("addressees", ()),
        },
    )
    held.minutes = draft
    held.save(update_fields=["minutes"])
    meeting.minutes = draft
    log(meeting, "meeting.minutes_started", actor=actor, draft=draft.pk)
    return draft


@transaction.atomic
def adopt_minutes(meeting: PaperMeeting, draft: PaperDraft, *, actor: User) -> None:
    """Minutes that were begun by whoever keeps the meeting are this meeting's. Conflict: it has some."""
    held = PaperMeeting.objects.select_for_update(of=("self",)).select_related("minutes").get(pk=meeting.pk)
    if held.minutes is not None and held.minutes.state != PaperDraft.State.DISCARDED:
        raise Conflict(_("这次会议的纪要已经在起草。"))
    held.minutes = draft
    held.save(update_fields=["minutes"])
    log(meeting, "meeting.minutes_started", actor=actor, draft=draft.pk)


def cancel_called(notice: Paper, *, actor: User, words: str) -> None:
    """The meeting that this notice calls does not take place; who was invited is told. In the caller's transaction."""
    now = timezone.now()
    if not PaperMeeting.objects.filter(notice=notice, cancelled_at=None).update(cancelled_at=now):
        return
    log(notice, "paper.meeting_cancelled", actor=actor, at=now, words=words)
    departments = PaperReceipt.objects.filter(paper=notice, department__isnull=False)
    tell_departments(
        notice,
        "paper.meeting_cancelled",
        gettext_noop("会议取消：%(title)s"),
        [key for key in departments.values_list("department", flat=True) if key],
    )


@transaction.atomic
def add_decision(
    meeting: PaperMeeting, *, words: str, department: Department | None, due_on: dt.date | None, actor: User
) -> MeetingDecision:
    """Write down one thing that was decided."""
    _require_run(actor, meeting)
    if len(words.strip()) < 4:
        raise Refusal(_("请写议定事项。"), field="words")
    PaperMeeting.objects.select_for_update().get(pk=meeting.pk)
    last = meeting.decisions.order_by("-position").values_list("position", flat=True).first() or 0
    decision = MeetingDecision.objects.create(
        meeting=meeting, position=last + 1, words=words.strip()[:500], department=department, due_on=due_on
    )
    log(
        meeting, "meeting.decided", actor=actor, decision=decision.position, words=decision.words,
        department=department.code if department else None, due_on=due_on,
    )  # fmt: skip
    return decision


def may_close(user: User, decision: MeetingDecision) -> bool:
    """The department whose it is, and those who run the meeting."""
    own = decision.department_id is not None and decision.department_id == user.department_id
    return (own and can(user, policy.RECEIVING)) or may_run(user, decision.meeting)


@transaction.atomic
def close_decision(decision: MeetingDecision, *, words: str, actor: User) -> None:
    """What was decided is done: say how."""
    if not may_close(actor, decision):
        raise NotAllowed(_("由责任单位或者会议的主办单位填写完成情况。"))
    if len(words.strip()) < 4:
        raise Refusal(_("请写完成情况。"), field="words")
    won = MeetingDecision.objects.filter(pk=decision.pk, done_at=None).update(
        done_at=timezone.now(), done_by=actor, done_words=words.strip()[:500]
    )
    if not won:
        raise Conflict(_("这一项已经办结。"))
    decision.refresh_from_db()
    log(
        decision.meeting,
        "meeting.decision_done",
        actor=actor,
        decision=decision.position,
        words=decision.done_words,
    )
