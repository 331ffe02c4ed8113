"""The cockpit at ten million cases: `python -m benchmarks.cockpit --cases 10000000`.

The cases are made by the database itself, five years of them in the order of time, with answers and without words,
journal or reports: what the cockpit and the lists read. Building takes about 25 minutes on two cores and 20 GB. Server,
worker, database and the asking client share the machine.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.__main__ import data_folder, show, stop_database
from benchmarks.table import Result

CHUNK = 500_000
MARKS_AT_ONCE = 200_000
ASKED = 60
ARRIVALS = 300
WAITING = 3_000
AIM = "≤ 100 ms"

_LOOKUPS = """
CREATE UNLOGGED TABLE bench_kind AS
SELECT row_number() OVER (ORDER BY (l.code = 'hotline') DESC, g.id) - 1 AS n, l.id AS ledger_id, g.id AS category_id,
       g.topic_id, coalesce(g.department_id, t.department_id) AS department_id
FROM cases_category g JOIN cases_ledger l ON l.id = g.ledger_id LEFT JOIN cases_topic t ON t.id = g.topic_id;
CREATE UNLOGGED TABLE bench_place AS
SELECT row_number() OVER (ORDER BY md5(a.code)) - 1 AS n, a.id AS area_id, a.path, s.id AS subdistrict_id
FROM places_area a JOIN places_area s ON s.level = 'subdistrict' AND a.path LIKE s.path || '%'
WHERE a.level = 'grid' AND a.layer = 'administrative';
CREATE UNLOGGED TABLE bench_department AS
SELECT row_number() OVER (ORDER BY md5(code)) - 1 AS n, id FROM people_department WHERE can_lead;
"""

# Topics and grids are unlike one another: the squares of even chances make some of them common.
_CASES = """
INSERT INTO cases_case (
    id, number, ledger_id, category_id, topic_id, status, version, title, words, channel, search_text, address,
    area_id, area_path, subdistrict_id, department_id, why, needs_arbitration, reported_at, filed_at, dispatched_at,
    handled_at, checked_at, closed_at, "limit", due_at, due_provisional, next_rung, reminded, colour, overdue, exempt,
    excluded, urges, returns, hops, extensions, parkings, reworks, reopenings, unsolved, reports_count, answer,
    handling, plan, public
)
SELECT i, 'B' || i, k.ledger_id, k.category_id, k.topic_id, status, 4, '路灯不亮', '', 'hotline', '', '建设路',
       p.area_id, p.path, p.subdistrict_id, CASE WHEN dispatched THEN coalesce(k.department_id, d.id) END, '', false,
       reported_at, reported_at + interval '1 hour',
       CASE WHEN dispatched THEN reported_at + interval '2 hours' END,
       CASE WHEN closed THEN least(reported_at + took, %(now)s) END,
       CASE WHEN closed THEN least(reported_at + took, %(now)s) END,
       CASE WHEN closed THEN least(reported_at + took, %(now)s) END,
       '5 work days', CASE WHEN dispatched THEN reported_at + interval '7 days' END, false, 0, false, '',
       r4 < 0.05, r4 > 0.998, r5 < 0.01, 0, (r5 > 0.97)::int, 1, 0, 0, 0, (r6 < 0.01)::int, 0, 1, '', '{}', '', false
