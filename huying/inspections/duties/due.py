"""What is due next: per plan, place and person. Worked out from the counts of the day and the slots that all share.

The n-th visit that counts answers the n-th slot, so the number of visits of a place says which slot is its next.
A place of a plan by post that nobody holds is shown as such: nobody's place is forgotten.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from huying.inspections.duties.models import PlaceDay
from huying.inspections.duties.owed import Span, holders, running, spans
from huying.inspections.models import Plan
from huying.inspections.occurrences import Slot, slots_now
from huying.inspections.places import PlanPlace
from huying.inspections.rounds.going import places_for, plans_of
from huying.people.models import User

_DAY = dt.timedelta(days=1)
# How long before its time a duty is shown as coming up.
SOON, SOON_LONG = dt.timedelta(hours=1), dt.timedelta(hours=24)


@dataclass(frozen=True)
class State:
    """How a place stands now: a word, a colour and an icon; the order is that of urgency."""

    code: str
    title: Promise
    colour: str
    icon: str


STATES: dict[str, State] = {
    state.code: state
    for state in (
        State("overdue", _("该做没做"), "red", "alert"),
        State("soon", _("快到点"), "yellow", "clock"),
        State("on-track", _("没到点"), "blue", "check"),
        State("all-done", _("做完了"), "green", "check-circle"),
    )
}


@dataclass(frozen=True)
class Turn:
    """The period of a plan that is under way, at this moment."""

    plan: Plan
    span: Span
    now: dt.datetime

    @property
    def owed(self) -> int:
        """How many visits of each place should have been made by now."""
        return self.span.due_by(self.now)

    def next_of(self, answered: int) -> Slot | None:
        """The slot that the next visit of a place answers."""
        return self.span.slots[answered] if answered < len(self.span.slots) else None

    def state(self, answered: int) -> State:
        """How a place stands that was visited so often."""
        slot = self.next_of(answered)
        if slot is None:
            return STATES["all-done"]
        if answered < self.owed:
            return STATES["overdue"]
        near = SOON if self.plan.rules.every.same_day else SOON_LONG
        return STATES["soon" if slot.due - self.now <= near else "on-track"]

    def answered_in(self, code: str) -> list[int]:
        """How many visits the places in this state have had."""
        return [number for number in range(len(self.span.slots) + 1) if self.state(number).code == code]

    def not_before(self, row: PlaceDay) -> dt.datetime | None:
        """When a visit would count again, where it would be too soon now."""
        apart = self.plan.rules.every.apart
        if row.last_at is None or not apart or row.last_at + apart <= self.now:
            return None
        return row.last_at + apart


def turns(now: dt.datetime, plans: Sequence[Plan] | None = None) -> list[Turn]:
    """The periods that are under way: of a plan by night, yesterday's until it can't be done any more."""
    today = timezone.localdate(now)
    found = []
    for plan in running(today) if plans is None else plans:
        rules = plan.rules
        near = spans({*slots_now(rules, today - _DAY), *slots_now(rules, today)})
        open_ = [span for span in near if span.opens <= now < span.until]
        # In the hours between two nights the one that ended is over for those who look at today.
        found += [Turn(plan, span, now) for span in open_[-1:]]
    return found


@dataclass
class Line:
    """One plan on the board of the day."""

    turn: Turn
    places: int = 0
    done: int = 0
    late: int = 0
    behind: int = 0  # visits that should have been made by now
    states: dict[str, int] = field(default_factory=dict)  # places by their state
    nobody: int = 0  # places of a post that nobody holds
    next_due: dt.datetime | None = None

    @property
    def due(self) -> int:
        """All visits of the period."""
        return self.places * len(self.turn.span.slots)

    @property
    def owed(self) -> int:
        """The visits that should have been made by now."""
        return self.places * self.turn.owed


def under_way(rows: QuerySet[PlaceDay], turns_: Sequence[Turn]) -> QuerySet[PlaceDay]:
    """The rows of these periods."""
    wanted = Q(pk=None)
    for turn in turns_:
        wanted |= Q(plan=turn.plan, day=turn.span.day)
    return rows.filter(wanted)


def board(rows: QuerySet[PlaceDay], turns_: Sequence[Turn]) -> list[Line]:
    """How every plan stands, the most pressing first; two questions, whatever the number of places."""
    lines = {turn.plan.pk: Line(turn) for turn in turns_}
    if not lines:
        return []
    counted = (
        under_way(rows, turns_)
        .order_by()
        .annotate(times_in_all=F("done") + F("late"))
        .values_list("plan", "times_in_all")
        .annotate(
            rows=Count("pk"),
            times=Sum("done"),
            times_late=Sum("late"),
            unheld=Count("pk", filter=Q(doer=None)),
        )
    )
    for plan, answered, places, done, late, nobody in counted:
        line = lines[plan]
        line.places += places
        line.done += done
        line.late += late
        line.nobody += nobody
        line.behind += places * max(0, line.turn.owed - answered)
        state = line.turn.state(answered).code
        line.states[state] = line.states.get(state, 0) + places
        slot = line.turn.next_of(answered)
        if slot is not None and slot.due > line.turn.now:
            line.next_due = min(line.next_due or slot.due, slot.due)
    shown = [line for line in lines.values() if line.places]
    return sorted(shown, key=lambda line: (-line.behind, line.turn.plan.code))


@dataclass(frozen=True)
class Due:
    """One place of a plan, and what is owed there next."""

    turn: Turn
    row: PlaceDay
    holders: tuple[User, ...] = ()

    @property
    def answered(self) -> int:
        """How many visits counted in this period."""
        return self.row.done + self.row.late

    @property
    def state(self) -> State:
        """How it stands now."""
        return self.turn.state(self.answered)

    @property
    def slot(self) -> Slot | None:
        """What is owed next; None where everything was done."""
        return self.turn.next_of(self.answered)

    @property
    def not_before(self) -> dt.datetime | None:
        """When a visit would count again."""
        return self.turn.not_before(self.row)

    @property
    def nobody(self) -> bool:
        """Whether nobody holds the post today."""
        return bool(self.turn.plan.rules.by_post) and not self.holders


def dues(rows: Sequence[PlaceDay], turns_: Sequence[Turn]) -> list[Due]:
    """What is owed at these places, with who holds the post there; in the order of the rows."""
    by_plan = {turn.plan.pk: turn for turn in turns_}
    held: dict[tuple[int, int], tuple[User, ...]] = {}
    for turn in turns_:
        if turn.plan.rules.by_post:
            own = [row for row in rows if row.plan_id == turn.plan.pk]
            places = [PlanPlace(row.kind, row.place_pk, "", "", row.area_path) for row in own]
            people = holders(turn.plan.rules, places, timezone.localdate(turn.now))
            held |= {(turn.plan.pk, pk): tuple(found) for pk, found in people.items()}
    return [
        Due(by_plan[row.plan_id], row, held.get((row.plan_id, row.place_pk), ()))
        for row in rows
        if row.plan_id in by_plan
    ]


def due_at(kind: str, pk: int, now: dt.datetime | None = None) -> list[Due]:
    """What is owed at this place by every plan: for whoever scans it. The most pressing first."""
    turns_ = turns(now or timezone.now())
    rows = under_way(PlaceDay.objects.filter(**{kind: pk}), turns_).select_related("plan", kind)
    found = dues(list(rows), turns_)
    return sorted(found, key=lambda due: (list(STATES).index(due.state.code), due.turn.plan.code))


def due_for(user: User, now: dt.datetime | None = None, most: int = 60) -> list[Due]:
    """What this person owes next over all their plans and places, the most pressing first."""
    turns_ = turns(now or timezone.now(), plans_of(user))
    found: list[Due] = []
    for turn in turns_:
        keys = [place.pk for place in places_for(user, turn.plan)]
        rows = under_way(PlaceDay.objects.all(), [turn]).select_related("item", "area", "department")
        kind = "item" if turn.plan.rules.registers else "area" if turn.plan.rules.area_level else "department"
        found += dues(list(rows.filter(**{f"{kind}__in": keys})), [turn])
    waiting = [due for due in found if due.slot is not None]
    waiting.sort(
        key=lambda due: (list(STATES).index(due.state.code), due.slot.due if due.slot else due.turn.now)
    )
    return waiting[:most]
