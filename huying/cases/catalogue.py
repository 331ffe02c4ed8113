"""What every list and form offers to choose from: ledgers, topics and departments, kept in memory by each process.

A page with filters needs hundreds of titles; they are read again only when one of the tables has changed.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from django.utils.translation import get_language

from huying.cases.models import Ledger, Topic
from huying.people.models import Department
from huying.places.fresh import Kept
from huying.places.locate import current_index
from huying.places.models import ADMINISTRATIVE, Area


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to choose: its key, its code, its title in the reader's language."""

    pk: int
    code: str
    zh: str
    en: str = ""
    parent: int | None = None
    active: bool = True  # false: kept for its history only
    leads: bool = True  # of a department: whether it may lead

    def __str__(self) -> str:
        return self.en if self.en and (get_language() or "").startswith("en") else self.zh


@dataclass(frozen=True)
class Catalogue:
    """Entries by code, in the order in which they are offered."""

    ledgers: dict[str, Entry]
    topics: dict[str, Entry]
    departments: dict[str, Entry]

    def topic_ids(self, codes: tuple[str, ...]) -> list[int]:
        """The keys of these topics and of the topics below them."""
        roots = {self.topics[code].pk for code in codes if code in self.topics}
        return [topic.pk for topic in self.topics.values() if topic.pk in roots or topic.parent in roots]


# The newest transaction that wrote a row, and how many rows there are: any change alters one of the two.
_VERSION = "SELECT " + ", ".join(
    f"(SELECT (count(*), max(xmin::text::bigint))::text FROM {table})"
    for table in ("cases_ledger", "cases_topic", "people_department")
)


def _version() -> object:
    with connection.cursor() as cursor:
        cursor.execute(_VERSION)
        return cursor.fetchone()


def _read() -> Catalogue:
    ledgers = Ledger.objects.order_by("code").values_list("pk", "code", "title", "title_en", "active")
    topics = Topic.objects.order_by("code").values_list("pk", "code", "title", "title_en", "parent")
    departments = Department.objects.order_by("-can_lead", "kind", "code").values_list(
        "pk", "code", "title", "title_en", "parent", "valid_to", "can_lead"
    )
    return Catalogue(
        {code: Entry(pk, code, zh, en, None, active) for pk, code, zh, en, active in ledgers},
        _parents_first([Entry(*row) for row in topics]),
        {
            code: Entry(pk, code, zh, en, parent, valid_to is None, can_lead)
            for pk, code, zh, en, parent, valid_to, can_lead in departments
        },
    )


def _parents_first(topics: list[Entry]) -> dict[str, Entry]:
    ordered = {}
    for root in topics:
        if root.parent is None:
            ordered[root.code] = root
            ordered.update((child.code, child) for child in topics if child.parent == root.pk)
    return ordered


_kept: Kept[Catalogue] = Kept(_version, _read)


def catalogue() -> Catalogue:
    """Today's ledgers, topics and departments."""
    return _kept.get()


def subdistricts() -> list[tuple[str, str]]:
    """(code, title) of every subdistrict, from the map in memory."""
    return [
        (row.code, str(row.title))
        for row in current_index().rows.values()
        if row.layer == ADMINISTRATIVE and row.level == Area.Level.SUBDISTRICT
    ]
