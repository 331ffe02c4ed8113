"""Somebody else looks: check, send back, close, reopen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases import clock, telling
from huying.cases.actions.handling import add_files
from huying.cases.ledger import FIVE_REFUSALS
from huying.cases.models import Case, CaseFile, Check, Report, Status
from huying.cases.workflow import REFUSAL_QUESTIONS, STEPS, claim, next_stage, pass_gates
from huying.core.errors import NotAllowed, Refusal
from huying.core.journal import log
from huying.core.models import StoredFile
from huying.people.models import User


@transaction.atomic
def check_case(
    case: Case,
    *,
    actor: User,
    words: str = "",
    refusals: Mapping[str, bool] | None = None,
    photos: Sequence[StoredFile] = (),
) -> Check:
    """Confirm that it is done. The handler can't check their own work; the five refusals are answered.

    A refusal that holds (an answer of "no") makes this a rework instead: use `send_back_for_rework`.
    """
    STEPS["check"].check(case, actor)
    require_other(case, actor)
    asked = "five_refusals" in case.rules.gates.get("close", ())
    answers = {key: bool(value) for key, value in (refusals or {}).items() if key in FIVE_REFUSALS}
    if asked:
        _require_refusals(answers)
    at = timezone.now()
    add_files(case, photos=photos, role=CaseFile.Role.CHECKED, actor=actor)
    pass_gates(case, "check")
    check = Check.objects.create(
        case=case, passed=True, words=words.strip()[:500], refusals=answers, checked_at=at, checked_by=actor
    )
    resting = next_stage(case.rules, Status.CHECKED)
    claim(
        case, status=resting, checked_at=at, checked_by=actor,
        **({"closed_at": at, "closed_by": actor, "next_rung_at": None} if resting == Status.CLOSED else {}),
    )  # fmt: skip
    log(case, "case.checked", actor=actor, at=at, words=words.strip(), refusals=answers)
    if resting == Status.CLOSED:
        pass_gates(case, "close")
        log(case, "case.closed", actor=actor, at=at, note=_("本台账核查通过即结案"))
        telling.tell_reporters(case, "closed")
    return check


def require_other(case: Case, actor: User) -> None:
    """Nobody judges their own work."""
    if actor.pk in (case.handled_by_id, case.handler_id):
        raise NotAllowed(_("核查人不能是承办人，请换人核查。"))


def _require_refusals(answers: Mapping[str, bool]) -> None:
    missing = [str(REFUSAL_QUESTIONS[key]) for key in FIVE_REFUSALS if key not in answers]
    if missing:
        raise Refusal(_("请逐项回答五个不放过：%s") % "".join(missing), field="refusals")
    failing = [str(REFUSAL_QUESTIONS[key]) for key in FIVE_REFUSALS if not answers[key]]
    if failing:
        raise Refusal(_("有不放过的情形，不能通过核查，请退回返工：%s") % "".join(failing), field="refusals")


@transaction.atomic
def send_back_for_rework(
    case: Case, *, reason: str, actor: User, photos: Sequence[StoredFile] = (),
    refusals: Mapping[str, bool] | None = None,
) -> None:  # fmt: skip
    """It is not done: back to the department, the clock running again with what was left."""
    STEPS["rework"].check(case, actor)
    require_other(case, actor)
    if len(reason.strip()) < 5:
        raise Refusal(_("请写明哪里没有办好（至少 5 个字）。"), field="reason")
    at, old = timezone.now(), case.status
    add_files(case, photos=photos, role=CaseFile.Role.CHECKED, actor=actor)
    Check.objects.create(
        case=case, passed=False, words=reason.strip()[:500], refusals=dict(refusals or {}), checked_at=at,
        checked_by=actor,
    )  # fmt: skip
    claim(
        case, status=Status.HANDLING, reworks=F("reworks") + 1, handled_at=None, checked_at=None,
        checked_by=None, **(clock.resume(case, at) if case.due_at else {}),
    )  # fmt: skip
    log(case, "case.sent_back", actor=actor, at=at, old=old, reason=reason.strip(), due_at=case.due_at)
    telling.tell_department(case, "case.sent_back", reason)
    telling.tell_reporters(case, "reworked")


@transaction.atomic
def close_case(case: Case, *, actor: User, words: str = "") -> None:
    """Strike off (销号), when every gate of the ledger is open."""
    STEPS["close"].check(case, actor)
    pass_gates(case, "close")
    at = timezone.now()
    claim(case, status=Status.CLOSED, closed_at=at, closed_by=actor, next_rung_at=None)
    log(case, "case.closed", actor=actor, at=at, words=words.strip())
    telling.tell_reporters(case, "closed")


@transaction.atomic
def reopen_case(case: Case, *, reason: str, actor: User) -> None:
    """Handle again, with a fresh limit, on the word of someone who may reopen; no window binds them."""
    STEPS["reopen"].check(case, actor)
    handle_again(case, reason=reason, by=actor)


def handle_again(case: Case, *, reason: str, by: User | str, report: Report | None = None) -> None:
    """The change that a reopening makes; the caller has checked the right to it.

    The count of reopenings and an overdue of the first time stay.
    """
    STEPS["reopen"].check(case, None)
    if len(reason.strip()) < 2:
        raise Refusal(_("请说明为什么要重办。"), field="reason")
    at = timezone.now()
    limit = clock.limit_of(case) if case.limit else case.category.time_limit
    claim(
        case, status=Status.HANDLING, reopenings=F("reopenings") + 1, closed_at=None, closed_by=None,
        handled_at=None, checked_at=None, checked_by=None, reminded=False, listed_at=None,
        **clock.start(case.rules, limit, at),
    )  # fmt: skip
    log(
        case, "case.reopened", actor=by, at=at, reason=reason.strip(), due_at=case.due_at,
        report=report.number if report else None,
    )  # fmt: skip
    telling.tell_department(case, "case.reopened", reason)
    telling.tell_reporters(case, "reopened")
