"""Saying what happened: to the reporters of a case, to a department, to one person.

Each is a notice in the house (`Notice`). What also leaves it, by short message, e-mail or to a chat group, is put into
the outbox of `huying.notices` in the same transaction. Bulk history writes no notices, so it never sends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.db.models import prefetch_related_objects
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from huying.cases.models import Case, Notice, Report, TellBy
from huying.cases.public import mask_words
from huying.core.language import is_english, of_record
from huying.core.masking import mask_name, mask_phone
from huying.notices import outbox, texts
from huying.notices.models import Delivery, Preference, Robot
from huying.notices.recipients import Recipient, chosen_channels, recipient_kind, subject_link
from huying.people.models import Department, User

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
    "case.noted": _("网格员补充了现场情况：{words}"),
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


# What a chat group is told: which case, what kind, who, until when. Nothing that a reporter said or is: not the title
# either, which is the reporter's first sentence.
TO_ROBOT: dict[str, Promise] = {
    "case.dispatched": _("新案件 {number}（{category}），{department}承办，{due}前办结。{link}"),
    "case.assistance_asked": _("请协办案件 {number}（{category}）。{link}"),
    "case.urged": _("催办：{number}（{category}），截止 {due}。{link}"),
    "case.supervised": _("督办：{number}（{category}），截止 {due}。{link}"),
    "case.sent_back": _("核查未通过，请返工：{number}（{category}），截止 {due}。{link}"),
    "case.reopened": _("重办：{number}（{category}），截止 {due}。{link}"),
    "case.reminded": _("快到期：{number}（{category}），截止 {due}。{link}"),
    "case.listed": _("列入通报：{number}（{category}），截止 {due}。{link}"),
}
_OTHERS_TO_ROBOT = _("案件 {number}（{category}）有新情况。{link}")


def _words(moment: str, values: dict[str, Any]) -> str:
    own = texts.own_text("moments", moment, "page", "sms")
    try:
        return texts.fill(own or str(TO_REPORTER[moment]), values)[:500]
    except (IndexError, ValueError):
        # A pack's broken sentence must not stop the loop.
        return texts.fill(str(TO_REPORTER[moment]), values)[:500]


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
        reports = list(reports)
        notices = [
            Notice(
                case=case, report=report, code=f"reporter.{moment}", sent_at=now,
                # Staff read notices too: the secret way to the reporter's page is not among their words.
                words=_words(moment, {**values, "number": report.number, "code": report.number}),
            )
            for report in reports
        ]  # fmt: skip
        Notice.objects.bulk_create(notices)
        outbox.post(
            [
                delivery
                for report in reports
                if (delivery := _to_reporter(case, report, moment, values)) is not None
            ]
        )


def staff_words(case: Case, code: str, words: str = "") -> str:
    """What staff are told about this, in the language of the record."""
    with of_record():
        values = {"title": case.title, "due": moment_text(case.due_at), "words": words.strip()}
        return texts.fill(str(TO_STAFF[code]), values)[:500]


def tell_department(case: Case, code: str, words: str = "", *, department: Department | None = None) -> None:
    """A notice to the department's desk; by default to the one responsible."""
    department = department or case.department
    if department is not None:
        announce(
            [
                Notice(
                    case=case,
                    department=department,
                    code=code,
                    words=staff_words(case, code, words),
                    sent_at=timezone.now(),
                )
            ]
        )


def tell_user(case: Case, code: str, words: str = "", *, user: User | None) -> None:
    """A notice to one person, if there is one."""
    if user is not None:
        announce(
            [
                Notice(
                    case=case,
                    user=user,
                    code=code,
                    words=staff_words(case, code, words),
                    sent_at=timezone.now(),
                )
            ]
        )


# -- out of the house ----------------------------------------------------------------------------------------


def tracking_link(report: Report) -> str:
    """The secret way to a reporter's own page."""
    return f"{settings.PUBLIC_URL}{reverse('portal:track', args=[report.number, report.token])}"


