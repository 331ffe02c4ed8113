"""Reading the tallies: the same numbers as `rates.tallies` gives over the rows, at every moment.

    with snapshot():
        found = tallies(reach_of(user), base=CaseFilter(reported_from=..., at=now), by=("topic",), measures=...)

A number is the sum of
- cells of the whole months and days of the period (or shares, where the reader's area is smaller than a cell),
- what is marked and not folded yet: what it counts as now, less what it is counted as in the cells,
- open cases whose time is over at the moment asked for (`LATE`),
- the rows of the day that the moment cuts through,
- cases that a department helps with but doesn't lead.

What can't be put together like this (several areas and departments mixed, other filters) is counted over the rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import Count, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from huying.cases import policy, rates
from huying.cases.catalogue import catalogue
from huying.cases.filters import CaseFilter
from huying.cases.models import OPEN, Assistance, Case, CaseQuerySet
from huying.cases.rates import COLUMNS, Tally
from huying.cases.tallies.facts import LATE, facts
from huying.cases.tallies.models import COUNTERS, DIMENSIONS, Shape
from huying.people.access import scopes
from huying.people.models import User
from huying.places.locate import current_index
from huying.places.models import Area

ANSWERED = frozenset(("reported_from", "reported_to", "at", "ledger", "area"))
"""Filters that cells can answer."""


@contextmanager
def snapshot() -> Iterator[None]:
    """All that is read inside is as of one moment, also while changes are folded."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


# --- how far a reader sees -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Reach:
    """Which cases a reader sees: inside `path` (empty: everywhere), led or helped by `departments` (None: any).

    `cells` False: they see by several rules at once, and only the rows can tell.
    """

    cases: CaseQuerySet
    path: str = ""
    departments: frozenset[int] | None = None
    cells: bool = True

    @cached_property
    def marked(self) -> list[int]:
        """The cases that wait to be folded: asked once, so a reach is for one page.

        A list, because the size of the table of marks changes faster than its statistics.
        """
        with connection.cursor() as cursor:
            cursor.execute("SELECT DISTINCT case_id FROM cases_tallymark")
            return [row[0] for row in cursor.fetchall()]

    @cached_property
    def helps(self) -> bool:
        """Whether its departments help with any case at all."""
        return (
            self.departments is not None
            and Assistance.objects.filter(department__in=self.departments).exists()
        )

    def helped(self) -> CaseQuerySet | None:
        """The cases that the departments only help with; cells know who leads."""
        if not self.helps:
            return None
        helped = Assistance.objects.filter(department__in=self.departments or ()).values("case")
        rows = Case.objects.filter(pk__in=helped).filter(~Q(department__in=self.departments))
        return rows.filter(area_path__startswith=self.path) if self.path else rows

    def apart(self) -> list[CaseQuerySet]:
        """All that are seen, in sets that share no case and that an index finds each."""
        if not self.cells:
            return [self.cases]
        return [self.led(), *([helped] if (helped := self.helped()) is not None else [])]

    def led(self) -> CaseQuerySet:
        """The cases that cells tell of: all that are seen, without those only helped with."""
        rows = Case.objects.all()
        if self.path:
            rows = rows.filter(area_path__startswith=self.path)
        return rows if self.departments is None else rows.filter(department__in=self.departments)


def reach_of(user: User | AnonymousUser, verb: str = "case.view") -> Reach:
    """How far the user sees with the verb."""
    cases = policy.cases_for(user, verb)
    found = {(scope.path, scope.department_id) for scope in scopes(user, verb)}
    if not found:
        return Reach(cases, cells=False)
    if any(not path and department is None for path, department in found):
        return Reach(cases)
    paths = {path for path, _department in found}
    departments = {department for _path, department in found}
    if departments == {None} and len(paths) == 1:
        return Reach(cases, path=paths.pop())
    if None not in departments and len(paths) == 1:
        led = frozenset().union(*(policy.led_with(user, one) for one in departments if one is not None))
        return Reach(cases, paths.pop(), led)
    return Reach(cases, cells=False)


# --- what part of the cells is asked for ---------------------------------------------------------------


