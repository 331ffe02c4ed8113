"""Requests to a running server with a worker beside it, and the floor: bare single-row commits."""

from __future__ import annotations

import http.client
import itertools
import random
import socket
import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlencode

import psycopg
from django.conf import settings
from django.db import connection
from django.test import Client

from benchmarks import at_work
from benchmarks.table import Result, median_and_p95
from huying.cases.models import Case, Status
from huying.people.models import User
from huying.places.models import Building

SECRET = "b" * 32  # a CSRF cookie and the form's token that goes with it
ASKED = 60
_addresses = (f"10.{a}.{b}.{c}" for a, b, c in itertools.product(range(256), range(256), range(1, 255)))
_phones = (f"199{number:08d}" for number in itertools.count(1))
_lock = threading.Lock()


def run(seconds: float) -> Iterator[Result]:
    """Rates against the floor of the same run, then the pages."""
    floors = {}
    with _table():
        for concurrency in (1, 8, 32):
            floors[concurrency] = rate(concurrency, seconds, lambda: _Committer().commit)
            yield Result(f"floor: bare INSERT commits, {concurrency} at once", floors[concurrency], "/s")
    with running() as port:
        for concurrency in (1, 8, 32):
            value = rate(concurrency, seconds, lambda: _Resident(port).report)
            aim = "≥ 300/s" if concurrency == 8 else ""
            yield Result(f"public intake, {concurrency} at once", value, "/s", floors[concurrency], aim)
        waiting = iter(
            Case.objects.filter(status=Status.REPORTED)
            .order_by("pk")
            .values_list("number", "category__code")[:50_000]
        )
        clerk = _Staff(port, "dispatcher")
        value = rate(8, seconds, lambda: _Staff(port, "dispatcher", clerk.session).filer(waiting))
        yield Result("status change (file), 8 at once", value, "/s", floors[8], "≥ 300/s")
        yield from _pages(port, clerk)
        floor, _p95 = latency(lambda number: clerk.get("/healthz"))
        yield from at_work.run(port, floor)


def _pages(port: int, dispatcher: _Staff) -> Iterator[Result]:
    leader = _Staff(port, "leader")
    areas = list(
        Case.objects.exclude(subdistrict=None).values_list("subdistrict__code", flat=True).distinct()[:12]
    )
    topics = ["property", "heating", "roads", "noise", "parking", "sanitation"]
    words = ["暖气不热", "井盖", "噪声 半夜", "垃圾", "电梯", "停水", "路灯", "退费", "占道", "漏水"]
    floor, _p95 = latency(lambda number: dispatcher.get("/healthz"))

    def queue(number: int) -> None:
        query = {"ledger": "hotline", "topic": topics[number % 6], "area": areas[number % len(areas)]}
        dispatcher.get(f"/desk/queue/?{urlencode(query)}")

    def all_cases(number: int) -> None:
        query = {"ledger": "hotline", "topic": topics[number % 6], "area": areas[number % len(areas)]}
        dispatcher.get(f"/desk/cases/?{urlencode(query)}")

    def search(number: int) -> None:
        dispatcher.get(f"/desk/cases/?{urlencode({'q': words[number % len(words)]})}")

    def clusters(number: int) -> None:
        shift = number * 1e-5  # no two questions alike, or a cache would answer
        box = f"{113.31 + shift:.5f},{33.71 + shift:.5f},{113.45 + shift:.5f},{33.81 + shift:.5f}"
        dispatcher.get(f"/public/clusters.json?{urlencode({'bbox': box, 'zoom': 13})}")

    for name, ask, aim in (
        ("dispatcher's queue, three filters, p95", queue, "≤ 30 ms"),
        ("all cases, three filters, p95", all_cases, "≤ 30 ms"),
        ("search over all cases, p95", search, "≤ 50 ms"),
        ("cockpit, p95", lambda number: leader.get("/cockpit/"), "≤ 150 ms"),
        ("map clusters, p95", clusters, "≤ 50 ms"),
    ):
        try:
            middle, p95 = latency(ask)
        except _Refused as refused:
            yield Result(f"{name}: {refused}", 0, "ms", None, aim)
            continue
        yield Result(name, p95, "ms", floor, f"{aim} (median {middle:,.1f})")


# -- measuring -----------------------------------------------------------------------------------------------


def rate(concurrency: int, seconds: float, make: Callable[[], Callable[[], object]]) -> float:
    """How often a second so many callers get it done; the median of the measured seconds."""
    done: list[float] = []
    failed: list[BaseException] = []
    work = [make() for _caller in range(concurrency)]
    start, stop = threading.Barrier(concurrency + 1), threading.Event()

    def call(once: Callable[[], object]) -> None:
        try:
            once()  # warm
            start.wait()
            while not stop.is_set():
                once()
                done.append(time.perf_counter())
        except BaseException as error:  # a caller that failed must not leave the others waiting
            failed.append(error)
            stop.set()
            start.abort()

    threads = [threading.Thread(target=call, args=(once,)) for once in work]
    for thread in threads:
        thread.start()
    with suppress(threading.BrokenBarrierError):
        start.wait()
    began = time.perf_counter()
    stop.wait(seconds)
    stop.set()
    for thread in threads:
        thread.join()
    if failed and not done:
        raise failed[0]
    whole = max(1, int(seconds))
    each = [0] * whole
    for moment in done:
        second = int((moment - began) / seconds * whole)
        if 0 <= second < whole:
            each[second] += 1
    return statistics.median(each) * whole / seconds


