"""Sending by workers: at once when something was posted, and every minute for what waited or was left by the dead."""

from __future__ import annotations

import datetime as dt

from huying.core.jobs import at, every, job
from huying.notices import news, outbox


@job()
def send_waiting() -> None:
    """Send what is due. Several may run: each message is claimed by one."""
    outbox.send_due()


@every("* * * * *")
def send_what_waited(moment: dt.datetime) -> None:
    """Retries, the end of quiet hours, digests, and the messages of workers that died."""
    outbox.release_dead_claims()
    outbox.send_due()


@every(at(3, 30))
def forget_old_deliveries(moment: dt.datetime) -> None:
    """Delete the log of what was sent years ago."""
    outbox.forget_old()


@every("* * * * *")
def announce_news(moment: dt.datetime) -> None:
    """Tell of news whose time to be published has come."""
    news.announce_due()
