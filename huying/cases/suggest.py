"""Suggestions that explain themselves: which category, which department, and is it known already?

Nothing here decides: a person (or a ledger that says `dispatch: automatic`) does.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases.models import OPEN, Case, CaseQuerySet, Category, Topic
from huying.cases.references import references
from huying.core.search import normalise
from huying.people.models import Department, Duty
from huying.places.coordinates import distance_m
from huying.places.locate import current_index
from huying.places.models import ADMINISTRATIVE, Area
from huying.places.where import where_is

_STRONG, _WEAK, _IN_TITLE = 3, 1, 2


@dataclass(frozen=True)
class Guess:
    """A category with the words that spoke for it; the higher the score, the surer."""

    category: Category
    score: int
    words: tuple[str, ...]


def guess_categories(
    categories: Iterable[Category], words: str, title: str = "", *, at_most: int = 5
) -> list[Guess]:
    """Categories whose keywords occur in the text, best first.

    A strong word counts 3, a weak one 1, doubled in the title, each word once. The scores of small topics
    add up on their large topic: the large topic with the highest sum comes first, and in it the small
    topic with the highest score of its own. Anyone can work it out by hand.
    """
    body, head = normalise(words), normalise(title)
    guesses: list[Guess] = []
    totals: dict[str, int] = {}
    for category in categories:
        score, found = _score(category, body, head)
        if score:
            guesses.append(Guess(category, score, tuple(found)))
            totals[_root(category)] = totals.get(_root(category), 0) + score
    guesses.sort(
        key=lambda guess: (
            -totals[_root(guess.category)],
            _root(guess.category),
            -guess.score,
            guess.category.code,
        )
    )
    # In the best large topic a small one that speaks for itself goes before the large one.
    guesses.sort(key=lambda guess: (-totals[_root(guess.category)], _is_root(guess.category)))
    return guesses[:at_most]


def _score(category: Category, body: str, head: str) -> tuple[int, list[str]]:
    topic = category.topic
    strong = category.keywords or (topic.keywords if topic else [])
    weak = topic.weak_keywords if topic else []
    score, found = 0, []
    for weight, keywords in ((_STRONG, strong), (_WEAK, weak)):
        for keyword in keywords:
            if keyword in head:
                score += weight * _IN_TITLE
            elif keyword in body:
                score += weight
            else:
                continue
            found.append(keyword)
    return score, found


def _root(category: Category) -> str:
    topic = category.topic
    if topic is None:
        return category.code
    return topic.parent.code if topic.parent else topic.code


def _is_root(category: Category) -> bool:
    return category.topic is not None and category.topic.parent_id is None


@dataclass(frozen=True)
class Responsible:
    """Who should have a case, by which rule, and the sentence that explains it."""

    department: Department | None
    rule: str  # owner, duty, inspected, category or none
    why: str
    others: tuple[Department, ...] = field(default=())

    @property
    def certain(self) -> bool:
        """Sure enough for a ledger that dispatches by itself: an owner, a duty or the unit inspected, and no rival."""
        return self.rule in ("owner", "duty", "inspected") and not self.others


def responsible_for(
    case: Case, on: dt.date | None = None, duties: Sequence[Duty] | None = None
) -> Responsible:
    """The department that should have the case; `duties` are those of its topic, where they were read before.

    The owner of the thing concerned (谁所有、谁负责), else who holds the duty for this topic in the
    smallest area around the point, else the department of the category. A community is never lead.
    """
    starts = ("item.owner", "duty", "category")
    first = starts.index(case.rules.responsible)
    for find in (_owner, _duty, _category)[first:]:
        if found := find(case, on or timezone.localdate(), duties):
            return found
    return Responsible(None, "none", _("没有查到对应的职责，请人工选择责任单位。"))


def _owner(case: Case, on: dt.date, duties: Sequence[Duty] | None) -> Responsible | None:
    item = case.item
    if item is None or item.owner is None or not item.owner.can_lead:
        return None
    why = _("%(item)s的权属单位是%(department)s（谁所有、谁负责）。") % {
        "item": item.title, "department": item.owner,
    }  # fmt: skip
    return Responsible(item.owner, "owner", why)


def responsible_for_many(cases: Sequence[Case], on: dt.date | None = None) -> dict[int, Responsible]:
    """`responsible_for` of each case by its key, with one query for the duties of all."""
    topics = {code for case in cases if case.topic for code in case.topic.chain}
    areas = {code for case in cases for code in area_codes_around(case)}
    around = Q(area__code__in=areas) | Q(area__in={case.compound_id for case in cases if case.compound_id})
    duties = _duties(around & Q(topic__in=topics), on or timezone.localdate()) if topics else []
    return {case.pk: responsible_for(case, on, duties) for case in cases}


def responsible_at(topic: Topic, lng: float, lat: float, on: dt.date | None = None) -> Responsible:
    """Who answers for a topic at a point, before there is a case: its duty there, else the topic's department."""
    case = Case(topic=topic, lng=lng, lat=lat, **where_is(lng, lat).fields)
    if found := _duty(case, on or timezone.localdate(), None):
        return found
    department = topic.department or (topic.parent.department if topic.parent else None)
    if department is None or not department.can_lead:
        return Responsible(None, "none", _("没有查到对应的职责，请人工选择责任单位。"))
    return Responsible(department, "category", _by_catalogue(topic, department))