def latency(ask: Callable[[int], object]) -> tuple[float, float]:
    """(median, p95) in milliseconds of requests one after the other."""
    for number in range(5):
        ask(number)
    times = []
    for number in range(ASKED):
        began = time.perf_counter()
        ask(number + 5)
        times.append(time.perf_counter() - began)
    return median_and_p95(times)


# -- callers -------------------------------------------------------------------------------------------------


@contextmanager
def _table() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS benchmark_floor (id bigserial PRIMARY KEY, words text)")
        yield
        cursor.execute("DROP TABLE benchmark_floor")


class _Committer:
    """One connection that commits row after row."""

    def __init__(self) -> None:
        given = connection.get_connection_params()
        wanted = {key: given[key] for key in ("dbname", "user", "password", "host", "port") if given.get(key)}
        self._connection = psycopg.connect(**wanted, autocommit=True)

    def commit(self) -> None:
        self._connection.execute(
            "INSERT INTO benchmark_floor (words) VALUES (%s)", ["路灯不亮，晚上看不见路。"]
        )


class _Refused(Exception):
    """The server answered something else than was asked for."""


class _Caller:
    """One kept connection with its cookies, as a browser has."""

    def __init__(self, port: int, session: str = "") -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookies = f"csrftoken={SECRET}" + (f"; sessionid={session}" if session else "")

    def ask(self, method: str, path: str, body: str | None = None) -> tuple[int, http.client.HTTPResponse]:
        with _lock:
            address = next(_addresses)
        headers = {"Cookie": self.cookies, "X-Forwarded-For": address}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            self._http.request(method, path, body, headers)
            response = self._http.getresponse()
        except http.client.RemoteDisconnected:
            # The server gives up a connection that was idle for long; a browser opens another.
            self._http.close()
            self._http.request(method, path, body, headers)
            response = self._http.getresponse()
        response.read()
        return response.status, response

    def get(self, path: str) -> None:
        status, _response = self.ask("GET", path)
        if status != 200:
            raise _Refused(f"GET {path.partition('?')[0]} → {status}")

    def post(self, path: str, **fields: object) -> None:
        status, _response = self.ask("POST", path, urlencode({"csrfmiddlewaretoken": SECRET, **fields}))
        if status not in (302, 303):
            raise _Refused(f"POST {path} → {status}")


class _Resident(_Caller):
    """Reports one thing after the other on the public form, each at another building."""

    _places: list[tuple[float, float]] = []

    def __init__(self, port: int) -> None:
        super().__init__(port)
        if not self._places:
            self._places.extend(Building.objects.values_list("lng", "lat"))

    def report(self) -> None:
        lng, lat = random.choice(self._places)
        with _lock:
            phone = next(_phones)
        self.post(
            "/report/", words="楼下的垃圾三天没清了，苍蝇很多。", lng=f"{lng:.6f}", lat=f"{lat:.6f}", address="楼下",
            name="王女士", phone=phone, consent="on", follow="no", client_id=uuid.uuid4(),
        )  # fmt: skip


class _Staff(_Caller):
    """Somebody signed in."""

    def __init__(self, port: int, username: str, session: str = "") -> None:
        if not session:
            client = Client()
            client.force_login(User.objects.get(username=username))
            session = client.cookies[settings.SESSION_COOKIE_NAME].value
        self.session = session
        super().__init__(port, session)

    def filer(self, waiting: Iterator[tuple[str, str]]) -> Callable[[], None]:
        """Files the next case that waits at the desk."""

        def file() -> None:
            with _lock:
                number, category = next(waiting)
            self.post(f"/desk/cases/{number}/file/", category=category)

        return file


# -- the server ----------------------------------------------------------------------------------------------


@contextmanager
def running() -> Iterator[int]:
    """The product as it is run: a server and a worker, each a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "huying.config.cli"]
    processes = [
        subprocess.Popen([*command, "serve", "--bind", "127.0.0.1", "--port", str(port)]),
        subprocess.Popen([*command, "worker"]),
    ]
    try:
        _wait_for(port)
        yield port
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=60)


def _wait_for(port: int) -> None:
    for _second in range(120):
        with suppress(OSError):
            if _Caller(port).ask("GET", "/readyz")[0] == 200:
                return
        time.sleep(0.5)
    raise _Refused("the server did not start")
