"""Planning a month of 10,000 sites: when every visit is due, who is next, and what became of a year at one site.

    python benchmarks/planning.py

Nothing is stored and no database is asked. The floor, measured in the same run, is what any program does that
touches every site once: 10,000 writes into a dictionary, each of a tuple made for it. Medians of nine rounds.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import statistics
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.table import Result  # noqa: E402

SITES = 10_000
FIRST, LAST = dt.date(2026, 3, 1), dt.date(2026, 3, 31)


def milliseconds(work: Callable[[], object], rounds: int = 9) -> float:
    work()
    times = []
    for _round in range(rounds):
        began = perf_counter()
        work()
        times.append(perf_counter() - began)
    return statistics.median(times) * 1000


def touch_every_site() -> dict[str, tuple[int, int]]:
    """The floor."""
    found = {}
    for number in range(SITES):
        found[f"site-{number}"] = (number, number + 1)
    return found


def run() -> Iterator[Result]:
    """One line for each question; Django is set up."""
    from huying.inspections.occurrences import Visited, assign, due_next, occurrences, slots
    from huying.inspections.plans import Frequency, PlanRules
    from huying.places.clock import BEIJING
    from huying.places.work_calendar import make_calendar

    calendar = make_calendar()
    daily = PlanRules(
        "six", "", every=Frequency(6, "day", dt.timedelta(hours=2)), hours=(6 * 60, 22 * 60), work_days=True
    )
    weekly = PlanRules("three", "", every=Frequency(3, "week"))
    sites = list(touch_every_site())
    floor = milliseconds(touch_every_site)
    name = f"a month of {SITES:,} sites"

    def when() -> None:
        for rules in (daily, weekly):
            slots(rules, FIRST, LAST, calendar)

    yield Result(f"{name}: when, twice", milliseconds(when), "ms", floor, "shared by all sites")

    def every_visit() -> int:
        return sum(1 for _one in occurrences(weekly, sites, FIRST, LAST, calendar))

    each = every_visit()
    yield Result(f"{name}: {each:,} visits, one by one", milliseconds(every_visit), "ms", floor)

    chance = random.Random(20260301)
    now = dt.datetime(2026, 3, 18, 15, 0, tzinfo=BEIJING)
    opened = now.replace(hour=6)
    owed = slots(daily, FIRST, LAST, calendar)
    visits = {
        site: [
            opened + dt.timedelta(minutes=chance.randint(0, 500)) for _visit in range(chance.randint(0, 4))
        ]
        for site in sites
    }
    yield Result(
        f"{name}: who is next now", milliseconds(lambda: due_next(daily, owed, visits, now)), "ms", floor
    )

    year = slots(daily, dt.date(2026, 1, 1), dt.date(2026, 12, 31), calendar)
    made = [
        Visited(slot.opens + dt.timedelta(minutes=chance.randint(0, 900)), number)
        for number, slot in enumerate(year)
    ]
    end = dt.datetime(2027, 1, 1, tzinfo=BEIJING)
    yield Result(
        f"a year of one site: {len(year):,} slots matched",
        milliseconds(lambda: assign(daily, year, made, end)),
        "ms",
        floor,
    )


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "huying.config.settings")
    import django

    django.setup()
    print(f"{'what':44} {'median':>12} {'unit':8} {'floor':>12} {'ratio':>8}  aim")
    for result in run():
        print(result.line())


if __name__ == "__main__":
    main()
