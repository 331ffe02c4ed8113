"""Values that each process keeps in memory and that follow the database: the map, the work calendar, the
names.

A value is built once and kept as long as its version in the database is the same. The version is asked
for at most once a second, so that a question costs a comparison of two clocks and a change reaches every
process within a second.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import ClassVar, Generic, TypeVar

from huying.core.temporal import as_is

Value = TypeVar("Value")

CHECK_EVERY_SECONDS = 1.0


class Kept(Generic[Value]):
    """A value with the version it was built from.

    `version` is asked before `build`, so that a change during the building is seen at the next check.
    While one thread checks or builds, the others go on with the value they have.
    """

    everything: ClassVar[list[Kept]] = []  # type: ignore[type-arg]

    def __init__(self, version: Callable[[], object], build: Callable[[], Value]) -> None:
        self._version = version
        self._build = build
        self._lock = Lock()
        self._state: tuple[Value, object] | None = None
        self._check_at = 0.0
        Kept.everything.append(self)

    def get(self) -> Value:
        state = self._state
        if state is not None and monotonic() < self._check_at:
            return state[0]
        if not self._lock.acquire(blocking=state is None):
            assert state is not None
            return state[0]
        try:
            if self._state is not None and monotonic() < self._check_at:
                return self._state[0]
            with as_is():  # who asks for the past must not leave it in memory for the others
                version = self._version()
                if self._state is None or self._state[1] != version:
                    self._state = (self._build(), version)
            self._check_at = monotonic() + CHECK_EVERY_SECONDS
            return self._state[0]
        finally:
            self._lock.release()

    def look_again(self) -> None:
        """Ask for the version at the next question, as after a change made by this process."""
        self._check_at = 0.0

    def forget(self) -> None:
        """Build it anew at the next question, as in another database."""
        self._state = None

    @classmethod
    def build_all(cls) -> None:
        """Build every value now, so that no visitor waits for it."""
        for kept in cls.everything:
            kept.get()

    @classmethod
    def look_at_all_again(cls) -> None:
        for kept in cls.everything:
            kept.look_again()
