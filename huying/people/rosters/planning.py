"""Who stands on which shift: assign, take off, swap, copy a week. A person is on one shift at a time, whoever plans.

Whoever assigns holds the rows of the people concerned, so that two planners can't put one person on two shifts at once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, Refusal
from huying.core.journal import log
from huying.people.models import Grant, PostHolding, Roster, Shift, Turn, User
from huying.people.rosters.policy import require_plan
from huying.people.rosters.rules import ShiftRule, rules_of

DRAWN_UP_DAYS = 14
AHEAD_DAYS = 7  # unfilled shifts of so many days are counted


# -- who may --------------------------------------------------------------------------------------------------


def eligible(roster: Roster, day: dt.date | None = None) -> QuerySet[User]:
    """Who may stand there: holders of the declared posts and roles, of the roster's area or department."""
    rules = rules_of(roster)
    if roster.area is not None:
        codes = [code for code in roster.area.path.split("/") if code]
        here = Q(area__path__startswith=roster.area.path) | Q(area__code__in=codes)
    else:
        here = Q(user__department=roster.department_id) | Q(user__department__parent=roster.department_id)
    posted = PostHolding.objects.on(day).filter(here, post__code__in=rules.posts)
    granted = Grant.objects.on(day).filter(here, role__in=rules.roles)
    found = Q(pk__in=posted.values("user")) | Q(pk__in=granted.values("user"))
    return User.objects.filter(found, is_active=True).order_by("name", "pk")


# -- the grid -------------------------------------------------------------------------------------------------


@dataclass
class Slot:
    """One shift of the grid: as declared, and as drawn up where it is."""

    roster: Roster
    day: dt.date
    rule: ShiftRule
    shift: Shift | None = None
    turns: list[Turn] = field(default_factory=list)

    @property
    def times(self) -> tuple[dt.datetime, dt.datetime]:
        return (self.shift.starts_at, self.shift.ends_at) if self.shift else self.rule.times(self.day)

    @property
    def wanted(self) -> int:
        return self.shift.wanted if self.shift else self.rule.people

    @property
    def lacking(self) -> int:
        """How many people are not planned yet."""
        return max(0, self.wanted - len(self.turns))

    @property
    def over(self) -> bool:
        return self.times[1] <= timezone.now()

    @property
    def unfilled(self) -> bool:
        """Still to come, and not enough people on it."""
        return not self.over and self.lacking > 0


def slots_of(rosters: Iterable[Roster], first: dt.date, last: dt.date) -> list[Slot]:
    """Every declared shift of these days with its people, by roster and time; two queries for any number of rosters."""
    rosters = list(rosters)
    drawn = {
        (shift.roster_id, shift.on, shift.code): shift
        for shift in Shift.objects.filter(roster__in=rosters, on__range=(first, last))
    }
    turns: dict[int, list[Turn]] = {}
    for turn in Turn.objects.filter(shift__in=[shift.pk for shift in drawn.values()]).select_related("user"):
        turns.setdefault(turn.shift_id, []).append(turn)
    found = []
    for roster in rosters:
        for day, rule in rules_of(roster).slots(first, last):
            shift = drawn.get((roster.pk, day, rule.code))
            found.append(Slot(roster, day, rule, shift, turns.get(shift.pk, []) if shift else []))
    return found


def unfilled(rosters: Iterable[Roster], now: dt.datetime | None = None) -> list[Slot]:
    """The shifts of the next seven days that lack people, the nearest first."""
    today = timezone.localdate(now)
    slots = slots_of(rosters, today - dt.timedelta(days=1), today + dt.timedelta(days=AHEAD_DAYS - 1))
    return sorted((slot for slot in slots if slot.unfilled), key=lambda slot: slot.times[0])


def draw_up(roster: Roster, day: dt.date, code: str) -> Shift:
    """The row of this shift, made where there is none. Refusal when the roster has no such shift that day."""
    rules = rules_of(roster)
    rule = rules.shift(code)
    if rule is None or not rules.runs_on(day):
        raise Refusal(_("%(roster)s在 %(day)s 没有这个班。") % {"roster": roster, "day": day})
    starts, ends = rule.times(day)
    return Shift.objects.get_or_create(
        roster=roster, on=day, code=code,
        defaults={"title": rule.title, "starts_at": starts, "ends_at": ends, "wanted": rule.people},
    )[0]  # fmt: skip


