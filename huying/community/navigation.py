"""Visits on the phone and on the desk."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from huying.core.navigation import NavigationItem, register

register(
    NavigationItem(_("走访"), "community:households", "home", "visit.record", audience="field"),
    NavigationItem(_("走访记录"), "community:visits", "home", "visit.view", "supervision"),
)
