"""The exchange with the city when site, worker and database are killed in the middle of it: nothing lost or doubled."""

import http.client
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from huying.config.environment import BASE_DIR
from huying.integrations.hotline.messages import VERSION
from huying.integrations.hotline.signing import signed_headers
from huying.integrations.hotline.tests.city import KEY_ID, SECRET, City

from .site import Site, connect, until

pytestmark = pytest.mark.faults
PATH = "/api/hotline/orders"

CONNECT = """
import django; django.setup()
from huying.cases.models import Ledger
from huying.integrations.hotline.models import CitySystem
ledger = next(one for one in Ledger.objects.all() if "hotline" in one.rules.channels)
CitySystem.objects.create(
    code="city", title="市热线", ledger=ledger, key_id={key!r}, secret={secret!r}, base_url={url!r}
)
"""
# What the job of every minute does, without waiting for the minutes of the back-off.
PUSH = """
import django; django.setup()
from django.utils import timezone
from huying.integrations.hotline.models import Order
from huying.integrations.hotline.outbox import push_order
Order.objects.filter(next_try_at__isnull=False).update(next_try_at=timezone.now(), sending_until=None)
for order_id in Order.objects.owed().values_list("pk", flat=True):
    push_order(order_id)
"""


class Sender(threading.Thread):
    """The city's side: each order until it has a receipt, and every third one twice."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.acknowledged: dict[str, str] = {}
        self.failures = 0
        self.stopping = threading.Event()

    def run(self) -> None:
        index = 0
        while not self.stopping.is_set():
            number = f"F-{index}"
            case = self.send(number)
            if case is None:
                self.failures += 1
                self.stopping.wait(0.2)
                continue
            if index % 3 == 0:
                again = self.send(number)
                assert again in (None, case), "the same order became another case"
            self.acknowledged[number] = case
            index += 1
            self.stopping.wait(0.02)

    def send(self, number: str) -> str | None:
        body = json.dumps(
            {"schema": VERSION, "number": number, "revision": 1, "words": f"路灯不亮 {number}", "name": "李小明",
             "phone": "13800001111", "address": "测试路"}
        ).encode()  # fmt: skip
        try:
            line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            line.request("POST", PATH, body, signed_headers(KEY_ID, SECRET, "POST", PATH, body))
            answer = line.getresponse()
            said = answer.read()
        except (OSError, http.client.HTTPException):
            return None
        return str(json.loads(said)["case"]) if answer.status in (200, 201) else None


@pytest.fixture
def city() -> Iterator[City]:
    city = City(seed=7, moods=("", "", "500", "hang up", "lose answer"))
    yield city
    city.stop()


@pytest.fixture
def site(tmp_path: Path, city: City) -> Iterator[Site]:
    site = Site(tmp_path)
    pack = tmp_path / "pack"
    for words in (("migrate", "--verbosity", "0"), ("pack", "new", str(pack)), ("pack", "load", str(pack))):
        subprocess.run(
            [sys.executable, "-m", "huying.config.cli", *words], env=site.environment, cwd=BASE_DIR, check=True,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
    python(site, CONNECT.format(key=KEY_ID, secret=SECRET, url=city.url))
    yield site
    site.end()


def python(site: Site, code: str) -> None:
    environment = site.environment | {"DJANGO_SETTINGS_MODULE": "huying.config.settings"}
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=BASE_DIR, check=True)


def test_both_sides_are_equal_after_site_worker_and_database_were_killed(site: Site, city: City) -> None:
    site.huying("serve")
    site.huying("worker")
    until(site.answers, "the site to answer")
    sender = Sender(site.port)
    sender.start()
    for _kill in range(2):
        before, heard = len(sender.acknowledged), len(city.arrivals)
        until(
            lambda before=before, heard=heard: (
                len(sender.acknowledged) > before + 15 and len(city.arrivals) > heard + 5
            ),
            "orders to pass in both directions",
        )
        for process in site.processes:
            process.send_signal(signal.SIGKILL)
        site.server.kill()
        for process in site.processes:
            process.wait()
        site.processes.clear()
        site.huying("serve")
        site.huying("worker")
        until(site.answers, "the site to answer again")
    after = len(sender.acknowledged)
    until(lambda: len(sender.acknowledged) > after + 5, "orders after the last kill")
    sender.stopping.set()
    sender.join(60)
    assert sender.failures > 0, "the kills were not felt"

    city.moods = ()
    with connect(site.server) as connection:

        def owed() -> int:
            found = connection.execute(
                "SELECT count(*) FROM integrations_hotline_delivery WHERE state <> 'acknowledged'"
            ).fetchone()
            return int(found[0]) if found else 0

        def settled() -> bool:
            python(site, PUSH)
            return owed() == 0

        until(settled, "the city to have everything")
        orders = dict(
            connection.execute(
                "SELECT o.number, c.number FROM integrations_hotline_order o "
                "JOIN cases_report r ON r.id = o.report_id JOIN cases_case c ON c.id = r.case_id"
            ).fetchall()
        )
        messages: dict[str, dict[int, str]] = {}
        for number, sequence, event in connection.execute(
            "SELECT o.number, d.sequence, d.event FROM integrations_hotline_delivery d "
            "JOIN integrations_hotline_order o ON o.id = d.order_id"
        ).fetchall():
            messages.setdefault(number, {})[sequence] = event
        cases = connection.execute("SELECT count(*) FROM cases_case").fetchone()
    assert {number: orders.get(number) for number in sender.acknowledged} == sender.acknowledged
    assert cases is not None
    assert cases[0] == len(orders), "an order that was sent again became another case"
    known = {
        number: {sequence: message["event"] for sequence, message in events.items()}
        for number, events in city.events.items()
    }
    assert known == messages
