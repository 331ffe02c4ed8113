"""Being on shift: take it over, hand it over, accept or refuse what was handed over, and notice who did not come.

    scheduled ─ arrive → filled ─ hand over → handed-over        Handover: waiting ─ accept → accepted
        └ nobody in time → missed ─ late → filled    ↑_____________________└ refuse (reason) → refused

Every change claims its row by a conditional update: of two that come at once, one wins and the other is told.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.journal import log
from huying.people.models import Handover, HandoverItem, Roster, Shift, Turn, User
from huying.people.rosters.planning import draw_up, eligible, times_text
from huying.people.rosters.policy import may_plan
from huying.people.rosters.rules import rules_of
from huying.people.rosters.sources import OpenWork

State = Shift.State
MOST_ITEMS = 200
# How far a phone's own time may lie back: what was tapped without a signal arrives within the shift or soon after.
OLDEST_TAP = dt.timedelta(hours=24)


@transaction.atomic
def arrive(
    shift: Shift, *, actor: User, at: dt.datetime | None = None, point: tuple[float, float] | None = None
) -> Turn:
    """Somebody takes the shift over: their own turn, or one for which nobody is planned.

    `at`: when it was tapped, where the phone had no signal; `point`: where, (lng, lat).
    """
    now = timezone.now()
    at = _tapped(at, now)
    rules = rules_of(shift.roster)
    if at < shift.starts_at - rules.early:
        raise Refusal(
            _("还没到接班时间：%(times)s 的班，提前 %(minutes)d 分钟可以接。")
            % {"times": times_text(shift), "minutes": rules.early.total_seconds() // 60}
        )
    if at > shift.ends_at:
        raise Refusal(_("这个班（%s）已经结束，不能再接。") % times_text(shift))
    turn = Turn.objects.filter(shift=shift, user=actor).first() or _stand_in(shift, actor)
    late = at - shift.starts_at
    won = Turn.objects.filter(pk=turn.pk, user=actor, arrived_at=None).update(
        arrived_at=at, late_minutes=int(late.total_seconds() // 60) if late > rules.late else 0,
        lng=point[0] if point else None, lat=point[1] if point else None,
    )  # fmt: skip
    if not won:
        raise Conflict(_("您已经接过这个班了。"))
    Shift.objects.filter(pk=shift.pk).update(arrived=F("arrived") + 1)
    Shift.objects.filter(pk=shift.pk, state__in=(State.SCHEDULED, State.MISSED)).update(state=State.FILLED)
    turn.refresh_from_db()
    shift.refresh_from_db()
    log(
        shift, "shift.taken_over", actor=actor, at=max(at, shift.starts_at - rules.early),
        late_minutes=turn.late_minutes, lng=turn.lng, lat=turn.lat, stands_in=turn.stands_in,
    )  # fmt: skip
    return turn


def _tapped(at: dt.datetime | None, now: dt.datetime) -> dt.datetime:
    """The moment that counts. A time that the phone can't have had is refused rather than believed."""
    if at is None:
        return now
    if not now - OLDEST_TAP <= at <= now + dt.timedelta(minutes=10):
        raise Refusal(_("接班时间不对：请检查手机的日期和时间。"))
    return min(at, now)


def _stand_in(shift: Shift, user: User) -> Turn:
    """Who is not on the plan may step in where somebody is missing."""
    if not eligible(shift.roster, shift.on).filter(pk=user.pk).exists():
        raise NotAllowed(_("这个班没有排您，您也不在可以值这个岗的人员里。"))
    # The row of the shift is held: two that step in at once are counted one after the other.
    Shift.objects.select_for_update().get(pk=shift.pk)
    if Turn.objects.filter(shift=shift).count() >= shift.wanted:
        raise Refusal(_("这个班已经排满，没有空位。需要替班请联系排班的人。"))
    turn, made = Turn.objects.get_or_create(shift=shift, user=user, defaults={"stands_in": True})
    if made:
        log(shift, "shift.stood_in", actor=user)
    return turn


@dataclass(frozen=True)
class Left:
    """A piece of open work that is handed over, with what is said about it."""

    work: OpenWork
    note: str = ""
    marked: bool = False


@transaction.atomic
def hand_over(shift: Shift, *, actor: User, notes: str = "", items: Sequence[Left] = ()) -> Handover:
    """What is open goes to the next shift; where none follows, to the head of the department."""
    if not Turn.objects.filter(shift=shift, user=actor).exclude(arrived_at=None).exists():
        raise NotAllowed(_("只有这个班在岗的人可以交班。"))
    if not notes.strip() and not items:
        raise Refusal(_("请写一句交班情况，没有事也写“无”。"), field="notes")
    won = Shift.objects.filter(pk=shift.pk, state=State.FILLED).update(state=State.HANDED_OVER)
    if not won:
        raise Conflict(_("这个班已经交过了。请刷新页面看看是谁交的。"))
    shift.state = State.HANDED_OVER
    handover = Handover.objects.create(
        shift=shift, to=next_shift(shift), notes=notes.strip()[:4000], by=actor, at=timezone.now()
    )
    HandoverItem.objects.bulk_create(
        HandoverItem(
            handover=handover, kind=left.work.kind, key=left.work.key, title=left.work.title[:200],
            due_at=left.work.due_at, note=left.note.strip()[:300], marked=left.marked,
        )
        for left in items[:MOST_ITEMS]
    )  # fmt: skip
    log(
        shift, "shift.handed_over", actor=actor, handover=handover.pk, items=len(items),
        marked=sum(left.marked for left in items), to=str(handover.to) if handover.to else "",
    )  # fmt: skip
    return handover


