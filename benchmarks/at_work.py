"""A district at work: `huying simulate` against the running server, at a rate that a busy district has."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.utils import timezone

from benchmarks.table import Result
from huying.people.tokens import accounts_to_play, make_token
from huying.simulate.play import Options, Outcome, play

PER_MINUTE, MINUTES = 120, 0.5
# What people feel: sending a report, and a desk's steps.
SHOWN = (
    ("resident sends a report", "POST /report/"),
    ("receipt page", "GET /t/{number}/{secret}/"),
    ("hotline and field report (API)", "POST /api/v1/reports"),
    ("a desk's list (API)", "GET /api/v1/cases"),
    ("a case (API)", "GET /api/v1/cases/{number}"),
    ("dispatch (API)", "POST /api/v1/cases/{number}/dispatch"),
    ("report handled (API)", "POST /api/v1/cases/{number}/report_handled"),
)


def run(port: int, floor_ms: float) -> Iterator[Result]:
    """p95 of what people wait for, against the median of a bare request to the same server."""
    outcome = played(port)
    kinds = {kind.name: kind for kind in outcome.kinds}
    for title, name in SHOWN:
        if name in kinds:
            yield Result(f"a district at work: {title}, p95", kinds[name].p95_ms, "ms", floor_ms)
    kept = sum(promise.kept for promise in outcome.promises)
    broken = sum(len(promise.broken) for promise in outcome.promises)
    failed = sum(kind.failures for kind in outcome.kinds)
    yield Result(
        "a district at work: promises kept",
        kept,
        "",
        None,
        f"0 broken ({broken}), 0 failed requests ({failed})",
    )


def played(port: int) -> Outcome:
    """Play with everybody who is needed, as the operator's file of tokens would."""
    until = timezone.localdate() + dt.timedelta(days=1)
    with tempfile.TemporaryDirectory() as folder:
        people = Path(folder) / "people.txt"
        people.write_text(
            "\n".join(
                f"{user.username} {make_token(user, title='benchmark', expires_on=until, actor=None)[1]}"
                for user in accounts_to_play()
            )
        )
        options = Options(
            f"http://127.0.0.1:{port}",
            people,
            per_minute=PER_MINUTE,
            minutes=MINUTES,
            think_s=1,
            own_addresses=True,
        )
        return play(options, say=lambda line: None)
