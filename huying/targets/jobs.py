"""What targets and projects do by themselves, by the clock."""

from __future__ import annotations

import datetime as dt

from huying.core.jobs import at, every
from huying.targets.projects import reminders


@every(at(9, 10))
def remind_of_projects(moment: dt.datetime) -> None:
    """Monthly updates that are due, and leaders who have not been on site this month."""
    reminders.remind_updates()
    reminders.remind_leaders()
