"""What figures do by themselves, at night."""

from __future__ import annotations

import datetime as dt

from huying.core.jobs import at, every
from huying.figures import changed
from huying.figures.reports import jobs as _reports  # noqa: F401  (jobs are looked for in this module)


@every(at(2, 20))
def recount_published(moment: dt.datetime) -> None:
    """What was told in the last weeks is counted again; what differs stands on the page of the relations."""
    changed.recount_published()
