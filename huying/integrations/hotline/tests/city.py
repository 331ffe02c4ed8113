"""A city hotline that misbehaves: it loses answers, breaks off, stumbles and repeats itself, by a seed.

It keeps what it has understood, each message exactly once, so that a test can hold both sides together.
"""

from __future__ import annotations

import json
import random
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from huying.integrations.hotline.signing import KEY, NONCE, SIGNATURE, TIMESTAMP, signature

KEY_ID, SECRET = "city-1", "correct horse battery staple"


class City:
    """The server and what it knows. `moods` are the misbehaviours it draws from; none: it behaves."""

    def __init__(self, *, seed: int = 0, moods: tuple[str, ...] = ()) -> None:
        self.random = random.Random(seed)
        self.moods = moods
        self.lock = threading.Lock()
        self.events: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
        self.arrivals: list[tuple[str, int]] = []  # in the order in which they were processed, repeats too
        self.open: dict[str, str] = {}  # what it still waits for, with the status as it knows it
        self.wrong_signatures = 0
        self.refuse: int | None = None  # a status to refuse everything with
        self.under_way: dict[str, int] = defaultdict(int)
        self.most_under_way = 0
        city = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_args: Any) -> None:
                pass

            def do_POST(self) -> None:
                city.answer(self)

            def do_GET(self) -> None:
                city.answer(self)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/huying"

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def statuses(self) -> dict[str, str]:
        """{number: the last event that was understood}."""
        return {number: events[max(events)]["event"] for number, events in self.events.items()}

    def answer(self, http: BaseHTTPRequestHandler) -> None:
        body = http.rfile.read(int(http.headers.get("Content-Length") or 0))
        if not self._signed(http, body):
            self.wrong_signatures += 1
            return self._reply(http, 401, {"detail": "签名不对"})
        with self.lock:
            mood = self.random.choice(("", *self.moods)) if self.moods else ""
        if mood == "hang up":
            return self._hang_up(http)
        if mood in ("500", "503", "429"):
            return self._reply(http, int(mood), {"detail": "忙"})
        if mood == "nonsense":
            return self._reply(http, 502, {"detail": "<html>\0"})
        if self.refuse is not None:
            return self._reply(http, self.refuse, {"detail": "不要"})
        path = urlsplit(http.path).path
        if http.command == "GET":
            with self.lock:
                rows = [{"number": number, "status": status} for number, status in self.open.items()]
            return self._reply(http, 200, {"orders": rows, "next": ""})
        number = unquote(path.split("/orders/")[1].removesuffix("/events"))
        with self.lock:
            self.under_way[number] += 1
            self.most_under_way = max(self.most_under_way, self.under_way[number])
        status = self._take(number, json.loads(body))
        with self.lock:
            self.under_way[number] -= 1
        if mood == "lose answer":
            return self._hang_up(http)
        return self._reply(http, status, {"detail": "已有" if status == 409 else "收到"})

    def _take(self, number: str, message: dict[str, Any]) -> int:
        with self.lock:
            self.arrivals.append((number, message["sequence"]))
            if message["sequence"] in self.events[number]:
                return 409
            self.events[number][message["sequence"]] = message
            return 200

    def _signed(self, http: BaseHTTPRequestHandler, body: bytes) -> bool:
        head = http.headers
        wanted = signature(
            SECRET, http.command, http.path, head.get(TIMESTAMP, ""), head.get(NONCE, ""), body
        )
        return head.get(KEY) == KEY_ID and head.get(SIGNATURE) == wanted

    def _hang_up(self, http: BaseHTTPRequestHandler) -> None:
        http.close_connection = True
        http.connection.close()

    def _reply(self, http: BaseHTTPRequestHandler, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body, ensure_ascii=False).encode()
        http.send_response(status)
        http.send_header("Content-Type", "application/json")
        http.send_header("Content-Length", str(len(data)))
        http.end_headers()
        http.wfile.write(data)
