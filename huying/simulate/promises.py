"""What each was promised, against what happened: read from the site after the play, not from the players' memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from huying_client import Case, HuyingError

from huying.simulate.life import Life, Stage
from huying.simulate.plan import run_of
from huying.simulate.resident import Resident


@dataclass
class Promise:
    """A promise to a number of people. `pending`: its time has not come; `broken` names whose was not kept."""

    title: str
    kept: int = 0
    pending: int = 0
    broken: list[str] = field(default_factory=list)

    def judge(self, held: bool, name: str) -> None:
        """One person's promise was kept, or was not."""
        if held:
            self.kept += 1
        else:
            self.broken.append(name)


def judge(lives: Sequence[Life], stage: Stage) -> list[Promise]:
    """Compare everybody's promise with the site as it is now."""
    sent = [life for life in lives if life.report]
    if not sent:
        return []
    rows = _rows(stage, run_of([life.arrival for life in lives]))
    now = datetime.now(UTC)
    return [
        _found(sent, stage), _once(sent, rows), _in_time(sent, rows, now), _asked(sent), _reopened(sent, rows),
        _counted(sent, rows, stage, run_of([life.arrival for life in lives])),
    ]  # fmt: skip


def _rows(stage: Stage, run: str) -> dict[str, Case]:
    """The cases of this play, as the site lists them."""
    leader = (
        stage.world.able_anywhere("cockpit.view", "case.view") or stage.world.able_anywhere("case.view")
    )[0]
    return {case.number: case for case in leader.site.cases(q=run, page=200)}


def _found(sent: Sequence[Life], stage: Stage) -> Promise:
    promise = Promise("every receipt opens its matter")
    for life in sent:
        resident = Resident(stage.url, stage.transport, life.arrival)
        promise.judge(resident.follow(life.report, life.secret)[0], life.report)
    return promise


def _once(sent: Sequence[Life], rows: dict[str, Case]) -> Promise:
    promise = Promise("what was sent twice is there once")
    for life in sent:
        if life.again:
            promise.judge(life.again == life.report, f"{life.report} and {life.again}")
    owners = Counter(life.number for life in sent if life.number)
    for number in rows.keys() - owners.keys():
        promise.broken.append(f"{number} belongs to nobody's report")
    return promise


def _in_time(sent: Sequence[Life], rows: dict[str, Case], now: datetime) -> Promise:
    """Handled by the deadline that the case was given."""
    promise = Promise("handled before its deadline")
    for life in sent:
        case = rows.get(life.number)
        if case is None or case.due_at is None or case.status in ("declined", "voided", "merged"):
            continue
        if case.status == "closed" or case.handled_at is not None:
            promise.judge(case.handled_at is not None and case.handled_at <= case.due_at, case.number)
        elif case.due_at < now and not case.parked:
            promise.judge(False, case.number)
        else:
            promise.pending += 1
    return promise


def _asked(sent: Sequence[Life]) -> Promise:
    """Closed, on a ledger that asks: the reporter was asked how it went."""
    promise = Promise("asked afterwards how it went")
    for life in sent:
        if life.arrival.ledger.callback_asked:
            if life.end == "closed":
                promise.judge(life.asked, life.report)
            else:
                promise.pending += 1
    return promise


def _reopened(sent: Sequence[Life], rows: dict[str, Case]) -> Promise:
    """Who said 「not solved」 and asked again had the matter opened again."""
    promise = Promise("opened again when it was not solved")
    for life in sent:
        if "reopen" in life.did:
            if life.number in rows and rows[life.number].status == "closed" and life.end != "closed":
                promise.pending += 1
            else:
                promise.judge(
                    life.did.count("close") > 1 or rows[life.number].status != "closed", life.report
                )
    return promise


def _counted(sent: Sequence[Life], rows: dict[str, Case], stage: Stage, run: str) -> Promise:
    """The figures over the cases of this play are what its people did."""
    promise = Promise("counted as it happened")
    leader = stage.world.sees_all("cockpit.view")
    if leader is None:
        promise.pending += 1
        return promise
    try:
        counts = leader.site.figures(q=run).counts
    except HuyingError as error:
        promise.broken.append(error.detail)
        return promise
    expected = {
        "reported": len({life.number or life.report for life in sent}),
        "closed": sum(life.end == "closed" for life in sent),
        "returned": sum("return" in life.did for life in sent),
        "reopened": sum("reopen" in life.did for life in sent),
    }
    for code, value in expected.items():
        promise.judge(counts.get(code) == value, f"{code}: {counts.get(code)} counted, {value} happened")
    return promise
