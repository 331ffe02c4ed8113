"""The handling clock of one case: started, stopped, started again, extended.

Each function returns the fields to change, so that an action writes them in its one conditional update.
The limit is copied onto the case when the clock begins: a later change of the catalogue does not touch it.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from huying.cases.ledger import LedgerRules, Rung
from huying.cases.models import Case
from huying.core.language import is_english
from huying.places.clock import TimeLimit, parse_limit
from huying.places.work_calendar import current_calendar


def said(limit: TimeLimit) -> str:
    """The limit in the reader's language: 2工作日, 2 work days."""
    return str(limit) if is_english() else limit.zh


def limit_of(case: Case) -> TimeLimit:
    """The limit that applied when the case's clock began."""
    return parse_limit(case.limit)


def start(rules: LedgerRules, limit: TimeLimit, at: dt.datetime) -> dict[str, Any]:
    """A fresh clock with the whole limit."""
    deadline = current_calendar().deadline(at, limit)
    return {
        "limit": str(limit),
        "clock_started_at": at,
        "due_at": deadline.at,
        "due_provisional": deadline.provisional,
        "left_when_stopped": None,
        **arm_ladder(rules, limit, deadline.at, at),
    }


def stop(case: Case, at: dt.datetime) -> dict[str, Any]:
    """The clock stands still: what is left of it is kept, negative when overdue."""
    assert case.due_at is not None
    calendar, clock = current_calendar(), limit_of(case).clock
    late = at > case.due_at
    left = calendar.elapsed(min(at, case.due_at), max(at, case.due_at), clock) * (-1 if late else 1)
    return {"left_when_stopped": left, "next_rung_at": None}


def is_late(case: Case, at: dt.datetime) -> bool:
    """Whether the clock had begun, stood not still, and is past its deadline; a returned case's runs on."""
    return case.due_at is not None and case.left_when_stopped is None and at > case.due_at


def lateness(case: Case, at: dt.datetime) -> dict[str, Any]:
    """What being late now leaves on record: `overdue` for ever. An appeal that was granted for the time before
    a reopening does not cover this time.
    """
    return {"overdue": True, "exempt": False} if is_late(case, at) else {}


def end(case: Case, at: dt.datetime) -> dict[str, Any]:
    """The matter is over without handling (declined, joined, void): nothing is due any more, parked or not.

    That it was late by then stays on record.
    """
    return {
        "next_rung_at": None,
        "parked_at": None,
        "left_when_stopped": None,
        **lateness(case, at),
    }


def resume(case: Case, at: dt.datetime) -> dict[str, Any]:
    """The clock runs again with what was left; a deadline that had passed stays where it was."""
    limit, left = limit_of(case), case.left_when_stopped
    due_at, provisional = case.due_at, case.due_provisional
    assert due_at is not None
    if left is not None and left > dt.timedelta(0):
        due_at = current_calendar().shift(at, left, limit.clock)
        provisional = is_provisional(at, due_at, limit)
    return {
        "due_at": due_at,
        "due_provisional": provisional,
        "left_when_stopped": None,
        **arm_ladder(case.rules, limit, due_at, at),
    }


def extend(case: Case, at: dt.datetime) -> dict[str, Any]:
    """The original limit once more, from the present deadline on."""
    assert case.due_at is not None
    limit = limit_of(case)
    deadline = current_calendar().deadline(case.due_at, limit)
    return {
        "due_at": deadline.at,
        "due_provisional": deadline.provisional,
        **arm_ladder(case.rules, limit, deadline.at, at),
    }


def is_provisional(start_at: dt.datetime, due_at: dt.datetime, limit: TimeLimit) -> bool:
    """Whether the way from start to deadline crosses a year whose calendar is not published."""
    if limit.clock.runs_always:
        return False
    calendar = current_calendar()
    return any(not calendar.is_published(year) for year in range(start_at.year, due_at.year + 1))


def rung_at(rung: Rung, limit: TimeLimit, due_at: dt.datetime, now: dt.datetime) -> dt.datetime:
    """When this rung of the ladder is reached, seen from `now`, if the clock runs on."""
    calendar = current_calendar()
    beyond = calendar.span_of(limit) * float(rung.share - 1)
    if beyond >= dt.timedelta(0):
        return calendar.shift(due_at, beyond, limit.clock)
    left = calendar.elapsed(now, due_at, limit.clock) + beyond
    return calendar.shift(now, max(left, dt.timedelta(0)), limit.clock)


def arm_ladder(rules: LedgerRules, limit: TimeLimit, due_at: dt.datetime, now: dt.datetime) -> dict[str, Any]:
    """The next rung to climb and when; rungs whose time has passed are not climbed again."""
    for index, rung in enumerate(rules.ladder):
        at = rung_at(rung, limit, due_at, now)
        if at > now:
            return {"next_rung": index, "next_rung_at": at}
    return {"next_rung": len(rules.ladder), "next_rung_at": None}


def rearm_ladder(case: Case, now: dt.datetime) -> dict[str, Any]:
    """The rung that a returned case had before it; what fell due while nobody had the case is climbed now."""
    ladder = case.rules.ladder
    if case.due_at is None or case.next_rung >= len(ladder):
        return {"next_rung_at": None}
    return {"next_rung_at": rung_at(ladder[case.next_rung], limit_of(case), case.due_at, now)}
