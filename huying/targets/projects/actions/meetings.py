"""Meetings on projects: called, held with minutes, what they decide followed until it is done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.journal import LoggedEntry, log
from huying.people.access import can, scopes, with_stations
from huying.people.models import Department, User
from huying.targets.projects.actions.papers import call_off
from huying.targets.projects.actions.problems import raise_problem
from huying.targets.projects.models import Decision, Meeting, Project
from huying.targets.projects.policy import MANAGE, UPDATE, require_manage

_FIELDS = ("title", "held_on", "begins_at", "place", "chair", "agenda", "others", "minutes", "monthly")


@transaction.atomic
def call_meeting(
    *, title: str, held_on: dt.date, actor: User, attendees: Sequence[User] = (), projects: Sequence[Project] = (),
    **more: Any,
) -> Meeting:  # fmt: skip
    """A meeting with its day and agenda; `more` are `begins_at`, `place`, `chair`, `agenda`, `others`, `monthly`."""
    require_manage(actor)
    if not title.strip():
        raise Refusal(_("写上会议名称。"), field="title")
    values = {key: more[key] for key in _FIELDS if key in more}
    meeting = Meeting.objects.create(title=title.strip()[:120], held_on=held_on, recorded_by=actor, **values)
    meeting.attendees.set(attendees)
    meeting.projects.set(projects)
    log(meeting, "meeting.called", actor=actor, title=meeting.title, on=str(held_on))
    return meeting


@transaction.atomic
def write_minutes(
    meeting: Meeting, *, actor: User, seen: int, values: Mapping[str, Any], attendees: Sequence[User] | None = None,
    projects: Sequence[Project] | None = None,
) -> None:  # fmt: skip
    """Change what is written of a meeting; with minutes it counts as held. `seen` is the version looked at."""
    require_manage(actor)
    now = Meeting.objects.select_for_update(of=("self",)).select_related("minutes_draft").get(pk=meeting.pk)
    if now.version != seen:
        raise Conflict(_("有人刚改过这次会议，请刷新后再改。"))
    if now.state == Meeting.State.CANCELLED:
        raise Conflict(_("这次会议已经取消。"))
    issued = now.minutes_draft is not None and now.minutes_draft.paper_id is not None
    if issued and values.get("minutes", now.minutes) != now.minutes:
        raise Conflict(_("纪要已经印发，不再改动。要更正，请在印发的纪要上“起草更正、替代”。"))
    changes = {}
    for key in _FIELDS:
        if key in values and getattr(now, key) != values[key]:
            changes[key] = [str(getattr(now, key) or ""), str(values[key] or "")]
            setattr(now, key, values[key])
    if now.minutes.strip():
        if now.held_on > timezone.localdate():
            raise Refusal(_("会议还没有开，先不写纪要；改期请改日期。"), field="held_on")
        now.state = Meeting.State.HELD
    now.version += 1
    now.save()
    if attendees is not None:
        now.attendees.set(attendees)
    if projects is not None:
        now.projects.set(projects)
    log(now, "meeting.written", actor=actor, changes=changes)
    meeting.refresh_from_db()


@transaction.atomic
def cancel_meeting(meeting: Meeting, *, actor: User, words: str) -> None:
    """It does not take place; it stays on record."""
    require_manage(actor)
    if len(words.strip()) < 2:
        raise Refusal(_("写明为什么取消。"), field="words")
    won = Meeting.objects.filter(pk=meeting.pk, state=Meeting.State.CALLED).update(
        state=Meeting.State.CANCELLED
    )
    if not won:
        raise Conflict(_("会议已经召开或取消。"))
    call_off(Meeting.objects.select_related("notice__paper").get(pk=meeting.pk), actor=actor, words=words)
    log(meeting, "meeting.cancelled", actor=actor, words=words)


@transaction.atomic
def decide(
    meeting: Meeting, *, words: str, actor: User, department: Department | None, due_on: dt.date | None,
    project: Project | None = None, as_problem: bool = False,
) -> Decision:  # fmt: skip
    """The meeting decided something: whose it is, until when.

    `as_problem` opens a case for it on the ledger of the projects' problems; it is done when the case is struck off.
    """
    require_manage(actor)
    if len(words.strip()) < 4:
        raise Refusal(_("写明议定了什么。"), field="words")
    if department is None:
        raise Refusal(_("选择责任单位。"), field="department")
    if due_on is not None and due_on < meeting.held_on:
        raise Refusal(_("时限早于会议日期，请核对。"), field="due_on")
    if as_problem and project is None:
        raise Refusal(_("按项目问题立案的，选择是哪个项目。"), field="project")
    problem = raise_problem(project, words=words, actor=actor) if as_problem and project else None
    made = Decision.objects.create(
        meeting=meeting, words=words.strip()[:400], department=department, due_on=due_on, project=project,
        problem=problem,
    )  # fmt: skip
    if project is not None:
        meeting.projects.add(project)
    log(
        meeting,
        "meeting.decided",
        actor=actor,
        words=made.words,
        department=str(department),
        due=str(due_on or ""),
        case=problem.case.number if problem else "",
    )
    return made


def may_finish(actor: User, decision: Decision) -> bool:
    """The people of the department that it was given to, and the project office; of a case its own loop decides."""
    if decision.problem_id is not None:
        return False
    if can(actor, MANAGE):
        return True
    return any(
        scope.department_id is not None and decision.department_id in with_stations(scope.department_id)
        for scope in scopes(actor, UPDATE)
    )


@transaction.atomic
def finish_decision(decision: Decision, *, actor: User, words: str, on: dt.date | None = None) -> None:
    """What was decided is done; by the department that it was given to, or the project office."""
    if decision.problem is not None:
        raise Refusal(
            _("这件事按案件 %(number)s 办理，案件销号它就办结。") % {"number": decision.problem.case.number}
        )
    if not may_finish(actor, decision):
        raise NotAllowed(_("这件事由%(who)s办，请他们来报。") % {"who": decision.department or _("责任单位")})
    if len(words.strip()) < 4:
        raise Refusal(_("写明办理结果。"), field="words")
    day = on or timezone.localdate()
    won = Decision.objects.filter(pk=decision.pk, done_on=None).update(
        done_on=day, done_words=words.strip()[:400], done_by=actor
    )
    if not won:
        raise Conflict(_("这件事已经办结。"))
    log(
        decision.meeting,
        "meeting.decision_done",
        actor=actor,
        words=decision.words,
        result=words,
        on=str(day),
    )


@transaction.atomic
def reopen_decision(decision: Decision, *, actor: User, words: str) -> None:
    """It was not done after all."""
    require_manage(actor)
    if decision.problem is not None:
        raise Refusal(
            _("这件事按案件 %(number)s 办理，要重办请重办案件。") % {"number": decision.problem.case.number}
        )
    if len(words.strip()) < 4:
        raise Refusal(_("写明为什么撤回。"), field="words")
    if not Decision.objects.filter(pk=decision.pk, done_on__isnull=False).update(done_on=None, done_words=""):
        raise Conflict(_("这件事还没有办结。"))
    log(decision.meeting, "meeting.decision_reopened", actor=actor, words=decision.words, reason=words)


def follow_case(entry: LoggedEntry) -> None:
    """A decision that is a case is done when the case is struck off, and open again with it."""
    found = Decision.objects.filter(problem__case=entry.subject_id).select_related("meeting").first()
    if found is None:
        return
    if entry.code == "case.closed" and found.done_on is None:
        on, words = timezone.localdate(entry.at), _("案件销号")
        by = entry.actor if isinstance(entry.actor, User) else None
        Decision.objects.filter(pk=found.pk).update(done_on=on, done_words=words, done_by=by)
        log(found.meeting, "meeting.decision_done", actor=by, words=found.words, result=words, on=str(on))
    elif entry.code == "case.reopened" and found.done_on is not None:
        Decision.objects.filter(pk=found.pk).update(done_on=None, done_words="", done_by=None)
        log(found.meeting, "meeting.decision_reopened", words=found.words, reason=_("案件重办"))
