"""A figure's value, by the one declaration: for cockpit, ranking, bulletin, brief, export and API alike.

    value = count(figure("covers-own"), Asked(span_of_2023))
    value.text        # "229 处"
    value.exact       # Fraction(229)
    value.parts       # of a calculated figure: the values that it was calculated from

A value counts every row, whoever asks: it is the same number on every screen. Which of its rows a reader may open is
another question (`figures.rows`). Everything is exact until `Show` rounds it, once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Protocol
from urllib.parse import urlencode

from django.db.models import Count, QuerySet, Sum
from django.db.models import Value as Constant
from django.urls import reverse
from django.utils import timezone

from huying.figures.collections import Collection, collection
from huying.figures.collections.base import Words, exact
from huying.figures.models import Figure
from huying.figures.rules import RELATIVE, FigureRules
from huying.inspections.campaigns.rules import Span


@dataclass(frozen=True)
class Asked:
    """For which days, and for which part of the rows."""

    span: Span = field(default_factory=Span)
    where: Mapping[str, Words] = field(default_factory=dict)

    def query(self) -> str:
        """As it stands in an address."""
        values: list[tuple[str, str]] = [
            (name, ",".join(words)) for name, words in sorted(self.where.items())
        ]
        days = [("from", self.span.first), ("to", self.span.last)]
        return urlencode([*((name, f"{day}") for name, day in days if day), *values])


@dataclass(frozen=True)
class Value:
    """What a figure came to."""

    rules: FigureRules
    asked: Asked
    at: dt.datetime
    numerator: Fraction
    denominator: Fraction | None = None  # of a share, a mean, a quotient
    parts: tuple[Value, ...] = ()

    @property
    def exact(self) -> Fraction | None:
        """The value; None where there is nothing to divide by."""
        if self.denominator is None:
            return self.numerator
        return self.numerator / self.denominator if self.denominator else None

    @property
    def number(self) -> str:
        """Rounded as declared, without its unit."""
        return self.rules.show.write(self.exact)

    @property
    def text(self) -> str:
        """Rounded as declared, with its unit."""
        unit = self.rules.counted_in
        return f"{self.number} {unit}" if unit else self.number

    def __str__(self) -> str:
        return self.text

    @property
    def url(self) -> str:
        """The address of its rows, as of its moment."""
        query = self.asked.query()
        at = urlencode({"at": timezone.localtime(self.at).isoformat(timespec="microseconds")})
        return f"{reverse('figures:figure', args=[self.rules.code])}?{query}{'&' if query else ''}{at}"


class TargetNumbers(Protocol):
    """What figures ask of a target: the value that was promised, and how much of it was planned by a day."""

    @property
    def value(self) -> Fraction:
        """What was promised."""

    @property
    def planned(self) -> Fraction:
        """What the plan has for the day that was asked about."""


class UnknownFigure(KeyError):
    """No figure has this code: it left the pack, or was never in it."""


def figure(code: str) -> FigureRules:
    """The rules of the figure with this code. Raises UnknownFigure."""
    row = Figure.objects.filter(code=code, active=True).first()
    if row is None:
        raise UnknownFigure(code)
    return row.rules


def count(rules: FigureRules, asked: Asked | None = None, at: dt.datetime | None = None) -> Value:
    """The figure's value for these days and this part, from the rows as this transaction sees them."""
    return _Counting(asked or Asked(), at or timezone.now()).value(rules)


def counted(code: str, asked: Asked | None = None, at: dt.datetime | None = None) -> Value:
    """`count` by code."""
    return count(figure(code), asked, at)


def span_of(rules: FigureRules, asked: Asked, at: dt.datetime) -> Span:
    """The days that are counted: those asked, within the figure's own period."""
    own = rules.span(timezone.localdate(at))
    if asked.span == Span():
        return own
    # A figure about "this year" that is asked about last month counts last month.
    return asked.span if rules.period in (*RELATIVE, "") else own.within(asked.span)


def rows_of(rules: FigureRules, asked: Asked, at: dt.datetime) -> QuerySet[Any]:
    """The rows that a figure of a collection is about: for a share those that are out of which."""
    of = collection(rules.of)
    rows = of.narrow(of.rows(), rules.where, at)
    rows = of.within(rows, span_of(rules, asked, at), rules.when)
    rows = of.narrow(rows, asked.where, at)
    return of.narrow(rows, rules.out_of, at) if rules.way == "share" else rows


