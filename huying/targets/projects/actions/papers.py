"""Notice and minutes of a meeting on projects, as papers: drafted here, reviewed, signed and issued like any."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, Refusal
from huying.core.journal import log
from huying.papers.drafting import discard_draft, save_draft, start_draft
from huying.papers.meetings import adopt_minutes, cancel_called
from huying.papers.models import PaperDraft, PaperMeeting
from huying.people.models import Department, User
from huying.targets.projects.models import Meeting
from huying.targets.projects.policy import require_manage

NOTICE, MINUTES = "meeting-notice", "minutes"
State = PaperDraft.State


def departments_of(meeting: Meeting) -> list[Department]:
    """Who is asked to come: owners and streets of the projects that are studied, and those who were given something.

    A meeting without projects is about all of them: every street's office.
    """
    named = [*meeting.decisions.values_list("department", flat=True)]
    for owner, street in meeting.projects.values_list("owner", "street"):
        named += [owner, street]
    keys = {key for key in named if key is not None}
    rows = Department.objects.filter(valid_to=None)
    if keys:
        return list(rows.filter(pk__in=keys).order_by("code"))
    return list(rows.filter(kind=Department.Kind.SUBDISTRICT).order_by("code"))


def _people(meeting: Meeting) -> list[str]:
    names = [str(person) for person in (meeting.chair, *meeting.attendees.all()) if person]
    return [*dict.fromkeys(names), *([meeting.others] if meeting.others else [])]


def held_at(meeting: Meeting) -> str:
    """Day and time as papers keep them; empty without a time."""
    return dt.datetime.combine(meeting.held_on, meeting.begins_at).isoformat() if meeting.begins_at else ""


def _begun(draft: PaperDraft | None) -> bool:
    return draft is not None and draft.state != State.DISCARDED


@transaction.atomic
def draft_notice(meeting: Meeting, *, actor: User, at: dt.datetime | None = None) -> PaperDraft:
    """Begin the notice: time, place, people and agenda are there already. Once, unless the draft was discarded."""
    require_manage(actor)
    held = Meeting.objects.select_for_update(of=("self",)).select_related("notice").get(pk=meeting.pk)
    if held.state != Meeting.State.CALLED:
        raise Conflict(_("会议已经召开或取消，不再发通知。"))
    if _begun(held.notice):
        raise Conflict(_("这次会议的通知已经在起草。"))
    if held.begins_at is None:
        raise Refusal(_("先在“写纪要、改会议”里写上会议的开始时间，再起草通知。"), field="begins_at")
    details: dict[str, Any] = {"place": held.place, "held_at": held_at(held), "attendees": _people(held)}
    draft = start_draft(
        NOTICE, subject=held, subject_label=held.title[:60], addressees=departments_of(held), actor=actor,
        details=details, at=at, title=_("关于召开%(title)s的通知") % {"title": held.title},
    )  # fmt: skip
    if held.agenda.strip():
        save_draft(
            draft,
            title=draft.title,
            body=f"{draft.body.rstrip()}\n会议议程：{held.agenda.strip()}",
            actor=actor,
        )
    _keep(meeting, "notice", draft, actor, at)
    return draft


@transaction.atomic
def draft_minutes(meeting: Meeting, *, actor: User, at: dt.datetime | None = None) -> PaperDraft:
    """Begin the minutes from what was written and decided; the answers to the notice lead to the same draft."""
    require_manage(actor)
    held = (
        Meeting.objects.select_for_update(of=("self",))
        .select_related("notice__paper", "minutes_draft", "chair")
        .get(pk=meeting.pk)
    )
    if held.state != Meeting.State.HELD:
        raise Refusal(_("先写下会议纪要，再起草印发。"), field="minutes")
    if _begun(held.minutes_draft):
        raise Conflict(_("这次会议的纪要已经在起草。"))
    called = _called(held)
    if called is not None and _begun(called.minutes):
        raise Conflict(_("这次会议的纪要已经从会议通知那里起草了，请打开通知的会议页面。"))
    copies = [{"department": each.code} for each in departments_of(held)]
    details: dict[str, Any] = {
        "place": held.place, "held_at": held_at(held), "attendees": _people(held), "cc": copies,
    }  # fmt: skip
    draft = start_draft(
        MINUTES, subject=held, subject_label=held.title[:60], actor=actor, details=details, body=minutes_text(held),
        title=_("%(title)s纪要") % {"title": held.title}, at=at,
    )  # fmt: skip
    if called is not None:
        adopt_minutes(called, draft, actor=actor)
    _keep(meeting, "minutes_draft", draft, actor, at)
    return draft


def _called(meeting: Meeting) -> PaperMeeting | None:
    paper = meeting.notice.paper if meeting.notice else None
    return PaperMeeting.objects.select_related("minutes").filter(notice=paper).first() if paper else None


def minutes_text(meeting: Meeting) -> str:
    """The minutes as a paper says them: who met, what was said, what was decided, by whom until when."""
    day = f"{meeting.held_on.year}年{meeting.held_on.month}月{meeting.held_on.day}日"
    chair = f"，{meeting.chair}主持" if meeting.chair else ""
    place = f"在{meeting.place}" if meeting.place else ""
    lines = [f"{day}{chair}{place}召开{meeting.title}。现纪要如下。", "一、会议情况", meeting.minutes.strip()]
    decisions = list(meeting.decisions.select_related("department", "problem__case"))
    if decisions:
        lines += ["二、议定事项", *(f"{n}. {_decided(each)}" for n, each in enumerate(decisions, 1))]
    return "\n".join(lines)


def _decided(decision: Any) -> str:
    due = decision.due_on
    said: Iterable[str] = (
        f"责任单位：{decision.department}" if decision.department else "",
        f"完成时限：{due.year}年{due.month}月{due.day}日" if due else "",
        f"按案件{decision.problem.case.number}办理" if decision.problem else "",
    )
    words = "；".join(each for each in said if each)
    return f"{decision.words.rstrip('。')}（{words}）。" if words else decision.words


def _keep(meeting: Meeting, name: str, draft: PaperDraft, actor: User, at: dt.datetime | None) -> None:
    Meeting.objects.filter(pk=meeting.pk).update(**{name: draft})
    meeting.refresh_from_db()
    code = "meeting.notice_drafted" if name == "notice" else "meeting.minutes_drafted"
    log(meeting, code, actor=actor, at=at or timezone.now(), draft=draft.pk, title=draft.title)


def call_off(meeting: Meeting, *, actor: User, words: str) -> None:
    """With the meeting its notice ends: a draft is discarded, those who were invited are told. In the caller's
    transaction."""
    draft = meeting.notice
    if not _begun(draft):
        return
    assert draft is not None
    if draft.paper is not None:
        cancel_called(draft.paper, actor=actor, words=words)
    elif draft.state == State.DRAFT:
        discard_draft(draft, actor=actor)
    else:
        raise Refusal(_("会议通知正在审签，请先请审签的人退回，再取消会议。"))
