"""A collection: rows of one model, what they may be narrowed, grouped and added up by, and how one is shown.

A filter is a mapping of field to words; words of one field are alternatives, fields all hold. Words of a number or a
day may be a range, `5..` or `2023-01-01..2023-06-30`. Declared values (of a ledger's handling form, a register, a
standard) are asked for as `handling.pieces`, `data.year`: column and name.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Any, ClassVar

from django.db.models import DecimalField, F, Model, Q, QuerySet, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, NullIf, TruncMonth, TruncYear
from django.utils import timezone
from django.utils.functional import Promise

from huying.inspections.campaigns.rules import Span, parse_span
from huying.people.models import Department, User
from huying.places.locate import current_index

Words = tuple[str, ...]
Where = Mapping[str, Words]
_RANGE = re.compile(r"(-?\d+(?:\.\d+)?)?\.\.(-?\d+(?:\.\d+)?)?")
_LEVELS = ("subdistrict", "community", "village", "compound", "grid")


@dataclass(frozen=True)
class Field:
    """Something that rows can be asked for.

    `kind`: word (equal to one of the words), number, day, moment (a date and time), flag (true or false), area (a code
    covers everything inside it), department (with its stations), person (an account's key: asked for one at a time,
    never a dimension). `q` says a condition that no lookup can.
    """

    title: Promise | str
    lookup: str = ""
    kind: str = "word"
    q: Callable[[Words], Q] | None = None
    names: Callable[[], Mapping[str, object]] | None = None  # titles of its words


@dataclass(frozen=True)
class RowFacts:
    """A row as a list of them shows it, and who may see it."""

    pk: int
    label: str
    url: str = ""
    state: str = ""
    day: str = ""
    area_path: str = ""
    department: int | None = None


class Collection:
    """Rows of one model that figures count. Subclasses say which."""

    code: ClassVar[str]
    title: ClassVar[Promise | str]
    model: ClassVar[type[Model]]
    moment: ClassVar[str] = ""  # the field that a period is about; empty: they are counted as they stand
    area: ClassVar[str] = "area_path"  # lookup of the path of areas
    department: ClassVar[str] = ""  # lookup of the department's key
    declared: ClassVar[Mapping[str, str]] = {}  # words of the pack for JSON columns: handling → handling
    fields: ClassVar[Mapping[str, Field]] = {}
    worked_out: ClassVar[tuple[str, ...]] = ()  # what `expression` or `told_apart` makes of several columns

    def rows(self) -> QuerySet[Any]:
        """Every row that may be counted."""
        return self.model._default_manager.all()

    def readable(self, user: User) -> QuerySet[Any]:
        """The rows that this person may open."""
        raise NotImplementedError

    def describe(self, rows: Sequence[Any]) -> Iterator[RowFacts]:
        """The facts of these rows, in their order."""
        raise NotImplementedError

    def open_to_all(self) -> QuerySet[Any]:
        """The rows whose subjects everybody may read, signed in or not."""
        return self.model._default_manager.none()

    def describe_openly(self, rows: Sequence[Any]) -> Iterator[RowFacts]:
        """The facts of such rows that everybody may read."""
        return iter(())

    def related(self) -> tuple[str, ...]:
        """What `describe` needs beside the row."""
        return ()

    def keeps(self) -> tuple[type[Model], ...]:
        """Models whose earlier rows are kept, so that the collection can be counted as of an earlier moment."""
        return (self.model,)

    # -- narrowing -------------------------------------------------------------------------------------------

    def narrow(self, rows: QuerySet[Any], where: Where, at: dt.datetime | None = None) -> QuerySet[Any]:
        """The rows for which every field has one of its words; `at` is the moment by which deadlines are judged."""
        for name, words in where.items():
            rows = rows.filter(self.condition(name, words))
        return rows

    def condition(self, name: str, words: Words) -> Q:
        """One field of a filter. KeyError for a field that nothing knows, ValueError for a word that can't be read."""
        column, _dot, key = name.partition(".")
        if key:
            return self._declared(self.declared[column], key, words)
        if name == "department" and name not in self.fields and self.department:
            return departments_q(self.department, words)
        field = self.fields[name]
        if field.q is not None:
            return field.q(words)
        return reduce(lambda found, word: found | _one(field, word), words, Q(pk=None))

    def _declared(self, column: str, key: str, words: Words) -> Q:
        found = Q(pk=None)
        for word in words:
            if match := _RANGE.fullmatch(word):
                inside = Q(**{f"{column}__{key}__isnull": False})
                if match[1]:
                    inside &= Q(**{f"{column}__{key}__gte": _number(match[1])})
                if match[2]:
                    inside &= Q(**{f"{column}__{key}__lte": _number(match[2])})
                found |= inside
            elif word in ("true", "false"):
                found |= Q(**{f"{column}__{key}": word == "true"})
            else:
                # A number stands as a number or as its text; one of several choices stands in a list.
                found |= Q(**{f"{column}__{key}": word}) | Q(**{f"{column}__{key}__contains": [word]})
                if re.fullmatch(r"-?\d+(\.\d+)?", word):
                    found |= Q(**{f"{column}__{key}": _number(word)})
        return found

    def within(self, rows: QuerySet[Any], span: Span, when: str = "") -> QuerySet[Any]:
        """The rows of these days, by the field `when` or the collection's own moment."""
        field = self.fields.get(when or self.moment)
        if field is None or not field.lookup:
            return rows
        return rows.filter(_days(field, span))

    # -- numbers and groups ----------------------------------------------------------------------------------

    def expression(self, name: str) -> Any:
        """A number of each row, as something that can be added up exactly. KeyError where there is no such number."""
        column, _dot, key = name.partition(".")
        if key:
            text = KeyTextTransform(key, F(self.declared[column]))
            return Cast(
                NullIf(Cast(text, TextField()), Value("")), DecimalField(max_digits=30, decimal_places=6)
            )
        return Cast(F(self.fields[name].lookup), DecimalField(max_digits=30, decimal_places=6))

    def told_apart(self, name: str) -> Any:
        """What tells rows apart for `distinct`: a lookup or the text of a declared value."""
        column, _dot, key = name.partition(".")
        if name in ("month", "year") and self.moment:
            return (TruncMonth if name == "month" else TruncYear)(self.fields[self.moment].lookup)
        return KeyTextTransform(key, F(self.declared[column])) if key else F(self.fields[name].lookup)

    def knows(self, name: str) -> bool:
        """Whether a figure may name this field; names of declared values are checked by whoever declares them."""
        column, _dot, key = name.partition(".")
        if (name == "department" and self.department) or (name in ("month", "year") and self.moment):
            return True
        if name in self.worked_out:
            return True
        return column in self.declared if key else name in self.fields

    def dimensions(self) -> tuple[str, ...]:
        """By what its figures may be told apart."""
        words = tuple(
            name for name, field in self.fields.items() if field.lookup and field.kind in ("word", "flag")
        )
        levels = _LEVELS if self.area else ()
        times = ("month", "year") if self.moment else ()
        own = ("department",) if self.department else ()
        return tuple(dict.fromkeys((*times, *levels, *own, *words)))

    def key_of(self, by: str, when: str = "") -> tuple[Any, Callable[[Any], str]]:
        """(expression to group rows by, what a group's value is called in addresses): equal names fold together."""
        if by in ("month", "year"):
            lookup = self.fields[when or self.moment].lookup
            length = 7 if by == "month" else 4
            return (TruncMonth if by == "month" else TruncYear)(lookup), lambda value: _iso(value)[:length]
        if by in _LEVELS:
            return F(self.area), lambda path: area_at(by, path or "")
        if by == "department":
            codes = dict(Department.objects.values_list("pk", "code"))
            return F(self.department), lambda key: str(codes.get(key, ""))
        field = self.fields[by]
        return F(field.lookup), lambda value: {True: "true", False: "false"}.get(value, str(value or ""))

    def names_of(self, by: str, keys: Iterable[str]) -> dict[str, str]:
        """What the groups are called."""
        if by in _LEVELS:
            rows = current_index().rows
            return {key: str(rows[key].title) for key in keys if key in rows}
        if by == "department":
            return {row.code: str(row) for row in Department.objects.filter(code__in=list(keys))}
        field = self.fields.get(by)
        names = field.names() if field and field.names else {}
        return {key: str(names[key]) for key in keys if key in names}

    def asked_for(self, by: str, key: str, when: str = "") -> tuple[dict[str, Words], Span]:
        """One group as a filter and a span of days."""
        if by in ("month", "year"):
            first = dt.date.fromisoformat(f"{key}-01" if by == "month" else f"{key}-01-01")
            days = 31 if by == "month" else 366
            after = (first + dt.timedelta(days=days)).replace(day=1)
            return {}, Span(first, after - dt.timedelta(days=1))
        return {"area" if by in _LEVELS else by: (key,)}, Span()


