"""Weeks of shifts for the demonstration, laid relative to its day: most posts filled, a few missed, one waiting."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Iterable

from django.utils import timezone

from huying.core.journal import log_new_chains
from huying.people.models import Handover, HandoverItem, Roster, Shift, Turn, User
from huying.people.rosters import watch
from huying.people.rosters.planning import Slot, eligible, slots_of
from huying.people.rosters.rules import rules_of
from huying.people.rosters.sources import open_work

WEEKS = 4
_MOST_PEOPLE = 8
_NOTES = (
    "一切正常，钥匙、对讲机已交。", "夜里有两处积水，已放警示牌，早上再看一眼。", "泵房压力正常，值守表已签。",
    "车辆、手电已交，无异常。", "有居民来电问停水，已答复，无其他情况。", "巡查一遍，没有新情况。",
)  # fmt: skip
_SHARE_EMPTY, _SHARE_LATE = 0.03, 0.04
_SHARE_UNPLANNED = 0.2  # of the shifts after this week


def stand_watch(now: dt.datetime, *, seed: int) -> int:
    """Plan four weeks back and the week ahead, and let them happen up to `now`; returns how many shifts."""
    draw = random.Random(f"rosters:{seed}")
    rosters = list(Roster.objects.filter(active=True).select_related("area", "department"))
    today = timezone.localdate(now)
    slots = slots_of(rosters, today - dt.timedelta(weeks=WEEKS), today + dt.timedelta(days=7))
    planned = _plan(rosters, slots, today, draw)
    shifts = Shift.objects.bulk_create(
        Shift(
            roster=slot.roster, on=slot.day, code=slot.rule.code, title=slot.rule.title, starts_at=slot.times[0],
            ends_at=slot.times[1], wanted=slot.rule.people, **_fate(slot, people, now, draw),
        )
        for slot, people in planned
    )  # fmt: skip
    turns = Turn.objects.bulk_create(
        Turn(shift=shift, user=user, **_arrival(shift, place, now, draw))
        for shift, (_slot, people) in zip(shifts, planned, strict=True)
        for place, user in enumerate(people)
    )
    handovers = _hand_over(shifts, turns, now, draw)
    _write_journal(shifts, turns, handovers)
    _leave_one_waiting(shifts, turns, now)
    return len(shifts)


def _plan(
    rosters: list[Roster], slots: list[Slot], today: dt.date, draw: random.Random
) -> list[tuple[Slot, list[User]]]:
    """Who has rested longest comes next; the accounts of the demonstration's logins are among them."""
    people: dict[int, list[User]] = {}
    for roster in rosters:
        found = sorted(eligible(roster), key=lambda user: (not user.demo_login, user.pk))
        people[roster.pk] = found[:_MOST_PEOPLE]
    free_from: dict[int, dt.datetime] = {}
    sunday = today + dt.timedelta(days=6 - today.weekday())
    planned: list[tuple[Slot, list[User]]] = []
    for slot in sorted(slots, key=lambda one: (one.times[0], one.roster.code)):
        starts, ends = slot.times
        rested = [
            user
            for user in people[slot.roster.pk]
            if user.pk not in free_from or free_from[user.pk] <= starts
        ]
        rested.sort(key=lambda user: free_from.get(user.pk, dt.datetime.min.replace(tzinfo=dt.UTC)))
        now = timezone.now()
        if ends <= now < ends + (ends - starts):
            # They come next, and nobody takes over from themselves.
            rested = [user for user in rested if not user.demo_login] or rested
        chosen = rested[: slot.rule.people]
        if starts <= now < ends:
            # Whoever signs in on the phone finds a shift that runs.
            demo = [user for user in people[slot.roster.pk] if user.demo_login and user not in chosen]
            chosen = [*demo, *chosen][: slot.rule.people]
        if slot.day > sunday and draw.random() < _SHARE_UNPLANNED:
            chosen = []
        rest = dt.timedelta(hours=rules_of(slot.roster).rest_hours or 8)
        for user in chosen:
            free_from[user.pk] = ends + rest
        planned.append((slot, chosen))
    return _without_doubles(planned)


def _without_doubles(planned: list[tuple[Slot, list[User]]]) -> list[tuple[Slot, list[User]]]:
    """Nobody on two shifts at once: the running shift of a demonstration login comes first."""
    now = timezone.now()
    running = [(slot, people) for slot, people in planned if slot.times[0] <= now < slot.times[1]]
    taken: dict[int, list[tuple[dt.datetime, dt.datetime]]] = {}
    for slot, people in running:
        for user in people:
            taken.setdefault(user.pk, []).append(slot.times)
    kept = []
    for slot, people in planned:
        if not slot.times[0] <= now < slot.times[1]:
            starts, ends = slot.times
            people = [
                user for user in people if not any(a < ends and starts < b for a, b in taken.get(user.pk, ()))
            ]
        kept.append((slot, people))
    return kept


