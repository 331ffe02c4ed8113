"""Who answers for a topic at a place."""

from __future__ import annotations

import datetime as dt

from huying.people.models import Duty
from huying.people.topics import chain
from huying.places.models import Area


def duties_at(topic: str, area: Area, on: dt.date | None = None) -> list[Duty]:
    """Every duty that covers the topic at the area on the day, the one that decides first.

    The smallest area wins; within one area the exact topic wins over its parent. The same rule as dispatch.
    """
    topics, around = chain(topic), [code for code in area.path.split("/") if code]
    found = list(
        Duty.objects.on(on)
        .filter(topic__in=topics, area__code__in=around, department__valid_to=None, department__can_lead=True)
        .select_related("area", "department", "post", "user")
    )
    found.sort(
        key=lambda duty: (-len(duty.area.path), topics.index(duty.topic), duty.department.code, duty.pk)
    )
    return found
