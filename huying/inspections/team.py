"""Who goes for a plan today: people who may make rounds, by department or by post; and places that nobody goes to."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass

from django.utils import timezone

from huying.inspections.duties.owed import holders
from huying.inspections.places import PlanPlace, places_of
from huying.inspections.plans import PlanRules
from huying.inspections.rounds.rights import MAKE
from huying.people.models import Department, Grant, User
from huying.people.roles import ROLES

_ROLES = tuple(code for code, role in ROLES.items() if MAKE in role.verbs)


@dataclass(frozen=True)
class Team:
    """Departments with how many of their people may go; of a post, how many hold it. `nobody`: places without any."""

    units: tuple[tuple[Department, int], ...] = ()
    post_holders: int = 0
    nobody: tuple[PlanPlace, ...] = ()

    @property
    def empty_units(self) -> list[Department]:
        """Departments of the plan of which nobody may make rounds."""
        return [unit for unit, people in self.units if not people]


def team_of(rules: PlanRules, day: dt.date | None = None) -> Team:
    """Who goes on this day (today). Places are read only where the plan goes by post."""
    day = day or timezone.localdate()
    able = _able_by_department()
    if not rules.by_post:
        order = {code: number for number, code in enumerate(rules.by_departments)}
        rows = Department.objects.filter(code__in=rules.by_departments)
        found = tuple((unit, able[unit.pk]) for unit in sorted(rows, key=lambda unit: order[unit.code]))
        nobody = () if any(people for _unit, people in found) else tuple(places_of(rules))
        return Team(units=found, nobody=nobody)
    places = places_of(rules)
    held = holders(rules, places, day)
    staffed = set(Department.objects.filter(pk__in=list(able)).values_list("code", flat=True))
    # Of a thing that is kept up, the people of its owner and keeper go where nobody holds the post.
    nobody = tuple(place for place in places if not held[place.pk] and not place.units & staffed)
    people = {user.pk for found_ in held.values() for user in found_}
    return Team(post_holders=len(people), nobody=nobody)


def _able_by_department() -> Counter[int]:
    rows = Grant.objects.on().filter(role__in=_ROLES, user__is_active=True).values("user")
    people = User.objects.filter(pk__in=rows, department__isnull=False)
    return Counter(people.values_list("department", flat=True))
