"""The registers in the desk's navigation."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from huying.core.navigation import NavigationItem, register

register(NavigationItem(_("名录"), "desk:registers", "pin", "item.view", "administration"))
