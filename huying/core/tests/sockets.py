"""A client that may stop in the middle of what it sends."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.test.client import encode_multipart

BOUNDARY = "----0123456789"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"


def multipart(data: dict[str, Any]) -> bytes:
    """The body of a form with files, as a browser sends it."""
    return encode_multipart(BOUNDARY, data)


def send(
    url: str, path: str, body: bytes, *, announced: int, content_type: str = MULTIPART, **headers: str
) -> tuple[int, str]:
    """POST what there is of a body that was announced as `announced` bytes, then send no more. Status and page."""
    address = urlsplit(url)
    lines = {
        "Host": address.netloc, "Content-Type": content_type, "Content-Length": str(announced),
        "Connection": "close", **{name.replace("_", "-"): value for name, value in headers.items()},
    }  # fmt: skip
    head = f"POST {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    with socket.create_connection((address.hostname or "", address.port or 80), timeout=60) as line:
        line.sendall(head.encode() + b"\r\n" + body)
        if announced > len(body):
            line.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    head_of, _blank, page = answer.partition(b"\r\n\r\n")
    return int(head_of.split()[1]), page.decode()


def cuts(body: bytes) -> Iterator[tuple[bytes, int]]:
    """A body cut at telling places, with what was announced: the whole length, and the length as it came."""
    picture = body.find(b"\xff\xd8\xff")
    places = [
        5, body.index(b"\r\n\r\n") + 6, len(body) - 2, len(body) - 3, len(body) - 4, len(body) - len(BOUNDARY) - 8,
        *([picture + 100] if picture > 0 else []),
    ]  # fmt: skip
    for place in places:
        yield body[:place], len(body)
        # Without the line break behind it the last boundary is there all the same.
        if place < len(body) - 2:
            yield body[:place], place