class _Counting:
    def __init__(self, asked: Asked, at: dt.datetime) -> None:
        self.asked, self.at = asked, at

    def value(self, rules: FigureRules) -> Value:
        if rules.of:
            return self._of_rows(rules)
        return getattr(self, f"_{rules.way}")(rules)  # type: ignore[no-any-return]

    def _made(self, rules: FigureRules, numerator: Fraction, denominator: Fraction | None = None) -> Value:
        return Value(rules, self.asked, self.at, numerator, denominator)

    def _of_rows(self, rules: FigureRules) -> Value:
        of = collection(rules.of)
        rows = rows_of(rules, self.asked, self.at).order_by()
        if rules.way == "rows":
            return self._made(rules, Fraction(rows.count()))
        if rules.way == "share":
            found = {part: number for part, _key, number in _share(rules, of, rows, self.at)}
            return self._made(rules, Fraction(found.get(1, 0)), Fraction(found.get(0, 0)))
        return self._made(rules, *_read(rows.aggregate(**_aggregates(rules, of))))

    # -- calculated ------------------------------------------------------------------------------------------

    def _of_parts(self, rules: FigureRules) -> Value:
        return calculated(rules, self.asked, self.at, tuple(self.value(figure(code)) for code in rules.parts))

    _add = _subtract = _divide = _of_parts

    def _change(self, rules: FigureRules) -> Value:
        """The part against the same days of the year before: 12.42 % less, counted as an improvement or a fall."""
        of = figure(rules.parts[0])
        now = self.value(of)
        span = span_of(of, self.asked, self.at)
        before = _Counting(
            replace(self.asked, span=Span(_year_before(span.first), _year_before(span.last))), self.at
        )
        # Its own period would cut the year before away.
        then = before.value(replace(of, period="ever"))
        difference = (now.exact or Fraction(0)) - (then.exact or Fraction(0))
        sign = -1 if rules.asks_change == "decrease" else 1
        return replace(self._made(rules, sign * difference, then.exact or Fraction(0)), parts=(now, then))

    def _percent_of(self, rules: FigureRules) -> Value:
        part = self.value(figure(rules.parts[0]))
        target = target_numbers(rules.parts[1], self._last_day(rules, part))
        return replace(self._made(rules, part.exact or Fraction(0), target.value), parts=(part,))

    def _pace(self, rules: FigureRules) -> Value:
        """How much more there is than the schedule had for this day (超序时进度)."""
        part = self.value(figure(rules.parts[0]))
        target = target_numbers(rules.parts[1], self._last_day(rules, part))
        return replace(self._made(rules, (part.exact or Fraction(0)) - target.planned), parts=(part,))

    def _last_day(self, rules: FigureRules, part: Value) -> dt.date:
        return span_of(part.rules, self.asked, self.at).last or timezone.localdate(self.at)


def calculated(rules: FigureRules, asked: Asked, at: dt.datetime, parts: tuple[Value, ...]) -> Value:
    """The sum, difference or quotient of these parts; a part with nothing to divide by counts as nought."""
    numbers = [part.exact or Fraction(0) for part in parts]
    if rules.way == "divide":
        return Value(rules, asked, at, numbers[0], numbers[1], parts)
    total = sum(numbers, Fraction(0)) if rules.way == "add" else numbers[0] - numbers[1]
    return Value(rules, asked, at, total, None, parts)


def _year_before(day: dt.date | None) -> dt.date | None:
    if day is None:
        return None
    return (
        day.replace(year=day.year - 1, day=28)
        if (day.month, day.day) == (2, 29)
        else day.replace(year=day.year - 1)
    )


def target_numbers(reference: str, on: dt.date) -> TargetNumbers:
    """What was promised by `programme/target`, and planned by this day. Raises UnknownFigure."""
    from huying.figures.promises import numbers_of

    return numbers_of(reference, on)


def _aggregates(rules: FigureRules, of: Collection) -> dict[str, Any]:
    if rules.way == "sum":
        return {"n": Sum(of.expression(rules.number))}
    if rules.way == "mean":
        number = of.expression(rules.number)
        return {"n": Sum(number), "d": Count(number)}
    if rules.way == "distinct":
        return {"n": Count(of.told_apart(rules.number), distinct=True)}
    return {"n": Count("pk")}


def _share(
    rules: FigureRules, of: Collection, rows: QuerySet[Any], at: dt.datetime, group: Any = None
) -> Iterable[tuple[int, Any, int]]:
    """(0 for the whole or 1 for what is inside, group, how many), in one statement: of one and the same moment."""
    whole, inside = (
        each.values(_part=Constant(part), _group=group or Constant(0))
        .annotate(_n=Count("pk"))
        .values_list("_part", "_group", "_n")
        for part, each in enumerate((rows, of.narrow(rows, rules.count, at).order_by()))
    )
    both: Iterable[tuple[int, Any, int]] = whole.union(inside, all=True)
    return both


