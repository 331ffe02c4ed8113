"""What the loop does by itself, by the clock."""

from __future__ import annotations

import datetime as dt

from huying.cases import ladder
from huying.cases.actions.timing import resume_due_parkings
from huying.core.jobs import at, every


@every("* * * * *")
def climb_the_ladder(moment: dt.datetime) -> None:
    """Remind, urge, supervise and list what is due."""
    ladder.climb_due_rungs()


@every(at(0, 20))
def resume_parked_cases(moment: dt.datetime) -> None:
    """Go on with the parked cases whose date has come."""
    resume_due_parkings()