@dataclass(frozen=True)
class _Part:
    """A condition on the columns of cells and shares, and how fine they must be for it."""

    words: tuple[str, ...] = ()
    values: tuple[Any, ...] = ()
    narrow: bool = False  # by subdistrict or department
    small: bool = False  # by an area inside a subdistrict: only shares know it
    empty: bool = False

    def where(self, *more: str) -> str:
        return " AND ".join((*more, *self.words)) or "true"


def _part(reach: Reach, base: CaseFilter) -> _Part | None:
    """The part that cells can tell of; None when only the rows can."""
    if not reach.cells or not set(base.values) <= ANSWERED:
        return None
    words: list[str] = []
    values: list[Any] = []
    narrow = small = False
    if ledgers := base.values.get("ledger"):
        words.append("ledger = ANY(%s)")
        values.append([catalogue().ledgers[code].pk for code in ledgers])
    rows = current_index().rows
    path = reach.path
    if areas := base.values.get("area"):
        if len(areas) > 1 or rows[areas[0]].level == Area.Level.COMPOUND:
            return None
        asked = rows[areas[0]].path
        if not (asked.startswith(path) or path.startswith(asked)):
            return _Part(empty=True)
        path = max(path, asked, key=len)
    if path:
        area = Area.objects.filter(path=path).values_list("pk", "level").first()
        if area is None:
            return None
        if area[1] == Area.Level.SUBDISTRICT:
            words.append("subdistrict = %s")
            values.append(area[0])
            narrow = True
        elif area[1] == Area.Level.DISTRICT:
            words.append("area <> 0")
            small = True
        else:
            words.append("area = ANY(%s)")
            values.append(list(Area.objects.filter(path__startswith=path).values_list("pk", flat=True)))
            small = True
    if reach.departments is not None:
        words.append("department = ANY(%s)")
        values.append(sorted(reach.departments))
        narrow = True
    return _Part(tuple(words), tuple(values), narrow, small)


