"""The entries of the main navigation that lead to cases; each part of the desk adds its own lines."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from huying.core.navigation import NavigationItem, register


def tasks_waiting(user: Any) -> int:
    """How many cases need this person in the field."""
    from huying.cases.views.field.todo import count  # views need every floor loaded

    return count(user)


register(
    NavigationItem(_("接电话"), "desk:agent", "phone", "desk.agent", "intake"),
    NavigationItem(_("待受理"), "desk:intake", "inbox", "case.file", "intake"),
    NavigationItem(_("派遣台"), "desk:queue", "send", "desk.dispatcher", "dispatch"),
    NavigationItem(_("部门工作台"), "desk:department", "inbox", "desk.department", "department"),
    NavigationItem(_("督办函"), "desk:letters", "document", "desk.department", "department"),
    NavigationItem(_("核查结案"), "desk:checks", "eye", "case.check", "checks"),
    NavigationItem(_("回头看任务"), "desk:looks", "search", "case.look_back", "checks"),
    NavigationItem(_("回访"), "desk:callbacks", "phone", "desk.callback", "checks"),
    NavigationItem(_("回访结果"), "desk:answers", "star", "desk.callback", "checks"),
    NavigationItem(_("督查督办"), "desk:supervision", "shield", "desk.supervisor", "supervision"),
    NavigationItem(_("供暖日报"), "desk:daily-today", "chart", "cockpit.view", "supervision"),
    NavigationItem(_("待我审批"), "desk:requests", "scale", "case.approve_extension", "supervision"),
    NavigationItem(_("全部案件"), "desk:cases", "list", "case.view"),
    NavigationItem(_("通知的写法"), "desk:notice-preview", "eye", "notices.manage", "administration"),
)

register(
    NavigationItem(_("驾驶舱"), "cockpit:home", "chart", "cockpit.view", "cockpit"),
    NavigationItem(_("总览"), "cockpit:home", "chart", "cockpit.view", audience="cockpit"),
    NavigationItem(_("全部案件"), "desk:cases", "list", "case.view", audience="cockpit"),
    NavigationItem(_("督查督办"), "desk:supervision", "shield", "desk.supervisor", audience="cockpit"),
)

register(
    NavigationItem(_("任务"), "field:home", "list", audience="field", count=tasks_waiting),
    NavigationItem(_("上报"), "field:report", "camera", "report.create", audience="field"),
    NavigationItem(_("我的"), "field:me", "user", audience="field"),
)
