"""What duties do by themselves, by the clock."""

from __future__ import annotations

import datetime as dt

from huying.core.jobs import every
from huying.inspections.duties.days import keep_days


@every("*/5 * * * *")
def keep_duties(moment: dt.datetime) -> None:
    """Days begin and end."""
    keep_days()
