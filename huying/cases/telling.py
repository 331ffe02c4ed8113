"""Saying what happened: to the reporters of a case, to a department, to one person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from huying.cases.models import Case, Notice, Report
from huying.core.language import is_english, of_record
from huying.people.models import Department, User
from huying.places.district import current_district

# What a reporter is told at each moment, unless the district's pack words it otherwise.
TO_REPORTER: dict[str, Promise] = {
    "received": _("已收到您的诉求，编号 {number}。我们会尽快受理。"),
    "filed": _("您的诉求 {number} 已受理，正在确定责任单位。"),
    "dispatched": _("您的诉求 {number} 已派到{department}，{due}前办结。"),
    "handled": _("{department}报告已处置：{answer}。正在核查。"),
    "reworked": _("核查发现没有办好，已退回{department}继续处置。"),
    "closed": _("您的诉求 {number} 已办结：{answer}。请告诉我们是否解决、是否满意。"),
    "merged": _(
        "您反映的问题与其他居民的一致，已合并办理。您的编号 {number} 继续有效，办结后同样答复您、请您评价。"
    ),
    "declined": _("您的诉求 {number} 不予受理：{reason}"),
    "voided": _("您的诉求 {number} 已作废：{reason}"),
    "reopened": _("您的诉求 {number} 已重新办理，由{department}负责，{due}前办结。"),
    "parked": _("您的诉求 {number} 暂时不能办理：{reason} 预计 {until} 恢复办理。"),
    "unparked": _("您的诉求 {number} 已恢复办理，{due}前办结。"),
    "extended": _("您的诉求 {number} 办理时间延长到 {due}，原因：{reason}"),
    "withdrawn": _("您已撤回诉求 {number}。"),
}


# What staff are told, by the journal code that caused it.
TO_STAFF: dict[str, Promise] = {
    "case.dispatched": _("新案件：{title}，{due}前办结。"),
    "case.assigned": _("交给您办理：{title}"),
    "case.assistance_asked": _("请协办「{title}」：{words}"),
    "case.assistance_done": _("协办单位已完成：{title}（{words}）"),
    "case.words_added": _("反映人补充了情况：{words}"),
    "case.urged": _("催办：{title}，截止 {due}。{words}"),
    "case.supervised": _("督办函：{words}"),
    "case.sent_back": _("核查未通过，请返工：{words}"),
    "case.reopened": _("重办「{title}」：{words}"),
    "case.extended": _("延期已批准，新的截止时间 {due}。"),
    "case.request_refused": _("申请未同意：{words}"),
    "case.resumed": _("案件恢复办理，截止时间 {due}。"),
    "case.deadline_recomputed": _("节假日安排已公布，截止时间改为 {due}。"),
    "case.reminded": _("快到期：{title}，截止 {due}。"),
    "case.listed": _("列入通报：{title}，截止 {due}。"),
}


class _Values(dict[str, str]):
    """Placeholders of a sentence; one that is not known at this moment is left out."""

    def __missing__(self, key: str) -> str:
        return ""


def _words(moment: str, values: dict[str, Any]) -> str:
    district = current_district()
    own = (district.declaration.get("notices", {}) if district else {}).get(moment)
    known = _Values({key: str(value) for key, value in values.items()})
    try:
        return str(own or TO_REPORTER[moment]).format_map(known)[:500]
    except (IndexError, ValueError):
        # A pack's broken sentence must not stop the loop.
        return str(TO_REPORTER[moment]).format_map(known)[:500]


def moment_text(at: Any) -> str:
    """A moment as people read it: 11月23日 18:00, 23 Nov 18:00."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    if is_english():
        return f"{local.day} {local:%b %H:%M}"
    return f"{local.month}月{local.day}日 {local:%H:%M}"


def tell_reporters(
    case: Case, moment: str, *, reports: Iterable[Report] | None = None, **values: Any
) -> None:
    """A notice to every reporter of the case who has not withdrawn (件件有回音)."""
    with of_record():
        if reports is None:
            reports = case.reports.filter(withdrawn_at=None)
        now = timezone.now()
        values = {
            "category": str(case.category),
            "main_code": case.number,
            "officer": case.handler.title if case.handler else "",
            "new_due": moment_text(case.due_at),
            "window": moment_text(case.reopen_until()),
            "department": case.department.title if case.department else "",
            "due": moment_text(case.due_at),
            "answer": case.answer.rstrip("。"),
            "reason": "",
            "until": "",
            "title": case.title,
            **values,
        }
        Notice.objects.bulk_create(
            Notice(
                case=case, report=report, code=f"reporter.{moment}", sent_at=now,
                words=_words(moment, {**values, "number": report.number, "code": report.number}),
            )
            for report in reports
        )  # fmt: skip


def staff_words(case: Case, code: str, words: str = "") -> str:
    """What staff are told about this, in the language of the record."""
    with of_record():
        values = {"title": case.title, "due": moment_text(case.due_at), "words": words.strip()}
        return str(TO_STAFF[code]).format_map(_Values(values))[:500]


def tell_department(case: Case, code: str, words: str = "", *, department: Department | None = None) -> None:
    """A notice to the department's desk; by default to the one responsible."""
    department = department or case.department
    if department is not None:
        Notice.objects.create(
            case=case,
            department=department,
            code=code,
            words=staff_words(case, code, words),
            sent_at=timezone.now(),
        )


def tell_user(case: Case, code: str, words: str = "", *, user: User | None) -> None:
    """A notice to one person, if there is one."""
    if user is not None:
        Notice.objects.create(
            case=case, user=user, code=code, words=staff_words(case, code, words), sent_at=timezone.now()
        )
