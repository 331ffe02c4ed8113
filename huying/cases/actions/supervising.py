"""Keeping promises moving: urge, supervise by letter, and the appeal against an overdue."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases import policy, telling
from huying.cases.actions.timing import _decide, _require_reason
from huying.cases.models import OPEN, Appeal, Case, Request, Status
from huying.cases.workflow import claim
from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.journal import log
from huying.core.language import of_record
from huying.papers.actions import issue_paper
from huying.papers.models import Paper
from huying.people.models import User
from huying.places.clock import Clock, TimeLimit
from huying.places.work_calendar import current_calendar

# A supervision letter is to be answered within two working days (the district's rule).
REPLY_WITHIN = TimeLimit(2, Clock.WORK_DAYS)
_COLOUR_ORDER = ("", "blue", "yellow", "red")


@transaction.atomic
def urge_case(case: Case, *, actor: User | None, words: str = "") -> None:
    """Urge the department (催办)."""
    if actor is not None:
        policy.require(actor, "case.urge", case)
    if case.status not in OPEN or case.department is None:
        raise Conflict(_("案件没有在办的责任单位，不用催办。"))
    claim(case, urges=F("urges") + 1)
    log(case, "case.urged", actor=actor, words=words.strip(), department=case.department.code)
    telling.tell_department(case, "case.urged", words)
    telling.tell_user(case, "case.urged", words, user=case.handler)


@transaction.atomic
def supervise_case(case: Case, *, actor: User | None, colour: str, words: str = "") -> Paper:
    """Supervise (督办): a numbered letter to the department's head; blue, yellow or red.

    A colour never goes back: blue may become yellow or red, not the other way.
    """
    if actor is not None:
        policy.require(actor, "case.supervise", case)
    if colour not in Paper.Colour.values:
        raise Refusal(_("请选择督办颜色：蓝、黄、红。"), field="colour")
    if case.status not in OPEN or case.department is None:
        raise Conflict(_("案件没有在办的责任单位，不用督办。"))
    if _COLOUR_ORDER.index(colour) < _COLOUR_ORDER.index(case.colour):
        raise Refusal(_("督办级别不能降低。"), field="colour")
    at = timezone.now()
    claim(case, colour=colour)
    reply_due = current_calendar().deadline(at, REPLY_WITHIN).at
    with of_record():
        title = _("关于办理「%s」的督办函") % case.title[:80]
        body = letter_body(case, words.strip())
    paper = issue_paper(
        kind=Paper.Kind.SUPERVISION_LETTER, subject=case, subject_label=case.number, addressee=case.department,
        colour=colour, title=title,
        body=body, reply_due_at=reply_due, actor=actor, at=at,
    )  # fmt: skip
    log(
        case,
        "case.supervised",
        actor=actor,
        at=at,
        colour=colour,
        paper=f"{paper.year}-{paper.number}",
        words=words.strip(),
    )
    telling.tell_department(case, "case.supervised", paper.title)
    return paper


def letter_body(case: Case, words: str) -> str:
    """The letter's text: what it is about, where it stands, what is asked."""
    lines = [
        _("案件 %(number)s「%(title)s」于 %(at)s 派你单位办理，时限%(limit)s，截止 %(due)s。") % {
            "number": case.number,
            "title": case.title,
            "at": telling.moment_text(case.dispatched_at),
            "limit": case.limit and _limit_zh(case.limit),
            "due": telling.moment_text(case.due_at),
        },
        _("案件现在「%s」，尚未办结。") % Status(case.status).label,
    ]  # fmt: skip
    if words:
        lines.append(words)
    lines.append(_("请你单位主要负责同志亲自过问，抓紧办理，并按期书面回复办理情况。"))
    return "\n".join(lines)


def _limit_zh(text: str) -> str:
    from huying.places.clock import parse_limit

    return parse_limit(text).zh


@transaction.atomic
def appeal_overdue(case: Case, *, reason: str, actor: User) -> Appeal:
    """After closing, the department asks to be left out of the score. Once per case."""
    policy.require(actor, "case.appeal", case)
    if case.status != Status.CLOSED:
        raise Conflict(_("结案后才能申诉。"))
    if not case.overdue:
        raise Refusal(_("这个案件没有超期，不用申诉。"))
    appeal, created = Appeal.objects.get_or_create(
        case=case, defaults={"reason": _require_reason(reason), "asked_at": timezone.now(), "asked_by": actor}
    )
    if not created:
        raise Conflict(_("每个案件只能申诉一次。"))
    claim(case)
    log(case, "case.appealed", actor=actor, reason=reason.strip())
    return appeal


@transaction.atomic
def review_appeal(appeal: Appeal, *, actor: User, words: str = "") -> None:
    """Two reviews by two people. An approved appeal leaves the score, never the record."""
    case = appeal.case
    policy.require(actor, "case.review_appeal", case)
    if actor.pk in (appeal.asked_by_id, appeal.first_by_id):
        raise NotAllowed(_("申诉要由另一个人复核。"))
    now = timezone.now()
    if appeal.state == Request.State.ASKED:
        _decide(appeal, Request.State.FIRST_APPROVED, first_by=actor, first_at=now)
        log(case, "case.appeal_first_reviewed", actor=actor, words=words)
        return
    _decide(appeal, Request.State.GRANTED, decided_by=actor, decided_at=now, decision=words[:500])
    claim(case, exempt=True)
    log(case, "case.appeal_granted", actor=actor, words=words)