def next_shift(shift: Shift) -> Shift | None:
    """The shift of the same roster that begins when this one ends; None where there is a gap, or no such shift."""
    roster, rules = shift.roster, rules_of(shift.roster)
    last = timezone.localdate(shift.ends_at) + dt.timedelta(days=1)
    for day, rule in rules.slots(shift.on, last):
        starts, _ends = rule.times(day)
        if shift.starts_at < starts and shift.ends_at - rules.early <= starts <= shift.ends_at + rules.early:
            return draw_up(roster, day, rule.code)
    return None


@transaction.atomic
def accept(handover: Handover, *, actor: User, acknowledged: Collection[int] = ()) -> None:
    """Take over what was left. Every marked item has to be acknowledged."""
    _require_receiver(handover, actor)
    open_items = [item for item in handover.items.all() if item.marked and item.pk not in acknowledged]
    if open_items:
        raise Refusal(
            _("还有 %(count)d 件须确认：%(titles)s。请逐件看过、勾上再接班。")
            % {"count": len(open_items), "titles": "、".join(item.title for item in open_items[:3])},
            field="items",
        )
    now = timezone.now()
    _answer(handover, Handover.State.ACCEPTED, actor, now, "")
    HandoverItem.objects.filter(handover=handover, pk__in=list(acknowledged)).update(acknowledged_at=now)
    log(
        handover.shift,
        "handover.accepted",
        actor=actor,
        handover=handover.pk,
        acknowledged=len(list(acknowledged)),
    )


@transaction.atomic
def refuse(handover: Handover, *, actor: User, reason: str) -> None:
    """Not like this: the outgoing shift has to say more, and hands over again."""
    _require_receiver(handover, actor)
    if len(reason.strip()) < 4:
        raise Refusal(_("请写明为什么不接（至少 4 个字），例如：钥匙没有交。"), field="reason")
    _answer(handover, Handover.State.REFUSED, actor, timezone.now(), reason.strip()[:300])
    Shift.objects.filter(pk=handover.shift_id, state=State.HANDED_OVER).update(state=State.FILLED)
    log(handover.shift, "handover.refused", actor=actor, handover=handover.pk, reason=reason.strip()[:300])


def _answer(handover: Handover, state: str, actor: User, now: dt.datetime, reason: str) -> None:
    won = Handover.objects.filter(pk=handover.pk, state=Handover.State.WAITING).update(
        state=state, answered_by=actor, answered_at=now, reason=reason
    )
    if not won:
        handover.refresh_from_db()
        raise Conflict(
            _("%(name)s 已经处理了这次交班：%(state)s。")
            % {"name": handover.answered_by, "state": handover.get_state_display()}
        )
    handover.refresh_from_db()


def may_receive(handover: Handover, user: User) -> bool:
    """Whoever has arrived on the next shift; the heads of the roster in any case. Never who handed over."""
    if handover.by_id == user.pk:
        return False
    here = handover.to_id is not None and (
        Turn.objects.filter(shift=handover.to_id, user=user).exclude(arrived_at=None).exists()
    )
    return here or may_plan(user, handover.shift.roster)


def _require_receiver(handover: Handover, actor: User) -> None:
    if handover.by_id == actor.pk:
        raise NotAllowed(_("交班的人不能自己接班。"))
    if not may_receive(handover, actor):
        raise NotAllowed(_("请先在自己的班上点“接班”，再接收上一班的交班；没有人接的，由负责人接。"))


def mark_missed(now: dt.datetime | None = None) -> int:
    """Shifts that have begun and to which nobody came in time. Returns how many."""
    now = now or timezone.now()
    missed = 0
    for shift in Shift.objects.filter(
        state=State.SCHEDULED, starts_at__lt=now, roster__active=True
    ).select_related("roster"):
        if now < shift.starts_at + rules_of(shift.roster).late:
            continue
        with transaction.atomic():
            if Shift.objects.filter(pk=shift.pk, state=State.SCHEDULED).update(
                state=State.MISSED, missed_at=now
            ):
                planned = [str(turn.user) for turn in shift.turns.select_related("user")]
                log(shift, "shift.missed", roster=shift.roster.code, planned=planned)
                missed += 1
    return missed


def heads_of(roster: Roster) -> list[User]:
    """Who is told when a post stays empty: the heads of its department, else those above it."""
    from huying.people.models import Grant

    for department in (roster.department, roster.department.parent if roster.department else None):
        if department is None:
            continue
        grants = Grant.objects.on().filter(role="head", user__is_active=True)
        found = grants.filter(department=department) | grants.filter(
            department=None, user__department=department
        )
        if users := list(User.objects.filter(pk__in=found.values("user")).order_by("pk")):
            return users
    return []
