"""A case's story from its journal: what happened, who has it, until when, in plain words.

Staff read everything; a reporter reads what concerns them and never who else reported, nor the
department's inner notes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from huying.cases.clock import said
from huying.cases.models import REPORTER, Callback, Case, Channel, Report
from huying.cases.telling import moment_text
from huying.core.journal import entries_of
from huying.core.models import JournalEntry
from huying.people.models import Department
from huying.places.clock import parse_limit


@dataclass(frozen=True)
class Event:
    """One step of the story, as the timeline part shows it."""

    code: str
    title: str
    at: dt.datetime
    icon: str = "check"
    colour: str = ""
    who: str = ""
    text: str = ""
    why: str = ""
    note: str = ""
    current: bool = False


@dataclass(frozen=True)
class _Telling:
    """How one kind of entry is told."""

    title: Promise
    icon: str = "check"
    colour: str = ""
    text: Callable[[dict[str, Any]], str] = lambda data: ""
    public: bool = False  # also told to reporters
    public_text: bool = True  # with its text


def _moment(value: object) -> str:
    return moment_text(parse_datetime(str(value))) if value else ""


def _reason(data: dict[str, Any]) -> str:
    return str(data.get("reason", ""))


def _words(data: dict[str, Any]) -> str:
    return str(data.get("words", ""))


def _dispatched(data: dict[str, Any]) -> str:
    return _("派到%(department)s，时限%(limit)s，%(due)s前办结。") % {
        "department": data.get("department_title", ""),
        "limit": _limit(data.get("limit")),
        "due": _moment(data.get("due_at")),
    }


def _limit(text: object) -> str:
    try:
        return said(parse_limit(str(text)))
    except ValueError:
        return ""


def _due(data: dict[str, Any]) -> str:
    return _("新的截止时间：%s。") % _moment(data.get("due_at") or data.get("new"))


def _extended(data: dict[str, Any]) -> str:
    return _("截止时间改为 %(new)s（原 %(old)s）。原因：%(reason)s") % {
        "new": _moment(data.get("new")),
        "old": _moment(data.get("old")),
        "reason": _reason(data),
    }


def _parked(data: dict[str, Any]) -> str:
    return _("预计 %(until)s 恢复办理。原因：%(reason)s") % {
        "until": data.get("until", ""),
        "reason": _reason(data),
    }


def _callback(data: dict[str, Any]) -> str:
    if not data.get("answered"):
        return _("没有联系上。")
    solved = _("已解决") if data.get("solved") else _("未解决")
    grade = data.get("grade")
    said = f"{solved}，{Callback.Grade(grade).label}" if grade else solved
    return f"{said}。{_words(data)}"


def _colour(data: dict[str, Any]) -> str:
    colours = {"blue": _("蓝色"), "yellow": _("黄色"), "red": _("红色")}
    return _("%(colour)s督办函 %(paper)s。%(words)s") % {
        "colour": colours.get(str(data.get("colour")), ""),
        "paper": data.get("paper", ""),
        "words": _words(data),
    }


def _returned(data: dict[str, Any]) -> str:
    return _("%(department)s退单（第 %(times)s 次）：%(reason)s") % {
        "department": data.get("department_title", ""),
        "times": data.get("times", ""),
        "reason": _reason(data),
    }


def _changed(data: dict[str, Any]) -> str:
    return f"{data.get('old', '')} → {data.get('new', '')}"


def _corrected(data: dict[str, Any]) -> str:
    """What is other now; who reported and their phone were left out of the journal."""
    return "；".join(f"{old or _('空')} → {new or _('空')}" for old, new in data.get("changes", {}).values())


def _seen(data: dict[str, Any]) -> str:
    seen = _("看到已经办好。") if data.get("done") else _("看到还没有办好。")
    return f"{seen}{_words(data)}"


def _department(data: dict[str, Any]) -> str:
    return f"{data.get('department_title', '')} {data.get('task', '') or data.get('result', '')}".strip()


_TELLINGS: dict[str, _Telling] = {
    "case.reported": _Telling(gettext_lazy("收到诉求"), "inbox", public=True),
    "case.joined": _Telling(gettext_lazy("又有人反映同一问题"), "users"),
    "case.words_added": _Telling(gettext_lazy("反映人补充"), "message", text=_words),
    "case.report_withdrawn": _Telling(gettext_lazy("反映人撤回"), "return", text=_reason),
    "case.filed": _Telling(gettext_lazy("已受理"), "check", public=True),
    "case.declined": _Telling(pgettext_lazy("event", "不予受理"), "close", "red", text=_reason, public=True),
    "case.reclassified": _Telling(gettext_lazy("改了类别"), "edit", text=_changed),
    "case.relocated": _Telling(gettext_lazy("改了地点"), "pin"),
    "case.readdressed": _Telling(gettext_lazy("改了地址"), "pin", text=_changed),
    "case.merged": _Telling(gettext_lazy("并入其他案件"), "merge", text=lambda d: str(d.get("into", ""))),
    "case.merged_in": _Telling(
        gettext_lazy("并入同一问题"),
        "merge",
        text=lambda d: str(d.get("case", "")),
        public=True,
        public_text=False,
    ),
    "case.voided": _Telling(gettext_lazy("作废"), "close", "red", text=_reason, public=True),
    "case.dispatched": _Telling(gettext_lazy("已派到责任单位"), "send", text=_dispatched, public=True),
    "case.assistance_asked": _Telling(gettext_lazy("请协办"), "users", text=_department),
    "case.assistance_done": _Telling(gettext_lazy("协办完成"), "check", text=_department),
    "case.taken_up": _Telling(gettext_lazy("已签收，开始办理"), "user", public=True),
    "case.assigned": _Telling(gettext_lazy("指派承办人"), "user", text=lambda d: str(d.get("handler", ""))),
    "case.returned": _Telling(
        gettext_lazy("退单，重新确定责任单位"),
        "return",
        "yellow",
        text=_returned,
        public=True,
        public_text=False,
    ),
    "case.files_added": _Telling(gettext_lazy("上传照片"), "photo"),
    "case.media_missing": _Telling(gettext_lazy("有照片没有取到"), "photo", "yellow", text=_reason),
    "case.extension_asked": _Telling(gettext_lazy("申请延期"), "clock", text=_reason),
    "case.extension_first_approved": _Telling(gettext_lazy("延期：一级已同意"), "clock", text=_words),
    "case.extended": _Telling(gettext_lazy("延期"), "clock", "yellow", text=_extended, public=True),
    "case.extension_refused": _Telling(gettext_lazy("延期未同意"), "close", text=_words),
    "case.parking_asked": _Telling(gettext_lazy("申请挂账"), "pause", text=_parked),
    "case.parked": _Telling(gettext_lazy("挂账，时限停走"), "pause", "yellow", text=_parked, public=True),
    "case.parking_refused": _Telling(gettext_lazy("挂账未同意"), "close", text=_words),
    "case.resumed": _Telling(gettext_lazy("恢复办理"), "play", text=_due, public=True),
    "case.deadline_recomputed": _Telling(
        gettext_lazy("节假日安排公布，重算截止时间"), "calendar", text=_due, public=True
    ),
    "case.reminded": _Telling(gettext_lazy("到期提醒"), "bell", "blue"),
    "case.missed_again": _Telling(gettext_lazy("又没有做"), "clock", "red", text=_words),
    "case.urged": _Telling(
        pgettext_lazy("event", "催办"), "bell", "yellow", text=_words, public=True, public_text=False
    ),
    "case.supervised": _Telling(
        pgettext_lazy("event", "督办"), "shield", "red", text=_colour, public=True, public_text=False
    ),
    "case.supervision_skipped": _Telling(gettext_lazy("已有更高级别督办"), "shield"),
    "case.listed": _Telling(gettext_lazy("列入通报"), "list", "red"),
    "case.handled": _Telling(
        gettext_lazy("报告已处置"), "settings", "green", text=lambda d: str(d.get("answer", "")), public=True
    ),
    "case.checked": _Telling(gettext_lazy("核查通过"), "check", "green", text=_words, public=True),
    "case.seen_on_site": _Telling(gettext_lazy("网格员到场核实"), "eye", text=_seen),
    "case.noted": _Telling(gettext_lazy("现场补充"), "message", text=_words),
    "case.sent_back": _Telling(
        gettext_lazy("核查未通过，退回返工"), "return", "red", text=_reason, public=True
    ),
    "case.closed": _Telling(gettext_lazy("结案"), "check", "green", text=_words, public=True),
    "case.reopened": _Telling(gettext_lazy("重新办理"), "return", "yellow", text=_reason, public=True),
    "case.called_back": _Telling(gettext_lazy("回访评价"), "star", text=_callback),
    "case.looked_back": _Telling(gettext_lazy("回头看"), "search", text=_words),
    "case.exclusion_asked": _Telling(gettext_lazy("申请不计入评价"), "edit", text=_reason),
    "case.excluded": _Telling(gettext_lazy("不计入评价（已复核）"), "edit", text=_reason),
    "case.exclusion_refused": _Telling(gettext_lazy("不计入评价未同意"), "close", text=_words),
    "case.appealed": _Telling(gettext_lazy("超期申诉"), "edit", text=_reason),
    "case.appeal_first_reviewed": _Telling(gettext_lazy("申诉：一级已复核"), "edit", text=_words),
    "case.appeal_granted": _Telling(gettext_lazy("申诉通过：不计分，超期记录保留"), "check", text=_words),
    "case.appeal_refused": _Telling(gettext_lazy("申诉未通过"), "close", text=_words),
    "case.city_corrected": _Telling(gettext_lazy("市热线更正了工单"), "edit", "yellow", text=_corrected),
    "case.city_urged": _Telling(gettext_lazy("市热线催办"), "bell", "yellow", text=_words),
    "case.city_cancelled": _Telling(gettext_lazy("市热线撤销工单"), "close", "red", text=_reason),
    "case.city_return_asked": _Telling(gettext_lazy("申请退回市热线"), "return", "yellow", text=_reason),
    "case.city_return_accepted": _Telling(gettext_lazy("市热线同意退回"), "return"),
    "case.city_return_refused": _Telling(gettext_lazy("市热线不同意退回"), "return", text=_reason),
    "case.city_deadline_near": _Telling(gettext_lazy("市热线时限将到"), "bell", "blue", text=_due),
    "case.city_pushed_again": _Telling(gettext_lazy("再次推送市热线"), "send"),
    "case.city_retried": _Telling(gettext_lazy("重试推送市热线"), "send"),
    "case.city_skipped": _Telling(gettext_lazy("放弃一条推送"), "send"),
    "case.forwarded": _Telling(
        gettext_lazy("转办到其他平台"), "send", "blue", text=lambda d: str(d.get("number", ""))
    ),
    "case.partner_said": _Telling(
        gettext_lazy("对方平台的进展"),
        "message",
        "blue",
        text=lambda d: str(d.get("words") or d.get("status") or ""),
    ),
    "case.forwarding_retried": _Telling(gettext_lazy("重新发送到其他平台"), "send"),
    "case.forwarding_withdrawn": _Telling(gettext_lazy("不再跟踪其他平台"), "send", text=_reason),
    "case.netizen_corrected": _Telling(gettext_lazy("留言有更正"), "edit", "yellow", text=_corrected),
    "case.netizen_released": _Telling(gettext_lazy("放行正式答复"), "message", text=_words),
    "case.netizen_replied": _Telling(gettext_lazy("已答复网民"), "send", "green"),
    "case.contact_forgotten": _Telling(gettext_lazy("删除了反映人信息"), "lock", text=_reason),
    "case.contact_revealed": _Telling(gettext_lazy("查看了反映人信息"), "eye", text=_reason),
}


def story_for_staff(case: Case) -> list[Event]:
    """Everything that happened, oldest first."""
    return _tell(case, entries_of(case))


def words_of_entry(entry: JournalEntry) -> str:
    """One entry for staff, in a line; empty for one that the story leaves out."""
    telling = _TELLINGS.get(entry.code)
    if telling is None:
        return ""
    department = Department.objects.filter(code=entry.data.get("department", "")).first()
    text = telling.text({**entry.data, "department_title": str(department or "")})
    return f"{telling.title} {text}".strip()


def story_for_reporter(report: Report) -> list[Event]:
    """What concerns this reporter, oldest first: no inner notes, no names of staff or other reporters."""
    case = report.case
    told = []
    for entry in entries_of(case):
        data = entry.data
        mine = data.get("report") == report.number or report.number in data.get("reports", ())
        if entry.code in ("case.called_back", "case.words_added", "case.joined", "case.report_withdrawn"):
            if mine:
                told.append(entry)
        elif entry.code == "case.reported" and not mine:
            continue  # another reporter's words opened the case that this report joined
        elif (telling := _TELLINGS.get(entry.code)) and telling.public:
            told.append(entry)
    return _tell(case, told, for_reporter=report)


def _tell(case: Case, entries: Iterable[JournalEntry], *, for_reporter: Report | None = None) -> list[Event]:
    entries = list(entries)
    codes = {entry.data["department"] for entry in entries if "department" in entry.data}
    titles = {d.code: str(d) for d in Department.objects.filter(code__in=codes)} if codes else {}
    events = []
    for entry in entries:
        telling = _TELLINGS.get(entry.code)
        if telling is None:
            continue
        data = {**entry.data, "department_title": titles.get(entry.data.get("department", ""), "")}
        own = for_reporter is not None and entry.code == "case.called_back"
        # A reopening carries the words of whoever asked for it.
        foreign = for_reporter is not None and data.get("report") not in (None, for_reporter.number)
        told = (for_reporter is None or telling.public_text or own) and not foreign
        text = telling.text(data) if told else ""
        events.append(
            Event(
                code=entry.code,
                title=_("您的评价") if own else str(telling.title),
                at=entry.at,
                icon=telling.icon,
                colour=telling.colour,
                who="" if for_reporter else _who(entry),
                text=text,
                why=_why(entry, for_reporter is not None),
                note="" if for_reporter else _note(entry),
            )
        )
    return events


def _why(entry: JournalEntry, for_reporter: bool) -> str:
    """The rule behind a dispatch. One made by hand names a person: that is for staff."""
    if entry.code != "case.dispatched" or (for_reporter and entry.data.get("rule") == "hand"):
        return ""
    return str(entry.data.get("why", ""))


def _who(entry: JournalEntry) -> str:
    return _(REPORTER) if entry.actor_name == REPORTER else entry.actor_name or _("系统")


def _note(entry: JournalEntry) -> str:
    channel = entry.data.get("channel")
    if channel in Channel.values:
        return str(Channel(channel).label)
    return str(entry.data.get("note", ""))
