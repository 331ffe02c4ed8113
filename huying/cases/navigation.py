"""The entries of the main navigation that lead to cases; each part of the desk adds its own lines."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from huying.core.navigation import NavigationItem, register

register(
    NavigationItem(_("全部案件"), "desk:cases", "list", "case.view", "supervision"),
)