def _fate(slot: Slot, people: list[User], now: dt.datetime, draw: random.Random) -> dict[str, object]:
    starts, ends = slot.times
    rules = rules_of(slot.roster)
    if starts > now or (ends > now and not people):
        return {}
    # The last day goes well, so that somebody is there to hand over to who signs in.
    if ends <= now and (not people or (now - ends > dt.timedelta(days=1) and draw.random() < _SHARE_EMPTY)):
        return {"state": Shift.State.MISSED, "missed_at": starts + rules.late}
    late = ends <= now and draw.random() < _SHARE_LATE
    return {
        "state": Shift.State.FILLED, "arrived": len(people), "missed_at": starts + rules.late if late else None,
    }  # fmt: skip


def _arrival(shift: Shift, place: int, now: dt.datetime, draw: random.Random) -> dict[str, object]:
    if shift.state == Shift.State.SCHEDULED or shift.state == Shift.State.MISSED:
        return {}
    late = draw.randint(20, 50) if shift.missed_at else 0
    at = shift.starts_at + dt.timedelta(minutes=late or draw.randint(-20, 8))
    return {"arrived_at": min(at, now), "late_minutes": late}


def _hand_over(
    shifts: list[Shift], turns: list[Turn], now: dt.datetime, draw: random.Random
) -> list[Handover]:
    """Every shift that has ended and was filled gave its post to the one that follows it."""
    by_start = {(shift.roster_id, shift.starts_at): shift for shift in shifts}
    first: dict[int, User] = {}
    for turn in turns:
        if turn.arrived_at:
            first.setdefault(turn.shift_id, turn.user)
    made = []
    for shift in shifts:
        to = by_start.get((shift.roster_id, shift.ends_at))
        if shift.state != Shift.State.FILLED or shift.ends_at > now or to is None or to.pk not in first:
            continue
        if to.ends_at > now and shift.roster.area_id is not None:
            continue  # the one before the running shift of a grid is handed over last, and waits
        at = shift.ends_at - dt.timedelta(minutes=draw.randint(0, 10))
        made.append(
            Handover(
                shift=shift, to=to, notes=draw.choice(_NOTES), state=Handover.State.ACCEPTED, by=first[shift.pk], at=at,
                answered_by=first[to.pk], answered_at=at + dt.timedelta(minutes=draw.randint(1, 9)),
            )
        )  # fmt: skip
    Handover.objects.bulk_create(made)
    Shift.objects.filter(pk__in=[one.shift_id for one in made]).update(state=Shift.State.HANDED_OVER)
    return made


def _write_journal(shifts: Iterable[Shift], turns: Iterable[Turn], handovers: Iterable[Handover]) -> None:
    """What the verbs would have written, in their order."""
    entries: dict[int, list[tuple[dt.datetime, str, User | None, dict[str, object]]]] = {}
    for shift in shifts:
        if shift.missed_at:
            entries.setdefault(shift.pk, []).append(
                (shift.missed_at, "shift.missed", None, {"roster": shift.roster.code})
            )
    for turn in turns:
        if turn.arrived_at:
            data: dict[str, object] = {"late_minutes": turn.late_minutes} if turn.late_minutes else {}
            entries.setdefault(turn.shift_id, []).append(
                (turn.arrived_at, "shift.taken_over", turn.user, data)
            )
    for one in handovers:
        entries.setdefault(one.shift_id, []).append(
            (one.at, "shift.handed_over", one.by, {"handover": one.pk})
        )
        if one.answered_at:
            entries[one.shift_id].append(
                (one.answered_at, "handover.accepted", one.answered_by, {"handover": one.pk})
            )
    lines = []
    for pk, found in entries.items():
        for number, (at, code, actor, data) in enumerate(sorted(found, key=lambda entry: entry[0]), 1):
            who = (str(actor.pk), str(actor)) if actor else (r"\N", "")
            lines.append("\t".join((str(pk), str(number), code, at.isoformat(), *who, json.dumps(data))))
    if lines:
        log_new_chains("shift", lines)


def _leave_one_waiting(shifts: list[Shift], turns: list[Turn], now: dt.datetime) -> None:
    """The shift before the one that runs hands over to the person who signs in on the phone."""
    for shift in shifts:
        running = [turn for turn in turns if turn.shift_id == shift.pk and turn.user.demo_login]
        if not (shift.roster.area_id and shift.starts_at <= now < shift.ends_at and running):
            continue
        before = next(
            (one for one in shifts if one.roster_id == shift.roster_id and one.ends_at == shift.starts_at),
            None,
        )
        if before is None or not before.arrived:
            continue
        by = next(turn.user for turn in turns if turn.shift_id == before.pk and turn.arrived_at)
        before.refresh_from_db()
        work = open_work(before, by)[:4]
        items = [
            watch.Left(one, "已联系承办单位，上午再去看一眼。" if n == 0 else "", marked=n < 2)
            for n, one in enumerate(work)
        ]
        handover = watch.hand_over(before, actor=by, notes=_NOTES[1], items=items)
        HandoverItem.objects.create(
            handover=handover, kind="note", key="1", title="9 号楼地下室钥匙在值班室抽屉里", marked=True
        )
