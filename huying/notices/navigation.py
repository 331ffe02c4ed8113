"""News for everyone; what went out, and to which groups, for administrators."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from huying.core.navigation import NavigationItem, register
from huying.notices import news

register(
    NavigationItem(_("公告"), "notices:news", "message", "case.view"),
    NavigationItem(_("发布新闻、政策"), "notices:manage", "edit", news.PUBLISH, "administration"),
    NavigationItem(_("发送记录"), "notices:deliveries", "send", "notices.manage", "administration"),
    NavigationItem(_("群机器人"), "notices:robots", "users", "notices.manage", "administration"),
)
