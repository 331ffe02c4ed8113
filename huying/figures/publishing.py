"""Publishing a value: its rows are frozen with it; counted again later, it is the same, or what changed is named."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.db import transaction
from django.utils import timezone

from huying.core.journal import log
from huying.core.models import JournalEntry
from huying.core.temporal import as_of
from huying.figures.collections import RowFacts, collection
from huying.figures.counting import Asked, Value, count, figure
from huying.figures.models import Figure, PublishedFigure, PublishedRows
from huying.figures.rows import Row, batches, described, ordered_rows
from huying.inspections.campaigns.rules import Span
from huying.people.models import User

CHUNK = 1000


@transaction.atomic
def publish(
    code: str, asked: Asked | None = None, *, actor: User | None, purpose: str = ""
) -> PublishedFigure:
    """Count the figure now and freeze value and rows. Raises UnknownFigure."""
    value = count(figure(code), asked or Asked())
    published = _freeze(value, actor, purpose, None)
    log(
        published, "figure.published", actor=actor, at=published.at, figure=code, value=published.text, purpose=purpose,
        rows=published.rows,
    )  # fmt: skip
    return published


def _freeze(value: Value, actor: User | None, purpose: str, whole: PublishedFigure | None) -> PublishedFigure:
    row = Figure.objects.get(code=value.rules.code)
    published = PublishedFigure.objects.create(
        figure=row, declaration=row.declaration, first_day=value.asked.span.first, last_day=value.asked.span.last,
        where={name: list(words) for name, words in value.asked.where.items()}, at=value.at,
        numerator=str(value.numerator), denominator="" if value.denominator is None else str(value.denominator),
        text=value.text, whole=whole, purpose=purpose[:160], published_by=actor,
    )  # fmt: skip
    if value.rules.of:
        number = 0
        rows = ordered_rows(value.rules, value.asked, value.at).iterator(chunk_size=CHUNK)
        for place, chunk in enumerate(batches(rows, CHUNK)):
            frozen = [_packed(row) for row in described(value.rules, chunk, value.at)]
            PublishedRows.objects.create(published=published, number=place, rows=frozen)
            number += len(frozen)
        PublishedFigure.objects.filter(pk=published.pk).update(rows=number)
        published.rows = number
    for part in value.parts:
        _freeze(part, actor, purpose, published)
    return published


def _packed(row: Row) -> list[Any]:
    facts = row.facts
    number = None if row.number is None else str(row.number)
    return [
        facts.pk,
        number,
        row.inside,
        facts.label,
        facts.state,
        facts.day,
        facts.area_path,
        facts.department,
    ]


def _unpacked(row: list[Any]) -> Row:
    pk, number, inside, label, state, day, area_path, department = row
    facts = RowFacts(pk, label, "", state, day, area_path, department)
    return Row(facts, None if number is None else Fraction(number), inside)


def frozen_rows(published: PublishedFigure) -> Iterator[Row]:
    """The rows as they were counted, in their order."""
    for chunk in published.chunks.order_by("number"):
        yield from map(_unpacked, chunk.rows)


def asked_of(published: PublishedFigure) -> Asked:
    """What the published value was asked for."""
    where = {name: tuple(words) for name, words in published.where.items()}
    return Asked(Span(published.first_day, published.last_day), where)


# -- counted again -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """A row that counts otherwise now, and the entries that have been written about it since."""

    before: Row | None
    now: Row | None
    entries: tuple[JournalEntry, ...]

    @property
    def kind(self) -> str:
        """came, left or changed."""
        return "came" if self.before is None else "left" if self.now is None else "changed"

    @property
    def facts(self) -> RowFacts:
        """Of the row, as it is now where it still counts."""
        row = self.now or self.before
        assert row is not None
        return row.facts


@dataclass(frozen=True)
class Recount:
    """A published value, counted again by the declaration of its day."""

    published: PublishedFigure
    value: Value
    at: dt.datetime
    differences: tuple[Difference, ...]
    more: int = 0

    @property
    def same(self) -> bool:
        """Whether the value came out as it was published, from the same rows."""
        return self.value.exact == self.published.exact and not self.differences


def recount(published: PublishedFigure, *, then: bool = False, most: int = 500) -> Recount:
    """Count again: the rows as they are now, or (`then`) as they were known at the moment of publication.

    Which days are counted does not move on: "until today" stays the day of publication.
    """
    if then:
        with as_of(published.at):
            return _recount(published, most)
    return _recount(published, most)


def _recount(published: PublishedFigure, most: int) -> Recount:
    rules, asked = published.rules, asked_of(published)
    value = count(rules, asked, published.at)
    differences: list[Difference] = []
    if rules.of:
        before = {row.facts.pk: row for row in frozen_rows(published)}
        now = {
            row.facts.pk: row
            for chunk in batches(ordered_rows(rules, asked, published.at).iterator(chunk_size=CHUNK), CHUNK)
            for row in described(rules, chunk, published.at)
        }
        keys = [key for key in {**before, **now} if not _equal(before.get(key), now.get(key))]
        entries = _entries(rules.of, keys[:most], published.at)
        differences = [
            Difference(before.get(key), now.get(key), tuple(entries.get(key, ()))) for key in keys[:most]
        ]
        return Recount(published, value, timezone.now(), tuple(differences), max(len(keys) - most, 0))
    return Recount(published, value, timezone.now(), ())


def _equal(before: Row | None, now: Row | None) -> bool:
    """Whether it counts the same: a title that was corrected since changes no number."""
    if before is None or now is None:
        return False
    return (before.number, before.inside) == (now.number, now.inside)


def _entries(of: str, keys: Iterable[int], since: dt.datetime) -> dict[int, list[JournalEntry]]:
    kind = collection(of).model._meta.model_name
    found: dict[int, list[JournalEntry]] = {}
    rows = JournalEntry.objects.filter(kind=kind, subject_id__in=list(keys), at__gt=since).order_by("pk")
    for entry in rows:
        found.setdefault(entry.subject_id, []).append(entry)
    return found
