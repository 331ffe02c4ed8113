"""Promises that were not kept, and personal data that has served its purpose."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from huying.community import actions
from huying.core.jobs import at, every


@every(at(0, 20))
def miss_promises(moment: datetime) -> None:
    """Promises whose day has passed."""
    actions.miss_promises(timezone.localtime(moment).date())


@every(at(4, 15))
def forget_households(moment: datetime) -> None:
    """Homes that nobody has called on for as long as contacts are kept."""
    actions.forget_households(moment)
