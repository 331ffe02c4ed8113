"""More time, honestly asked: extensions by two approvals, and parking, which stops the clock."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases import clock, policy, telling
from huying.cases.actions.requests import PENDING
from huying.cases.filters import day_start
from huying.cases.models import WITH_DEPARTMENT, Appeal, Case, Exclusion, Extension, Parking, Request
from huying.cases.workflow import claim
from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.journal import entries_of, log
from huying.people.access import scopes
from huying.people.models import User
from huying.places.clock import parse_limit
from huying.places.work_calendar import current_calendar


def _require_reason(reason: str) -> str:
    if len(reason.strip()) < 5:
        raise Refusal(_("请写明理由（至少 5 个字）。"), field="reason")
    return reason.strip()[:500]


def _require_running(case: Case) -> None:
    if case.status not in WITH_DEPARTMENT or case.due_at is None:
        raise Conflict(_("案件不在承办环节，没有在走的时限。"))
    if case.parked_at is not None:
        raise Refusal(_("案件正在挂账，时限已经停走。"))


@transaction.atomic
def ask_extension(case: Case, *, reason: str, actor: User) -> Extension:
    """Ask for the original limit once more. At most twice, and never when the case is overdue."""
    policy.require(actor, "case.extend", case)
    reason = _require_reason(reason)
    _require_running(case)
    now = timezone.now()
    assert case.due_at is not None
    if now > case.due_at:
        raise Refusal(_("案件已超期，不能申请延期。请尽快办结；确有客观原因的，结案后可以申诉。"))
    if case.extensions >= case.rules.extensions_at_most:
        raise Refusal(_("已延期 %(n)s 次，不能再延期。") % {"n": case.extensions})
    if case.extension_requests.filter(state__in=PENDING).exists():
        raise Conflict(_("已有一个延期申请在审批中。"))
    claim(case)
    extension = Extension.objects.create(
        case=case, reason=reason, asked_at=now, asked_by=actor, old_due_at=case.due_at
    )
    log(case, "case.extension_asked", actor=actor, reason=reason, limit=case.limit)
    return extension


@transaction.atomic
def approve_extension(extension: Extension, *, actor: User, words: str = "") -> None:
    """First approval by the department's head, second by the district's side; three different people.

    The second approval moves the deadline. When the case has become overdue meanwhile it is too late.
    """
    case = extension.case
    policy.require(actor, "case.approve_extension", case)
    if extension.state not in PENDING:
        raise Conflict(_("这个申请已经有人审批了。"))
    _require_running(case)
    if actor.pk in (extension.asked_by_id, extension.first_by_id):
        raise NotAllowed(_("延期要由另一个人审批。"))
    now = timezone.now()
    if case.due_at is not None and now > case.due_at:
        raise Refusal(_("案件已经超期，不能再批准延期。"))
    if extension.state == Request.State.ASKED:
        if not any(s.department_id is not None for s in scopes(actor, "case.approve_extension")):
            raise NotAllowed(_("先由承办单位负责人审批，再由区级审批。"))
        _decide(extension, Request.State.FIRST_APPROVED, first_by=actor, first_at=now)
        log(case, "case.extension_first_approved", actor=actor, words=words)
        return
    if all(s.department_id is not None for s in scopes(actor, "case.approve_extension")):
        raise NotAllowed(_("第二级由区级审批，承办单位不能自己批准。"))
    changes = clock.extend(case, now)
    _decide(
        extension, Request.State.GRANTED, decided_by=actor, decided_at=now, decision=words[:500],
        new_due_at=changes["due_at"],
    )  # fmt: skip
    old = case.due_at
    claim(case, extensions=F("extensions") + 1, reminded=False, **changes)
    log(case, "case.extended", actor=actor, old=old, new=case.due_at, reason=extension.reason, words=words)
    telling.tell_reporters(case, "extended", reason=extension.reason)
    telling.tell_department(case, "case.extended")


def _decide(request: Request, state: Request.State, **changes: object) -> None:
    """Move a request on from the state in which it was read; one approver wins."""
    won = (
        type(request)
        ._default_manager.filter(pk=request.pk, state=request.state)
        .update(state=state, **changes)
    )
    if not won or request.state not in PENDING:
        raise Conflict(_("这个申请已经有人审批了。"))
    request.refresh_from_db()


@transaction.atomic
def refuse_request(request: Extension | Parking | Appeal | Exclusion, *, actor: User, words: str) -> None:
    """Refuse an extension, parking, appeal or exclusion, saying why."""
    verb = {
        Extension: "case.approve_extension",
        Parking: "case.approve_parking",
        Appeal: "case.review_appeal",
        Exclusion: "case.review_exclusion",
    }[type(request)]
    policy.require(actor, verb, request.case)
    if actor.pk == request.asked_by_id:
        raise NotAllowed(_("不能审批自己的申请。"))
    words = _require_reason(words)
    _decide(request, Request.State.REFUSED, decided_by=actor, decided_at=timezone.now(), decision=words)
    log(request.case, f"case.{type(request).__name__.lower()}_refused", actor=actor, words=words)
    telling.tell_user(request.case, "case.request_refused", words, user=request.asked_by)


@transaction.atomic
def ask_parking(case: Case, *, reason: str, plan: str, until: dt.date, actor: User) -> Parking:
    """Ask to stop the clock until a date (挂账), with a plan. Once, for a year at most, never silently."""
    policy.require(actor, "case.park", case)
    rules, reason, now = case.rules, _require_reason(reason), timezone.now()
    _require_running(case)
    if not rules.parking_allowed:
        raise Refusal(_("这个台账不允许挂账。"))
    if case.parkings >= rules.parkings_at_most:
        raise Refusal(_("这个案件已经挂账过 %(n)s 次，不能再挂账。") % {"n": case.parkings})
    if len(plan.strip()) < 5:
        raise Refusal(_("请写明办理计划：谁、什么时候、怎么办。"), field="plan")
    today = timezone.localdate(now)
    if until <= today:
        raise Refusal(_("预计恢复日期要在今天之后。"), field="until")
    if until > today + rules.parking_longest:
        raise Refusal(_("挂账最长 %(days)s 天。") % {"days": rules.parking_longest.days}, field="until")
    if case.parking_requests.filter(state__in=PENDING).exists():
        raise Conflict(_("已有一个挂账申请在审批中。"))
    claim(case, plan=plan.strip())
    parking = Parking.objects.create(case=case, reason=reason, until=until, asked_at=now, asked_by=actor)
    log(case, "case.parking_asked", actor=actor, reason=reason, until=until, plan=plan.strip())
    return parking


@transaction.atomic
def approve_parking(parking: Parking, *, actor: User, words: str = "") -> None:
    """The clock stops now; what is left of the limit is kept."""
    case = parking.case
    policy.require(actor, "case.approve_parking", case)
    if actor.pk == parking.asked_by_id:
        raise NotAllowed(_("不能审批自己的申请。"))
    _require_running(case)
    now = timezone.now()
    _decide(parking, Request.State.GRANTED, decided_by=actor, decided_at=now, decision=words[:500])
    claim(
        case, parked_at=now, parkings=F("parkings") + 1, **clock.lateness(case, now), **clock.stop(case, now)
    )
    log(case, "case.parked", actor=actor, until=parking.until, reason=parking.reason)
    telling.tell_reporters(case, "parked", reason=parking.reason, until=parking.until)


@transaction.atomic
def resume_case(case: Case, *, actor: User | None) -> None:
    """A parked case goes on; its clock runs with what was left. `actor` None: its date has come."""
    if actor is not None:
        policy.require(actor, "case.park", case)
    if case.parked_at is None or case.status not in WITH_DEPARTMENT:
        raise Conflict(_("案件没有挂账。"))
    now = timezone.now()
    since = case.parked_at
    claim(case, parked_at=None, reminded=False, **clock.resume(case, now))
    case.parking_requests.filter(state=Request.State.GRANTED, resumed_at=None).update(resumed_at=now)
    log(case, "case.resumed", actor=actor, parked_since=since, due_at=case.due_at)
    telling.tell_reporters(case, "unparked")
    telling.tell_department(case, "case.resumed")


def resume_due_parkings(today: dt.date | None = None) -> int:
    """Resume every parked case whose date has come, so that none is silently dropped."""
    today = today or timezone.localdate()
    due = Parking.objects.filter(
        state=Request.State.GRANTED,
        resumed_at=None,
        until__lte=today,
        case__parked_at__isnull=False,
        case__status__in=WITH_DEPARTMENT,
    ).select_related("case__ledger", "case__department", "case__category")
    resumed = 0
    for parking in due:
        try:
            resume_case(parking.case, actor=None)
            resumed += 1
        except Conflict:
            continue  # somebody resumed it this very moment
    return resumed


def recompute_provisional(first_day: dt.date | None = None) -> int:
    """Compute again the deadlines that were provisional, after a year's calendar has been published, and
    every running one that ends on `first_day` or later (the first day that the change can move).

    The limit and the start stay; time that was parked or granted stays too, because the new deadline
    keeps the distance in clock time that the old one had under the guess.
    """
    changed = 0
    waiting = Q(due_provisional=True)
    if first_day is not None:
        waiting |= Q(status__in=WITH_DEPARTMENT, due_at__gte=day_start(first_day))
    cases = Case.objects.filter(waiting).select_related("ledger", "category", "department")
    for case in cases.iterator(chunk_size=500):
        try:
            changed += _recompute(case)
        except Conflict:
            # Somebody changed the case since the batch was read: once more, from how it is now.
            changed += _recompute(
                cases.model.objects.select_related("ledger", "category", "department").get(pk=case.pk)
            )
    return changed


def _standstills(case: Case) -> list[tuple[dt.datetime, dt.datetime]]:
    """When the clock stood still since it began: while parked, and between handling and rework."""
    stops = {"case.parked": "case.resumed", "case.handled": "case.sent_back"}
    spans, since, until = [], None, ""
    entries = entries_of(case).filter(at__gte=case.clock_started_at, code__in=[*stops, *stops.values()])
    for code, at in entries.values_list("code", "at"):
        if code in stops:
            since, until = at, stops[code]
        elif since is not None and code == until:
            spans.append((since, at))
            since = None
    return spans


@transaction.atomic
def _recompute(case: Case) -> bool:
    if case.clock_started_at is None or case.due_at is None:
        return False
    limit, calendar = parse_limit(case.limit), current_calendar()
    # Only what was granted on this clock: a case that was reopened began with a fresh one.
    granted = (
        1
        + case.extension_requests.filter(
            state=Request.State.GRANTED, decided_at__gte=case.clock_started_at
        ).count()
    )
    stopped = dt.timedelta(0)
    for first, last in _standstills(case):
        stopped += calendar.elapsed(first, last, limit.clock)
    due = calendar.deadline(case.clock_started_at, limit * granted)
    due_at = calendar.shift(due.at, stopped, limit.clock) if stopped else due.at
    old = case.due_at
    if case.left_when_stopped is not None or not case.is_open:
        # A stopped clock has no deadline to move; it is computed with what is left when it runs again.
        claim(case, due_provisional=due.provisional)
        return False
    # A returned case's clock runs on while it waits for its next department, but nobody is reminded.
    ladder = clock.arm_ladder(case.rules, limit, due_at, timezone.now()) if case.is_running else {}
    claim(case, due_at=due_at, due_provisional=due.provisional, **ladder)  # fmt: skip
    if due_at != old:
        log(case, "case.deadline_recomputed", old=old, new=due_at)
        telling.tell_department(case, "case.deadline_recomputed")
    return due_at != old
