"""Who answers for a topic at a place."""

from __future__ import annotations

import datetime as dt

from huying.people.models import Duty
from huying.people.topics import chain
from huying.places.models import Area
from huying.places.overlay import functional_grids_over

# From the largest to the smallest, as dispatch reckons them.
_DEPTH = {
    Area.Level.DISTRICT: 0,
    Area.Level.SUBDISTRICT: 1,
    Area.Level.COMMUNITY: 2,
    Area.Level.VILLAGE: 2,
    Area.Level.COMPOUND: 3,
    Area.Level.GRID: 4,
}


def duties_at(topic: str, area: Area, on: dt.date | None = None) -> list[Duty]:
    """Every duty that covers the topic at the area on the day, the one that decides first.

    The smallest area wins, functional grids over the area included; within one area the exact topic wins over its
    parent. The same rule as dispatch, for a whole area instead of a point: where several functional grids lie over
    the area, the point decides between them.
    """
    topics = chain(topic)
    around = [code for code in area.path.split("/") if code]
    around += [grid.code for grid in functional_grids_over(area)]
    found = list(
        Duty.objects.on(on)
        .filter(topic__in=topics, area__code__in=around, department__valid_to=None, department__can_lead=True)
        .select_related("area", "department", "post", "user")
    )
    found.sort(
        key=lambda duty: (
            -_DEPTH[Area.Level(duty.area.level)],
            topics.index(duty.topic),
            duty.department.code,
            duty.pk,
        )
    )
    return found


def rivals(found: list[Duty]) -> list[Duty]:
    """The duties that are as close as the first and name another department."""
    if not found:
        return []
    best = found[0]
    return [
        duty
        for duty in found[1:]
        if duty.area.level == best.area.level
        and duty.topic == best.topic
        and duty.department_id != best.department_id
    ]
