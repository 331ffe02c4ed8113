"""Nothing that a resident was given a number for is lost when everything is killed; nothing sent twice is doubled."""

from __future__ import annotations

import http.client
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import pytest

from huying.config.environment import BASE_DIR

from .site import Site, connect, until

pytestmark = pytest.mark.faults

RESIDENTS = 4
RECEIPT = re.compile(r"^/report/done/(\d+)/")


class Resident(threading.Thread):
    """Sends reports one after another; after a failure the same form again, as a patient browser does."""

    def __init__(self, port: int, place: int) -> None:
        super().__init__(daemon=True)
        self.port, self.source = port, f"127.0.1.{place + 1}"
        self.acknowledged: dict[uuid.UUID, str] = {}
        self.failures = 0
        self.stopping = threading.Event()

    def run(self) -> None:
        form = uuid.uuid4()
        while not self.stopping.is_set():
            try:
                number = self.send(form)
            except (OSError, http.client.HTTPException):
                number = None
            if number is None:
                self.failures += 1
                time.sleep(0.2)
                continue
            self.acknowledged[form] = number
            form = uuid.uuid4()

    def send(self, form: uuid.UUID) -> str | None:
        line = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=30, source_address=(self.source_of(), 0)
        )
        line.request("GET", "/report/")
        answer = line.getresponse()
        answer.read()
        cookie = SimpleCookie(answer.getheader("Set-Cookie", ""))
        if "csrftoken" not in cookie:
            return None
        token = cookie["csrftoken"].value
        body = urlencode(
            {
                "words": f"路灯不亮 {form}",
                "address": "测试路",
                "client_id": form,
                "csrfmiddlewaretoken": token,
            }
        )
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"csrftoken={token}",
            "Origin": f"http://127.0.0.1:{self.port}",
        }
        line.request("POST", "/report/", body, headers)
        answer = line.getresponse()
        answer.read()
        found = RECEIPT.match(answer.getheader("Location", ""))
        return found[1] if answer.status == 302 and found else None

    def source_of(self) -> str:
        """An address of this machine; a new one now and then, because a report form counts its senders."""
        first, second, third, fourth = self.source.split(".")
        return f"{first}.{second}.{int(third) + len(self.acknowledged) // 3}.{fourth}"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    pack = tmp_path / "pack"
    for words in (("migrate", "--verbosity", "0"), ("pack", "new", str(pack)), ("pack", "load", str(pack))):
        subprocess.run(
            [sys.executable, "-m", "huying.config.cli", *words], env=site.environment, cwd=BASE_DIR, check=True,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
    yield site
    site.end()


def test_no_acknowledged_report_is_lost_when_everything_is_killed(site: Site) -> None:
    site.huying("serve")
    until(site.answers, "the site to answer")
    residents = [Resident(site.port, place) for place in range(RESIDENTS)]
    for resident in residents:
        resident.start()
    for _kill in range(2):
        before = sum(len(resident.acknowledged) for resident in residents)
        until(
            lambda before=before: sum(len(r.acknowledged) for r in residents) > before + 20, "some receipts"
        )
        for process in site.processes:
            process.send_signal(signal.SIGKILL)
        site.server.kill()
        for process in site.processes:
            process.wait()
        site.processes.clear()
        until(lambda: not site.answers(), "the killed site to be gone")
        site.huying("serve")
        until(site.answers, "the site to answer again")
    after = sum(len(resident.acknowledged) for resident in residents)
    until(lambda: sum(len(r.acknowledged) for r in residents) > after + 5, "receipts after the last kill")
    for resident in residents:
        resident.stopping.set()
    for resident in residents:
        resident.join(60)

    acknowledged = {form: number for r in residents for form, number in r.acknowledged.items()}
    with connect(site.server) as connection:
        kept = dict(connection.execute("SELECT client_id, number FROM cases_report").fetchall())
    assert sum(resident.failures for resident in residents) > 0, "the kills were not felt"
    assert {form: kept.get(form) for form in acknowledged} == acknowledged
    assert len(kept) <= len(acknowledged) + RESIDENTS, "a form that was sent again became another report"
    verify = subprocess.run(
        [sys.executable, "-m", "huying.config.cli", "journal", "verify"],
        env=site.environment, cwd=BASE_DIR, capture_output=True, text=True,
    )  # fmt: skip
    assert verify.returncode == 0, verify.stdout + verify.stderr