def draw_up_ahead(now: dt.datetime | None = None) -> int:
    """Make the rows of the shifts to come, so that one that nobody planned is missed too. Returns how many are new."""
    now = now or timezone.now()
    today = timezone.localdate(now)
    slots = slots_of(Roster.objects.filter(active=True), today, today + dt.timedelta(days=DRAWN_UP_DAYS))
    new = [
        Shift(
            roster=slot.roster, on=slot.day, code=slot.rule.code, title=slot.rule.title, starts_at=slot.times[0],
            ends_at=slot.times[1], wanted=slot.rule.people,
        )
        for slot in slots if slot.shift is None and slot.times[0] > now
    ]  # fmt: skip
    Shift.objects.bulk_create(new, ignore_conflicts=True)
    _forget_undeclared(now)
    return len(new)


def _forget_undeclared(now: dt.datetime) -> None:
    """Shifts to come that the declaration no longer has, as long as nobody was put on them."""
    ahead = Shift.objects.filter(
        starts_at__gt=now, state=Shift.State.SCHEDULED, turns=None, handovers=None, received=None
    )
    gone = []
    for shift in ahead.select_related("roster"):
        rules = rules_of(shift.roster)
        rule = rules.shift(shift.code)
        declared = (
            rule is not None
            and rules.runs_on(shift.on)
            and rule.times(shift.on) == (shift.starts_at, shift.ends_at)
        )
        if not shift.roster.active or not declared:
            gone.append(shift.pk)
    Shift.objects.filter(pk__in=gone, turns=None).delete()


# -- verbs ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Assigned:
    """Somebody was put on a shift; `warnings` are sentences about what is allowed but not good."""

    turn: Turn
    warnings: tuple[str, ...] = ()


@transaction.atomic
def assign(roster: Roster, day: dt.date, code: str, user: User, *, actor: User) -> Assigned:
    """Put a person on a shift."""
    require_plan(actor, roster)
    _hold([user.pk])
    shift = draw_up(roster, day, code)
    _require_open(shift)
    if not eligible(roster, day).filter(pk=user.pk).exists():
        raise Refusal(_("%s 不在可以值这个岗的人员里，请换一位。") % user, field="user")
    _require_free(user, shift)
    turn = Turn.objects.create(shift=shift, user=user)
    log(shift, "shift.assigned", actor=actor, user=user.username, name=str(user))
    return Assigned(turn, tuple(rest_warnings(user, shift)))


@transaction.atomic
def take_off(turn: Turn, *, actor: User) -> None:
    """Take a person off a shift that has not begun for them."""
    shift = turn.shift
    require_plan(actor, shift.roster)
    _require_open(shift)
    gone, _counts = Turn.objects.filter(pk=turn.pk, user=turn.user_id, arrived_at=None).delete()
    if not gone:
        raise Conflict(_("这个人已经到岗，或排班刚被别人改过。请刷新页面。"))
    log(shift, "shift.taken_off", actor=actor, user=turn.user.username, name=str(turn.user))


@transaction.atomic
def swap(one: Turn, other: Turn, *, actor: User) -> Sequence[str]:
    """Two people change places. Returns warnings."""
    for turn in (one, other):
        require_plan(actor, turn.shift.roster)
        _require_open(turn.shift)
    if one.shift_id == other.shift_id or one.user_id == other.user_id:
        raise Refusal(_("换班要选两个人、两个班。"))
    _hold([one.user_id, other.user_id])
    both = (one.pk, other.pk)
    for turn, user in ((one, other.user), (other, one.user)):
        if not eligible(turn.shift.roster, turn.shift.on).filter(pk=user.pk).exists():
            raise Refusal(_("%s 不在可以值这个岗的人员里，请换一位。") % user)
        _require_free(user, turn.shift, leaving=both)
    for turn, user in ((one, other.user), (other, one.user)):
        won = Turn.objects.filter(pk=turn.pk, user=turn.user_id, arrived_at=None).update(user=user)
        if not won:
            raise Conflict(_("这个人已经到岗，或排班刚被别人改过。请刷新页面。"))
        log(turn.shift, "shift.swapped", actor=actor, was=str(turn.user), name=str(user), user=user.username)
    return [*rest_warnings(other.user, one.shift), *rest_warnings(one.user, other.shift)]


