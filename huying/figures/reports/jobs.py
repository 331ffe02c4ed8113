"""What reports do by themselves, by the clock and on demand."""

from __future__ import annotations

import datetime as dt

from huying.core.jobs import every, job
from huying.figures.reports.schedule import make_due


@every("*/10 * * * *")
def draft_what_is_due(moment: dt.datetime) -> None:
    """Drafts of briefs whose time has come."""
    make_due(moment)


@job()
def make_meeting_pack(pack_id: int) -> None:
    """Put a meeting's material together."""
    from huying.figures.reports.packing import make

    make(pack_id)
