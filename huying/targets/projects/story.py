"""The journal of a project, a meeting or a task in plain words."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.core.journal import entries_of
from huying.core.models import JournalEntry
from huying.targets.projects.models import Project
from huying.targets.projects.models.project import project_rules

# Log codes outlive renames; their words may change. Code: (title, icon, colour).
WORDS: dict[str, tuple[Promise, str, str]] = {
    "project.added": (gettext_lazy("列为项目"), "plus", "green"),
    "project.changed": (gettext_lazy("改了项目资料"), "edit", ""),
    "project.state": (gettext_lazy("状态变化"), "arrow-right", "blue"),
    "project.state_undone": (gettext_lazy("撤回状态"), "return", "yellow"),
    "project.listed": (gettext_lazy("列入名单"), "list", "blue"),
    "project.unlisted": (gettext_lazy("移出名单"), "list", "yellow"),
    "project.planned": (gettext_lazy("定年度计划"), "calendar", ""),
    "project.updated": (gettext_lazy("报月报"), "send", "green"),
    "project.update_corrected": (gettext_lazy("更正月报"), "edit", "yellow"),
    "project.correction_proposed": (gettext_lazy("申请更正月报"), "edit", "yellow"),
    "project.correction_accepted": (gettext_lazy("采用更正"), "check-circle", "green"),
    "project.correction_refused": (gettext_lazy("不采用更正"), "close-circle", "red"),
    "project.milestone_added": (gettext_lazy("增加节点"), "plus", ""),
    "project.milestone_done": (gettext_lazy("节点完成"), "check-circle", "green"),
    "project.milestone_reopened": (gettext_lazy("撤回节点"), "return", "yellow"),
    "project.permit": (gettext_lazy("手续进展"), "document", ""),
    "project.visited": (gettext_lazy("领导到现场"), "eye", "blue"),
    "project.visit_struck": (gettext_lazy("撤销到现场记录"), "close-circle", "yellow"),
    "project.session": (gettext_lazy("对接服务"), "users", ""),
    "project.session_struck": (gettext_lazy("撤销对接记录"), "close-circle", "yellow"),
    "project.problem": (gettext_lazy("问题立案"), "alert", "red"),
    "project.reminded": (gettext_lazy("提醒填月报"), "bell", ""),
    "project.visit_reminded": (gettext_lazy("提醒到现场"), "bell", ""),
    "meeting.called": (gettext_lazy("通知会议"), "calendar", "blue"),
    "meeting.written": (gettext_lazy("记会议"), "edit", ""),
    "meeting.cancelled": (gettext_lazy("取消会议"), "close-circle", "yellow"),
    "meeting.notice_drafted": (gettext_lazy("起草会议通知"), "document", ""),
    "meeting.minutes_drafted": (gettext_lazy("起草会议纪要"), "document", ""),
    "meeting.decided": (gettext_lazy("议定事项"), "check", ""),
    "meeting.decision_done": (gettext_lazy("议定事项办结"), "check-circle", "green"),
    "meeting.decision_reopened": (gettext_lazy("议定事项重办"), "return", "yellow"),
    "war_map.reported": (gettext_lazy("报进展"), "send", ""),
    "war_map.reported_done": (gettext_lazy("报完成"), "send", "blue"),
    "war_map.checked": (gettext_lazy("核实完成"), "check-circle", "green"),
    "war_map.sent_back": (gettext_lazy("退回"), "return", "red"),
    "war_map.reopened": (gettext_lazy("撤回完成"), "return", "yellow"),
    "work.recorded": (gettext_lazy("登记工程量"), "plus", "green"),
    "work.corrected": (gettext_lazy("更正工程量"), "edit", "yellow"),
    "work.struck": (gettext_lazy("撤销"), "close-circle", "yellow"),
    "grant.proposed": (gettext_lazy("申报奖补"), "plus", ""),
    "grant.inspected": (gettext_lazy("验收通过"), "check-circle", "green"),
    "grant.refused": (gettext_lazy("验收未通过"), "close-circle", "red"),
    "grant.paid": (gettext_lazy("已拨付"), "check-circle", "green"),
}


def story(subject: Model, at_most: int = 50) -> list[dict[str, Any]]:
    """The subject's entries, newest first, as `parts/timeline.html` reads them."""
    return [_event(entry) for entry in entries_of(subject).order_by("-sequence")[:at_most]]


def _event(entry: JournalEntry) -> dict[str, Any]:
    title, icon, colour = WORDS.get(entry.code, (entry.code, "info", ""))
    return {
        "icon": icon, "colour": colour, "title": title, "who": entry.actor_name, "at": entry.at,
        "text": "\n".join(lines_of(entry.data)),
    }  # fmt: skip


def _state(value: str) -> str:
    return str(dict(Project.State.choices).get(value, value))


def lines_of(data: dict[str, Any]) -> list[str]:
    """What an entry says besides its title."""
    lines: list[str] = []
    for key, (old, new) in data.get("changes", {}).items():
        field = next((each for each in Project._meta.fields if each.name == key), None)
        lines.append(f"{field.verbose_name if field else key}：{old or '—'} → {new or '—'}")
    if month := data.get("month"):
        amount = data.get("done_wan") or data.get("new")
        lines.append(f"{month} {_('完成 %(n)s 万元') % {'n': amount}}" if amount else month)
    elif "new" in data:
        lines.append(f"{_state(str(data.get('old', ''))) or '—'} → {_state(str(data['new']))}")
    if data.get("late"):
        lines.append(_("迟报"))
    if kind := data.get("kind"):
        rules = project_rules()
        lines.append(str(rules.permits.get(kind) or rules.works.get(kind) or kind))
    lines += [
        str(data[key]) for key in ("on", "list", "leader", "with_whom", "case", "title", "words", "result", "reason",
                                   "due", "department") if data.get(key)
    ]  # fmt: skip
    return lines
