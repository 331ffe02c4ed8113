"""Was the post filled: counted by the same conditions with which the list of shifts is opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from huying.people.models import Shift


@dataclass(frozen=True)
class Outcome:
    """What became of a shift: each due shift has exactly one."""

    title: Promise
    where: Q
    colour: str
    icon: str


_CAME = Q(arrived__gt=0)
OUTCOMES: Mapping[str, Outcome] = {
    "full": Outcome(_("按时到齐"), Q(missed_at=None, arrived__gte=F("wanted")), "green", "check"),
    "short": Outcome(_("人没到齐"), _CAME & Q(missed_at=None, arrived__lt=F("wanted")), "yellow", "alert"),
    "late": Outcome(_("迟到后到岗"), _CAME & Q(missed_at__isnull=False), "yellow", "clock"),
    "empty": Outcome(_("空岗"), Q(arrived=0), "red", "x"),
}


def due(shifts: QuerySet[Shift]) -> QuerySet[Shift]:
    """Shifts of which it is known whether somebody came."""
    return shifts.exclude(state=Shift.State.SCHEDULED)


def outcome_of(shift: Shift) -> str:
    """The code of the outcome; empty while it is not known."""
    if shift.state == Shift.State.SCHEDULED:
        return ""
    if not shift.arrived:
        return "empty"
    if shift.missed_at is not None:
        return "late"
    return "full" if shift.arrived >= shift.wanted else "short"


@dataclass(frozen=True)
class Filled:
    """The figure for one roster, or for all of them."""

    due: int
    by: Mapping[str, int]

    @property
    def rate(self) -> float | None:
        """Shifts to which everybody came in time, of those that were due; None where none was."""
        return self.by["full"] / self.due if self.due else None


def filled(shifts: QuerySet[Shift]) -> Filled:
    """Of these shifts: how many were due, and what became of them."""
    counts = due(shifts).order_by().aggregate(
        due=Count("pk"), **{code: Count("pk", filter=one.where) for code, one in OUTCOMES.items()}
    )  # fmt: skip
    return _filled(counts)


def filled_by_roster(shifts: QuerySet[Shift]) -> dict[int, Filled]:
    """The same for each roster, by its key."""
    rows = due(shifts).order_by().values("roster").annotate(
        due=Count("pk"), **{code: Count("pk", filter=one.where) for code, one in OUTCOMES.items()}
    )  # fmt: skip
    return {row["roster"]: _filled(row) for row in rows}


def _filled(counts: Mapping[str, Any]) -> Filled:
    return Filled(counts["due"], {code: counts[code] for code in OUTCOMES})
