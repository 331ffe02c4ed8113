"""At the department: take up, give to a person, ask for help, report what was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases import clock, policy, telling
from huying.cases.models import Assistance, Case, CaseFile, Status
from huying.cases.workflow import STEPS, claim, hold, next_stage, pass_gates
from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.journal import log
from huying.core.models import StoredFile
from huying.people.models import Department, User


@transaction.atomic
def take_up_case(case: Case, *, actor: User, handler: User | None = None) -> None:
    """The department signs for the case (签收); the person who does becomes its handler unless named."""
    STEPS["take_up"].check(case, actor)
    at, handler = timezone.now(), handler or actor
    claim(case, status=Status.HANDLING, taken_up_at=at, handler=handler)
    log(case, "case.taken_up", actor=actor, at=at, handler=str(handler))


@transaction.atomic
def assign_case(case: Case, *, handler: User, actor: User) -> None:
    """Give the case to a person of the responsible department."""
    policy.require(actor, "case.assign", case)
    if case.status not in (Status.DISPATCHED, Status.HANDLING):
        raise Conflict(_("案件不在承办环节，不能指派承办人。"))
    if not policy.may(handler, "case.report_handled", case):
        raise Refusal(_("%s不能承办这个案件，请选择本单位的承办人。") % handler, field="handler")
    claim(case, handler=handler)
    log(case, "case.assigned", actor=actor, handler=str(handler))
    telling.tell_user(case, "case.assigned", user=handler)


@transaction.atomic
def add_files(
    case: Case, *, photos: Sequence[StoredFile], role: CaseFile.Role, actor: User | None
) -> list[CaseFile]:
    """Add photos or documents to a case; none is ever taken away."""
    if not photos:
        return []
    hold(case)
    added = CaseFile.objects.bulk_create(
        CaseFile(case=case, file=photo, role=role, added_by=actor) for photo in photos
    )
    log(case, "case.files_added", actor=actor, role=role, files=[photo.sha256 for photo in photos])
    return added


@transaction.atomic
def report_handled(
    case: Case,
    *,
    actor: User,
    answer: str,
    handling: Mapping[str, Any] | None = None,
    photos: Sequence[StoredFile] = (),
) -> None:
    """The department reports what it did; the clock stops. Gates name everything that is missing."""
    STEPS["report_handled"].check(case, actor)
    if case.parked_at is not None:
        raise Refusal(_("案件正在挂账，请先恢复办理。"))
    at = timezone.now()
    add_files(case, photos=photos, role=CaseFile.Role.AFTER, actor=actor)
    case.answer = answer.strip()
    case.handling = {**case.handling, **(handling or {})}
    pass_gates(case, "report_handled")
    old, late = case.status, case.due_at is not None and at > case.due_at
    resting = next_stage(case.rules, Status.HANDLED)
    claim(
        case,
        status=resting,
        handled_at=at,
        handled_by=actor,
        handler=case.handler or actor,
        answer=case.answer,
        handling=case.handling,
        **clock.lateness(case, at),
        **(clock.stop(case, at) if case.due_at else {}),
        **({"closed_at": at} if resting == Status.CLOSED else {}),
    )
    log(
        case, "case.handled", actor=actor, at=at, old=old, answer=case.answer, handling=case.handling,
        on_time=not late, due_at=case.due_at,
    )  # fmt: skip
    if resting == Status.CLOSED:
        log(case, "case.closed", at=at, note=_("本台账办结即结案"))
        telling.tell_reporters(case, "closed")
    else:
        telling.tell_reporters(case, "handled")


@transaction.atomic
def ask_assistance(case: Case, *, department: Department, task: str, actor: User) -> Assistance:
    """The lead department, or who dispatches, asks another to do a part (协办). Communities may help."""
    if not policy.may(actor, "case.assign", case):
        policy.require(actor, "case.dispatch", case)
    if case.status not in (Status.FILED, Status.DISPATCHED, Status.HANDLING):
        raise Conflict(_("案件不在派遣或承办环节，不能增加协办单位。"))
    if department.pk == case.department_id:
        raise Refusal(_("主办单位不能同时是协办单位。"), field="department")
    if not task.strip():
        raise Refusal(_("请写明请对方做什么。"), field="task")
    assistance, created = Assistance.objects.get_or_create(
        case=case, department=department,
        defaults={"task": task.strip()[:300], "asked_at": timezone.now(), "asked_by": actor},
    )  # fmt: skip
    if not created:
        raise Refusal(_("%s已经是协办单位。") % department, field="department")
    claim(case)
    log(case, "case.assistance_asked", actor=actor, department=department.code, task=task.strip())
    telling.tell_department(case, "case.assistance_asked", task, department=department)
    return assistance


@transaction.atomic
def finish_assistance(assistance: Assistance, *, result: str, actor: User) -> None:
    """A helping department reports its part done."""
    case = assistance.case
    if not policy.may(actor, "case.view", case) or (
        actor.department_id not in (assistance.department_id, assistance.department.parent_id)
    ):
        raise NotAllowed(_("只有协办单位自己可以报告协办完成。"))
    if not result.strip():
        raise Refusal(_("请写明做了什么。"), field="result")
    hold(case)
    won = Assistance.objects.filter(pk=assistance.pk, done_at=None).update(
        done_at=timezone.now(), done_by=actor, result=result.strip()[:500]
    )
    if not won:
        raise Conflict(_("这项协办已经报告完成。"))
    assistance.refresh_from_db()
    log(
        case,
        "case.assistance_done",
        actor=actor,
        department=assistance.department.code,
        result=result.strip(),
    )
    telling.tell_department(case, "case.assistance_done", assistance.department.title)
