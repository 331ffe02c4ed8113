"""After closing: each reporter is asked, and what they say is counted."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases import policy
from huying.cases.actions.checking import handle_again
from huying.cases.actions.timing import _decide, _require_reason
from huying.cases.models import REPORTER, Callback, Case, Exclusion, Report, Request, Status
from huying.cases.workflow import claim
from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.journal import log
from huying.people.models import User


@transaction.atomic
def record_callback(
    report: Report,
    *,
    actor: User | None,
    answered: bool = True,
    contacted: bool | None = None,
    solved: bool | None = None,
    grade: int | None = None,
    words: str = "",
) -> Callback:
    """Record what one reporter said: contacted? solved? satisfied (five grades)? `actor` None: they said it
    themselves on their tracking page. Each reporter is counted once: the latest answer replaces the rating
    in the figures, and the earlier one stays on record.
    """
    case = Case.objects.select_related("ledger").get(pk=report.case_id)
    if actor is not None:
        policy.require(actor, "case.callback", case)
    before_closing = "called_back" in case.rules.gates.get("close", ())
    allowed = {Status.CLOSED, Status.CHECKED} if before_closing else {Status.CLOSED}
    if case.status not in allowed:
        raise Conflict(_("案件还没有办结，办结后再评价。"))
    if report.withdrawn_at is not None:
        raise Refusal(_("这条诉求已撤回，不再回访。"))
    if answered and (solved is None or grade is None):
        raise Refusal(_("请选择是否解决和满意度。"), field="solved" if solved is None else "grade")
    if grade is not None and grade not in Callback.Grade.values:
        raise Refusal(_("满意度请选 1 到 5。"), field="grade")
    if not answered:
        contacted = solved = grade = None
    callback = Callback.objects.create(
        case=case, report=report, answered=answered, contacted=contacted, solved=solved, grade=grade,
        words=words.strip()[:500], recorded_at=timezone.now(), recorded_by=actor,
    )  # fmt: skip
    claim(case, unsolved=F("unsolved") + (1 if solved is False else 0))
    log(
        case, "case.called_back", actor=actor or REPORTER, report=report.number, answered=answered,
        contacted=contacted, solved=solved, grade=grade, words=words.strip(),
    )  # fmt: skip
    return callback


@transaction.atomic
def ask_to_reopen(report: Report, *, reason: str) -> Case:
    """A reporter says that it is not solved: within the ledger's window the case is handled again."""
    case = Case.objects.select_related("ledger", "category", "department").get(pk=report.case_id)
    if report.withdrawn_at is not None:
        raise Refusal(_("这条诉求已撤回。"))
    until = case.reopen_until()
    if until is not None and timezone.now() > until:
        raise Refusal(
            _("已超过结案后 %(days)s 天的重办期限，请重新提交诉求，可以写上原编号。")
            % {"days": case.rules.reopen_within.days}
        )
    handle_again(case, reason=reason, by=REPORTER, report=report)
    return case


@transaction.atomic
def ask_exclusion(case: Case, *, reason: str, actor: User) -> Exclusion:
    """Propose to leave a closed case out of the satisfaction rates (an unreasonable demand, say)."""
    policy.require(actor, "case.exclude", case)
    if case.status != Status.CLOSED:
        raise Conflict(_("结案后才能申请不计入评价。"))
    exclusion, created = Exclusion.objects.get_or_create(
        case=case, defaults={"reason": _require_reason(reason), "asked_at": timezone.now(), "asked_by": actor}
    )
    if not created:
        raise Conflict(_("这个案件已经申请过了。"))
    claim(case)
    log(case, "case.exclusion_asked", actor=actor, reason=reason.strip())
    return exclusion


@transaction.atomic
def review_exclusion(exclusion: Exclusion, *, actor: User, words: str = "") -> None:
    """A second person agrees; only then does the case leave the rates. It never leaves the record."""
    case = exclusion.case
    policy.require(actor, "case.review_exclusion", case)
    if actor.pk == exclusion.asked_by_id:
        raise NotAllowed(_("要由申请人以外的人复核。"))
    _decide(
        exclusion, Request.State.GRANTED, decided_by=actor, decided_at=timezone.now(), decision=words[:500]
    )
    claim(case, excluded=True)
    log(case, "case.excluded", actor=actor, reason=exclusion.reason, words=words)
