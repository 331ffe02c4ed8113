"""Compliance of a year of 360 records a day in each of many districts: how long each page takes.

    python -m benchmarks.duties                     10 districts, 1.3 million rounds
    python -m benchmarks.duties --districts 100     13 million rounds, as asked for; takes ten times as long to load

One plan goes to 60 places of each district, six times a day. Rounds enter by COPY, days and sums are made by the
product's own `rebuild` and `fold`. The floor of a page is a page of the same run that reads no duty: what is above it,
is the work of the counts.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.table import Result, median_and_p95

STATIONS, TIMES = 60, 6
TRIES = 15


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.duties", description=__doc__.split("\n")[0])
    parser.add_argument(
        "--districts", type=int, default=10, help="districts of 60 places each (10; asked for: 100)"
    )
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument(
        "--keep", type=Path, help="a data folder that is kept, and asked again without loading"
    )
    arguments = parser.parse_args()
    folder = arguments.keep or Path(tempfile.mkdtemp(prefix="huying-duties-"))
    os.environ |= {
        "HUYING_DATA_DIR": str(folder), "HUYING_LOG_LEVEL": "error", "HUYING_LOG_FORMAT": "text",
        "HUYING_DEMO": "1", "DJANGO_SETTINGS_MODULE": "huying.config.settings",
    }  # fmt: skip
    import django

    django.setup()
    from benchmarks.__main__ import stop_database

    try:
        for result in run(arguments.districts, arguments.days):
            print(result.line(), flush=True)
    finally:
        stop_database()
        if arguments.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


def run(districts: int, days: int) -> Iterator[Result]:
    """Load, fold, and ask every page."""
    from django.core.management import call_command
    from django.test import Client
    from django.urls import reverse
    from django.utils import timezone

    from huying.config.serving import prepare_static_files
    from huying.inspections.models import Plan, Round
    from huying.people.models import User
    from huying.places.models import Area

    call_command("migrate", interactive=False, verbosity=0)
    prepare_static_files()
    last = timezone.localdate() - dt.timedelta(days=1)
    if not Round.objects.exists():
        yield from _fill(districts, last - dt.timedelta(days=days - 1), last)
    plan, root = Plan.objects.get(), Area.objects.get(code="d0")
    leader, checker = User.objects.get(username="leader"), User.objects.get(username="checker")
    clients = {"whole": Client(), "district": Client()}
    clients["whole"].force_login(leader)
    clients["district"].force_login(checker)
    floor = _median(lambda: clients["whole"].get(reverse("people:profile")))
    yield Result("page without duties", floor, "ms", aim="the floor of this run")
    compliance, code = reverse("inspections:duties-compliance"), plan.code
    year = {"span": "year", "day": last, "plan": code}
    place = Round.objects.filter(plan=plan).order_by("pk").values_list("item", flat=True)[0]
    pages: list[tuple[str, str, str, dict[str, object]]] = [
        ("board of today", "whole", reverse("inspections:duties"), {}),
        ("places of the plan today", "whole", reverse("inspections:duties-plan", args=[code]), {}),
        ("year, all districts", "whole", compliance, year),
        ("year, all districts, all plans", "whole", compliance, {"span": "year", "day": last}),
        ("year, one district", "whole", compliance, year | {"area": root.code}),
        ("year, one department", "whole", compliance, year | {"unit": "sanitation-0"}),
        ("month, all districts", "whole", compliance, year | {"span": "month"}),
        ("day, all districts", "whole", compliance, year | {"span": "day"}),
        ("year, the reader of one district", "district", compliance, year),
        ("places and days, a year", "whole", reverse("inspections:duties-days"), {"plan": code, "only": "missed"}),
        ("visits, newest first", "whole", reverse("inspections:duties-visits"), {"plan": code}),
        ("calendar of a place", "whole", reverse("inspections:duties-place", args=[code, "item", place]), {}),
    ]  # fmt: skip
    for name, who, url, query in pages:
        found = _median(lambda who=who, url=url, query=query: _ok(clients[who].get(url, query)))  # type: ignore[misc]
        yield Result(name, found, "ms", floor, "≤ 100 ms")


def _fill(districts: int, first: dt.date, last: dt.date) -> Iterator[Result]:
    plan = _stage(districts)
    started = time.perf_counter()
    rounds = _load(plan, first, last)
    yield Result("rounds loaded", rounds / (time.perf_counter() - started), "per s", aim=f"{rounds:,} rounds")
    yield Result("share of 100 districts × 360 × 365", rounds / (100 * STATIONS * TIMES * 365) * 100, "%")
    yield from _fold(plan, first, last, rounds)


def _fold(plan: object, first: dt.date, last: dt.date, rounds: int) -> Iterator[Result]:
    from django.db import connection

    from huying.inspections.duties.days import keep_days, rebuild
    from huying.inspections.duties.models import Folded, PlaceDay
    from huying.inspections.duties.sums import fold_stale

    started = time.perf_counter()
    rows = rebuild(plan, first, last)  # type: ignore[arg-type]
    yield Result(
        "days made anew from rounds", rounds / (time.perf_counter() - started), "per s", aim=f"{rows:,} days"
    )
    started = time.perf_counter()
    Folded.objects.create(until=last)
    fold_stale()
    keep_days()
    yield Result("sums made", PlaceDay.objects.count() / (time.perf_counter() - started), "per s")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")  # what autovacuum does by itself within minutes


def _median(ask: Callable[[], object]) -> float:
    ask()
    times = []
    for _ in range(TRIES):
        started = time.perf_counter()
        ask()
        times.append(time.perf_counter() - started)
    return median_and_p95(times)[0]


def _ok(answer: object) -> None:
    status = getattr(answer, "status_code", 0)
    if status != 200:
        raise SystemExit(f"answered {status}: {getattr(answer, 'content', b'')[:300]!r}")


def _stage(districts: int):  # type: ignore[no-untyped-def]
    """Districts of 12 subdistricts with 3 communities each, a sanitation department and 60 stations in each."""
    from huying.inspections.models import Plan, Standard, StandardVersion
    from huying.people.models import Department, Grant, User
    from huying.places.models import Area, District, MapVersion, OfficeHours
    from huying.registry.models import Item, Register

    MapVersion.objects.get_or_create(pk=1, defaults={"version": 1})
    OfficeHours.objects.get_or_create(valid_from="2000-01-01", defaults={"spans": [["08:00", "12:00"]]})
    District.objects.create(code="410400", title="全市", lng=113.3, lat=33.7)
    register = Register.objects.create(code="station", title="公厕", declaration={})
    roots, units, items = [], [], []
    for number in range(districts):
        root = Area.objects.create(
            code=f"d{number}", level="district", title=f"第{number}区", path=f"d{number}/"
        )
        roots.append(root)
        units.append(
            Department.objects.create(
                code=f"sanitation-{number}", title=f"{root}环卫", kind="district", area=root
            )
        )
        communities = []
        for street in range(12):
            up = Area.objects.create(
                code=f"d{number}s{street}", level="subdistrict", title=f"{street}街道", parent=root,
                path=f"{root.path}d{number}s{street}/",
            )  # fmt: skip
            communities += [
                Area.objects.create(
                    code=f"{up.code}c{one}", level="community", title=f"{one}社区", parent=up,
                    path=f"{up.path}{up.code}c{one}/",
                )
                for one in range(3)
            ]  # fmt: skip
        items += [
            Item(
                register=register, code=f"{number}-{place}", title=f"公厕{number}-{place}",
                area=communities[place % 36],
                area_path=communities[place % 36].path, lng=113.3, lat=33.7, keeper=units[-1],
            )
            for place in range(STATIONS)
        ]  # fmt: skip
    Item.objects.bulk_create(items, batch_size=2000)
    standard = Standard.objects.create(code="disinfection", title="消杀")
    declaration = {
        "standard": "disinfection", "title": "消杀", "applies_to": {"register": ["station"]},
        "items": [{"code": "all", "title": "做到"}],
    }  # fmt: skip
    StandardVersion.objects.create(
        standard=standard, number=1, declaration=declaration, valid_from="2020-01-01"
    )
    plan = Plan.objects.create(
        code="disinfection", title="消杀",
        declaration={
            "plan": "disinfection", "title": "消杀", "does": {"standard": "disinfection"},
            "at": {"register": ["station"]}, "by": [unit.code for unit in units],
            "every": "6 per day, at least 2 hours apart", "hours": "06:00-22:00",
        },
    )  # fmt: skip
    for unit in units:
        for one in range(10):
            User.objects.create(username=f"{unit.code}-{one}", name=f"环卫工{one}", department=unit)
    Grant.objects.create(user=User.objects.create(username="leader", name="领导"), role="supervisor")
    checker = User.objects.create(username="checker", name="核查员")
    Grant.objects.create(user=checker, role="checker", area=roots[0])
    return plan


def _load(plan, first: dt.date, last: dt.date) -> int:  # type: ignore[no-untyped-def]
    from huying.inspections.duties.owed import owing, spans
    from huying.inspections.models import StandardVersion
    from huying.inspections.occurrences import slots
    from huying.inspections.rounds.history import PastRound, write_rounds
    from huying.people.models import User

    version, dice = StandardVersion.objects.get(), random.Random(7)
    people: dict[int, list[User]] = {}
    for user in User.objects.filter(department__isnull=False).order_by("pk"):
        people.setdefault(user.department_id or 0, []).append(user)
    days = spans(slots(plan.rules, first, last))

    def rounds() -> Iterator[PastRound]:
        for place in owing(plan, last):
            staff = people[place.doer_id or 0]
            for day in days:
                for number, slot in enumerate(day.slots):
                    if dice.random() < 0.97:
                        at = slot.due - dt.timedelta(minutes=dice.randint(3, 35))
                        yield PastRound(
                            place,
                            "公厕",
                            at,
                            staff[(place.pk + number) % len(staff)],
                            scanned=True,
                            counted="done",
                        )

    return write_rounds(plan, version, rounds(), journal=False)


if __name__ == "__main__":
    sys.exit(main())