FROM (
    SELECT *, CASE WHEN ended THEN (ARRAY['declined', 'merged', 'voided'])[1 + floor(r3 * 3)::int]
                   WHEN closed THEN 'closed'
                   ELSE (ARRAY['reported', 'filed', 'dispatched', 'handling', 'handled'])[1 + floor(r6 * 5)::int]
              END AS status, closed OR (NOT ended AND r6 >= 0.4) AS dispatched
    FROM (
        SELECT *, r2 < 0.03 AS ended,
               r2 >= 0.03 AND reported_at + took < %(now)s AND r3 > 0.0005 AS closed
        FROM (
            SELECT i, %(now)s - (%(count)s - i) * (interval '5 years' / %(count)s) AS reported_at,
                   random() AS r1, random() AS r2, random() AS r3, random() AS r4, random() AS r5, random() AS r6,
                   interval '1 hour' + random() * random() * interval '20 days' AS took, random() AS r7
            FROM generate_series(%(first)s, %(last)s) AS i
        ) AS a
    ) AS b
) AS c
JOIN bench_kind k ON k.n = floor(r1 * r1 * (SELECT count(*) FROM bench_kind))::int
JOIN bench_place p ON p.n = floor(r7 * r7 * (SELECT count(*) FROM bench_place))::int
JOIN bench_department d ON d.n = floor(r1 * (SELECT count(*) FROM bench_department))::int
"""
_ANSWERS = """
INSERT INTO cases_callback (case_id, report_id, answered, contacted, solved, grade, words, recorded_at)
SELECT id, id, true, true, r > 0.1, 1 + ceil(sqrt(r) * 4)::int, '', closed_at + interval '1 day'
FROM (SELECT id, closed_at, random() AS r FROM cases_case WHERE id BETWEEN %(first)s AND %(last)s
      AND status = 'closed' AND id %% 10 < 6) AS closed
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cockpit", description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, default=1_000_000, help="cases in the database (1000000)")
    parser.add_argument("--folder", type=Path, help="a data folder that is kept and used again")
    arguments = parser.parse_args()
    with data_folder(False) if arguments.folder is None else _kept(arguments.folder) as folder:
        os.environ |= {
            "HUYING_DATA_DIR": str(folder), "HUYING_LOG_LEVEL": "error", "HUYING_LOG_FORMAT": "text",
            "HUYING_DEMO": "1", "HUYING_TRUST_PROXY": "1", "DJANGO_SETTINGS_MODULE": "huying.config.settings",
        }  # fmt: skip
        import django

        django.setup()
        try:
            build(arguments.cases)
            print(f"{os.cpu_count()} cores, {arguments.cases:,} cases, load {os.getloadavg()[0]:.1f}\n")
            print(f"{'what':44} {'median':>12} {'unit':8} {'floor':>12} {'ratio':>8}  aim")
            for result in measure():
                show(result)
        finally:
            stop_database()
    return 0


@contextmanager
def _kept(folder: Path) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    yield folder


# -- building ------------------------------------------------------------------------------------------------


def build(count: int) -> None:
    """`count` cases with their answers, folded; nothing when they are there."""
    from django.db import connection

    from benchmarks import bulk
    from huying.cases.models import Case
    from huying.cases.tallies.folding import fold

    started = time.monotonic()

    def say(words: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {words}", flush=True)

    bulk.prepare()
    if Case.objects.exists():
        return
    tables = ("cases_case", "cases_callback", "cases_tallyshare")
    with connection.cursor() as cursor:
        # Neither triggers nor foreign keys while rows are made; marks come in one go afterwards.
        cursor.execute(
            "SET session_replication_role = replica; SET maintenance_work_mem = '1GB'; SET work_mem = '256MB'"
        )
        cursor.execute("SET synchronous_commit = off; SELECT setseed(0.5)")
        cursor.execute(_LOOKUPS)
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s) AND indexdef NOT LIKE '%%UNIQUE%%'",
            [list(tables)],
        )
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        cursor.execute("SELECT now()")
        now = cursor.fetchone()[0]
        for first in range(1, count + 1, CHUNK):
            values = {"first": first, "last": min(first + CHUNK - 1, count), "count": count, "now": now}
            cursor.execute(_CASES, values)
            cursor.execute(_ANSWERS, values)
            say(f"{values['last']:,} cases")
        for table in ("cases_case", "cases_callback"):
            for _name, definition in indexes:
                if f" {table} " in definition or f".{table} " in definition:
                    cursor.execute(definition)
            say(f"indexes of {table}")
        cursor.execute("SELECT setval(pg_get_serial_sequence('cases_case', 'id'), %s)", [count])
        cursor.execute("ANALYZE cases_case; ANALYZE cases_callback")
        cursor.execute("INSERT INTO cases_tallymark (case_id) SELECT id FROM cases_case ORDER BY id")
        say("marked")
        folded = 0
        while marks := fold(MARKS_AT_ONCE):
            folded += marks
            if folded % 1_000_000 == 0:
                say(f"{folded:,} folded")
        for _name, definition in indexes:
            if "cases_tallyshare" in definition:
                cursor.execute(definition)
        say("folded")
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM ANALYZE")
        say("vacuumed")


# -- measuring -----------------------------------------------------------------------------------------------


def measure() -> Iterator[Result]:
    """Pages against the floor of the same run, then what a mark costs an arrival."""
    from benchmarks import pages

    with pages.running() as port:
        district = pages._Staff(port, "leader")
        floor, _p95 = pages.latency(lambda number: district.get("/healthz"))
        yield Result("floor: a bare page (/healthz)", floor, "ms")
        yield Result("floor: one cell read from PostgreSQL", _cell_ms(), "ms")
        readers: list[tuple[str, object]] = [("district", district)]
        for name, username in _readers():
            readers.append((name, pages._Staff(port, username)))
        yield from _cockpits(readers, floor)
        yield from _lists(district, floor)
        with _arrivals() as results:
            yield from results
        yield from _cockpits(readers[:1], floor, f", {_waiting():,} not folded")


