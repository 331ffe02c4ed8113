"""Registers with a million things: lists, windows of the map, the nearest thing, a table of 10,000 rows.

    python -m benchmarks.registry                    a million things, a data folder of its own that is thrown away
    python -m benchmarks.registry --items 20000      a quick smoke
    python -m benchmarks.registry --keep             keep the data folder, and use it again next time

Pages are asked in process, without the network. Each floor is a bare PostgreSQL statement that reads or writes the
same rows, in the same run.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.__main__ import data_folder, show, stop_database
from benchmarks.table import Result, median_and_p95

ASKED = 40
IMPORTED = 10_000
REGISTER = "lamp"

_FILL = """
INSERT INTO registry_item (register_id, code, title, part_code, label, address, lng, lat, area_id, area_path, owner_id,
    state, data, origin, version, made_at, changed_at, words, search)
SELECT %(register)s, 'B-' || lpad(n::text, 7, '0'), '建设路' || n || '号灯杆', '',
    'B' || lpad(upper(to_hex(n)), 7, '0'), '建设路' || n || '号',
    a.west + random() * (a.east - a.west), a.south + random() * (a.north - a.south), a.id, a.path, d.id,
    CASE WHEN n %% 200 = 0 THEN 'out' ELSE 'in use' END,
    jsonb_build_object('kind', (ARRAY['单臂灯', '双臂灯', '高杆灯'])[1 + n %% 3], 'height', 6 + n %% 5), 'import', 1,
    now(), now(), 'b-' || lpad(n::text, 7, '0') || ' 建设路' || n || '号灯杆',
    array_to_tsvector(ARRAY['b', lpad(n::text, 7, '0'), '建', '设', '路', '建设', '设路', '号', '灯', '杆', '号灯',
        '灯杆'])
FROM generate_series(%(first)s, %(last)s) AS n
JOIN (SELECT id, path, west, south, east, north, row_number() OVER (ORDER BY id) - 1 AS place,
             count(*) OVER () AS many
      FROM places_area WHERE level = 'grid' AND west IS NOT NULL) AS a ON a.place = n %% a.many
JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS many
      FROM people_department) AS d ON d.place = n %% d.many
