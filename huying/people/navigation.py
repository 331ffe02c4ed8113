"""The administration part of the desk's navigation."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from huying.core.navigation import NavigationItem, register


def roster_attention(user: Any) -> int:
    """Hand-overs that nobody has accepted, and posts that are empty now."""
    from huying.people.views.rosters import attention  # views need every floor loaded

    return attention(user)


register(
    NavigationItem(_("我的班"), "people:my-shifts", "clock"),
    NavigationItem(
        _("值班"), "people:rosters", "calendar", "roster.view", "supervision", count=roster_attention
    ),
    NavigationItem(_("概况"), "people:home", "home", "people.manage", "administration"),
    NavigationItem(_("谁负责"), "people:who-answers", "question", "case.view", "administration"),
    NavigationItem(_("区域"), "people:areas", "map", "places.manage", "administration"),
    NavigationItem(_("部门"), "people:departments", "building", "people.manage", "administration"),
    NavigationItem(_("账号"), "people:accounts", "users", "people.manage", "administration"),
    NavigationItem(_("岗位与任职"), "people:holdings", "pin", "people.manage", "administration"),
    NavigationItem(_("职责"), "people:duties", "shield", "people.manage", "administration"),
    NavigationItem(_("组织架构"), "people:organisations", "list", "people.manage", "administration"),
    NavigationItem(_("工作日历"), "people:calendar", "calendar", "places.manage", "administration"),
    NavigationItem(_("日志"), "people:journal", "lock", "journal.view", "administration"),
)
