"""What targets and projects do by themselves, by the clock."""

from __future__ import annotations

import datetime as dt

from huying.core.jobs import at, every
from huying.targets.programmes import due
from huying.targets.projects import reminders


@every(at(9, 10))
def remind_of_projects(moment: dt.datetime) -> None:
    """Monthly updates that are due, and leaders who have not been on site this month."""
    reminders.remind_updates()
    reminders.remind_leaders()


@every(at(9, 20))
def remind_of_entries(moment: dt.datetime) -> None:
    """Monthly entries of targets that are missing on the day that the programme names."""
    due.remind_missing()
