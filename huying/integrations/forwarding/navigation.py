"""The entries of the main navigation."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from huying.core.navigation import NavigationItem, register

register(
    NavigationItem(_("其他平台"), "forwarding:partners", "send", "integrations.manage", "administration")
)
