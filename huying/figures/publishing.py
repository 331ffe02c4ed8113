"""Publishing a value: its rows are frozen with it; counted again later, it is the same, or what changed is named."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.db import transaction
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Refusal
from huying.core.journal import log
from huying.core.models import JournalEntry
from huying.core.temporal import as_of, settled_moment
from huying.figures.collections import RowFacts, collection
from huying.figures.counting import Asked, Value, count, figure
from huying.figures.models import Figure, PublishedFigure, PublishedRows
from huying.figures.rows import Row, batches, described, ordered_rows
from huying.figures.rules import FigureRules
from huying.inspections.campaigns.rules import Span
from huying.people.models import User

CHUNK = 1000
ATTEMPTS = 3


def publish(
    code: str, asked: Asked | None = None, *, actor: User | None, purpose: str = ""
) -> PublishedFigure:
    """Count the figure now and freeze value and rows. Raises UnknownFigure; Refusal when the rows never stand still.

    Value and rows are read as of one moment by which every change was committed, whatever is changed meanwhile; that
    the value is the value of its rows is proved before it is kept.
    """
    return publish_together([(code, asked or Asked())], actor=actor, purpose=purpose)[0]


@transaction.atomic
def publish_together(
    wanted: Sequence[tuple[str, Asked]], *, actor: User | None, purpose: str = ""
) -> list[PublishedFigure]:
    """Publish several figures as of one and the same moment; see `publish`."""
    rules = [(figure(code), asked) for code, asked in wanted]
    kept = {model for each, _asked in rules for model in _kept_for(each)}
    for _attempt in range(ATTEMPTS):
        at = settled_moment(kept)
        try:
            with as_of(at):
                found = [_freeze(count(each, asked, at), actor, purpose, None) for each, asked in rules]
        except _MovedMeanwhile:
            continue
        for published in found:
            log(
                published, "figure.published", actor=actor, at=published.at, figure=published.figure.code,
                value=published.text, purpose=purpose, rows=published.rows,
            )  # fmt: skip
        return found
    raise Refusal(_("正有大量数据写入，这个数一直在变。请过几分钟再公布。"))


class _MovedMeanwhile(Exception):
    """Rows were committed between counting and reading them: counted again."""


def _kept_for(rules: FigureRules) -> set[type[Model]]:
    if rules.of:
        return set(collection(rules.of).keeps())
    codes = rules.parts[:1] if rules.way in ("percent_of", "pace") else rules.parts
    return {model for code in codes for model in _kept_for(figure(code))}


def _freeze(value: Value, actor: User | None, purpose: str, whole: PublishedFigure | None) -> PublishedFigure:
    row = Figure.objects.get(code=value.rules.code)
    published = PublishedFigure.objects.create(
        figure=row, declaration=row.declaration, first_day=value.asked.span.first, last_day=value.asked.span.last,
        where={name: list(words) for name, words in value.asked.where.items()}, at=value.at,
        numerator=str(value.numerator), denominator="" if value.denominator is None else str(value.denominator),
        text=value.text, whole=whole, purpose=purpose[:160], published_by=actor,
    )  # fmt: skip
    if value.rules.of:
        published.rows = _freeze_rows(published, value)
        PublishedFigure.objects.filter(pk=published.pk).update(rows=published.rows)
    for part in value.parts:
        _freeze(part, actor, purpose, published)
    return published


def _freeze_rows(published: PublishedFigure, value: Value) -> int:
    sums = Sums(value.rules)
    rows = ordered_rows(value.rules, value.asked, value.at).iterator(chunk_size=CHUNK)
    for place, chunk in enumerate(batches(rows, CHUNK)):
        frozen = list(described(value.rules, chunk, value.at))
        sums.add(frozen)
        PublishedRows.objects.create(published=published, number=place, rows=[_packed(row) for row in frozen])
    if not sums.equal(value.numerator, value.denominator):
        raise _MovedMeanwhile
    return sums.rows


class Sums:
    """A value, added up from its rows as a reader would with a pencil."""

    def __init__(self, rules: FigureRules) -> None:
        self.rules = rules
        self.rows = self.inside = 0
        self.total = Fraction(0)
        self.told: set[str | None] = set()

    def add(self, rows: Iterable[Row]) -> Sums:
        """Count these too."""
        for row in rows:
            self.rows += 1
            self.inside += row.inside
            self.total += row.number or 0
            self.told.add(row.told)
        return self

    @property
    def numerator(self) -> Fraction:
        """What stands above the line."""
        if self.rules.way == "distinct":
            return Fraction(len(self.told - {None}))
        if self.rules.way in ("sum", "mean"):
            return self.total
        return Fraction(self.inside)

    @property
    def denominator(self) -> Fraction | None:
        """What stands below it; None for what is not divided."""
        return Fraction(self.rows) if self.rules.way in ("mean", "share") else None

    def equal(self, numerator: Fraction, denominator: Fraction | None) -> bool:
        """Whether this is the value."""
        return (self.numerator, self.denominator) == (numerator, denominator)


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
        row.told,
    ]


def _unpacked(row: list[Any]) -> Row:
    pk, number, inside, label, state, day, area_path, department, told = row
    facts = RowFacts(pk, label, "", state, day, area_path, department)
    return Row(facts, None if number is None else Fraction(number), inside, told)


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
    return (before.number, before.inside, before.told) == (now.number, now.inside, now.told)


def _entries(of: str, keys: Iterable[int], since: dt.datetime) -> dict[int, list[JournalEntry]]:
    kind = collection(of).model._meta.model_name
    found: dict[int, list[JournalEntry]] = {}
    rows = JournalEntry.objects.filter(kind=kind, subject_id__in=list(keys), at__gt=since).order_by("pk")
    for entry in rows:
        found.setdefault(entry.subject_id, []).append(entry)
    return found
