"""What duties do by themselves, by the clock."""

from __future__ import annotations

import datetime as dt

from huying.core.jobs import at, every
from huying.inspections import undrawn
from huying.inspections.duties import missed
from huying.inspections.duties.days import keep_days


@every("*/5 * * * *")
def keep_duties(moment: dt.datetime) -> None:
    """Days begin and end; whoever is late is reminded; what was missed again and again becomes a case."""
    keep_days()
    missed.remind()
    missed.follow_missed()


@every(at(8, 40))
def remind_undrawn(moment: dt.datetime) -> None:
    """A period that draws has begun undrawn: whoever may draw is told."""
    undrawn.remind_undrawn()


@every(at(3, 35))
def forget_reminders(moment: dt.datetime) -> None:
    """Delete the notes of who was reminded of what a month ago."""
    missed.forget_reminders()
