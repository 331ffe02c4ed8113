"""What every request took, by kind: counted, with quantiles, safe between threads."""

from __future__ import annotations

import math
import re
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass

import httpx

# What differs from one request of a kind to the next.
_PARTS = (
    (re.compile(r"/(report/done|t)/[^/]+/[^/]+/"), r"/\1/{number}/{secret}/"),
    (re.compile(r"/cases/[^/]+"), "/cases/{number}"),
    (re.compile(r"/demo/[^/]+/"), "/demo/{account}/"),
)
NO_ANSWER = 0


@dataclass(frozen=True)
class Kind:
    """Requests of one kind. Times in milliseconds; `statuses` counts answers, 0 stands for none."""

    name: str
    count: int
    median_ms: float
    p95_ms: float
    p99_ms: float
    longest_ms: float
    statuses: dict[int, int]

    @property
    def failures(self) -> int:
        """Requests that the site failed: no answer, or 5xx."""
        return sum(n for status, n in self.statuses.items() if status == NO_ANSWER or status >= 500)


def kind_of(method: str, path: str) -> str:
    """The kind of a request: its method and its path without what names one matter."""
    for pattern, instead in _PARTS:
        path = pattern.sub(instead, path)
    return f"{method} {path}"


def quantile(ordered: list[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed (nearest rank)."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0


class Meter:
    """Keeps the time and the status of every request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds: dict[str, list[float]] = defaultdict(list)
        self._statuses: dict[str, Counter[int]] = defaultdict(Counter)

    def note(self, kind: str, seconds: float, status: int) -> None:
        """One request was answered, or with status 0 was not."""
        with self._lock:
            self._seconds[kind].append(seconds)
            self._statuses[kind][status] += 1

    def forget(self) -> None:
        """Start again, after the preparations."""
        with self._lock:
            self._seconds.clear()
            self._statuses.clear()

    def kinds(self) -> list[Kind]:
        """Every kind of request, the most frequent first."""
        with self._lock:
            return sorted((self._kind(name) for name in self._seconds), key=lambda k: (-k.count, k.name))

    def _kind(self, name: str) -> Kind:
        ordered = sorted(1000 * seconds for seconds in self._seconds[name])
        return Kind(
            name, len(ordered), quantile(ordered, 0.5), quantile(ordered, 0.95), quantile(ordered, 0.99),
            ordered[-1], dict(self._statuses[name]),
        )  # fmt: skip


class MeasuredTransport(httpx.BaseTransport):
    """A network that notes how long each answer took, until its last byte."""

    def __init__(self, meter: Meter, network: httpx.BaseTransport | None = None) -> None:
        self._meter = meter
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=64)
        self._network = network or httpx.HTTPTransport(limits=limits)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send, read the whole answer, note."""
        began, status = time.perf_counter(), NO_ANSWER
        try:
            answer = self._network.handle_request(request)
            try:
                answer.read()
            finally:
                answer.close()
            status = answer.status_code
            return answer
        finally:
            self._meter.note(kind_of(request.method, request.url.path), time.perf_counter() - began, status)

    def close(self) -> None:
        """One visitor left; the network stays for the others."""

    def end(self) -> None:
        """Close the connections of all."""
        self._network.close()