def _read(found: Mapping[str, Any]) -> tuple[Fraction, Fraction | None]:
    return exact(found["n"]), exact(found["d"]) if "d" in found else None


@dataclass(frozen=True)
class Group:
    """One part of a figure told apart by a dimension."""

    key: str
    title: str
    value: Value


def groups(
    rules: FigureRules, by: str, asked: Asked | None = None, at: dt.datetime | None = None
) -> list[Group]:
    """The figure for each group of a dimension (one of `rules.by`), those without any rows left out.

    Rows that have no such group (no place, no department) are gathered under an empty key.
    """
    asked, at = asked or Asked(), at or timezone.now()
    found = _grouped(rules, by, asked, at)
    titles = _of_first(rules).names_of(by, found)
    ordered = sorted(found, key=lambda key: (not key, key))
    return [Group(key, titles.get(key, key), found[key]) for key in ordered]


def _of_first(rules: FigureRules) -> Collection:
    return collection(rules.of) if rules.of else _of_first(figure(rules.parts[0]))


def _grouped(rules: FigureRules, by: str, asked: Asked, at: dt.datetime) -> dict[str, Value]:
    if not rules.of:
        return _grouped_parts(rules, by, asked, at)
    of = collection(rules.of)
    group, key_of = of.key_of(by, rules.when)
    rows = rows_of(rules, asked, at).order_by()
    if rules.way == "distinct":
        # What is told apart may occur in two rows of the grouping that fold into one group.
        pairs = rows.values_list(group, of.told_apart(rules.number)).distinct()
        seen: dict[str, set[Any]] = {}
        for value, told in pairs:
            seen.setdefault(key_of(value), set()).add(told)
        sums: dict[str, tuple[Fraction, Fraction | None]] = {
            key: (Fraction(len(x)), None) for key, x in seen.items()
        }
    elif rules.way == "share":
        halves: dict[str, list[int]] = {}
        for part, value, number in _share(rules, of, rows, at, group):
            halves.setdefault(key_of(value), [0, 0])[part] += number
        sums = {key: (Fraction(inside), Fraction(whole)) for key, (whole, inside) in halves.items()}
    else:
        sums = {}
        named = {f"n_{name}": value for name, value in _aggregates(rules, of).items()}
        for row in rows.values(_group=group or Constant(0)).annotate(**named):
            key = key_of(row.pop("_group"))
            top, bottom = _read({name[2:]: value for name, value in row.items()})
            before = sums.get(key, (Fraction(0), None if bottom is None else Fraction(0)))
            sums[key] = (before[0] + top, None if bottom is None else (before[1] or Fraction(0)) + bottom)
    return {
        key: Value(rules, _part_of(of, rules, by, key, asked), at, top, bottom)
        for key, (top, bottom) in sums.items()
    }


def _part_of(of: Collection, rules: FigureRules, by: str, key: str, asked: Asked) -> Asked:
    if not key:
        return asked
    where, span = of.asked_for(by, key, rules.when)
    return Asked(asked.span.within(span), {**asked.where, **where})


def _grouped_parts(rules: FigureRules, by: str, asked: Asked, at: dt.datetime) -> dict[str, Value]:
    """Of a calculated figure: each group of its parts, calculated as the whole is."""
    if rules.way in ("percent_of", "pace", "change"):
        found = _grouped(figure(rules.parts[0]), by, asked, at)
        return {key: count(rules, value.asked, at) for key, value in found.items() if key}
    parts = [figure(code) for code in rules.parts]
    tables = [_grouped(part, by, asked, at) for part in parts]
    asks = {key: value.asked for table in reversed(tables) for key, value in table.items() if key}
    return {
        key: calculated(
            rules, part, at,
            tuple(
                table.get(key) or Value(each, part, at, Fraction(0), _nothing(each))
                for each, table in zip(parts, tables, strict=True)
            ),
        )
        for key, part in asks.items()
    }  # fmt: skip


def _nothing(rules: FigureRules) -> Fraction | None:
    """What stands below the line of a figure that has no rows there."""
    return Fraction(0) if rules.way in ("share", "mean", "divide", "change", "percent_of") else None


def every_figure() -> Iterator[FigureRules]:
    """All figures in use, by code."""
    yield from (row.rules for row in Figure.objects.filter(active=True).order_by("code"))
