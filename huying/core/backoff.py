"""When an outbox tries again."""

from __future__ import annotations

import random
from datetime import timedelta

FIRST = timedelta(minutes=1)
LONGEST = timedelta(hours=6)


def next_try(tries: int, *, seed: int = 0) -> timedelta:
    """How long to wait after the `tries`-th failed try (from 1): a minute, doubling up to six hours.

    Up to a fifth is added by the seed (the row's id), so that what failed together does not return together.
    """
    doublings = min(max(tries, 1) - 1, 20)
    wait = min(FIRST * (1 << doublings), LONGEST)
    return wait * (1 + 0.2 * random.Random(f"{seed}:{tries}").random())
