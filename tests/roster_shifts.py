"""A running shift for a phone's test, made inside a site: `python -m tests.roster_shifts COMMAND`, answers in JSON.

ready     the worker stands on the shift that runs, nobody has come; the one before has handed over and waits
show      states of the shift and of its hand-overs, arrivals, journal codes
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from typing import Any

import django

WORKER = "grid-putaoyuan"
ROSTER = "grid-410403001005"


def ready() -> dict[str, int]:
    from django.utils import timezone

    from huying.people.models import Roster, Shift, Turn, User
    from huying.people.rosters import planning, watch
    from huying.people.rosters.sources import OpenWork

    roster = Roster.objects.get(code=ROSTER)
    worker = User.objects.get(username=WORKER)
    other = planning.eligible(roster).exclude(pk=worker.pk).first()
    assert other is not None
    today = timezone.localdate()
    rules = planning.rules_of(roster)
    now = timezone.now()
    days = list(rules.slots(today - dt.timedelta(days=2), today))
    started = [(day, rule) for day, rule in days if rule.times(day)[0] <= now]
    before, running = (planning.draw_up(roster, day, rule.code) for day, rule in started[-2:])
    Turn.objects.get_or_create(shift=before, user=other, defaults={"arrived_at": before.starts_at})
    Turn.objects.get_or_create(shift=running, user=worker)
    Shift.objects.filter(pk=before.pk).update(state=Shift.State.FILLED, arrived=1)
    before.refresh_from_db()
    lamp = watch.Left(OpenWork("note", "1", "9 号楼地下室钥匙在抽屉里"), "", True)
    handover = watch.hand_over(before, actor=other, notes="夜里有两处积水", items=[lamp])
    return {"shift": running.pk, "handover": handover.pk}


def show() -> dict[str, Any]:
    from huying.core.journal import entries_of
    from huying.people.models import Handover, Shift

    shift = Shift.objects.filter(turns__user__username=WORKER).latest("starts_at")
    turn = shift.turns.get(user__username=WORKER)
    return {
        "state": shift.state, "arrived": shift.arrived, "place": [turn.lng, turn.lat],
        "handovers": [one.state for one in Handover.objects.order_by("pk")],
        "codes": [entry.code for entry in entries_of(shift)],
    }  # fmt: skip


if __name__ == "__main__":
    django.setup()
    print(json.dumps({"ready": ready, "show": show}[sys.argv[1]]()))
