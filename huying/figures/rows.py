"""The rows behind a value: the list that was counted, as it was, in the part that its reader may open."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Any

from django.db.models import QuerySet

from huying.figures.collections import RowFacts, collection
from huying.figures.counting import Asked, rows_of
from huying.figures.rules import FigureRules
from huying.people.models import User


@dataclass(frozen=True)
class Row:
    """One row that was counted: its facts, the number that it adds, whether it is inside the share."""

    facts: RowFacts
    number: Fraction | None = None
    inside: bool = True


@dataclass(frozen=True)
class Page:
    """Rows `start` … of a list: those that the reader may open, and how many there are altogether."""

    rows: tuple[Row, ...]
    total: int
    hidden: int
    start: int


def batches(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """The rows in lists of this many."""
    rest = iter(rows)
    while batch := list(islice(rest, size)):
        yield batch


def annotated(rules: FigureRules, rows: QuerySet[Any]) -> QuerySet[Any]:
    """The rows with what they add (`_number`) and whether they are inside the share (`_inside`)."""
    of = collection(rules.of)
    if rules.way in ("sum", "mean"):
        rows = rows.annotate(_number=of.expression(rules.number))
        rows = rows.filter(_number__isnull=False)  # what has no number adds nothing
    return rows


def inside_of(rules: FigureRules, keys: Sequence[int], at: dt.datetime) -> set[int]:
    """Those of these rows that a share counts; all of them for other figures."""
    if rules.way != "share":
        return set(keys)
    of = collection(rules.of)
    found = of.narrow(of.model._default_manager.filter(pk__in=keys), rules.count, at)
    return set(found.values_list("pk", flat=True))


def described(rules: FigureRules, rows: Sequence[Any], at: dt.datetime) -> Iterator[Row]:
    """Each row with its facts."""
    of = collection(rules.of)
    inside = inside_of(rules, [row.pk for row in rows], at)
    for row, facts in zip(rows, of.describe(rows), strict=True):
        number = getattr(row, "_number", None)
        yield Row(facts, None if number is None else Fraction(number), row.pk in inside)


def ordered_rows(rules: FigureRules, asked: Asked, at: dt.datetime) -> QuerySet[Any]:
    """The rows in a fixed order, with everything that their facts need."""
    of = collection(rules.of)
    rows = annotated(rules, rows_of(rules, asked, at)).order_by("pk")
    return rows.select_related(*of.related()) if of.related() else rows


def page_of(
    rules: FigureRules, asked: Asked, at: dt.datetime, user: User, start: int = 0, size: int = 100
) -> Page:
    """A page of the rows of a value that is counted now (call it inside `as_of` for an earlier moment)."""
    of = collection(rules.of)
    rows = ordered_rows(rules, asked, at)
    total = rows.order_by().count()
    mine = rows.filter(pk__in=of.readable(user).order_by().values("pk"))
    shown = mine.order_by().count()
    return Page(tuple(described(rules, list(mine[start : start + size]), at)), total, total - shown, start)