def way_to(report: Report) -> str:
    """The channel on which a reporter is told besides the page; empty for none.

    Nobody asked who phoned in: they get short messages. Who came through another system (the city's hotline) is
    answered there.
    """
    if report.contact_forgotten or report.tell_by == TellBy.PAGE:
        return ""
    if report.tell_by == TellBy.EMAIL:
        return "email" if report.email else ""
    asked = report.tell_by == TellBy.SMS or not report.external_number
    return "sms" if report.phone and asked else ""


def addresses_of(report: Report) -> dict[str, str]:
    """Where a reporter can be reached, what they chose first; the other one stands in for a wrong address."""
    first = way_to(report)
    if not first:
        return {}
    found = {"sms": report.phone, "email": report.email}
    return {code: found[code] for code in sorted(found, key=lambda code: code != first) if found[code]}


def reporter_words(moment: str, channel: str, values: dict[str, Any]) -> str:
    """What a reporter is told over `sms` or `email`, with `{link}` where the way to their page stands; may be empty.

    A pack that words only the page for a moment says: no short message for this.
    """
    kinds = ("sms",) if channel == "sms" else ("email", "page", "sms")
    words = texts.own_text("moments", moment, *kinds)
    if not words and texts.own_text("moments", moment, "page"):
        return ""
    named = {**values, "link": outbox.LINK}
    usual = f"{TO_REPORTER.get(moment, '')} {outbox.LINK}"
    try:
        words = texts.fill(words or usual, named)
    except (IndexError, ValueError):
        words = texts.fill(usual, named)
    return words if channel == "sms" or outbox.LINK in words else f"{words}\n\n{outbox.LINK}"


def reporter_subject(number: str) -> str:
    """The subject of an e-mail to a reporter."""
    return texts.fill(str(_("诉求 {number} 的进展")), {"number": number})


def _to_reporter(case: Case, report: Report, moment: str, values: dict[str, Any]) -> Delivery | None:
    """What also goes to a reporter's phone or mailbox, if anything."""
    channel = way_to(report)
    named = {**values, "number": report.number, "code": report.number}
    words = reporter_words(moment, channel, named) if channel else ""
    if not words:
        return None
    return Delivery(
        code=f"reporter.{moment}", subject_kind="case", subject_id=case.pk, to_kind=Delivery.To.REPORT,
        to_id=report.pk, to_name=masked_name(report), channel=channel, words=words,
        subject=reporter_subject(report.number), emergency=case.category.urgent,
    )  # fmt: skip


def masked_name(report: Report) -> str:
    """A reporter as the delivery log names them."""
    return " ".join(filter(None, (report.number, mask_name(report.name), mask_phone(report.phone))))


def announce(notices: Sequence[Notice]) -> None:
    """Keep notices to staff, and put what their robots and preferences ask for into the outbox.

    A batch of any length costs one insert and, where somebody is told outside, four more statements.
    """
    Notice.objects.bulk_create(notices)
    with of_record():
        outbox.post([*_to_robots(notices), *_to_people(notices)])


def _to_robots(notices: Sequence[Notice]) -> list[Delivery]:
    departments = {notice.department_id for notice in notices} - {None}
    if not departments:
        return []
    robots: dict[int | None, list[Robot]] = {}
    for robot in Robot.objects.filter(active=True, hears_cases=True, department__in=departments):
        robots.setdefault(robot.department_id, []).append(robot)
    told = [notice for notice in notices if notice.department_id in robots]
    prefetch_related_objects([notice.case for notice in told], "category")
    return [
        _delivery(
            notice, to_kind=Delivery.To.ROBOT, to_id=robot.pk, to_name=robot.title, channel=robot.channel,
            words=_staff_text(notice, "robot", ""),
        )
        for notice in told
        for robot in robots[notice.department_id]
    ]  # fmt: skip


