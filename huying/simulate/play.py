"""Runs a plan: every arrival at its moment, every life step by step, on a few threads."""

from __future__ import annotations

import heapq
import itertools
import json
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx

from huying.simulate.life import Life, Stage
from huying.simulate.meter import Kind, MeasuredTransport, Meter, quantile
from huying.simulate.plan import MIX, make_plan
from huying.simulate.promises import Promise, judge
from huying.simulate.world import CannotStart, explore

_SHOWN_BROKEN = 5


@dataclass(frozen=True)
class Options:
    """How to play. Rates in arrivals a minute, times in seconds where the name does not say otherwise."""

    url: str = "http://127.0.0.1:8000"
    people: Path | None = None
    per_minute: float = 20
    minutes: float = 3
    seed: int = 1
    think_s: float = 2
    settle_s: float = 60
    at_once: int = 8
    own_addresses: bool = False
    mix: Mapping[str, int] = field(default_factory=lambda: dict(MIX))


@dataclass(frozen=True)
class Outcome:
    """What came of a play."""

    arrivals: int
    seconds: float
    late_p95_ms: float  # how long after its moment an arrival was begun: the players' own delay
    ends: dict[str, int]
    kinds: list[Kind]
    promises: list[Promise]

    @property
    def good(self) -> bool:
        """No promise broken, nothing refused or lost on the way, and the site failed no request."""
        bad = ("no answer", "refused", "lost", "went round")
        return (
            not any(promise.broken for promise in self.promises)
            and not any(kind.failures for kind in self.kinds)
            and not any(end.startswith(bad) for end in self.ends)
        )


def play(options: Options, say: Callable[[str], None] = print) -> Outcome:
    """Play a plan on a running site. Raises CannotStart where that is not possible."""
    meter = Meter()
    transport = MeasuredTransport(meter)
    try:
        world = explore(options.url.rstrip("/"), read_people(options.people), transport)
        try:
            plan = make_plan(
                world,
                per_minute=options.per_minute,
                minutes=options.minutes,
                seed=options.seed,
                mix=options.mix,
            )
        except ValueError as error:
            raise CannotStart(f"Nothing to play: {error}.") from error
        stage = Stage(options.url.rstrip("/"), world, transport, options.think_s, options.own_addresses)
        lives = [Life(arrival, stage) for arrival in plan]
        say(
            f"{len(world.people)} accounts, {len(world.departments)} departments, {len(world.ledgers)} ledgers; "
            f"{len(plan)} arrivals in {options.minutes:g} minutes, seed {options.seed}"
        )
        meter.forget()
        began = time.monotonic()
        late = _run(lives, options, say)
        seconds, kinds = time.monotonic() - began, meter.kinds()
        promises = judge(lives, stage)
        ends = Counter(life.end or "on its way" for life in lives)
        return Outcome(
            len(plan),
            seconds,
            quantile(sorted(late), 0.95) * 1000,
            dict(ends.most_common()),
            kinds,
            promises,
        )
    except httpx.TransportError as error:
        raise CannotStart(f"{options.url} does not answer: {error}") from error
    finally:
        transport.end()


def read_people(file: Path | None) -> list[tuple[str, str]]:
    """Accounts and tokens, one pair in a line, as `huying token make` writes them."""
    if file is None:
        return []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise CannotStart(f"{file} can't be read: {error.strerror}") from error
    pairs = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    if wrong := next((place for place, pair in enumerate(pairs, 1) if len(pair) != 2), None):
        raise CannotStart(f"{file}: entry {wrong} is not an account and a token.")
    if not pairs:
        raise CannotStart(f"{file} names nobody.")
    return [(account, token) for account, token in pairs]


def _run(lives: Sequence[Life], options: Options, say: Callable[[str], None]) -> list[float]:
    """Advance every life at its moments. Gives how late each arrival was begun, in seconds."""
    order = itertools.count()
    due = [(life.arrival.at_s, next(order), life) for life in lives]
    heapq.heapify(due)
    ready: queue.Queue[tuple[Life, float] | None] = queue.Queue()
    done: queue.Queue[tuple[Life, float | None]] = queue.Queue()
    late: list[float] = []
    began = time.monotonic()

    def work() -> None:
        while (job := ready.get()) is not None:
            life, moment = job
            if not life.report:
                late.append(time.monotonic() - began - moment)
            done.put((life, life.advance()))

    threads = [threading.Thread(target=work, daemon=True) for _worker in range(options.at_once)]
    for thread in threads:
        thread.start()
    last = options.minutes * 60 + options.settle_s
    running, told = 0, 0.0
    while due or running:
        now = time.monotonic() - began
        if now > last:
            break
        while due and due[0][0] <= now:
            moment, _place, life = heapq.heappop(due)
            ready.put((life, moment))
            running += 1
        if now - told >= 10:
            told = now
            ended = sum(bool(life.end) for life in lives)
            say(f"  {now:4.0f} s: {sum(bool(life.report) for life in lives)} reported, {ended} ended")
        wait = min(due[0][0] - now, 0.5) if due else 0.5
        try:
            life, pause = done.get(timeout=max(wait, 0.001))
        except queue.Empty:
            continue
        running -= 1
        if pause is not None:
            heapq.heappush(due, (time.monotonic() - began + pause, next(order), life))
    for _thread in threads:
        ready.put(None)
    for thread in threads:
        thread.join(60)
    return late


# --- saying it ------------------------------------------------------------------------------------------


def text_of(outcome: Outcome) -> str:
    """The outcome as a table for a terminal."""
    lines = [
        f"\n{outcome.arrivals} arrivals, {outcome.seconds:.0f} s; begun late by {outcome.late_p95_ms:,.0f} ms (p95)"
    ]
    lines += [f"  {count:6} {end}" for end, count in outcome.ends.items()]
    lines.append(f"\n{'request':52} {'count':>6} {'median':>8} {'p95':>8} {'p99':>8} {'longest':>8}  ms")
    for kind in outcome.kinds:
        odd = {status: n for status, n in sorted(kind.statuses.items()) if status >= 400 or status == 0}
        note = " ".join(f"{n}×{status or 'no answer'}" for status, n in odd.items())
        lines.append(
            f"{kind.name[:52]:52} {kind.count:6} {kind.median_ms:8.1f} {kind.p95_ms:8.1f} {kind.p99_ms:8.1f} "
            f"{kind.longest_ms:8.1f}  {note}".rstrip()
        )
    lines.append(f"\n{'promised':40} {'kept':>6} {'not yet':>8} {'broken':>7}")
    for promise in outcome.promises:
        lines.append(f"{promise.title:40} {promise.kept:6} {promise.pending:8} {len(promise.broken):7}")
        lines += [f"    {name}" for name in promise.broken[:_SHOWN_BROKEN]]
    lines.append("\nEvery promise was kept." if outcome.good else "\nNot everything held; see above.")
    return "\n".join(lines)


def json_of(outcome: Outcome) -> str:
    """The outcome for programs."""
    found: dict[str, Any] = asdict(outcome) | {"good": outcome.good}
    return json.dumps(found, ensure_ascii=False, indent=1)
