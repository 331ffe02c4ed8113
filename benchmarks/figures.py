"""What a figure costs beside counting its rows bare: `python -m benchmarks.figures` in an installation with data.

Each figure of the pack: its value and its groups, as a ratio to one `SELECT count(*)` over its collection's
table, as medians. Reads only.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable


def median_ms(work: Callable[[], object], times: int) -> float:
    """The median time of one call, in milliseconds; the first call is not counted."""
    work()
    taken = []
    for _once in range(times):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def main() -> None:
    """Print a line for each figure that is counted from rows, the dearest first."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--times", type=int, default=5, help="calls of each (5)")
    asked.add_argument("--most", type=int, default=40, help="lines (40)")
    options = asked.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "huying.config.settings")
    import django

    django.setup()
    from django.db import connection

    from huying.figures.collections import collection
    from huying.figures.counting import count, every_figure, groups

    bare: dict[str, float] = {}

    def bare_of(table: str) -> float:
        def ask() -> None:
            with connection.cursor() as cursor:
                cursor.execute(f'SELECT count(*) FROM "{table}"')

        if table not in bare:
            bare[table] = median_ms(ask, options.times)
        return bare[table]

    lines = []
    for rules in every_figure():
        if not rules.of:
            continue
        base = bare_of(collection(rules.of).model._meta.db_table)
        value = median_ms(lambda rules=rules: count(rules), options.times)  # type: ignore[misc]
        by = rules.by[0] if rules.by else ""
        told = median_ms(lambda rules=rules, by=by: groups(rules, by), options.times) if by else 0.0  # type: ignore[misc]
        lines.append((value / base, value, told, rules.code, by))
    print(f"{'figure':<36} {'value ms':>9} {'× bare':>7} {'groups ms':>10}  by")
    for ratio, value, told, code, by in sorted(lines, reverse=True)[: options.most]:
        print(f"{code:<36} {value:>9.1f} {ratio:>7.1f} {told:>10.1f}  {by}")
    total = sum(value for _ratio, value, *_rest in lines)
    print(f"{len(lines)} figures, all values in {total:.0f} ms")


if __name__ == "__main__":
    main()
