"""The loop as one table: which step leads from where to where, who may take it, what must be true before.

Every move goes through `claim`: a conditional update that has one winner among any number of racers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import F
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from huying.cases import policy
from huying.cases.ledger import FIVE_REFUSALS, LedgerRules
from huying.cases.models import Case, CaseFile, Status
from huying.core.errors import Conflict, Refusal
from huying.people.models import User


@dataclass(frozen=True)
class Step:
    """One move of the loop."""

    verb: str
    title: Promise
    sources: tuple[Status, ...]
    target: Status
    permission: str
    code: str  # of the journal entry

    def check(self, case: Case, actor: User | None) -> None:
        """Refuse, with a sentence that the user can act on, when the step can't be taken now by this actor.

        `actor` None is the system or the reporter: the caller has established the right otherwise.
        """
        if actor is not None:
            policy.require(actor, self.permission, case, role=case.rules.who.get(self.verb))
        if case.status not in self.sources:
            raise Conflict(
                _("案件现在是「%(now)s」，不能%(step)s。请刷新后查看最新情况。")
                % {"now": Status(case.status).label, "step": self.title}
            )


def _step(verb: str, title: Promise, sources: str, target: Status, permission: str, code: str) -> Step:
    return Step(verb, title, tuple(Status(s) for s in sources.split()), target, permission, code)


STEPS: dict[str, Step] = {
    step.verb: step
    for step in (
        _step("file", _("受理"), "reported", Status.FILED, "case.file", "case.filed"),
        _step("decline", _("不予受理"), "reported filed", Status.DECLINED, "case.decline", "case.declined"),
        _step(
            "merge",
            _("并单"),
            "reported filed dispatched handling",
            Status.MERGED,
            "case.merge",
            "case.merged",
        ),
        _step("void", _("作废"), "reported filed dispatched", Status.VOIDED, "case.void", "case.voided"),
        _step("dispatch", _("派遣"), "filed", Status.DISPATCHED, "case.dispatch", "case.dispatched"),
        _step("take_up", _("签收"), "dispatched", Status.HANDLING, "case.take_up", "case.taken_up"),
        _step("return", _("退单"), "dispatched handling", Status.FILED, "case.return", "case.returned"),
        _step(
            "report_handled", _("报告办结"), "handling", Status.HANDLED, "case.report_handled", "case.handled"
        ),
        _step("rework", _("退回返工"), "handled checked", Status.HANDLING, "case.rework", "case.sent_back"),
        _step("check", _("核查通过"), "handled", Status.CHECKED, "case.check", "case.checked"),
        _step("close", _("结案销号"), "checked", Status.CLOSED, "case.close", "case.closed"),
        _step("reopen", _("重办"), "closed", Status.HANDLING, "case.reopen", "case.reopened"),
    )
}


def steps_open_to(case: Case, actor: User) -> list[Step]:
    """The steps that this person could take on this case now: what a page offers as buttons."""
    found = []
    for step in STEPS.values():
        if case.status in step.sources and policy.may(
            actor, step.permission, case, role=case.rules.who.get(step.verb)
        ):
            found.append(step)
    return found


def claim(case: Case, **changes: Any) -> None:
    """Apply `changes` to the row if nobody changed it since it was read; else refuse with a Conflict.

    On success the instance carries the new values.
    """
    won = Case.objects.filter(pk=case.pk, version=case.version).update(version=F("version") + 1, **changes)
    if not won:
        raise Conflict(_("刚才有人更新了这个案件。请刷新后查看最新情况，再决定是否继续。"))
    case.version += 1
    for name, value in changes.items():
        if not hasattr(value, "resolve_expression"):
            setattr(case, name, value)
            continue
        case.refresh_from_db(fields=[name])


def hold(*cases: Case) -> None:
    """Keep others from changing these cases until this transaction ends, in the order of their keys.

    Every transaction takes a case's row before the head of its journal; an action that writes its entry before
    its claim calls this first. Otherwise it and the ladder, which holds the row, could wait for one another.
    """
    keys = [case.pk for case in cases]
    list(
        Case.objects.select_for_update(no_key=True)
        .filter(pk__in=keys)
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def next_stage(rules: LedgerRules, status: Status) -> Status:
    """The status a case rests in after `status`, passing over the stages that its ledger leaves out."""
    if status == Status.REPORTED and not rules.has("file"):
        return Status.FILED
    if status == Status.HANDLED and not rules.has("check"):
        return next_stage(rules, Status.CHECKED)
    if status == Status.CHECKED and not rules.has("close"):
        return Status.CLOSED
    return status


# --- gates: what must be true before a step ----------------------------------------------------------

REFUSAL_QUESTIONS: dict[str, Promise] = {
    "in_place": _("整改是否到位？"),
    "thorough": _("整改是否彻底？"),
    "effective": _("整改效果是否良好？"),
    "lasting": _("是否建立了长效机制？"),
    "satisfied": _("群众是否满意？"),
}


def _photo(role: CaseFile.Role, sentence: Promise) -> Callable[[Case], Promise | str | None]:
    def gate(case: Case) -> Promise | str | None:
        return None if case.files.filter(role=role).exists() else sentence

    return gate


def _handling_form(case: Case) -> Promise | str | None:
    empty = [
        f.title
        for f in case.rules.handling_form
        if f.required and case.handling.get(f.code) in (None, "", [])
    ]
    return _("请填写：%(fields)s。") % {"fields": "、".join(empty)} if empty else None


def _answer_text(case: Case) -> Promise | str | None:
    return None if len(case.answer.strip()) >= 5 else _("请写清楚做了什么（至少 5 个字）。")


def _assistances_done(case: Case) -> Promise | str | None:
    waiting = [str(a.department) for a in case.assistances.filter(done_at=None).select_related("department")]
    return (
        _("还有协办单位未完成：%(departments)s。") % {"departments": "、".join(waiting)} if waiting else None
    )


def _checked_by_other(case: Case) -> Promise | str | None:
    last = case.checks.last()
    if last is None or not last.passed:
        return _("还没有通过核查，请先由承办人以外的人核查。")
    if last.checked_by_id is not None and last.checked_by_id in (case.handled_by_id, case.handler_id):
        return _("核查人不能是承办人，请换人核查。")
    return None


def _five_refusals(case: Case) -> Promise | str | None:
    last = case.checks.last()
    answers = last.refusals if last else {}
    failing = [str(REFUSAL_QUESTIONS[key]) for key in FIVE_REFUSALS if answers.get(key) is not True]
    return _("五个不放过未全部通过：%(questions)s") % {"questions": "".join(failing)} if failing else None


def _called_back(case: Case) -> Promise | str | None:
    return None if case.callbacks.exists() else _("还没有回访反映人，请先回访。")


GATES: dict[str, Callable[[Case], Promise | str | None]] = {
    "photo_after": _photo(CaseFile.Role.AFTER, _("请上传处置后的照片。")),
    "photo_checked": _photo(CaseFile.Role.CHECKED, _("请上传核查照片。")),
    "handling_form": _handling_form,
    "answer_text": _answer_text,
    "assistances_done": _assistances_done,
    "checked_by_other": _checked_by_other,
    "five_refusals": _five_refusals,
    "called_back": _called_back,
}


def closed_gates(case: Case, step: str) -> list[str]:
    """The sentences of the gates that still bar this step; empty when the way is open."""
    from huying.core.expressions import holds

    found = []
    for gate in case.rules.gates.get(step, ()):
        if gate in GATES:
            if sentence := GATES[gate](case):
                found.append(str(sentence))
        elif not holds(gate, {"case": facts(case)}):
            found.append(str(_("不满足条件：%(condition)s") % {"condition": gate}))
    return found


def pass_gates(case: Case, step: str) -> None:
    """Refuse with everything that is still missing."""
    if missing := closed_gates(case, step):
        raise Refusal("".join(missing))


def facts(case: Case) -> dict[str, Any]:
    """What a declared condition may ask about a case."""
    return {
        **case.handling,
        "category": case.category.code,
        "status": str(case.status),
        "answer": case.answer,
        "returns": case.returns,
        "reworks": case.reworks,
        "reports": case.reports_count,
        "overdue": case.overdue,
    }
