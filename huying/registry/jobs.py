"""What the registers do outside the request: long tables."""

from __future__ import annotations

import datetime as dt

from huying.core.jobs import at, every, job
from huying.registry.imports import apply


@job()
def take_in(upload: int) -> None:
    """Take a table in that somebody has looked at."""
    apply.apply_upload(upload)


@every(at(3, 35))
def forget_tables(moment: dt.datetime) -> None:
    """Delete tables a week after they came."""
    apply.forget_uploads()
