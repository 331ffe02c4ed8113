"""What the loop does by itself, by the clock."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.dispatch import receiver

from huying.cases import ladder
from huying.cases.actions.forgetting import forget_contacts
from huying.cases.actions.timing import recompute_provisional, resume_due_parkings
from huying.cases.tallies.folding import fold_all
from huying.core.jobs import at, every, job
from huying.places.signals import calendar_published


@every("* * * * *")
def climb_the_ladder(moment: dt.datetime) -> None:
    """Remind, urge, supervise and list what is due."""
    ladder.climb_due_rungs()


@every("* * * * *")
def fold_tallies(moment: dt.datetime) -> None:
    """Take what has changed into the cells. Until then readers count it themselves."""
    fold_all()


@every(at(0, 20))
def resume_parked_cases(moment: dt.datetime) -> None:
    """Go on with the parked cases whose date has come."""
    resume_due_parkings()


@every(at(3, 20))
def forget_old_contacts(moment: dt.datetime) -> None:
    """Delete names and phones that have served their purpose."""
    forget_contacts()


@every(at(3, 45))
def forget_sync_receipts(moment: dt.datetime) -> None:
    """Delete the receipts of forms that no phone may send again."""
    from huying.cases.views.field.once import forget_receipts

    forget_receipts()


@job()
def recompute_deadlines(first_day: str) -> None:
    """Deadlines follow a changed work calendar. Running it twice changes nothing more."""
    recompute_provisional(dt.date.fromisoformat(first_day))


@receiver(calendar_published)
def follow_the_calendar(sender: object, first_day: dt.date, **_named: Any) -> None:
    """Deferred in the transaction of the change: no recomputing for a change that was rolled back."""
    recompute_deadlines.defer(first_day=first_day.isoformat())
