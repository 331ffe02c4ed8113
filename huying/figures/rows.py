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
from huying.figures.collections.base import everything
from huying.figures.counting import Asked, rows_of
from huying.figures.rules import FigureRules
from huying.people.models import User


@dataclass(frozen=True)
class Row:
    """One row that was counted: its facts, the number that it adds, whether it is inside the share."""

    facts: RowFacts
    number: Fraction | None = None
    inside: bool = True
    told: str | None = None  # of a figure that counts different ones: what tells this row apart


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
    """The rows with what they add (`_number`) or what tells them apart (`_told`)."""
    of = collection(rules.of)
    if rules.way in ("sum", "mean"):
        rows = rows.annotate(_number=of.expression(rules.number))
        rows = rows.filter(_number__isnull=False)  # what has no number adds nothing
    if rules.way == "distinct":
        rows = rows.annotate(_told=of.told_apart(rules.number)).filter(_told__isnull=False)
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
        told = getattr(row, "_told", None)
        yield Row(
            facts, None if number is None else Fraction(number), row.pk in inside, None if told is None else str(told)
        )  # fmt: skip


def ordered_rows(rules: FigureRules, asked: Asked, at: dt.datetime) -> QuerySet[Any]:
    """The rows in a fixed order, with everything that their facts need."""
    of = collection(rules.of)
    rows = annotated(rules, rows_of(rules, asked, at)).order_by("pk")
    return rows.select_related(*of.related()) if of.related() else rows


def page_of(
    rules: FigureRules,
    asked: Asked,
    at: dt.datetime,
    user: User,
    start: int = 0,
    size: int = 100,
    total: int | None = None,
) -> Page:
    """A page of the rows of a value that is counted now (call it inside `as_of` for an earlier moment).

    `total`: how many rows there are, where the caller has counted them.
    """
    rows = ordered_rows(rules, asked, at)
    if total is None:
        total = rows.order_by().count()
    mine = readable_rows(rules, rows, user)
    shown = total if mine is rows else mine.order_by().count()
    return Page(tuple(described(rules, list(mine[start : start + size]), at)), total, total - shown, start)


def readable_rows(rules: FigureRules, rows: QuerySet[Any], user: User) -> QuerySet[Any]:
    """Those of these rows that this person may open; the same rows for who may open all of them."""
    mine = collection(rules.of).readable(user)
    return rows if everything(mine) else rows.filter(pk__in=mine.order_by().values("pk"))


def open_page_of(rules: FigureRules, asked: Asked, at: dt.datetime, start: int = 0, size: int = 100) -> Page:
    """The same for everybody: only rows whose subjects are public, in the words that residents read."""
    of = collection(rules.of)
    rows = ordered_rows(rules, asked, at)
    total = rows.order_by().count()
    open_rows = rows.filter(pk__in=of.open_to_all().order_by().values("pk"))
    shown = open_rows.order_by().count()
    found = list(open_rows[start : start + size])
    inside = inside_of(rules, [row.pk for row in found], at)
    lines = zip(found, of.describe_openly(found), strict=True)
    numbers = [(row, facts, getattr(row, "_number", None)) for row, facts in lines]
    page = tuple(
        Row(facts, None if n is None else Fraction(n), row.pk in inside) for row, facts, n in numbers
    )
    return Page(page, total, total - shown, start)