@dataclass(frozen=True)
class _Days:
    """The whole days of a period, and the day that the moment cuts through."""

    first: dt.date | None
    last: dt.date | None
    cut: dt.date | None

    @classmethod
    def of(cls, base: CaseFilter) -> _Days:
        first = max(map(dt.date.fromisoformat, base.values.get("reported_from", ())), default=None)
        last = min(map(dt.date.fromisoformat, base.values.get("reported_to", ())), default=None)
        if moment := base.moment():
            day = timezone.localdate(moment)
            if last is None or day <= last:
                inside = first is None or first <= day
                return cls(first, day - dt.timedelta(days=1), day if inside else None)
        return cls(first, last, None)

    def where(self, column: str) -> tuple[list[str], list[Any]]:
        bounds = [(f"{column} >= %s", self.first), (f"{column} <= %s", self.last)]
        return [word for word, day in bounds if day], [day for _word, day in bounds if day]

    def months(self) -> tuple[dt.date, dt.date] | None:
        """First and last month that lie inside wholly."""
        if self.last is None:
            return None
        first = self.first or dt.date(1970, 1, 1)
        begin = first if first.day == 1 else (first.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
        after = self.last + dt.timedelta(days=1)
        end = (after.replace(day=1) - dt.timedelta(days=1)).replace(day=1)
        return (begin, end) if begin <= end else None

    def rests(self) -> list[_Days]:
        """What whole months leave over."""
        months = self.months()
        if months is None:
            return [self]
        begin, end = months
        after = (end + dt.timedelta(days=32)).replace(day=1)
        rests = []
        if self.first is not None and self.first < begin:
            rests.append(_Days(self.first, begin - dt.timedelta(days=1), None))
        if self.last is not None and after <= self.last:
            rests.append(_Days(after, self.last, None))
        return rests


# --- putting a number together -------------------------------------------------------------------------

_Sums = dict[str, dict[int, list[int]]]
"""Column → key (0: none) → counts in the order of the measures asked for."""


def tallies(
    reach: Reach,
    *,
    base: CaseFilter,
    by: Sequence[str],
    measures: Iterable[str],
    now: dt.datetime | None = None,
) -> dict[str, list[Tally]]:
    """What `rates.tallies(reach.cases, ...)` gives, from cells where they can tell it."""
    wanted = tuple(measures)
    part = _part(reach, base)
    if part is None or any(code not in COUNTERS and code not in LATE for code in wanted):
        return rates.tallies(reach.cases, base=base, by=by, measures=wanted, now=now)
    moment = base.moment() or now or timezone.now()
    columns = {COLUMNS[name].removesuffix("_id") for name in by}
    sums: _Sums = {name: {} for name in DIMENSIONS if name in columns} or {"ledger": {}}
    if not part.empty:
        _gather(sums, reach, base, part, wanted, moment)
    return rates.arranged(_grouped(sums, by, wanted), base, by, wanted[0])


def _gather(
    sums: _Sums, reach: Reach, base: CaseFilter, part: _Part, wanted: tuple[str, ...], moment: dt.datetime
) -> None:
    days = _Days.of(base)
    kept = tuple(code for code in COUNTERS if code in wanted)
    asked = _Asked(tuple(sums), kept)
    for query in (*_from_cells(days, part, asked), *_from_marks(reach, days, part, asked)):
        _add(sums, query.rows(), wanted, kept, query.dimensions)
    if late := tuple(code for code in wanted if code in LATE):
        over = _late(reach, base, days, moment)
        _add_rows(sums, over, wanted, late, moment)
    if days.cut is not None:
        cut = base.with_(reported_from=days.cut, reported_to=days.cut).apply(reach.led())
        _add_rows(sums, cut, wanted, wanted, moment)
    if (helped := reach.helped()) is not None:
        _add_rows(sums, base.apply(helped, moment), wanted, wanted, moment)


def _late(reach: Reach, base: CaseFilter, days: _Days, moment: dt.datetime) -> CaseQuerySet:
    """The open cases of the whole days whose time is over at the moment."""
    of_days = base.with_(reported_from=days.first, reported_to=days.last, at=None)
    return of_days.apply(reach.led()).filter(status__in=OPEN, due_at__lt=moment, parked_at=None)


@dataclass(frozen=True)
class _Asked:
    """By which dimensions, and which counters."""

    dimensions: tuple[str, ...]
    counters: tuple[str, ...]

    @property
    def select(self) -> str:
        """Which dimension (as bits), its key, the counters."""
        names = ", ".join(self.dimensions)
        summed = "".join(f", sum({code})::bigint" for code in self.counters)
        return f"SELECT grouping({names}), coalesce({names}){summed}"

    @property
    def group(self) -> str:
        return f"GROUP BY GROUPING SETS ({', '.join(f'({name})' for name in self.dimensions)})"

    def among(self, dimensions: Sequence[str]) -> _Asked:
        """The same counters by those of these dimensions that are asked for."""
        return _Asked(tuple(name for name in self.dimensions if name in dimensions), self.counters)


@dataclass(frozen=True)
class _Query:
    """Rows of (which dimension, key, counters)."""

    text: str
    values: tuple[Any, ...]
    dimensions: tuple[str, ...]

    def rows(self) -> list[tuple[Any, ...]]:
        return _run(self.text, self.values)


def _from_cells(days: _Days, part: _Part, asked: _Asked) -> Iterator[_Query]:
    """Over cells and shares."""
    months = None if part.small else days.months()
    if months is not None:
        if part.narrow:
            yield _cells(part, Shape.MONTH_WHOLE, *months, asked)
        else:
            shapes = (Shape.MONTH_TOPIC, Shape.MONTH_SUBDISTRICT, Shape.MONTH_DEPARTMENT)
            yield from _coarse(part, shapes, *months, asked)
    for rest in days.rests() if not part.small else [days]:
        if rest.first is not None and rest.last is not None and rest.first > rest.last:
            continue
        if part.narrow or part.small:
            words, values = rest.where("reported_on")
            text = f"{asked.select} FROM {_finest(asked, part.where(*words))} {asked.group}"
            yield _Query(text, (*values, *part.values), asked.dimensions)
        else:
            shapes = (Shape.DAY_TOPIC, Shape.DAY_SUBDISTRICT, Shape.DAY_DEPARTMENT)
            yield from _coarse(part, shapes, rest.first or dt.date.min, rest.last or dt.date.max, asked)


def _finest(asked: _Asked, where: str) -> str:
    """Shares added up by all dimensions at once, which is quicker than by one after another."""
    names = ", ".join(asked.dimensions)
    summed = "".join(f", sum({code}) AS {code}" for code in asked.counters)
    return f"(SELECT {names}{summed} FROM cases_tallyshare WHERE {where} GROUP BY {names}) AS finest"


def _coarse(
    part: _Part, shapes: Sequence[Shape], first: dt.date, last: dt.date, asked: _Asked
) -> Iterator[_Query]:
    """Cells that have one dimension besides the ledger; the ledgers themselves from the cells of subdistricts."""
    of_shapes = (("topic",), ("ledger", "subdistrict"), ("department",))
    for shape, dimensions in zip(shapes, of_shapes, strict=True):
        if (among := asked.among(dimensions)).dimensions:
            yield _cells(part, shape, first, last, among)


def _cells(part: _Part, shape: Shape, first: dt.date, last: dt.date, asked: _Asked) -> _Query:
    # The shape stands in the text, so that the indexes of one shape serve.
    where = part.where(f"shape = {shape.value!r}", "first BETWEEN %s AND %s")
    text = f"{asked.select} FROM cases_tallycell WHERE {where} {asked.group}"
    return _Query(text, (first, last, *part.values), asked.dimensions)


@lru_cache
def _waiting_query() -> tuple[str, tuple[Any, ...]]:
    present, parameters = facts("SELECT case_id FROM claimed")
    columns = ", ".join(("reported_on", "closed_on", "area", *DIMENSIONS, *COUNTERS))
    negative = ", ".join(
        ("reported_on", "closed_on", "area", *DIMENSIONS, *(f"-{code}" for code in COUNTERS))
    )
    return (
        f"WITH claimed AS MATERIALIZED (SELECT unnest(%s::bigint[]) AS case_id), "
        f"waiting AS (SELECT {columns} FROM ({present}) AS present UNION ALL "
        f"SELECT {negative} FROM cases_tallyshare WHERE case_id IN (SELECT case_id FROM claimed)) ",
        parameters,
    )


def _from_marks(reach: Reach, days: _Days, part: _Part, asked: _Asked) -> Iterator[_Query]:
    if marked := reach.marked:
        head, parameters = _waiting_query()
        words, values = days.where("reported_on")
        text = f"{head} {asked.select} FROM waiting WHERE {part.where(*words)} {asked.group}"
        yield _Query(text, (marked, *parameters, *values, *part.values), asked.dimensions)


def _run(query: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())


def _add(
    sums: _Sums,
    rows: Iterable[Sequence[Any]],
    wanted: Sequence[str],
    given: Sequence[str],
    dimensions: Sequence[str],
) -> None:
    places = [(at, given.index(code)) for at, code in enumerate(wanted) if code in given]
    # `grouping()` has a bit for each dimension, the first one leftmost; the one that is grouped by has 0.
    every = (1 << len(dimensions)) - 1
    of_bits = {every ^ (1 << at): sums[name] for at, name in enumerate(reversed(dimensions))}
    for bits, key, *counts in rows:
        known = of_bits[bits].setdefault(key, [0] * len(wanted))
        for at, place in places:
            known[at] += counts[place] or 0


def _add_rows(
    sums: _Sums, cases: CaseQuerySet, wanted: Sequence[str], measures: Sequence[str], moment: dt.datetime
) -> None:
    """Count rows by each dimension; the database adds up, because there are about as many finest groups as rows."""
    columns = tuple(f"{name}_id" for name in sums)
    groups = ", ".join(f"coalesce({name}, 0) AS {name}" for name in sums)
    for codes, rows in rates.counted(cases, columns, measures, moment):
        try:
            query, values = rows.query.sql_with_params()
        except EmptyResultSet:
            continue
        counters = tuple(f"n_{code}" for code in codes)
        asked = _Asked(tuple(sums), counters)
        counts = ", ".join(counters)
        text = (
            f"{asked.select} FROM (SELECT {groups}, {counts} FROM ({query}) AS r "
            f"({', '.join(sums)}, {counts})) AS g {asked.group}"
        )
        _add(sums, _run(text, values), wanted, codes, asked.dimensions)


def _grouped(sums: _Sums, by: Sequence[str], wanted: Sequence[str]) -> dict[str, dict[Any, dict[str, int]]]:
    """The sums by the codes of each grouping; groups of nothing at all are no groups."""
    found: dict[str, dict[Any, dict[str, int]]] = {"": {}}
    # Every case is in one group of each dimension, if only in that of those that have none.
    groups_of_one = next(iter(sums.values())).values()
    whole = [sum(counts[at] for counts in groups_of_one) for at in range(len(wanted))]
    found[""][None] = dict(zip(wanted, whole, strict=True))
    for name in by:
        codes = rates.codes_of(name)
        groups: dict[Any, dict[str, int]] = {}
        for pk, counts in sums[COLUMNS[name].removesuffix("_id")].items():
            if not any(counts):
                continue
            group = groups.setdefault(codes.get(pk), dict.fromkeys(wanted, 0))
            for code, count in zip(wanted, counts, strict=True):
                group[code] += count
        found[name] = groups
    return found


# --- areas ---------------------------------------------------------------------------------------------


def by_area(
    reach: Reach,
    codes: Sequence[str],
    *,
    base: CaseFilter,
    measures: Iterable[str],
    now: dt.datetime | None = None,
) -> list[Tally]:
    """The tallies of these areas, none inside another: those with the most of the first measure first."""
    wanted = tuple(measures)
    moment = base.moment() or now or timezone.now()
    rows = current_index().rows
    paths = {rows[code].path: code for code in codes}
    part = _part(reach, base)
    sums: dict[int, list[int]] = {}
    if part is None:
        _add_areas(sums, _area_rows(base.apply(reach.cases, moment), wanted, moment), wanted)
    elif not part.empty:
        _gather_areas(sums, reach, base, part, wanted, moment)
    inside = dict(Area.objects.filter(pk__in=sums).values_list("pk", "path"))
    found: dict[str, dict[str, int]] = {}
    for pk, counts in sums.items():
        path = next((path for path in paths if inside.get(pk, "").startswith(path)), None)
        if path is not None:
            group = found.setdefault(paths[path], dict.fromkeys(wanted, 0))
            for code, count in zip(wanted, counts, strict=True):
                group[code] += count
    tallies_of = [
        Tally(code, str(rows[code].title), CaseFilter.of({**base.values, "area": (code,)}), counts)
        for code, counts in found.items()
        if any(counts.values())
    ]
    return sorted(tallies_of, key=lambda group: (-group.counts[wanted[0]], group.key))


def _gather_areas(
    sums: dict[int, list[int]],
    reach: Reach,
    base: CaseFilter,
    part: _Part,
    wanted: tuple[str, ...],
    moment: dt.datetime,
) -> None:
    days = _Days.of(base)
    words, values = days.where("reported_on")
    kept = tuple(code for code in wanted if code in COUNTERS)
    counts = ", ".join(f"sum({code})::bigint" for code in kept)
    of_shares = f"SELECT area, {counts} FROM {{}} WHERE {part.where(*words)} GROUP BY area"
    if days.first is None or days.last is None or days.first <= days.last:
        _add_areas(
            sums, [(kept, _run(of_shares.format("cases_tallyshare"), (*values, *part.values)))], wanted
        )
    if marked := reach.marked:
        head, parameters = _waiting_query()
        query = f"{head} {of_shares.format('waiting')}"
        _add_areas(sums, [(kept, _run(query, (marked, *parameters, *values, *part.values)))], wanted)
    if late := tuple(code for code in wanted if code in LATE):
        over = _late(reach, base, days, moment)
        _add_areas(sums, _area_rows(over, late, moment), wanted)
    if days.cut is not None:
        cut = base.with_(reported_from=days.cut, reported_to=days.cut).apply(reach.led())
        _add_areas(sums, _area_rows(cut, wanted, moment), wanted)
    if (helped := reach.helped()) is not None:
        _add_areas(sums, _area_rows(base.apply(helped, moment), wanted, moment), wanted)


def _area_rows(
    cases: CaseQuerySet, measures: Sequence[str], moment: dt.datetime
) -> Iterable[tuple[tuple[str, ...], Iterable[Sequence[Any]]]]:
    return rates.counted(cases, ("area_id",), measures, moment)


def _add_areas(
    sums: dict[int, list[int]],
    tables: Iterable[tuple[tuple[str, ...], Iterable[Sequence[Any]]]],
    wanted: Sequence[str],
) -> None:
    for codes, rows in tables:
        for area, *counts in rows:
            known = sums.setdefault(area or 0, [0] * len(wanted))
            for code, count in zip(codes, counts, strict=True):
                known[wanted.index(code)] += count or 0


# --- days ----------------------------------------------------------------------------------------------


def by_day(reach: Reach, scope: CaseFilter, field: str, first: dt.date, last: dt.date) -> dict[dt.date, int]:
    """How many cases of `scope` were reported (or closed, by `field`) on each day; days without any may be absent."""
    base = scope.with_(**{f"{field}_from": first, f"{field}_to": last})
    part = _part(reach, scope)
    if part is None or part.empty:
        return _days_of_rows(base.apply(reach.cases), field) if part is None else {}
    moment = scope.moment()
    column = f"{field}_on"
    days = _Days.of(base) if field == "reported" else _Days(first, last, None)
    found: dict[dt.date, int] = {}
    queries: list[tuple[str, tuple[Any, ...]]] = [_daily_cells(field, days, part)]
    if marked := reach.marked:
        head, parameters = _waiting_query()
        words, bounds = days.where(column)
        queries.append(
            (
                f"{head} SELECT {column}, sum(reported) FROM waiting WHERE {part.where(*words)} GROUP BY 1",
                (marked, *parameters, *bounds, *part.values),
            )
        )
    for query, values in queries:
        for day, count in _run(query, values):
            found[day] = found.get(day, 0) + int(count)
    if days.cut is not None:
        cut = base.with_(reported_from=days.cut, reported_to=days.cut).apply(reach.led())
        found[days.cut] = found.get(days.cut, 0) + cut.count()
    if (helped := reach.helped()) is not None:
        for day, count in _days_of_rows(base.apply(helped, moment), field).items():
            found[day] = found.get(day, 0) + count
    return found


def _daily_cells(field: str, days: _Days, part: _Part) -> tuple[str, tuple[Any, ...]]:
    by_department = any(word.startswith("department") for word in part.words)
    by_subdistrict = any(word.startswith("subdistrict") for word in part.words)
    if part.small or (by_department and by_subdistrict):
        words, values = days.where(f"{field}_on")
        query = (
            f"SELECT {field}_on, sum(reported) FROM cases_tallyshare WHERE {part.where(*words)} GROUP BY 1"
        )
        return query, (*values, *part.values)
    shapes = {
        ("reported", False): Shape.DAY_SUBDISTRICT,
        ("reported", True): Shape.DAY_DEPARTMENT,
        ("closed", False): Shape.CLOSED_SUBDISTRICT,
        ("closed", True): Shape.CLOSED_DEPARTMENT,
    }
    shape = shapes[field, by_department]
    words, values = days.where("first")
    query = (
        "SELECT first, sum(reported) FROM cases_tallycell "
        f"WHERE {part.where('shape = %s', *words)} GROUP BY 1"
    )
    return query, (shape.value, *values, *part.values)


def _days_of_rows(rows: CaseQuerySet, field: str) -> dict[dt.date, int]:
    # Counting rows, not keys: the answer then stands in the index.
    by_day = rows.order_by().values_list(TruncDate(f"{field}_at")).annotate(n=Count("*"))
    return dict(by_day)
