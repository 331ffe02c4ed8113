"""A network between a phone and the site that can be made bad: a TCP proxy on a port of its own.

What it does to requests it does below the browser, so that pages and service workers feel it alike.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import Literal

Weather = Literal["on", "off", "slow", "lose answers", "cut requests"]
_CHUNK = 16 * 1024
_SLOW_SECONDS = 0.05  # for each 2 KB: about 40 KB/s
_SLOW_CHUNK = 2 * 1024
_CUT_AFTER = 24 * 1024


class Patchy:
    """`patchy.weather` may be changed at any time; open connections feel it at once.

    - off: every connection is closed.
    - slow: about 40 KB/s in each direction.
    - lose answers: a POST reaches the site, and its answer never comes back.
    - cut requests: a POST breaks off in the middle.
    """

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self._weather: Weather = "on"
        self.only = b""  # answers are lost, and requests cut, only where the first line holds this
        self.lost = self.cut = 0
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def weather(self) -> Weather:
        return self._weather

    @weather.setter
    def weather(self, weather: Weather) -> None:
        self._weather = weather
        if weather == "off":
            with self._lock:
                for one in self._open:
                    _end(one)

    def close(self) -> None:
        self.weather = "off"
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                phone, _address = self._listener.accept()
            except OSError:
                return
            if self._weather == "off":
                phone.close()
                continue
            try:
                site = socket.create_connection(("127.0.0.1", self.upstream), timeout=30)
            except OSError:
                phone.close()
                continue
            for one in (phone, site):
                one.settimeout(300)
            with self._lock:
                self._open |= {phone, site}
            fate = _Fate()
            threading.Thread(target=self._up, args=(phone, site, fate), daemon=True).start()
            threading.Thread(target=self._down, args=(site, phone, fate), daemon=True).start()

    def _up(self, phone: socket.socket, site: socket.socket, fate: _Fate) -> None:
        """From the phone to the site."""
        with suppress(OSError):
            while data := phone.recv(_SLOW_CHUNK if self._weather == "slow" else _CHUNK):
                if data.startswith((b"GET ", b"POST ")):
                    line = data.split(b"\r\n", 1)[0]
                    fate.post, fate.sent = line.startswith(b"POST") and self.only in line, 0
                fate.sent += len(data)
                if self._weather == "cut requests" and fate.post:
                    site.sendall(data[: _CUT_AFTER // 8])
                    if fate.sent > _CUT_AFTER or data.endswith(b"--\r\n"):
                        self.cut += 1
                        break
                    continue
                if self._weather == "slow":
                    time.sleep(_SLOW_SECONDS)
                site.sendall(data)
        self._hang_up(phone, site)

    def _down(self, site: socket.socket, phone: socket.socket, fate: _Fate) -> None:
        """From the site to the phone."""
        with suppress(OSError):
            while data := site.recv(_SLOW_CHUNK if self._weather == "slow" else _CHUNK):
                if self._weather == "lose answers" and fate.post:
                    self.lost += 1
                    break
                if self._weather == "slow":
                    time.sleep(_SLOW_SECONDS)
                phone.sendall(data)
        self._hang_up(phone, site)

    def _hang_up(self, *ends: socket.socket) -> None:
        with self._lock:
            self._open -= set(ends)
        for one in ends:
            _end(one)


class _Fate:
    """What the connection is carrying now."""

    post = False
    sent = 0


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
