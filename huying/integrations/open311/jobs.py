"""Pictures that reports name by their address."""

from __future__ import annotations

from datetime import datetime

from huying.core.jobs import every, job
from huying.integrations.open311 import posting


@job()
def fetch_media(report_id: int) -> None:
    """Fetch the pictures of one report."""
    posting.fetch_all(report_id)


@every("*/5 * * * *")
def fetch_media_again(moment: datetime) -> None:
    """Pictures whose server was busy or silent."""
    posting.fetch_all()
