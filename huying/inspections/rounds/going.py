"""Who goes where today: the plans of a person, the places that are theirs, and what is due there next."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import Count
from django.utils import timezone

from huying.cases.models import OPEN, Case
from huying.inspections.models import Draw, Plan
from huying.inspections.occurrences import Slot, due_next, period_of, slots_now
from huying.inspections.places import PlanPlace, places_of
from huying.inspections.plans import PlanRules
from huying.inspections.rounds.models import Round
from huying.inspections.rounds.rights import MAKE
from huying.inspections.saying import by_words
from huying.people.access import scopes
from huying.people.models import PostHolding, User

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Going:
    """One place of a plan, and the visit that is owed there next; without one, enough was done for now."""

    place: PlanPlace
    slot: Slot | None = None
    not_before: dt.datetime | None = None

    @property
    def state(self) -> str:
        """late, due, soon (a visit now would be too soon) or done."""
        now = timezone.now()
        if self.slot is None:
            return "done"
        if self.slot.due < now:
            return "late"
        return "soon" if self.not_before is not None and self.not_before > now else "due"

    @property
    def by(self) -> str:
        """Until when, as people say it: a day that ends at midnight is that day."""
        return by_words(self.slot.due) if self.slot is not None else ""


def plans_of(user: User, day: dt.date | None = None) -> list[Plan]:
    """The plans that this person goes out for: their department's, or those of a post that they hold today."""
    day = day or timezone.localdate()
    if not scopes(user, MAKE):
        return []
    posts = set(PostHolding.objects.on(day).filter(user=user).values_list("post__code", flat=True))
    mine = _department_codes(user)
    found = []
    for plan in Plan.objects.filter(active=True):
        rules = plan.rules
        running = any(rules.in_force(each) and rules.in_season(each) for each in (day, day - _DAY))
        if running and (rules.by_post in posts or mine & set(rules.by_departments) or _keeps(user, rules)):
            found.append(plan)
    return found


def _department_codes(user: User) -> set[str]:
    """The own department: whose plan names another one, or the bureau above, is sent by that one."""
    return {user.department.code} if user.department is not None else set()


def _keeps(user: User, rules: PlanRules) -> bool:
    """Whether a duty by post is also this person's because their department keeps the places."""
    own = [scope.department_id for scope in scopes(user, MAKE) if scope.department_id is not None]
    return bool(rules.by_post and rules.registers and own and user.department_id)


def places_for(
    user: User, plan: Plan, day: dt.date | None = None, keys: Collection[str] | None = None
) -> list[PlanPlace]:
    """The places of the plan that are this person's; of a plan that draws, those that fate gave them.

    `keys` are those of the places asked for, where not all of them are.
    """
    day = day or timezone.localdate()
    rules = plan.rules
    drawn = _drawn(plan, day) if rules.draw is not None else None
    if rules.draw is not None and drawn is None:
        return []
    paths = [scope.path for scope in scopes(user, MAKE)]
    wanted = set(keys) if keys is not None else None
    if drawn is not None:
        wanted = set(drawn.chosen) if wanted is None else wanted & set(drawn.chosen)
    everything = places_of(rules, wanted)
    found = [place for place in everything if any(place.path.startswith(path) for path in paths)]
    if rules.by_post:
        held, units = _holds(user, rules.by_post, day), _department_codes(user)
        found = [
            place for place in found
            if any(place.path.startswith(path) for path in held) or place.units & units
        ]  # fmt: skip
    if drawn is not None:
        people = drawn.inspectors
        found = [
            place for place in found if not people.get(place.key) or user.username in people[place.key]
        ]  # fmt: skip
    return found


def _drawn(plan: Plan, day: dt.date) -> Draw | None:
    """What fate chose for the period that the day lies in."""
    return Draw.objects.filter(plan=plan, period=period_of(plan.rules.every.unit, day).name).first()


def _holds(user: User, post: str, day: dt.date) -> list[str]:
    """The areas for which the person holds the post."""
    rows = PostHolding.objects.on(day).filter(user=user, post__code=post, area__isnull=False)
    return list(rows.values_list("area__path", flat=True))


def going(plan: Plan, places: Iterable[PlanPlace], now: dt.datetime | None = None) -> list[Going]:
    """What is due next at these places, the most pressing first; those where enough was done come last."""
    now = now or timezone.now()
    today = timezone.localdate(now)
    rules = plan.rules
    by_pk = {place.pk: place for place in places}
    owed = sorted(
        {*slots_now(rules, today - _DAY), *slots_now(rules, today)},
        key=lambda slot: (slot.opens, slot.number),
    )
    if not by_pk:
        return []
    since = min((slot.opens for slot in owed), default=now) - max(rules.every.apart, _DAY)
    visits: dict[int, list[dt.datetime]] = {pk: [] for pk in by_pk}
    kind = f"{next(iter(by_pk.values())).kind}_id"
    rows = Round.objects.filter(plan=plan, proved=True, ended_at__gte=since, **{f"{kind}__in": list(by_pk)})
    for pk, at in rows.order_by().values_list(kind, "ended_at"):
        visits[pk].append(at)
    due = {each.place: each for each in due_next(rules, owed, visits, now)}
    found = [Going(by_pk[pk], each.slot, each.not_before) for pk, each in due.items()]
    found += [Going(place) for pk, place in by_pk.items() if pk not in due]
    return found


def open_cases_at(items: Iterable[int]) -> dict[int, int]:
    """How many open cases concern each of these things."""
    rows = Case.objects.filter(item__in=list(items), status__in=OPEN).order_by().values_list("item")
    return dict(rows.annotate(Count("pk")))
