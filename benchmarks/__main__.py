"""Everything that `make bench` measures, as one table.

    python -m benchmarks                     a million cases, a data folder of its own that is thrown away
    python -m benchmarks --cases 20000       a quick smoke
    python -m benchmarks --keep              keep the data folder, and use it again next time

Server, worker, database and the asking client share this machine; everything is on the loopback address.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.table import Result

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / ".data" / "bench"


def show(result: Result) -> None:
    print(result.line(), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, default=1_000_000, help="cases in the database (1000000)")
    parser.add_argument("--keep", action="store_true", help=f"keep the data in {KEPT.relative_to(ROOT)}")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each rate is measured")
    arguments = parser.parse_args()
    with data_folder(arguments.keep) as folder:
        os.environ |= {
            "HUYING_DATA_DIR": str(folder),
            "HUYING_LOG_LEVEL": "error",
            "HUYING_LOG_FORMAT": "text",
            "HUYING_DEMO": "1",
            # Every visitor of the benchmark comes from an address of their own, or the limits would stop them.
            "HUYING_TRUST_PROXY": "1",
            "DJANGO_SETTINGS_MODULE": "huying.config.settings",
        }
        import django

        django.setup()
        from benchmarks import bulk, pages, planning, point_to_area

        print(f"{os.cpu_count()} cores, {arguments.cases:,} cases, load {os.getloadavg()[0]:.1f}\n")
        print(f"{'what':44} {'median':>12} {'unit':8} {'floor':>12} {'ratio':>8}  aim")
        for area in point_to_area.run():
            show(Result(area.name, area.value, area.unit, area.floor, "≥ 100,000/s"))
        for result in planning.run():
            show(result)
        try:
            bulk.prepare()
            for result in bulk.history(arguments.cases):
                show(result)
            show(bulk.ladder())
            for result in pages.run(arguments.seconds):
                show(result)
        finally:
            stop_database()
    return 0


def stop_database() -> None:
    """Before its folder is thrown away."""
    from django.conf import settings

    from huying.config.serving import close_database

    close_database()
    if settings.EMBEDDED_POSTGRES:
        settings.EMBEDDED_POSTGRES.release()


@contextmanager
def data_folder(keep: bool) -> Iterator[Path]:
    if keep:
        KEPT.mkdir(parents=True, exist_ok=True)
        yield KEPT
        return
    folder = Path(tempfile.mkdtemp(prefix="huying-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
