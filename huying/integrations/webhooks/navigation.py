"""Webhooks in the administration part of the desk."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from huying.core.navigation import NavigationItem, register

register(
    NavigationItem(_("事件推送"), "webhooks:subscribers", "send", "integrations.manage", "administration")
)
