"""Shifts that are due: drawn up ahead, and noticed when nobody comes."""

from __future__ import annotations

from datetime import datetime

from huying.core.jobs import every
from huying.people.rosters.planning import draw_up_ahead
from huying.people.rosters.watch import mark_missed


@every("*/5 * * * *")
def watch_rosters(moment: datetime) -> None:
    """Draw up the shifts of the next two weeks, and mark those to which nobody came."""
    draw_up_ahead(moment)
    mark_missed(moment)