"""


def fill(count: int) -> Result | None:
    """`count` lamps over the grids of the district; what is there already stays."""
    from django.db import connection

    from huying.registry.models import Item, Register

    register = Register.objects.get(code=REGISTER)
    there = Item.objects.filter(register=register, code__startswith="B-").count()
    if there >= count:
        return None
    began, step = time.perf_counter(), 50_000
    with connection.cursor() as cursor:
        for first in range(there + 1, count + 1, step):
            cursor.execute(
                _FILL, {"register": register.pk, "first": first, "last": min(first + step - 1, count)}
            )
        seconds = time.perf_counter() - began
        cursor.execute("VACUUM ANALYZE")
    return Result("things written with places and cells", (count - there) / seconds, "/s")


def asked(work: Callable[[int], object]) -> tuple[float, float]:
    """Median and 95th percentile of one question, in ms; each time another one."""
    times = []
    for number in range(ASKED + 3):
        began = time.perf_counter()
        work(number)
        times.append(time.perf_counter() - began)
    return median_and_p95(times[3:])  # the first ones warm up


class Bare:
    """Bare statements, to know what the database alone needs."""

    def __init__(self) -> None:
        from django.db import connection

        from huying.registry.models import Register

        self.connection, self.register = connection, Register.objects.get(code=REGISTER).pk

    def rows(self, query: str, *values: Any) -> list[Any]:
        """What the statement finds."""
        with self.connection.cursor() as cursor:
            cursor.execute(query, values)
            return list(cursor.fetchall())

    def page(self, number: int) -> None:
        """Fifty rows of the list, somewhere."""
        self.rows(
            "SELECT * FROM registry_item WHERE register_id = %s AND code > %s ORDER BY code LIMIT 51",
            self.register, f"B-{number * 997:07}",
        )  # fmt: skip

    def nearest(self, number: int) -> None:
        """Ten keys by the index."""
        lng, lat = _somewhere(number)
        self.rows(
            "SELECT id FROM registry_item"
            " ORDER BY item_place(register_id, lng, lat) <-> item_place(%s, %s, %s) LIMIT 10",
            self.register, lng, lat,
        )  # fmt: skip

    def cells(self, _number: int) -> None:
        """All cells of one depth."""
        self.rows("SELECT * FROM registry_itemcell WHERE register_id = %s AND zoom = 14", self.register)


def _somewhere(number: int) -> tuple[float, float]:
    drawn = random.Random(number)
    return 113.33 + drawn.random() * 0.06, 33.73 + drawn.random() * 0.05


def _client(username: str) -> Any:
    from django.test import Client

    from huying.people.models import User

    client = Client()
    client.force_login(User.objects.get(username=username))
    return client


def pages(bare: Bare) -> Iterator[Result]:
    """What staff open."""
    desk, worker = _client("admin"), _client("grid-putaoyuan")
    head = _client("head-urban-management")
    floor_page, _p95 = asked(bare.page)
    floor_cells, _p95 = asked(bare.cells)
    lists = f"/desk/registers/{REGISTER}/"
    points = f"{lists}points.json"

    def get(client: Any, path: str, **query: Any) -> Any:
        answer = client.get(path, query)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer

    def deep(number: int) -> None:
        from huying.core.paging import Keyset
        from huying.registry.models import Item

        row = (
            Item.objects.filter(register=bare.register, code__gte=f"B-{number * 19997:07}")
            .order_by("code")
            .first()
        )
        get(desk, lists, after=Keyset(Item.objects.all(), "code")._write(row))

    def window(size: float, zoom: int, client: Any = desk, **query: Any) -> Callable[[int], object]:
        def ask(number: int) -> object:
            lng, lat = _somewhere(number)
            box = f"{lng - size},{lat - size / 2},{lng + size},{lat + size / 2}"
            return get(client, points, bbox=box, zoom=zoom, **query)

        return ask

    for name, work, floor in (
        ("overview of all registers", lambda number: get(desk, "/desk/registers/"), floor_page),
        ("list, first page", lambda number: get(desk, lists), floor_page),
        ("list, a page deep inside", deep, floor_page),
        ("list by state", lambda number: get(desk, lists, state="out"), floor_page),
        ("list by a declared choice", lambda number: get(desk, lists, f_kind="双臂灯"), floor_page),
        ("list by a rare choice", lambda number: get(desk, lists, f_kind="太阳能灯"), floor_page),
        ("list by owner", lambda number: get(desk, lists, owner="urban-management"), floor_page),
        ("list by title, backwards", lambda number: get(desk, lists, sort="-title"), floor_page),
        ("search for a code", lambda number: get(desk, lists, q=f"B-{number * 977 + 1:07}"), floor_page),
        ("search for a common word", lambda number: get(desk, lists, q="建设路"), floor_page),
        ("search over all registers", lambda number: get(desk, "/desk/registers/items/", q="灯杆"), floor_page),
        ("list of one grid's worker", lambda number: get(worker, lists), floor_page),
        ("map, whole district", window(0.2, 12), floor_cells),
        ("map, whole district, all registers", lambda number: get(
            desk, "/desk/registers/map/points.json", bbox="113.2,33.6,113.6,33.9", zoom=12
        ), floor_cells),
        ("map, some streets", window(0.01, 16), floor_cells),
        ("map, a crossing", window(0.001, 19), floor_cells),
        ("map of what is out, some streets", window(0.01, 16, state="out"), floor_cells),
        ("map of a third of all, whole district", window(0.2, 12, f_kind="双臂灯"), floor_cells),
        ("map of one grid's worker, district", window(0.2, 12, worker), floor_cells),
        ("overview of a department's head", lambda number: get(head, "/desk/registers/"), floor_page),
    ):  # fmt: skip
        middle, p95 = asked(work)
        yield Result(f"{name}, p95", p95, "ms", floor, f"≤ 100 ms (median {middle:,.1f})")


def nearest(bare: Bare) -> Iterator[Result]:
    """The thing nearest to a point, as a report's form and a phone ask for it."""
    from huying.registry.finding import nearest_items

    floor, _p95 = asked(bare.nearest)
    middle, p95 = asked(lambda number: nearest_items(*_somewhere(number), [bare.register]))
    yield Result("nearest ten things, p95", p95, "ms", floor, f"≤ 10 ms (median {middle:,.1f})")