def _cockpits(readers: list[tuple[str, object]], floor: float, more: str = "") -> Iterator[Result]:
    for name, staff in readers:
        for period in ("today", "this-month", "last-month", "this-year"):
            yield from _page(
                f"cockpit, {name}, {period}{more}", staff, f"/cockpit/?period={period}", floor, AIM
            )


def _page(name: str, staff: object, address: str, floor: float, aim: str) -> Iterator[Result]:
    from benchmarks import pages

    assert isinstance(staff, pages._Staff)
    middle, p95 = pages.latency(lambda number: staff.get(address))
    yield Result(f"{name}", middle, "ms", floor, f"{aim} (p95 {p95:,.1f})")


def _lists(staff: object, floor: float) -> Iterator[Result]:
    for name, address in (
        ("all cases, newest", "/desk/cases/"),
        ("all cases, this year's of a street", f"/desk/cases/?reported=this-year&area={_street()}"),
        ("behind 超期 of this year", "/desk/cases/?reported=this-year&due=overdue"),
    ):
        yield from _page(name, staff, address, floor, "")


def _street() -> str:
    from huying.places.models import Area

    return (
        Area.objects.filter(level=Area.Level.SUBDISTRICT).order_by("code").values_list("code", flat=True)[0]
    )


def _readers() -> Iterator[tuple[str, str]]:
    """A leader of one street, and of one department."""
    from huying.people.models import Department, Grant, User
    from huying.places.models import Area

    street = Area.objects.get(code=_street())
    leads = Department.objects.filter(can_lead=True, code="urban-management").first()
    for name, role, area, department in (
        ("street", "leader", street, None),
        ("department", "head", None, leads),
    ):
        user, _made = User.objects.get_or_create(
            username=f"bench-{name}", defaults={"department": department}
        )
        Grant.objects.get_or_create(user=user, role=role, area=area, department=department)
        yield name, user.username


def _cell_ms() -> float:
    from django.db import connection

    times = []
    with connection.cursor() as cursor:
        for _again in range(ASKED):
            began = time.perf_counter()
            cursor.execute(
                "SELECT reported FROM cases_tallycell WHERE shape = 's' ORDER BY first DESC LIMIT 1"
            )
            cursor.fetchone()
            times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


@contextmanager
def _arrivals() -> Iterator[list[Result]]:
    """What an arrival costs with and without its mark; afterwards some thousand marks wait, and no worker folds."""
    from django.db import connection

    with connection.cursor() as cursor:
        bare = _arrival_ms(cursor, "DISABLE")
        marking = _arrival_ms(cursor, "ENABLE")
        # Changed as a worker would find them at a bad moment: the fold's lock is held, so that they stay.
        cursor.execute("SELECT pg_advisory_lock(7201012)")
        cursor.execute(
            "UPDATE cases_case SET returns = returns + 1 WHERE id IN "
            "(SELECT id FROM cases_case ORDER BY reported_at DESC LIMIT %s)",
            [WAITING],
        )
        yield [Result("an arrival, with its mark", marking, "ms", bare, "floor: without the trigger")]
        cursor.execute("SELECT pg_advisory_unlock(7201012)")


def _arrival_ms(cursor: object, triggers: str) -> float:
    from huying.cases.actions import Intake, receive_report
    from huying.cases.models import Category, Channel

    category = Category.objects.filter(ledger__code="hotline").select_related("ledger").first()
    assert category is not None
    for table in ("cases_case", "cases_callback"):
        cursor.execute(f"ALTER TABLE {table} {triggers} TRIGGER USER")  # type: ignore[attr-defined]
    times = []
    for _again in range(ARRIVALS):
        intake = Intake(
            ledger=category.ledger, category=category, words="楼下的垃圾三天没清了，苍蝇很多。",
            channel=Channel.HOTLINE, client_id=uuid.uuid4(), name="王女士", phone="13900000000",
        )  # fmt: skip
        began = time.perf_counter()
        receive_report(intake)
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


def _waiting() -> int:
    from huying.cases.tallies.checking import marked

    return marked()


if __name__ == "__main__":
    sys.exit(main())
