"""Relations between figures that should hold, held against the rows: at the desk, every night, before an issue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from django.utils import timezone
from django.utils.translation import gettext as _

from huying.figures.counting import Asked, UnknownFigure, Value, count, figure
from huying.figures.meaning import plain
from huying.figures.models import CheckList
from huying.figures.rules import CheckRules


@dataclass(frozen=True)
class Outcome:
    """What a relation came to. `left` and `right` are its sides; their numbers open the rows."""

    check: CheckRules
    holds: bool
    left: tuple[Value, ...] = ()
    right: tuple[Value, ...] = ()
    difference: Fraction = Fraction(0)
    missing: str = ""  # a figure that there is no more

    @property
    def sentence(self) -> str:
        """What was compared and what came out, in the reader's language."""
        if self.missing:
            return _("“%(code)s”不在区包里了，比不了。") % {"code": self.missing}
        names = {
            "left": _side(self.left, " + " if self.check.way == "sum" else "、"),
            "right": _side(self.right, "、"),
        }
        if self.check.way == "at_most":
            if self.holds:
                return _("%(left)s不大于%(right)s。") % names
            return _("%(left)s大于%(right)s，多 %(difference)s。") % {
                **names,
                "difference": plain(self.difference),
            }
        if self.holds:
            return _("%(left)s等于%(right)s。") % names
        return _("%(left)s不等于%(right)s，差 %(difference)s。") % {
            **names,
            "difference": plain(abs(self.difference)),
        }


def _side(values: tuple[Value, ...], sign: str) -> str:
    return sign.join(f"“{value.rules}”{value.text}" for value in values)


def every_check() -> Iterator[CheckRules]:
    """All relations in use, list by list."""
    for row in CheckList.objects.filter(active=True):
        yield from row.rules


def checks_about(codes: Iterable[str]) -> list[CheckRules]:
    """The relations that name one of these figures."""
    wanted = set(codes)
    return [check for check in every_check() if wanted & {*check.parts, check.equals}]


class Checking:
    """Holds relations against the rows of one moment; a figure that several relations name is counted once."""

    def __init__(self, asked: Asked | None = None, at: dt.datetime | None = None) -> None:
        self.asked, self.at = asked or Asked(), at or timezone.now()
        self._known: dict[str, Value] = {}

    def value(self, code: str) -> Value:
        """The value of a figure. Raises UnknownFigure."""
        if code not in self._known:
            self._known[code] = count(figure(code), self.asked, self.at)
        return self._known[code]

    def outcome(self, check: CheckRules) -> Outcome:
        """Whether the relation holds, and by how much it does not."""
        try:
            parts = tuple(self.value(code) for code in check.parts)
            equals = (self.value(check.equals),) if check.equals else ()
        except UnknownFigure as missing:
            return Outcome(check, False, missing=str(missing.args[0]))
        if check.way == "sum":
            return _compared(check, parts, equals, _total(parts), _total(equals))
        pairs = pairwise(parts) if check.way == "at_most" else ((parts[0], each) for each in parts[1:])
        outcomes = [_compared(check, (a,), (b,), a.exact, b.exact) for a, b in pairs]
        # The worst pair is told; a relation of several figures holds when each pair does.
        return max(outcomes, key=lambda outcome: (not outcome.holds, abs(outcome.difference)))


def _total(values: tuple[Value, ...]) -> Fraction | None:
    known = [value.exact for value in values if value.exact is not None]
    return sum(known, Fraction(0)) if len(known) == len(values) else None


def _compared(
    check: CheckRules,
    left: tuple[Value, ...],
    right: tuple[Value, ...],
    first: Fraction | None,
    second: Fraction | None,
) -> Outcome:
    if first is None or second is None:  # nothing to divide by, on one side or on both
        return Outcome(check, first == second, left, right)
    difference = first - second
    holds = difference <= check.within if check.way == "at_most" else abs(difference) <= check.within
    return Outcome(check, holds, left, right, difference)


def outcomes(asked: Asked | None = None, at: dt.datetime | None = None) -> list[Outcome]:
    """Every relation for these days, those that fail first."""
    checking = Checking(asked, at)
    return sorted((checking.outcome(check) for check in every_check()), key=lambda each: each.holds)


def failing_checks(
    codes: Iterable[str], asked: Asked | None = None, at: dt.datetime | None = None
) -> list[Outcome]:
    """The relations about these figures that do not hold: what a paper must not be issued with."""
    checking = Checking(asked, at)
    found = (checking.outcome(check) for check in checks_about(codes))
    return [outcome for outcome in found if not outcome.holds]
