"""Somebody else's Open311 server. It misbehaves by a seed: loses answers, stumbles, repeats and mixes up itself."""

from __future__ import annotations

import json
import random
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

KEY = "a key of theirs"
NOW = "2026-11-21T10:00:00+08:00"


class Elsewhere:
    """The server and what it knows. `moods` are the misbehaviours it draws from; none: it behaves."""

    def __init__(
        self, *, seed: int = 0, moods: tuple[str, ...] = (), updates: bool = True, tokens: bool = False
    ) -> None:
        self.random, self.moods, self.has_updates, self.tokens = random.Random(seed), moods, updates, tokens
        self.lock = threading.Lock()
        self.requests: dict[str, dict[str, str]] = {}
        self.updates: list[dict[str, str]] = []
        self.posts = 0
        self.body: bytes | None = None  # what it answers to everything, whatever was asked
        there = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_args: Any) -> None:
                pass

            def do_GET(self) -> None:
                there.answer(self)

            def do_POST(self) -> None:
                there.answer(self)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/open311/v2"

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    # --- what the people there do ---------------------------------------------------------------------------

    def say(self, number: str, words: str, *, status: str = "open", update_id: str = "", **more: str) -> None:
        self.updates.append({
            "update_id": update_id, "service_request_id": number, "status": status, "updated_datetime": NOW,
            "description": words, **more,
        })  # fmt: skip

    def close(self, number: str, notes: str, **more: str) -> None:
        self.requests[number] |= {"status": "closed", "status_notes": notes, **more}

    # --- answering ------------------------------------------------------------------------------------------

    def answer(self, call: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(call.path)
        length = int(call.headers.get("Content-Length") or 0)
        sent = {k: v[0] for k, v in parse_qs(call.rfile.read(length).decode()).items()}
        asked = {k: v[0] for k, v in parse_qs(parts.query).items()}
        what, _dot, form = parts.path.removeprefix("/open311/v2/").rpartition(".")
        with self.lock:
            mood = self.random.choice((*self.moods, "")) if self.moods else ""
            if mood == "stumble":
                return self._send(call, 503, b"<html>maintenance</html>", "text/html")
            if mood == "html":
                return self._send(call, 200, b"<html>please log in</html>", "text/html")
            status, rows = self._do(call.command, what, {**asked, **sent})
            if mood == "lose":
                call.close_connection = True
                call.connection.close()
                return None
            if mood == "mix":
                rows = [*rows, *rows[:2]]
                self.random.shuffle(rows)
        body = self.body if self.body is not None else self._body(form, what, rows)
        return self._send(call, status, body, "application/json" if form == "json" else "text/xml")

    def _do(self, method: str, what: str, values: dict[str, str]) -> tuple[int, list[dict[str, str]]]:
        if method == "POST":
            return self._take(values)
        ids = [one for one in values.get("service_request_id", "").split(",") if one]
        if what == "requests":
            rows = [row for number, row in self.requests.items() if not ids or number in ids]
            return 200, [{k: v for k, v in row.items() if k != "sent"} for row in rows]
        if what == "servicerequestupdates":
            if not self.has_updates:
                return 404, [{"code": "404", "description": "no such thing"}]
            return 200, [row for row in self.updates if row["service_request_id"] in ids]
        if what.startswith("tokens/"):
            return 200, [{"token": what[7:], "service_request_id": what[7:].removeprefix("t-")}]
        return 200, [{"service_code": "lamp", "service_name": "Street lamp"}]

    def _take(self, values: dict[str, str]) -> tuple[int, list[dict[str, str]]]:
        self.posts += 1
        if values.get("api_key") != KEY:
            return 403, [{"code": "403", "description": "api_key was wrong"}]
        if values.get("service_code") != "lamp":
            return 404, [{"code": "404", "description": "service_code was not found"}]
        number = str(1000 + len(self.requests))
        self.requests[number] = {
            "service_request_id": number, "status": "open", "service_code": "lamp",
            "description": values["description"], "requested_datetime": NOW, "sent": json.dumps(values),
        }  # fmt: skip
        return 200, [{"token": f"t-{number}"} if self.tokens else {"service_request_id": number}]

    @staticmethod
    def _body(form: str, what: str, rows: list[dict[str, str]]) -> bytes:
        if form == "json":
            return json.dumps(rows).encode()
        items = "".join(
            "<request>" + "".join(f"<{k}>{escape(v)}</{k}>" for k, v in row.items()) + "</request>"
            for row in rows
        )
        return f'<?xml version="1.0" encoding="utf-8"?><requests>{items}</requests>'.encode()

    @staticmethod
    def _send(call: BaseHTTPRequestHandler, status: int, body: bytes, kind: str) -> None:
        call.send_response(status)
        call.send_header("Content-Type", kind)
        call.send_header("Content-Length", str(len(body)))
        call.end_headers()
        call.wfile.write(body)
