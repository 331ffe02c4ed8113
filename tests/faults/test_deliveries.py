"""A worker is killed while a message is on its way: nothing is lost, and only that one can arrive twice."""

from __future__ import annotations

import json
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from .site import Site, connect, until

pytestmark = pytest.mark.faults

MESSAGES = 12
GATEWAY = """
url: http://127.0.0.1:{port}/send
body: {{to: "{{phone}}", text: "{{words}}", id: "{{id}}"}}
success: "status == 200 && body.code == 0"
"""
POST = f"""
from django.core.management import call_command
call_command("migrate", verbosity=0)
from huying.notices import outbox
from huying.notices.models import Delivery
from huying.people.models import User
for number in range({MESSAGES}):
    user = User.objects.create(username=f"u{{number}}", phone=f"138000000{{number:02}}")
    outbox.post([Delivery(
        code="test", to_kind="user", to_id=user.pk, to_name="u", channel="sms", words="好", emergency=True,
    )])
"""


class Gateway:
    """Takes messages; the first one it keeps waiting until `let_go`."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        self.holding, self.let_go = threading.Event(), threading.Event()
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                gateway.taken[said["id"]] += 1
                if not gateway.holding.is_set():
                    gateway.holding.set()
                    gateway.let_go.wait(60)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b'{"code": 0}')

            def log_message(self, *_words: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    found = Gateway()
    yield found
    found.let_go.set()
    found.server.shutdown()


@pytest.fixture
def site(tmp_path: Path, gateway: Gateway) -> Iterator[Site]:
    site = Site(tmp_path)
    declaration = tmp_path / "sms.yaml"
    declaration.write_text(GATEWAY.format(port=gateway.server.server_address[1]))
    site.environment["HUYING_SMS_GATEWAY"] = str(declaration)
    site.server.ensure_running()
    yield site
    site.end()
    assert site.server.release()


def states(site: Site) -> Counter[str]:
    with connect(site.server) as database:
        return Counter(row[0] for row in database.execute("SELECT state FROM notices_delivery"))


def test_a_worker_killed_in_the_middle_of_a_message_loses_none(site: Site, gateway: Gateway) -> None:
    site.python(POST)
    worker = site.huying("worker", "--jobs", "1")
    until(gateway.holding.is_set, "the first message on its way")
    assert states(site) == {"sending": 1, "queued": MESSAGES - 1}
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    gateway.let_go.set()
    site.huying("worker")
    until(lambda: states(site)["sent"] == MESSAGES - 1, "the other messages")
    (twice,) = gateway.taken.keys() - {
        f"huying-{row[0]}"
        for row in connect(site.server).execute("SELECT id FROM notices_delivery WHERE state = 'sent'")
    }
    # Nobody can know whether it arrived, so it is sent again when its claim has run out.
    with connect(site.server) as database:
        database.execute(
            "UPDATE notices_delivery SET claimed_at = now() - interval '6 minutes' WHERE state = 'sending'"
        )
    site.next_minute("huying.notices.jobs.send_what_waited")
    until(lambda: states(site) == {"sent": MESSAGES}, "the message of the dead worker")
    assert len(gateway.taken) == MESSAGES
    assert {key for key, times in gateway.taken.items() if times > 1} == {twice}