def everything(rows: QuerySet[Any]) -> bool:
    """Whether these are all rows of their model: who may read all of them needn't be asked about each."""
    return not rows.query.where and not rows.query.is_sliced and not rows.query.combinator


def area_at(level: str, path: str) -> str:
    """The code of the area of this level that the path goes through; a village stands at the communities' level."""
    rows = current_index().rows
    return next((code for code in path.split("/") if code in rows and rows[code].level == level), "")


def area_q(lookup: str, words: Words) -> Q:
    """Inside one of these areas."""
    rows = current_index().rows
    paths = [rows[code].path for code in words if code in rows]
    return reduce(lambda found, path: found | Q(**{f"{lookup}__startswith": path}), paths, Q(pk=None))


def departments_q(lookup: str, words: Words) -> Q:
    """With one of these departments; `lookup` leads to the department's key."""
    return Q(
        **{f"{lookup}__in": list(Department.objects.filter(code__in=words).values_list("pk", flat=True))}
    )


def _number(text: str) -> float | int:
    return float(text) if "." in text else int(text)


def _iso(value: Any) -> str:
    if isinstance(value, dt.datetime):
        value = timezone.localtime(value).date()
    return value.isoformat() if value else ""


def _one(field: Field, word: str) -> Q:
    if field.kind == "flag":
        return Q(**{field.lookup: word == "true"})
    if field.kind == "area":
        return area_q(field.lookup, (word,))
    if field.kind == "department":
        return departments_q(field.lookup, (word,))
    if field.kind in ("day", "moment"):
        return _days(field, parse_span(word))
    if field.kind == "number" and (match := _RANGE.fullmatch(word)):
        low = Q(**{f"{field.lookup}__gte": match[1]}) if match[1] else Q()
        return low & Q(**{f"{field.lookup}__lte": match[2]}) if match[2] else low
    return Q(**{field.lookup: word})


def _days(field: Field, span: Span) -> Q:
    if field.kind != "moment":
        low = Q(**{f"{field.lookup}__gte": span.first}) if span.first else Q()
        return low & Q(**{f"{field.lookup}__lte": span.last}) if span.last else low
    found = Q(**{f"{field.lookup}__gte": _midnight(span.first)}) if span.first else Q()
    if span.last:
        found &= Q(**{f"{field.lookup}__lt": _midnight(span.last + dt.timedelta(days=1))})
    return found


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))


def exact(value: Any) -> Fraction:
    """What the database added up, exactly."""
    return Fraction(value) if value is not None else Fraction(0)


_collections: dict[str, Collection] = {}


def register(*found: Collection) -> None:
    """Make collections known; once, when the program starts."""
    for each in found:
        _collections[each.code] = each


def collections() -> dict[str, Collection]:
    """Every collection by its code."""
    return dict(_collections)


def collection(code: str) -> Collection:
    """The collection of this code; KeyError where there is none."""
    return _collections[code]