def _to_people(notices: Sequence[Notice]) -> list[Delivery]:
    """To persons, on the channels they chose; to the staff of a department who want to hear what it is told."""
    own = [notice for notice in notices if notice.user_id is not None]
    ways = {pk: codes for pk, (_user, codes) in _by_person((notice.user for notice in own), "mine").items()}
    pairs: list[tuple[Notice, User, str]] = [
        (notice, notice.user, code)
        for notice in own
        if notice.user is not None
        for code in ways.get(notice.user.pk, ())
    ]
    departments = {notice.department_id for notice in notices} - {None}
    if departments:
        # By default nobody is, so only those with preferences of their own need to be looked at.
        staff = User.objects.filter(
            department__in=departments, is_active=True, pk__in=Preference.objects.values("user")
        )
        people = _by_person(staff, "department")
        pairs += [
            (notice, user, code)
            for notice in notices
            if notice.department_id is not None
            for user, codes in people.values()
            if user.department_id == notice.department_id
            for code in codes
        ]
    prefetch_related_objects([notice.case for notice, _user, _code in pairs], "category")
    return [
        _delivery(
            notice, to_kind=Delivery.To.USER, to_id=user.pk, to_name=str(user)[:120], channel=code,
            words=_staff_text(notice, code, f"{mask_words(notice.words)} {outbox.LINK}"),
        )
        for notice, user, code in pairs
    ]  # fmt: skip


def _by_person(users: Iterable[User | None], topic: str) -> dict[int, tuple[User, list[str]]]:
    found: dict[int, tuple[User, list[str]]] = {}
    for user, code in chosen_channels({user.pk: user for user in users if user is not None}.values(), topic):
        found.setdefault(user.pk, (user, []))[1].append(code)
    return found


def _delivery(notice: Notice, **fields: Any) -> Delivery:
    case = notice.case
    return Delivery(
        code=notice.code, subject_kind="case", subject_id=case.pk, emergency=case.category.urgent,
        subject=texts.fill(str(_("案件 {number}（{category}）")), {"number": case.number, "category": case.category}),
        **fields,
    )  # fmt: skip


def staff_values(case: Case) -> dict[str, Any]:
    """What can be filled into a message to staff; a group's may name only `texts.ROBOT_WORDS` of it."""
    return {
        "number": case.number, "category": str(case.category), "due": moment_text(case.due_at),
        "department": case.department.title if case.department else "", "title": mask_words(case.title),
        "link": outbox.LINK,
    }  # fmt: skip


def _staff_text(notice: Notice, kind: str, usual: str) -> str:
    return staff_text(notice.code, kind, staff_values(notice.case), usual)


def staff_text(code: str, kind: str, values: dict[str, Any], usual: str = "") -> str:
    """What staff are told outside: `robot` for a group, `email` or `sms` for a person.

    `usual` is what a person is told where the pack has no words of its own: a finished sentence, in which somebody may
    have typed braces.
    """
    if kind == "robot":
        values = {name: values[name] for name in values if name in texts.ROBOT_WORDS}
    own = texts.own_text("staff", code, kind)
    if not own and kind != "robot":
        return usual
    try:
        return texts.fill(own or str(TO_ROBOT.get(code, _OTHERS_TO_ROBOT)), values)
    except (IndexError, ValueError):
        return texts.fill(str(_OTHERS_TO_ROBOT), values)


def _reporter(delivery: Delivery) -> Recipient | None:
    """A reporter's addresses as they are now: changed, forgotten or opted out of meanwhile."""
    report = Report.objects.filter(pk=delivery.to_id).first()
    if report is None:
        return None
    return Recipient(addresses_of(report), link=tracking_link(report))


def _case_path(pk: int) -> str:
    number = Case.objects.filter(pk=pk).values_list("number", flat=True).first()
    return reverse("desk:case", args=[number]) if number else ""


recipient_kind(Delivery.To.REPORT, _reporter)
subject_link("case", _case_path)
