"""The entries of the main navigation."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from huying.core.navigation import NavigationItem, register

register(
    NavigationItem(_("市热线工单"), "hotline:list", "phone", "hotline.exchange", "intake"),
    NavigationItem(_("市热线连接"), "hotline:systems", "link", "integrations.manage", "administration"),
)