def table(bare: Bare) -> Iterator[Result]:
    """A table of 10,000 new rows, then the same with one column corrected."""
    from huying.people.models import User
    from huying.places.locate import locate
    from huying.registry.imports.apply import apply_upload, claim, take
    from huying.registry.models import Register

    register, actor = Register.objects.get(code=REGISTER), User.objects.get(username="admin")
    prefix = f"T{int(time.time())}"
    spread = bare.rows("SELECT lng, lat FROM registry_item WHERE code LIKE 'B-%%' LIMIT %s", 2 * IMPORTED)
    points = [point for point in spread if locate(*point).kind == "inside"][:IMPORTED]

    def csv(height: int) -> bytes:
        lines = [f"{prefix}-{n},{n}号灯,单臂灯,{height},{lng},{lat}" for n, (lng, lat) in enumerate(points)]
        return "\n".join(["code,title,kind,height,lng,lat", *lines]).encode()

    def run(raw: bytes) -> tuple[float, float]:
        began = time.perf_counter()
        upload = take(register, "bench.csv", raw, actor=actor)
        looked = time.perf_counter()
        claim(upload)
        apply_upload(upload.pk)
        upload.refresh_from_db()
        assert upload.state == "applied" and not upload.result["counts"].get("wrong"), upload.state
        return looked - began, time.perf_counter() - looked

    with bare.connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE bench_rows (LIKE registry_item)")
        began = time.perf_counter()
        cursor.execute(
            "INSERT INTO bench_rows SELECT * FROM registry_item WHERE code LIKE 'B-%%' LIMIT %s", [IMPORTED]
        )
    floor = IMPORTED / (time.perf_counter() - began)
    look, apply = run(csv(8))
    yield Result("import: rows looked at", len(points) / look, "/s", floor)
    yield Result("import: new rows with history", len(points) / apply, "/s", floor)
    _look, apply = run(csv(9))
    yield Result("import: rows corrected with history", len(points) / apply, "/s", floor)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.registry", description=__doc__.split("\n")[0])
    parser.add_argument("--items", type=int, default=1_000_000, help="things on one register (1000000)")
    parser.add_argument("--keep", action="store_true", help="keep the data folder")
    arguments = parser.parse_args()
    with data_folder(arguments.keep) as folder:
        os.environ |= {
            "HUYING_DATA_DIR": str(folder), "HUYING_LOG_LEVEL": "error", "HUYING_LOG_FORMAT": "text",
            "HUYING_DEMO": "1", "DJANGO_SETTINGS_MODULE": "huying.config.settings",
            "HUYING_ALLOWED_HOSTS": "testserver,127.0.0.1",
        }  # fmt: skip
        import django

        django.setup()
        from benchmarks import bulk
        from huying.config.serving import prepare_static_files

        print(f"{os.cpu_count()} cores, {arguments.items:,} things, load {os.getloadavg()[0]:.1f}\n")
        print(f"{'what':44} {'median':>12} {'unit':8} {'floor':>12} {'ratio':>8}  aim")
        try:
            bulk.prepare()
            prepare_static_files()
            if written := fill(arguments.items):
                show(written)
            bare = Bare()
            for part in (nearest, pages, table):
                for result in part(bare):
                    show(result)
        finally:
            stop_database()
    return 0


if __name__ == "__main__":
    sys.exit(main())