@dataclass
class Copied:
    """What a copied or imported plan did: how many were put on, and what could not be, in sentences."""

    count: int = 0
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def copy_week(roster: Roster, monday: dt.date, *, actor: User) -> Copied:
    """Plan the week that begins on `monday` like the one before; what can't be taken over is said."""
    require_plan(actor, roster)
    week = dt.timedelta(days=7)
    wanted = [
        (turn.shift.on + week, turn.shift.code, turn.user)
        for turn in Turn.objects.filter(
            shift__roster=roster, shift__on__range=(monday - week, monday - dt.timedelta(days=1)), stands_in=False
        ).select_related("shift", "user").order_by("shift__starts_at", "pk")
    ]  # fmt: skip
    if not wanted:
        raise Refusal(_("上一周没有排班，没有可以复制的。"))
    return plan_many(roster, wanted, actor=actor)


def plan_many(roster: Roster, wanted: Iterable[tuple[dt.date, str, User]], *, actor: User) -> Copied:
    """Put many people on; who is on already is left alone."""
    done = Copied()
    for day, code, user in wanted:
        if Turn.objects.filter(shift__roster=roster, shift__on=day, shift__code=code, user=user).exists():
            continue
        try:
            assigned = assign(roster, day, code, user, actor=actor)
        except Refusal as refusal:
            if refusal.status == 403:
                raise
            done.problems.append(f"{day:%m-%d} {user}：{refusal}")
        else:
            done.count += 1
            done.warnings += assigned.warnings
    return done


# -- checks ---------------------------------------------------------------------------------------------------


def _hold(keys: Iterable[int]) -> None:
    """Whoever plans the same people waits until this transaction has ended."""
    list(User.objects.select_for_update().filter(pk__in=keys).order_by("pk").values_list("pk"))


def _require_open(shift: Shift) -> None:
    if shift.ends_at <= timezone.now():
        raise Refusal(_("这个班已经结束，不能再改排班。"))


def _require_free(user: User, shift: Shift, leaving: Sequence[int] = ()) -> None:
    other = (
        Turn.objects.filter(user=user, shift__starts_at__lt=shift.ends_at, shift__ends_at__gt=shift.starts_at)
        .exclude(pk__in=leaving)
        .select_related("shift__roster")
        .first()
    )
    if other is None:
        return
    if other.shift_id == shift.pk:
        raise Refusal(_("%s 已经在这个班上。") % user, field="user")
    raise Refusal(
        _("%(user)s 这个时间已经排在%(roster)s %(times)s，一个人不能同时上两个班。请换一位，或先撤下那个班。")
        % {"user": user, "roster": other.shift.roster, "times": times_text(other.shift)},
        field="user",
    )


def rest_warnings(user: User, shift: Shift) -> list[str]:
    """Too little rest before or after, by the hours that the pack asks for. A warning: the planner decides."""
    hours = rules_of(shift.roster).rest_hours
    if not hours:
        return []
    rest = dt.timedelta(hours=hours)
    near = (
        Turn.objects.filter(
            user=user, shift__ends_at__gt=shift.starts_at - rest, shift__starts_at__lt=shift.ends_at + rest
        )
        .exclude(shift=shift)
        .select_related("shift__roster")
    )
    return [
        _("%(user)s 和%(roster)s %(times)s 之间休息不足 %(hours)g 小时。")
        % {"user": user, "roster": turn.shift.roster, "times": times_text(turn.shift), "hours": hours}
        for turn in near
    ]


def times_text(shift: Shift) -> str:
    """11-21 20:00–08:00."""
    starts, ends = timezone.localtime(shift.starts_at), timezone.localtime(shift.ends_at)
    return f"{starts:%m-%d %H:%M}–{ends:%H:%M}"
