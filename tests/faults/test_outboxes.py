"""A worker is killed while it speaks: other servers have each case once, subscribers every event in order."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from huying.integrations.forwarding.tests.elsewhere import Elsewhere

from .site import Site, connect, until

pytestmark = pytest.mark.faults
CASES = 6
STAGE = f"""
from django.core.management import call_command
call_command("migrate", verbosity=0)
from huying.cases.tests.conftest import Loop
from huying.core.testing import make_district
loop = Loop(make_district())
{{before}}
for number in range({CASES}):
    loop.dispatched(words=f"第{{{{number}}}}盏路灯不亮", point=(113.3201 + number / 5000, 33.715))
"""
PARTNER = """
from huying.integrations.forwarding.tests.conftest import make_partner
make_partner(loop, {url!r})
"""
SUBSCRIBER = """
from huying.integrations.webhooks.models import Subscriber
Subscriber.objects.create(title="市数据局", url={url!r}, owner=loop.dispatcher, secret="x" * 40)
"""


class Holding(Elsewhere):
    """Takes a matter, and keeps the first answer back until `let_go`."""

    def __init__(self) -> None:
        self.holding, self.let_go = threading.Event(), threading.Event()
        super().__init__()

    def _send(self, call: BaseHTTPRequestHandler, status: int, body: bytes, kind: str) -> None:  # type: ignore[override]
        if call.command == "POST" and not self.holding.is_set():
            self.holding.set()
            self.let_go.wait(60)
        with suppress(OSError):  # who asked has died meanwhile
            Elsewhere._send(call, status, body, kind)


class Listener:
    """Keeps every event; the first answer it keeps back until `let_go`."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.holding, self.let_go, lock = threading.Event(), threading.Event(), threading.Lock()
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    listener.events.append(said)
                if not listener.holding.is_set():
                    listener.holding.set()
                    listener.let_go.wait(60)
                with suppress(OSError):  # who asked has died meanwhile
                    self.send_response(200)
                    self.end_headers()

            def log_message(self, *_words: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    site.environment["HUYING_TRUSTED_HOSTS"] = "127.0.0.1"
    site.server.ensure_running()
    yield site
    site.end()
    assert site.server.release()


def killed(worker: subprocess.Popen[str]) -> None:
    worker.send_signal(signal.SIGKILL)
    worker.wait()


def test_a_case_that_was_on_its_way_to_another_server_is_there_once(site: Site) -> None:
    there = Holding()
    site.python(STAGE.format(before=PARTNER.format(url=there.url)))
    worker = site.huying("worker", "--jobs", "1")
    until(there.holding.is_set, "the first case on its way")
    killed(worker)
    there.let_go.set()
    site.huying("worker")

    def open_there() -> int:
        with connect(site.server) as database:
            (count,) = database.execute(
                "SELECT count(*) FROM integrations_forwarding_forwarding WHERE state = 'open'"
            ).fetchone()  # type: ignore[misc]
            return int(count)

    until(lambda: open_there() == CASES - 1, "the other cases")
    with connect(site.server) as database:
        # Its claim runs out after a minute and a half; the job of every minute then takes it up.
        database.execute(
            "UPDATE integrations_forwarding_forwarding SET sending_until = now() WHERE state = 'waiting'"
        )
    site.next_minute("huying.integrations.forwarding.jobs.push_due")
    until(lambda: open_there() == CASES, "the case of the dead worker")
    assert len(there.requests) == CASES and there.posts == CASES
    there.stop()


def test_a_subscriber_gets_every_event_of_a_case_in_order_and_only_the_held_one_twice(site: Site) -> None:
    listener = Listener()
    site.python(STAGE.format(before=SUBSCRIBER.format(url=listener.url)))
    worker = site.huying("worker", "--jobs", "1")
    until(listener.holding.is_set, "the first event on its way")
    killed(worker)
    listener.let_go.set()
    site.huying("worker")
    with connect(site.server) as database:
        (owed,) = database.execute("SELECT count(*) FROM integrations_webhooks_delivery").fetchone()  # type: ignore[misc]
        database.execute(
            "UPDATE integrations_webhooks_delivery SET claimed_at = now() - interval '3 minutes'"
            " WHERE state = 'sending'"
        )
    site.next_minute("huying.integrations.webhooks.jobs.deliver_what_is_due")
    until(lambda: len({event["id"] for event in listener.events}) == owed, "every event")
    times: defaultdict[str, int] = defaultdict(int)
    orders: defaultdict[str, list[int]] = defaultdict(list)
    for event in listener.events:
        times[event["id"]] += 1
        if times[event["id"]] == 1 and "case" in event:
            orders[event["case"]["number"]].append(event["sequence"])
    assert len(orders) == CASES and all(found == sorted(found) for found in orders.values())
    assert (
        sum(count > 1 for count in times.values()) <= 20
    )  # a batch is claimed together, and comes again together
    listener.server.shutdown()
