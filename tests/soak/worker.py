"""A grid worker's hours on a patchy network, and what has arrived in the end.

    python -m tests.soak [MINUTES [SEED]]        make soak MINUTES=60

A browser on a "phone" reports findings with photos, signs for tasks, reports them handled and adds notes, through
the pages and by their buttons. Meanwhile the network goes, comes, crawls, breaks requests off in the middle and loses
answers, in an order that the seed decides; the browser is closed and opened again, and the server is killed and
started. At the end the network stays, the outbox empties, and everything that the phone said it had kept is looked
for in the database: once, with its photo.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser
from playwright.sync_api import Error as BrowserError

from tests.browser.conftest import Site
from tests.browser.field import Phone
from tests.patchy import Patchy, Weather

PREFIX = "巡查"
TASKS_AT_ONCE = 12
# How often each weather comes: most of the time something does not work as it should.
WEATHER: dict[Weather, float] = {"on": 5, "off": 3, "slow": 2, "lose answers": 2, "cut requests": 2}
STAYS_SECONDS = (2.0, 14.0)
WALKS_SECONDS = (0.0, 3.0)  # from one thing to the next
RESTART_EVERY, KILL_EVERY = 12, 40  # actions
EMPTY_WITHIN_SECONDS = 180


@dataclass
class Soak:
    """One run; `outcome()` afterwards says what it found."""

    site: Site
    network: Patchy
    phone: Phone
    seed: int
    minutes: float
    tell: Callable[[str], None] = print
    done: Counter[str] = field(default_factory=Counter)
    said: dict[str, str] = field(default_factory=dict)  # words → kind, of everything the phone kept or sent
    weathers: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    waiting: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self._over = threading.Event()
        self._fresh: list[str] = []  # tasks to sign for
        self._mine: list[str] = []  # signed for on this phone

    # --- the network -------------------------------------------------------------------------------------

    def _weather(self) -> None:
        dice = random.Random(self.seed + 1)
        while not self._over.is_set():
            [weather] = dice.choices(list(WEATHER), weights=list(WEATHER.values()))
            self.network.weather = weather
            stays = dice.uniform(*STAYS_SECONDS)
            self.weathers[weather] += round(stays)
            self._over.wait(stays)
        self.network.weather = "on"

    # --- the work ----------------------------------------------------------------------------------------

    def _tasks(self) -> None:
        """New tasks reach the phone while there is a signal: who has never seen a task can't work on it."""
        before, self.network.weather = self.network.weather, "on"
        self._fresh += self.site.ask("tests.field_cases", "make", str(TASKS_AT_ONCE))
        self.network.weather = "on"
        self.phone.ready()
        self.phone.page.wait_for_function(
            "async () => Boolean((await self.HuyingOutbox.meta('day'))?.complete)"
        )
        self.network.weather = before

    def _one(self, turn: int) -> None:
        words, dice = f"{PREFIX} {self.seed}-{turn:05}", self.random.random()
        if dice < 0.5 or not (self._fresh or self._mine):
            kind = "report"
            self.phone.report(words)
        elif self._mine and dice < 0.7:
            kind = "handled"
            self.phone.handled(self._mine.pop(0), words)
        elif self._mine and dice < 0.8:
            kind = "note"
            self.phone.note(self._mine[0], words)
        elif self._fresh:
            kind, number = "take_up", self._fresh.pop(0)
            self.phone.take_up(number)
            self._mine.append(number)
        else:
            return
        self._kept(turn, kind, words)

    def _kept(self, turn: int, kind: str, words: str) -> None:
        """Wait until the phone says that it has it: on the page, or by going on to the next one."""
        page = self.phone.page
        page.wait_for_function(
            "() => document.querySelector('[data-waits]')"
            " || !document.querySelector('form[data-outbox][data-sending-id]')"
        )
        self.done[kind] += 1
        if kind != "take_up":
            self.said[words] = kind

    def run(self) -> None:
        """Work until the time is over, then let everything arrive."""
        self.phone.ready()
        weather = threading.Thread(target=self._weather)
        weather.start()
        ends, turn = time.monotonic() + self.minutes * 60, 0
        try:
            while time.monotonic() < ends:
                turn += 1
                self._turn(turn)
        finally:
            self._over.set()
            weather.join()
        self._empty()

    def _turn(self, turn: int) -> None:
        try:
            if len(self._fresh) < 2:
                self._tasks()
            if turn % RESTART_EVERY == 0:
                self.done["browser restarts"] += 1
                self.phone.restart()
            if turn % KILL_EVERY == 0:
                self._kill()
            self._one(turn)
            time.sleep(self.random.uniform(*WALKS_SECONDS))
        except (BrowserError, AssertionError) as error:
            # The worker looks at the phone, shakes the head and goes on; what was not kept was not promised.
            self.done["gave up"] += 1
            self.faults.append(f"{turn}: {type(error).__name__} {str(error).splitlines()[0][:160]}")

    def _kill(self) -> None:
        self.done["server kills"] += 1
        self.site.running[0].kill()
        self.site.running[0].wait()
        self.site.running[0] = self.site.huying("serve")
        self.site.wait()

    def _empty(self) -> None:
        self.network.weather = "on"
        self.phone.page.goto("/field/outbox/")
        deadline = time.monotonic() + EMPTY_WITHIN_SECONDS
        while time.monotonic() < deadline:
            self.phone.page.evaluate("() => window.dispatchEvent(new Event('online'))")
            time.sleep(1)
            if not any(record["state"] in ("waiting", "sending") for record in self.phone.open()):
                break
        self.waiting = len(self.phone.open())
        for record in self.phone.open():
            self.faults.append(f"left on the phone: {record}")

    # --- the end -----------------------------------------------------------------------------------------

    def outcome(self) -> tuple[bool, str]:
        """Whether all is well, and the figures."""
        found = self.site.ask("tests.field_cases", "count", f"{PREFIX} {self.seed}-")
        reports, steps = found["reports"], found["steps"]
        kept = {words for words, kind in self.said.items() if kind == "report"}
        did = {words for words, kind in self.said.items() if kind != "report"}
        verified = self.site.huying("journal", "verify").wait() == 0
        figures = {
            "reports the phone kept": len(kept),
            "of them present exactly once": sum(reports.get(words, [0])[0] == 1 for words in kept),
            "of them with their photo": sum(reports.get(words, [0, 0])[1] == 1 for words in kept),
            "reports present more than once": sum(times > 1 for times, _photos in reports.values()),
            "handled and notes the phone kept": len(did),
            "of those present exactly once ": sum(steps.get(words, [0])[0] == 1 for words in did),
            "of those with a photo": sum(steps.get(words, [0, 0])[1] >= 1 for words in did),
            "left on the phone": self.waiting,
            "journal verified": int(verified),
        }
        good = (
            len(kept) == figures["of them present exactly once"] == figures["of them with their photo"]
            and len(did) == figures["of those present exactly once "] == figures["of those with a photo"]
            and not figures["reports present more than once"]
            and not self.waiting
            and verified
            and bool(kept)
        )
        lines = [f"{title:<36}{number:>7}" for title, number in figures.items()]
        lines += ["", f"seed {self.seed}, {self.minutes:g} minutes"]
        lines += ["actions: " + ", ".join(f"{name} {number}" for name, number in sorted(self.done.items()))]
        lines += [
            "seconds of weather: " + ", ".join(f"{name} {n}" for name, n in self.weathers.most_common())
        ]
        lines += [f"answers lost {self.network.lost}, requests cut {self.network.cut}"]
        lines += [f"  {fault}" for fault in self.faults[-12:]]
        missing = sorted(words for words in kept if reports.get(words, [0])[0] != 1)
        missing += sorted(words for words in did if steps.get(words, [0])[0] != 1)
        lines += [f"  not exactly once: {words}" for words in missing[:20]]
        bare = sorted(words for words in kept if reports.get(words, [0, 1])[1] != 1)
        lines += [f"  photos of {words}: {reports[words][1]}" for words in bare[:20]]
        return good, "\n".join([*lines, "GOOD" if good else "NOT GOOD"])


def soak(site: Site, browser: Browser, folder: Path, *, minutes: float, seed: int) -> tuple[bool, str]:
    """One run on this site with a phone that remembers in `folder`."""
    network = Patchy(int(site.url.rpartition(":")[2]))
    phone = Phone(browser, folder, network)
    run = Soak(site, network, phone, seed, minutes)
    try:
        run.run()
        return run.outcome()
    finally:
        phone.close()
        network.close()
