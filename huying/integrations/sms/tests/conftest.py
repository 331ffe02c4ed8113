from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest


@dataclass
class Stub:
    """An HTTP server that notes what it is asked and answers as told."""

    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    answers: list[tuple[int, Any]] = field(default_factory=list)

    def take(self, handler: BaseHTTPRequestHandler) -> tuple[int, Any]:
        size = int(handler.headers.get("Content-Length") or 0)
        self.asked.append(
            {
                "method": handler.command, "path": urlsplit(handler.path).path,
                "query": {key: values[0] for key, values in parse_qs(urlsplit(handler.path).query).items()},
                "headers": {key.lower(): value for key, value in handler.headers.items()},
                "body": handler.rfile.read(size).decode(),
            }
        )  # fmt: skip
        return self.answers.pop(0) if self.answers else (200, {"code": 0, "errcode": 0, "msgid": "m-1"})


@pytest.fixture
def stub() -> Iterator[Stub]:
    found = Stub()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            status, body = found.take(self)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode() if isinstance(body, str) else json.dumps(body).encode())

        do_GET = do_POST = answer

        def log_message(self, *_words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield found
    server.shutdown()
    server.server_close()
