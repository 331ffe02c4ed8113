"""Whose points there are, and what a month comes to: counted from the rows each time, by the figures of the pack."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.db.models import F, Model, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from huying.figures.collections import Collection, RowFacts, collection
from huying.figures.collections.base import area_at
from huying.figures.counting import Asked, UnknownFigure, figure, rows_of
from huying.figures.points.models import PointEntry, PointRedemption, PointResult, PointScheme
from huying.figures.points.rules import PointRules, Rule
from huying.figures.points.scoring import Account, Line, score_line, total_of
from huying.figures.rules import FigureRules
from huying.inspections.campaigns.rules import Span
from huying.inspections.occurrences import Period, period_of
from huying.people.models import Department, Grant, PostHolding, User
from huying.places.models import ADMINISTRATIVE, Area

MONTH = "month"


@dataclass(frozen=True)
class Member:
    """A person of a scheme: in whose table they stand, and where they work."""

    user: User
    group: str
    path: str
    department: int | None


@dataclass(frozen=True)
class Balance:
    """What published months came to, and what of it was changed into something."""

    earned: Fraction
    spent: Fraction

    @property
    def left(self) -> Fraction:
        """What may still be changed."""
        return self.earned - self.spent


def this_month() -> Period:
    """The month of today."""
    return period_of(MONTH, timezone.localdate())


# -- whose ---------------------------------------------------------------------------------------------------


def members_of(
    rules: PointRules, period: Period, *, group: str = "", user: User | None = None
) -> list[Member]:
    """Everybody who had the role or the post on a day of the period, each once, in one group."""
    held: QuerySet[Any] = (
        Grant.objects.filter(role=rules.role)
        if rules.role
        else PostHolding.objects.filter(post__code=rules.post)
    )
    held = held.filter(
        Q(starts_on__isnull=True) | Q(starts_on__lte=period.last),
        Q(ends_on__isnull=True) | Q(ends_on__gte=period.first),
        user__is_active=True,
    )
    if user is not None:
        held = held.filter(user=user)
    rows = held.select_related("user", "user__department__area", "area").defer(
        "area__boundary", "user__department__area__boundary"
    )
    found: dict[int, Member] = {}
    for row in rows.order_by("user_id", "pk"):
        if row.user_id not in found:
            member = _member(rules, row.user, row.area)
            if member.group:
                found[row.user_id] = member
    return [member for member in found.values() if not group or member.group == group]


def _member(rules: PointRules, user: User, area: Area | None) -> Member:
    department = user.department
    place = area or (department.area if department else None)
    path = place.path if place else ""
    if rules.group == "department":
        return Member(user, department.code if department else "", path, user.department_id)
    code = area_at(rules.group, path)
    if not code and rules.group == "community":
        code = area_at(Area.Level.VILLAGE, path)
    return Member(user, code, path, user.department_id)


def member_of(rules: PointRules, user: User, period: Period | None = None) -> Member | None:
    """The person as a member of the scheme; None who has nothing to do with it."""
    return next(iter(members_of(rules, period or this_month(), user=user)), None)


def schemes_of(user: User) -> list[PointScheme]:
    """The schemes in which this person has points: by what they are now, or by a month that was announced."""
    rows = PointScheme.objects.filter(active=True)
    announced = set(PointResult.objects.filter(user=user).values_list("table__scheme_id", flat=True))
    return [row for row in rows if row.pk in announced or member_of(row.rules, user)]


def group_titles(rules: PointRules, codes: Sequence[str]) -> dict[str, str]:
    """The groups by their codes, in their order."""
    rows: QuerySet[Any] = (
        Department.objects.filter(code__in=codes)
        if rules.group == "department"
        else Area.objects.filter(code__in=codes, layer=ADMINISTRATIVE).defer("boundary")
    )
    return {row.code: str(row) for row in rows.order_by("code")}


# -- what ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Counting:
    """A rule with the figure and the collection that it counts by."""

    rule: Rule
    figure: FigureRules
    of: Collection

    @staticmethod
    def by(rule: Rule) -> Counting | None:
        """None where the figure has left the pack."""
        try:
            found = figure(rule.figure)
            return Counting(rule, found, collection(found.of))
        except (UnknownFigure, KeyError):
            return None

    @property
    def person(self) -> str:
        """The lookup of the person."""
        return self.of.fields[self.rule.person].lookup

    @property
    def day(self) -> Any:
        """The day of a row, in Beijing."""
        field = self.of.fields[self.figure.when or self.of.moment]
        return TruncDate(field.lookup) if field.kind == "moment" else F(field.lookup)

    def rows(self, period: Period, at: dt.datetime, users: Sequence[int]) -> QuerySet[Any]:
        """The rows of these persons in the period."""
        rows = rows_of(self.figure, Asked(Span(period.first, period.last)), at)
        return rows.filter(**{f"{self.person}__in": users})


def accounts_of(
    scheme: PointScheme, members: Sequence[Member], period: Period, at: dt.datetime | None = None
) -> tuple[list[Account], list[str]]:
    """The month of these persons as the rows are now, and figures that have left the pack."""
    rules, at = scheme.rules, at or timezone.now()
    users = [member.user.pk for member in members]
    lines: dict[int, list[Line]] = {user: [] for user in users}
    missing = []
    for rule in rules.lines:
        counting = Counting.by(rule) if rule.counted else None
        if rule.counted and counting is None:
            missing.append(rule.figure)
            continue
        found = _counted(counting, period, at, users) if counting else _given(scheme, rule, period, users)
        for user in users:
            by_day: defaultdict[dt.date, list[Fraction]] = defaultdict(list)
            for day, _key, worth in found.get(user, ()):
                by_day[day].append(worth)
            lines[user].append(score_line(rule, by_day, [key for _day, key, _worth in found.get(user, ())]))
    return [Account(user, tuple(lines[user]), total_of(rules, lines[user])) for user in users], missing


Found = Mapping[int, list[tuple[dt.date, int, Fraction]]]


def _counted(counting: Counting, period: Period, at: dt.datetime, users: Sequence[int]) -> Found:
    found: defaultdict[int, list[tuple[dt.date, int, Fraction]]] = defaultdict(list)
    rows = counting.rows(period, at, users).order_by("pk")
    for user, day, key in rows.values_list(counting.person, counting.day, "pk"):
        found[user].append((day, key, counting.rule.points))
    return found


def entries_of(scheme: PointScheme, period: Period) -> QuerySet[PointEntry]:
    """What was entered by hand for this month."""
    return PointEntry.objects.filter(scheme=scheme, on__range=(period.first, period.last))


def _given(scheme: PointScheme, rule: Rule, period: Period, users: Sequence[int]) -> Found:
    found: defaultdict[int, list[tuple[dt.date, int, Fraction]]] = defaultdict(list)
    for entry in entries_of(scheme, period).filter(item=rule.code, approved=True, person__in=users):
        found[entry.person_id].append((entry.on, entry.pk, entry.exact))
    return found


@dataclass(frozen=True)
class PointRow:
    """One row behind a line, as its reader sees it."""

    facts: RowFacts
    open: bool  # the reader may open it
    model: type[Model] | None = None


def rows_behind(rule: Rule, keys: Sequence[int], reader: User, most: int) -> list[PointRow]:
    """The rows of a line: what and when. A row that its reader may not open has no address."""
    keys = keys[:most]
    if not rule.counted:
        entries = PointEntry.objects.filter(pk__in=keys).order_by("on", "pk")
        return [PointRow(RowFacts(each.pk, each.words, day=f"{each.on}"), False) for each in entries]
    counting = Counting.by(rule)
    if counting is None:
        return []
    of = counting.of
    rows = of.model._default_manager.filter(pk__in=keys).select_related(*of.related()).order_by("pk")
    mine = set(of.readable(reader).filter(pk__in=keys).order_by().values_list("pk", flat=True))
    return [PointRow(facts, facts.pk in mine, of.model) for facts in _facts(of, list(rows))]


def _facts(of: Collection, rows: Sequence[Any]) -> Iterator[RowFacts]:
    yield from of.describe(rows)


# -- what is left --------------------------------------------------------------------------------------------


def balance(scheme: PointScheme, user: User) -> Balance:
    """Published months, less what was changed into something: added up from the rows each time."""
    months = PointResult.objects.filter(
        user=user, table__scheme=scheme, table__published_at__isnull=False
    ).values_list("final", flat=True)
    spent = PointRedemption.objects.filter(person=user, scheme=scheme, withdrawn_at=None).values_list(
        "points", flat=True
    )
    return Balance(sum(map(Fraction, months), Fraction(0)), sum(map(Fraction, spent), Fraction(0)))
