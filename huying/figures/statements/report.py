"""What was printed, against what the rows say: each statement counted again, and every relation judged.

A statement is *reproduced* when its figure counts what was printed; *contradictory* when a relation that names it as
doubtful fails, whatever is counted; *not built* when no figure counts it yet; else it *differs*: one of us is wrong.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from django.db import transaction
from django.utils import timezone

from huying.core.journal import log
from huying.figures.counting import Asked, UnknownFigure, Value, counted
from huying.figures.statements.comparing import Stated
from huying.figures.statements.models import Statement, StatementCheck
from huying.figures.statements.relations import holds
from huying.inspections.campaigns.rules import Span
from huying.people.models import User
from huying.places.models import District


@dataclass(frozen=True)
class Line:
    """One statement with what was counted, the verdict, and the relations that fail."""

    statement: Statement
    value: Value | None
    verdict: Statement.Verdict
    failed: tuple[StatementCheck, ...] = ()


def asked_of(statement: Statement) -> Asked:
    """What the statement's figure is asked for."""
    where = {name: tuple(words) for name, words in statement.where.items()}
    return Asked(Span(statement.first_day, statement.last_day), where)


def count_statement(statement: Statement, at: dt.datetime) -> Value | None:
    """What the district's rows say; None where no figure counts it, or nothing can be divided by."""
    if not statement.figure:
        return None
    try:
        return counted(statement.figure, asked_of(statement), at)
    except UnknownFigure:
        return None


def compare(statements: Iterable[Statement], at: dt.datetime | None = None) -> list[Line]:
    """Each statement counted as of now."""
    at = at or timezone.now()
    statements = list(statements)
    values = {each.code: count_statement(each, at) for each in statements}
    failed = failing_checks(at)
    return [_line(each, values[each.code], failed) for each in statements]


def failing_checks(at: dt.datetime | None = None) -> dict[str, tuple[StatementCheck, ...]]:
    """The relations that fail, by the code of each statement that they put in doubt."""
    found: dict[str, tuple[StatementCheck, ...]] = {}
    stated = {each.code: each.stated for each in Statement.objects.filter(active=True)}
    for check in StatementCheck.objects.filter(active=True):
        if fails(check, stated, at or timezone.now()):
            for code in check.doubts:
                found[code] = (*found.get(code, ()), check)
    return found


def fails(check: StatementCheck, stated: Mapping[str, Stated], at: dt.datetime) -> bool:
    """Whether the relation does not hold. One that names what is no longer there says nothing."""

    def value(code: str) -> Stated:
        if code in stated:
            return stated[code]
        return Stated(counted(code, at=at).exact or Fraction(0))

    try:
        return not holds(check.rule, value, Fraction(check.within))
    except UnknownFigure:
        return False


def _line(
    statement: Statement, value: Value | None, failed: Mapping[str, tuple[StatementCheck, ...]]
) -> Line:
    doubts = failed.get(statement.code, ())
    if doubts:
        verdict = Statement.Verdict.CONTRADICTORY
    elif value is None:
        verdict = Statement.Verdict.NOT_BUILT
    elif value.exact is not None and statement.stated.agrees(value.exact):
        verdict = Statement.Verdict.REPRODUCED
    else:
        verdict = Statement.Verdict.DIFFERS
    return Line(statement, value, verdict, doubts)


@transaction.atomic
def compare_all(*, actor: User | None = None, at: dt.datetime | None = None) -> list[Line]:
    """Compare every statement and keep how it came out, with the moment: the links open the rows of then."""
    at = at or timezone.now()
    lines = compare(Statement.objects.filter(active=True).select_related("source"), at)
    for line in lines:
        statement, value = line.statement, line.value
        exact = None if value is None else value.exact
        statement.verdict = line.verdict
        statement.counted = "" if exact is None else str(exact)
        statement.counted_text = "" if value is None else value.text
        statement.counted_url = "" if value is None else value.url
        statement.compared_at = at
    fields = ["verdict", "counted", "counted_text", "counted_url", "compared_at"]
    Statement.objects.bulk_update([line.statement for line in lines], fields, batch_size=500)
    failing = {check.pk for line in lines for check in line.failed}
    StatementCheck.objects.exclude(pk__in=failing).filter(failed=True).update(failed=False)
    StatementCheck.objects.filter(pk__in=failing, failed=False).update(failed=True)
    if lines and (district := District.objects.first()) is not None:
        log(district, "statements.compared", actor=actor, at=at, **{"verdicts": tally(lines)})
    return lines


def tally(lines: Iterable[Line]) -> dict[str, int]:
    """How many of each verdict."""
    found = Counter(str(line.verdict) for line in lines)
    return {verdict.value: found[verdict.value] for verdict in Statement.Verdict}
