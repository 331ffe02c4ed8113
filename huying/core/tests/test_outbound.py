"""What goes out reaches what it may reach, and nothing inside."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from huying.core import outbound
from huying.core.outbound import OutboundError, send


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/")
            self.end_headers()
            return
        if self.path == "/hang":
            time.sleep(0.5)
            return
        self.send_response(201)
        self.send_header("X-Host", self.headers["Host"])
        self.end_headers()
        self.wfile.write(body[::-1])

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()


def test_it_posts_to_an_operator_s_address_under_the_host_s_name(site: str) -> None:
    answer = send("POST", f"{site}/x", content=b"abc", trusted=True)
    assert (answer.status, answer.body, answer.ok) == (201, b"cba", True)
    assert answer.headers["x-host"].startswith("localhost:")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://localhost/", "http://10.0.0.8/", "http://169.254.169.254/latest/meta-data",
        "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://0.0.0.0/",
        "http://192.168.1.1:8080/", "http://2130706433/", "http://224.0.0.1/",
    ],
)  # fmt: skip
def test_addresses_inside_the_network_are_refused(url: str) -> None:
    with pytest.raises(OutboundError) as refused:
        send("GET", url)
    assert not refused.value.temporary


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a.example/", "gopher://a/", "http://", "", "x"])
def test_only_http(url: str) -> None:
    with pytest.raises(OutboundError) as refused:
        send("GET", url)
    assert not refused.value.temporary


def test_a_name_with_one_inner_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def both(host: str, port: int, **_kw: Any) -> list[Any]:
        return [(socket.AF_INET, 1, 6, "", (ip, port)) for ip in ("93.184.215.14", "10.1.1.1")]

    monkeypatch.setattr(outbound.socket, "getaddrinfo", both)
    with pytest.raises(OutboundError, match=r"a\.example"):
        send("GET", "http://a.example/")


def test_a_trusted_host_is_reached(site: str, settings: Any) -> None:
    settings.TRUSTED_HOSTS = {"localhost"}
    assert send("POST", site, content=b"1").status == 201


def test_redirects_are_not_followed(site: str) -> None:
    assert send("POST", f"{site}/moved", trusted=True).status == 302


def test_silence_and_floods_are_cut_off(site: str) -> None:
    with pytest.raises(OutboundError) as silent:
        send("POST", f"{site}/hang", timeout_s=0.1, trusted=True)
    assert silent.value.temporary
    with pytest.raises(OutboundError) as flooded:
        send("POST", site, content=b"x" * 200, max_bytes=100, trusted=True)
    assert not flooded.value.temporary


def test_a_closed_door_may_open_later() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(OutboundError) as closed:
        send("GET", f"http://127.0.0.1:{port}/", trusted=True)
    assert closed.value.temporary
