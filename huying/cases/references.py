"""The rows that every case points to (ledger, category, topic, department, area), shared by all lists of a process.

A list of fifty cases would join twelve tables for titles that hardly ever change, and parse a ledger's declaration
fifty times. They are kept as objects instead and hung onto the cases; nobody may change them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import connection, models
from django.db.models.query import ModelIterable

from huying.cases.models import Case, CaseQuerySet, Category, Ledger, Topic
from huying.people.models import Department
from huying.places.fresh import Kept
from huying.places.locate import map_version
from huying.places.models import Area

Row = TypeVar("Row", bound=models.Model)

# Who wrote the rows and as which command of their transaction: any change alters a sum or a count.
_VERSION = "SELECT " + ", ".join(
    f"(SELECT (count(*), sum(xmin::text::bigint), sum(cmin::text::bigint))::text FROM {table})"
    for table in ("cases_ledger", "cases_category", "cases_topic", "people_department")
)


@dataclass(frozen=True)
class References:
    """Objects by key, hung onto each other as far as pages follow them."""

    ledgers: dict[int, Ledger]
    categories: dict[int, Category]
    topics: dict[int, Topic]
    departments: dict[int, Department]
    areas: dict[int, Area]

    def hang_onto(self, case: Case) -> None:
        """Give the case these objects instead of a query for each; what is too new to be here is asked for."""
        cache, values = case._state.fields_cache, case.__dict__
        for name, known in (
            ("ledger", self.ledgers), ("category", self.categories), ("topic", self.topics),
            ("department", self.departments), ("area", self.areas), ("subdistrict", self.areas),
            ("compound", self.areas),
        ):  # fmt: skip
            key = values.get(f"{name}_id")
            if key is not None and key in known:
                cache[name] = known[key]


def _version() -> object:
    with connection.cursor() as cursor:
        cursor.execute(_VERSION)
        return cursor.fetchone(), map_version()


def _by_key(rows: Iterable[Row]) -> dict[int, Row]:
    return {row.pk: row for row in rows}


def _hang(rows: Iterable[models.Model], name: str, known: dict[int, Any]) -> None:
    for row in rows:
        key = getattr(row, f"{name}_id")
        if key in known:
            row._state.fields_cache[name] = known[key]


def _read() -> References:
    departments = _by_key(Department.objects.all())
    topics = _by_key(Topic.objects.all())
    ledgers = _by_key(Ledger.objects.all())
    categories = _by_key(Category.objects.all())
    areas = _by_key(Area.objects.defer("boundary"))
    _hang(departments.values(), "parent", departments)
    for rows in (topics, categories):
        _hang(rows.values(), "department", departments)
    _hang(topics.values(), "parent", topics)
    _hang(categories.values(), "topic", topics)
    _hang(categories.values(), "ledger", ledgers)
    return References(ledgers, categories, topics, departments, areas)


_kept: Kept[References] = Kept(_version, _read)


def references() -> References:
    """Today's objects."""
    return _kept.get()


class _CasesWithReferences(ModelIterable):  # type: ignore[type-arg]
    def __iter__(self) -> Iterator[Case]:
        known = references()
        for case in super().__iter__():
            known.hang_onto(case)
            yield case


def with_references(cases: CaseQuerySet) -> CaseQuerySet:
    """The same cases; each comes with its ledger, category, topic, department and areas without a join."""
    found = cases.all()
    found._iterable_class = _CasesWithReferences
    return found
