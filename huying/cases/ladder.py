"""The ladder: remind, urge, supervise by letter, list for the bulletin.

The job reads only cases whose next rung has come (a partial index), in batches that several workers can
take side by side. Reminding and urging are done for a whole batch at once; a letter is one by one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import connection, transaction
from django.utils import timezone

from huying.cases import clock, telling
from huying.cases.actions.supervising import supervise_case
from huying.cases.ledger import Rung
from huying.cases.models import Case, Notice
from huying.core.journal import log, log_many

_BATCH = 500
# What climbing changes, with its type. One statement from arrays: building a CASE for every row and column takes
# longer than all the rest.
_COLUMNS = {
    "version": "int", "next_rung": "smallint", "next_rung_at": "timestamptz", "reminded": "bool",
    "urges": "smallint", "overdue": "bool", "exempt": "bool", "listed_at": "timestamptz",
}  # fmt: skip
_WRITE = (
    f"UPDATE cases_case SET {', '.join(f'{name} = new.{name}' for name in _COLUMNS)} "
    f"FROM unnest(%s::bigint[], {', '.join(f'%s::{kind}[]' for kind in _COLUMNS.values())}) "
    f"AS new (id, {', '.join(_COLUMNS)}) WHERE cases_case.id = new.id"
)


def climb_due_rungs(now: dt.datetime | None = None) -> int:
    """Climb every rung whose time has come; returns how many were climbed."""
    now = now or timezone.now()
    climbed = 0
    while batch := _climb_batch(now):
        climbed += batch
    return climbed


@transaction.atomic
def _climb_batch(now: dt.datetime) -> int:
    cases = list(
        Case.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
        .filter(next_rung_at__lte=now)
        .select_related("ledger", "department", "handler")
        .order_by("next_rung_at")[:_BATCH]
    )
    supervised: list[tuple[Case, Rung]] = []
    entries: list[tuple[int, str, dict[str, object]]] = []
    notices: list[Notice] = []
    for case in cases:
        case.version += 1
        if not case.is_running:
            case.next_rung_at = None  # nothing is due from a case that stands still or has ended
            continue
        rung = _rung_of(case)
        if case.due_at is not None and now > case.due_at:
            case.overdue, case.exempt = True, False
        if rung is not None:
            if rung.do == "supervise":
                supervised.append((case, rung))
            else:
                entries.append((case.pk, f"case.{_CODES[rung.do]}", {"share": f"{float(rung.share):.0%}"}))
                notices.extend(_climb(case, rung, now))
        _arm_next(case, now)
    _write(cases)
    log_many("case", entries, at=now)
    telling.announce(notices)
    for case, rung in supervised:
        _supervise(case, rung)
    return len(cases)


def _write(cases: Sequence[Case]) -> None:
    values = [[getattr(case, name) for case in cases] for name in _COLUMNS]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [[case.pk for case in cases], *values])


_CODES = {"remind": "reminded", "urge": "urged", "list": "listed"}


def _rung_of(case: Case) -> Rung | None:
    ladder: Sequence[Rung] = case.rules.ladder
    return ladder[case.next_rung] if case.next_rung < len(ladder) else None


def _arm_next(case: Case, now: dt.datetime) -> None:
    """The next rung and its time; rungs missed while the job stood still are climbed one after another."""
    following, ladder = case.next_rung + 1, case.rules.ladder
    if case.due_at is None or following >= len(ladder):
        case.next_rung, case.next_rung_at = len(ladder), None
        return
    case.next_rung = following
    case.next_rung_at = clock.rung_at(ladder[following], clock.limit_of(case), case.due_at, now)


def _climb(case: Case, rung: Rung, now: dt.datetime) -> list[Notice]:
    if rung.do == "remind":
        case.reminded = True
    elif rung.do == "urge":
        case.urges += 1
    else:
        case.listed_at = now
    code = f"case.{_CODES[rung.do]}"
    words = telling.staff_words(case, code)
    return [
        Notice(case=case, user=user, department=department, code=code, words=words, sent_at=now)
        for user, department in ((None, case.department), (case.handler, None))
        if user or department
    ]


def _supervise(case: Case, rung: Rung) -> None:
    if case.department is None:
        return
    order = ("", "blue", "yellow", "red")
    if order.index(rung.colour) < order.index(case.colour):
        log(case, "case.supervision_skipped", colour=rung.colour)
        return
    supervise_case(case, actor=None, colour=rung.colour)
