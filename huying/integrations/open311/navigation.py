"""Open311 in the administration part of the desk."""

from __future__ import annotations

from huying.core.navigation import NavigationItem, register

register(NavigationItem("Open311", "open311:keys", "inbox", "integrations.manage", "administration"))
