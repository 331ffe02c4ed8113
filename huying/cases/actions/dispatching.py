"""Handing a case to the one responsible, and what happens when they give it back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases import clock, policy, telling
from huying.cases.actions.requests import drop_requests
from huying.cases.models import Assistance, Case, CaseReturn, Status
from huying.cases.suggest import responsible_for
from huying.cases.workflow import STEPS, claim
from huying.core.errors import NotAllowed, Refusal
from huying.core.journal import log
from huying.core.language import of_record
from huying.people.models import Department, User
from huying.places.clock import TimeLimit
from huying.places.work_calendar import current_calendar


@transaction.atomic
def dispatch_case(
    case: Case,
    *,
    department: Department,
    actor: User,
    note: str = "",
    helpers: Sequence[tuple[Department, str]] = (),
    limit: TimeLimit | None = None,
) -> None:
    """Hand a filed case to the department that will handle it, with helpers for a joint case (协办).

    A case that was returned as often as its ledger allows is dispatched by an arbiter only. `limit`
    shortens the category's limit; it never lengthens it.
    """
    STEPS["dispatch"].check(case, actor)
    if case.needs_arbitration and not policy.may(actor, "case.arbitrate", case):
        raise NotAllowed(_("这个案件已退单 %(n)s 次，由裁定员决定责任单位。") % {"n": case.returns})
    if not department.can_lead:
        raise Refusal(
            _("%s不能作为主办单位：社区（村）不承担部门职责，可以请它协办。") % department, field="department"
        )
    if department.valid_to is not None:
        raise Refusal(_("%s已停用，请选择其他单位。") % department, field="department")
    with of_record():
        found = responsible_for(case)
        by_hand = _("由%(actor)s指定。") % {"actor": actor}
    if found.department == department:
        why, rule = found.why, found.rule
    else:
        why, rule = by_hand, "hand"
        if not note.strip() and found.department is not None:
            raise Refusal(
                _("按职责应由%(department)s承办。派给其他单位请写明理由。")
                % {"department": found.department},
                field="note",
            )
    at = timezone.now()
    hand_over(
        case, department=department, why=why, at=at, actor=actor, rule=rule, limit=limit,
        arbitrated=case.needs_arbitration, note=note.strip(),
    )  # fmt: skip
    for helper, task in helpers:
        if helper.pk != department.pk:
            Assistance.objects.update_or_create(
                case=case, department=helper, defaults={"task": task, "asked_at": at, "asked_by": actor}
            )
            log(case, "case.assistance_asked", actor=actor, department=helper.code, task=task)
            telling.tell_department(case, "case.assistance_asked", task, department=helper)
    telling.tell_reporters(case, "dispatched")


def hand_over(
    case: Case,
    *,
    department: Department,
    why: str,
    at: dt.datetime,
    actor: User | None,
    rule: str,
    limit: TimeLimit | None = None,
    arbitrated: bool = False,
    note: str = "",
) -> None:
    """The change that a dispatch makes, by hand or by itself. The caller has checked the right to it.

    `why` is the rule that applied, which reporters may read; `note` is said to the department alone.

    The clock begins at the first dispatch and runs on through returns: the resident was promised a day.
    """
    whole = case.category.time_limit
    if limit is not None and longer(limit, whole, at):
        raise Refusal(_("时限只能缩短，不能超过类别规定的%s。") % clock.said(whole), field="limit")
    if case.clock_started_at:
        running = clock.rearm_ladder(case, at) if case.left_when_stopped is None else {}
    else:
        running = clock.start(case.rules, limit or whole, at)
    direct = not case.rules.has("dispatch")
    claim(
        case,
        status=Status.HANDLING if direct else Status.DISPATCHED,
        department=department,
        handler=None,
        why=f"{why}{note}"[:300],
        needs_arbitration=False,
        dispatched_at=at,
        taken_up_at=at if direct else None,
        hops=F("hops") + 1,
        **running,
    )
    log(
        case, "case.dispatched", actor=actor, at=at, department=department.code, why=why, rule=rule,
        due_at=case.due_at, limit=case.limit, provisional=case.due_provisional, arbitrated=arbitrated or None,
        note=note,
    )  # fmt: skip
    telling.tell_department(case, "case.dispatched")


def longer(limit: TimeLimit, whole: TimeLimit, at: dt.datetime) -> bool:
    """Whether a limit that begins now runs out later than another."""
    calendar = current_calendar()
    return calendar.deadline(at, limit).at > calendar.deadline(at, whole).at


@transaction.atomic
def return_case(case: Case, *, reason: str, actor: User, suggested: Department | None = None) -> None:
    """The department gives the case back (退单), saying why. Nothing already entered is cleared.

    The clock runs on. After as many returns as the ledger allows (two at most), an arbiter decides.
    """
    STEPS["return"].check(case, actor)
    if len(reason.strip()) < 5:
        raise Refusal(_("请写明退单理由（至少 5 个字），便于重新派遣。"), field="reason")
    if case.returns >= case.rules.returns_at_most:
        raise Refusal(_("这个案件已退单 %(n)s 次并经裁定，不能再退。") % {"n": case.returns})
    if case.parked_at is not None:
        raise Refusal(_("挂账中的案件不能退单，请先恢复办理。"))
    department, at = case.department, timezone.now()
    assert department is not None
    claim(
        case,
        status=Status.FILED,
        returns=F("returns") + 1,
        needs_arbitration=case.returns + 1 >= case.rules.returns_at_most,
        handler=None,
        next_rung_at=None,
        **clock.lateness(case, at),
    )
    drop_requests(case, at)
    CaseReturn.objects.create(
        case=case,
        department=department,
        reason=reason.strip(),
        suggested=suggested,
        returned_at=at,
        returned_by=actor,
    )
    log(
        case, "case.returned", actor=actor, department=department.code, reason=reason.strip(),
        suggested=suggested.code if suggested else None, times=case.returns,
    )  # fmt: skip
