"""Which places owe their visits to a plan, whose people do them, and who that is today."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from huying.inspections.models import Draw, Plan
from huying.inspections.occurrences import Slot, period_of
from huying.inspections.places import PlanPlace, places_of
from huying.inspections.plans import PlanRules
from huying.inspections.rounds.making import NEAR_M
from huying.inspections.rounds.models import RoundPhoto
from huying.people.models import Department, PostHolding, User
from huying.places.models import Area
from huying.registry.models import Item

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Owing:
    """One place that owes visits: where it lies, and whose people do them (None: nobody holds the post)."""

    kind: str
    pk: int
    path: str
    subdistrict_id: int | None
    community_id: int | None
    doer_id: int | None


def owing(plan: Plan, day: dt.date, within: Iterable[int] | None = None) -> list[Owing]:
    """The places of the plan on this day; of a plan that draws, those that fate chose for its period."""
    rules = plan.rules
    places = places_of(rules)
    if within is not None:
        asked = set(within)
        places = [place for place in places if place.pk in asked]
    if rules.draw is not None:
        period = period_of(rules.every.unit, day).name
        chosen = Draw.objects.filter(plan=plan, period=period).values_list("chosen", flat=True).first()
        places = [place for place in places if place.key in set(chosen or ())]
    levels = _levels()
    doer = doers(rules, places, day)
    found = []
    for place in places:
        at = [levels[code] for code in place.path.split("/") if code in levels]
        community = (Area.Level.COMMUNITY, Area.Level.VILLAGE)
        found.append(
            Owing(
                place.kind, place.pk, place.path,
                next((pk for pk, level in at if level == Area.Level.SUBDISTRICT), None),
                next((pk for pk, level in at if level in community), None), doer.get(place.pk),
            )
        )  # fmt: skip
    return found


def _levels() -> dict[str, tuple[int, str]]:
    wanted = (Area.Level.SUBDISTRICT, Area.Level.COMMUNITY, Area.Level.VILLAGE)
    rows = Area.objects.filter(level__in=wanted).values_list("code", "pk", "level")
    return {code: (pk, level) for code, pk, level in rows}


def kind_of(rules: PlanRules) -> str:
    """What the plan's places are: items, areas or departments."""
    return "item" if rules.registers else "area" if rules.area_level else "department"


def doers(rules: PlanRules, places: Iterable[PlanPlace], day: dt.date) -> dict[int, int | None]:
    """Whose people do it, by the key of the place: of the plan's departments the one in whose area the place lies,
    else the first named; of a post, the department of whoever holds it.
    """
    places = list(places)
    if rules.by_post:
        held = holders(rules, places, day)
        return {pk: people[0].department_id if people else None for pk, people in held.items()}
    rows = Department.objects.filter(code__in=rules.by_departments).select_related("area")
    order = {code: number for number, code in enumerate(rules.by_departments)}
    units = sorted(rows.defer("area__boundary"), key=lambda unit: order[unit.code])
    by_path: dict[str, int | None] = {}
    for place in places:
        if place.path not in by_path:
            by_path[place.path] = _nearest(units, place.path)
    return {place.pk: by_path[place.path] for place in places}


def _nearest(units: list[Department], path: str) -> int | None:
    own = [unit for unit in units if unit.area is not None and path.startswith(unit.area.path)]
    best = max(own, key=lambda unit: len(unit.area.path) if unit.area else 0, default=None)
    chosen = best or (units[0] if units else None)
    return chosen.pk if chosen is not None else None


def holders(rules: PlanRules, places: Iterable[PlanPlace], day: dt.date) -> dict[int, list[User]]:
    """Who holds the plan's post for each place on this day: for its road, its area or one above it."""
    places = list(places)
    rows = list(
        PostHolding.objects.on(day)
        .filter(post__code=rules.by_post, user__is_active=True)
        .select_related("user", "area")
        .defer("area__boundary")
        .order_by("pk")
    )
    by_area: dict[str, list[User]] = {}
    by_road: dict[int, list[User]] = {}
    for row in rows:
        if row.area is not None:
            by_area.setdefault(row.area.path, []).append(row.user)
        elif row.road_id is not None:
            by_road.setdefault(row.road_id, []).append(row.user)
    roads: dict[int, int | None] = {}
    if by_road and any(place.kind == "item" for place in places):
        keys = [place.pk for place in places]
        roads = dict(Item.objects.filter(pk__in=keys, road__in=by_road).values_list("pk", "road"))
    found = {}
    for place in places:
        road = roads.get(place.pk)
        people = list(by_road.get(road, ())) if road is not None else []
        # The smallest area first: whoever is nearest answers first.
        for path in sorted((path for path in by_area if place.path.startswith(path)), key=len, reverse=True):
            people += by_area[path]
        found[place.pk] = people
    return found


def running(day: dt.date | None = None) -> list[Plan]:
    """The plans that run on this day or ran on the one before: a night ends in the morning."""
    day = day or timezone.localdate()
    return [
        plan
        for plan in Plan.objects.filter(active=True)
        if any(plan.rules.in_force(each) and plan.rules.in_season(each) for each in (day - _DAY, day))
    ]


@dataclass(frozen=True)
class Span:
    """The slots of one period, which are all counted on one day and end at one moment."""

    slots: tuple[Slot, ...]

    @property
    def day(self) -> dt.date:
        """The day that they are counted on."""
        return self.slots[0].day

    @property
    def opens(self) -> dt.datetime:
        """From when a visit counts."""
        return self.slots[0].opens

    @property
    def until(self) -> dt.datetime:
        """When what was not done is missed."""
        return self.slots[0].until

    def due_by(self, now: dt.datetime) -> int:
        """How many of them should have been done by now."""
        return sum(slot.due < now for slot in self.slots)


def spans(slots: Iterable[Slot]) -> list[Span]:
    """The slots, in whatever order they come, by their periods and in the order of time."""
    by_period: dict[str, list[Slot]] = {}
    for slot in slots:
        by_period.setdefault(slot.period, []).append(slot)
    found = (Span(tuple(sorted(group, key=lambda slot: slot.number))) for group in by_period.values())
    return sorted(found, key=lambda span: span.opens)


def columns(place: Owing) -> Mapping[str, int | str | None]:
    """The place as the columns of a PlaceDay."""
    own: dict[str, int | str | None] = dict.fromkeys(("item_id", "area_id", "department_id"))
    own[f"{place.kind}_id"] = place.pk
    return own | {
        "area_path": place.path, "subdistrict_id": place.subdistrict_id, "community_id": place.community_id,
        "doer_id": place.doer_id,
    }  # fmt: skip


def counts_for(plan: Plan) -> Q:
    """The rounds that count for this plan: its own, and those of another plan at the same place by the same
    standard, where their proof is what this plan asks for. Nobody goes twice for two plans.
    """
    rules = plan.rules
    own = Q(plan=plan, proved=True)
    if len(plans_by(rules.standard)) < 2:
        return own
    other: Q = Q(version__standard__code=rules.standard, proved=True, plan__isnull=False) & ~Q(plan=plan)
    if "scan" in rules.proof:
        other &= Q(scanned=True) | Q(item=None)
    if "place" in rules.proof:
        other &= Q(distance_m__lte=NEAR_M) | Q(item=None) | Q(item__lng=None)
    if "photo" in rules.proof:
        other &= Q(Exists(RoundPhoto.objects.filter(round=OuterRef("pk"))))
    return own | other


def plans_by(standard: str) -> list[Plan]:
    """The active plans that ask for this standard."""
    return [
        plan for plan in Plan.objects.filter(active=True).order_by("pk") if plan.rules.standard == standard
    ]