def _by_catalogue(matter: Category | Topic, department: Department) -> str:
    return _("「%(category)s」按目录由%(department)s负责。") % {"category": matter, "department": department}


def _duties(which: Q, on: dt.date) -> list[Duty]:
    """Duties in force of departments that may lead, with area and department."""
    rows = Duty.objects.on(on).filter(which, department__can_lead=True, department__valid_to=None)
    known, found = references(), list(rows)
    for duty in found:
        for name, objects in (("area", known.areas), ("department", known.departments)):
            if (key := getattr(duty, f"{name}_id")) in objects:
                duty._state.fields_cache[name] = objects[key]
    return found


def area_codes_around(case: Case) -> list[str]:
    """Codes of the areas that contain the case's place: the chain up to the district, and the functional grids
    that lie over it. Its compound is not among them."""
    codes = [code for code in case.area_path.split("/") if code]
    if case.lng is not None and case.lat is not None:
        index = current_index()
        for layer in index.layers:
            if layer != ADMINISTRATIVE:
                codes.extend(index.locate(case.lng, case.lat, layer).chain)
    return codes


def _duty(case: Case, on: dt.date, known: Sequence[Duty] | None) -> Responsible | None:
    if case.topic is None or not case.area_path:
        return None
    chain, codes = case.topic.chain, set(area_codes_around(case))
    if known is None:
        around = Q(area__code__in=codes) | Q(area=case.compound_id)
        known = _duties(around & Q(topic__in=chain), on)
    duties = [
        duty
        for duty in known
        if duty.topic in chain and (duty.area.code in codes or duty.area_id == case.compound_id)
    ]
    if not duties:
        return None
    # The exact topic before its parent only within the same area: the smallest area decides first.
    duties.sort(key=lambda d: (-_smallness(d.area), chain.index(d.topic), d.department.code))
    best = duties[0]
    others = tuple(
        d.department
        for d in duties[1:]
        if d.area_id == best.area_id and d.topic == best.topic and d.department_id != best.department_id
    )
    why = _("在%(area)s，「%(topic)s」由%(department)s负责。") % {
        "area": best.area, "topic": case.topic, "department": best.department,
    }  # fmt: skip
    return Responsible(best.department, "duty", why, others)


_DEPTH = {level: depth for depth, level in enumerate(
    (Area.Level.DISTRICT, Area.Level.SUBDISTRICT, Area.Level.COMMUNITY, Area.Level.COMPOUND, Area.Level.GRID)
)} | {Area.Level.VILLAGE: 2}  # fmt: skip


def _smallness(area: Area) -> int:
    return _DEPTH.get(Area.Level(area.level), 0)


def _category(case: Case, on: dt.date, duties: Sequence[Duty] | None) -> Responsible | None:
    department = case.category.department or (case.topic.department if case.topic else None)
    if department is None and case.topic and case.topic.parent:
        department = case.topic.parent.department
    if department is None or not department.can_lead:
        return None
    return Responsible(department, "category", _by_catalogue(case.category, department))


def open_nearby(
    lng: float, lat: float, *, within_m: float, since: dt.datetime | None = None,
    category: Category | None = None, among: CaseQuerySet | None = None, at_most: int = 5,
) -> list[tuple[Case, float]]:  # fmt: skip
    """Open cases around a point with their distance in metres, nearest first."""
    south, north, west, east = box(lng, lat, within_m)
    found = (among if among is not None else Case.objects.all()).filter(
        status__in=OPEN, lat__range=(south, north), lng__range=(west, east)
    )
    if since is not None:
        found = found.filter(reported_at__gte=since)
    if category is not None:
        same = Q(category=category)
        if category.topic_id:
            same |= Q(topic=category.topic_id)
        found = found.filter(same)
    near = []
    for case in found.select_related("category", "topic", "ledger")[:200]:
        assert case.lng is not None and case.lat is not None  # the filter asked for both
        metres = distance_m(lng, lat, case.lng, case.lat)
        if metres <= within_m:
            near.append((case, metres))
    return sorted(near, key=lambda pair: pair[1])[:at_most]


def box(lng: float, lat: float, metres: float) -> tuple[float, float, float, float]:
    """(south, north, west, east) of a square around a point, in degrees."""
    dlat = metres / 111_320
    dlng = metres / (111_320 * max(0.05, math.cos(math.radians(lat))))
    return lat - dlat, lat + dlat, lng - dlng, lng + dlng


def likely_duplicates(case: Case, among: CaseQuerySet | None = None) -> list[tuple[Case, float]]:
    """Open cases that are probably the same matter: same category or topic, near in place and time."""
    if case.lng is None or case.lat is None:
        return []
    rules = case.rules
    near: Sequence[tuple[Case, float]] = open_nearby(
        case.lng, case.lat, within_m=rules.merge_within_m, since=case.reported_at - rules.merge_within,
        category=case.category, among=among,
    )  # fmt: skip
    return [(other, metres) for other, metres in near if other.pk != case.pk]
