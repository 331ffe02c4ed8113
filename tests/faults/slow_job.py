"""A job that hangs when it runs for the first time, so that its worker can be killed in the middle of it."""

import time
from pathlib import Path

from huying.core.jobs import job


@job(name="faults.slow")
def slow(started: str, finished: str) -> None:
    if Path(started).exists():
        Path(finished).touch()
        return
    Path(started).touch()
    time.sleep(600)
