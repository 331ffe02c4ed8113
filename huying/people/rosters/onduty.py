"""Who is on duty: for a place and a topic, at a moment."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from huying.people.models import Shift, Turn, User
from huying.people.topics import chain
from huying.places.models import Area


@dataclass(frozen=True)
class OnDuty:
    """A shift that runs, with who is there; `planned` are those on the plan who have not come."""

    shift: Shift
    present: tuple[User, ...]
    planned: tuple[User, ...]

    @property
    def phone(self) -> str:
        """The number of the post, else of the first who is there."""
        people = self.present or self.planned
        return self.shift.roster.phone or (people[0].phone if people else "")


def on_duty(
    area: Area | str | None = None, topic: str = "", roster: str = "", at: dt.datetime | None = None
) -> list[OnDuty]:
    """The shifts that run at `at` (now): of this roster, or of those that answer for the area and the topic.

    `area`: an area, or its path. A roster without an area answers everywhere, one without topics for every topic.
    """
    at = at or timezone.now()
    found = Shift.objects.filter(starts_at__lte=at, ends_at__gt=at, roster__active=True).select_related(
        "roster__department"
    )
    if roster:
        found = found.filter(roster__code=roster)
    if area is not None:
        path = area if isinstance(area, str) else area.path
        codes = [code for code in path.split("/") if code]
        found = found.filter(Q(roster__area=None) | Q(roster__area__code__in=codes))
    shifts = list(found.order_by("roster__code", "starts_at"))
    if topic:
        known = set(chain(topic))
        shifts = [shift for shift in shifts if not shift.roster.topics or known & set(shift.roster.topics)]
    turns: dict[int, list[Turn]] = {}
    for turn in Turn.objects.filter(shift__in=[shift.pk for shift in shifts]).select_related("user"):
        turns.setdefault(turn.shift_id, []).append(turn)
    return [
        OnDuty(
            shift,
            tuple(turn.user for turn in turns.get(shift.pk, ()) if turn.arrived_at),
            tuple(turn.user for turn in turns.get(shift.pk, ()) if not turn.arrived_at),
        )
        for shift in shifts
    ]
