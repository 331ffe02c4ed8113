"""The entries of the main navigation."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from huying.core.navigation import NavigationItem, register

register(
    NavigationItem(_("网民留言"), "netizen:list", "message", "netizen.answer", "intake"),
    NavigationItem(_("留言邮箱"), "netizen:mailboxes", "inbox", "integrations.manage", "administration"),
)
