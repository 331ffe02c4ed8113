"""A declaration in plain words: what is counted, of which rows, on which days, rounded how.

Also the formula of a calculated figure with its values put in, so that a reader can do it again on paper.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases.filters import KEYS
from huying.core.language import is_english
from huying.figures.collections import Collection, collection
from huying.figures.collections.base import Words
from huying.figures.counting import Asked, UnknownFigure, Value, figure, span_of
from huying.figures.rules import RELATIVE, FigureRules
from huying.inspections.campaigns.rules import Span
from huying.people.models import Department
from huying.places.locate import current_index
from huying.registry.declared.forms import field_title
from huying.registry.models import Register


@dataclass(frozen=True)
class Meaning:
    """A figure in words, sentence by sentence; empty where there is nothing to say."""

    counted: str
    conditions: tuple[str, ...] = ()
    days: str = ""
    rounding: str = ""
    about: str = ""

    def __iter__(self) -> Iterator[str]:
        yield from filter(None, (self.counted, *self.conditions, self.days, self.rounding, self.about))

    def __str__(self) -> str:
        return (" " if is_english() else "").join(self)


def meaning(rules: FigureRules, asked: Asked | None = None, at: dt.datetime | None = None) -> Meaning:
    """The declaration in words, for these days and this part."""
    asked, at = asked or Asked(), at or timezone.now()
    rounding = _("%(rule)s，只在最后一步。") % {"rule": rules.show.rule}
    if not rules.of:
        return Meaning(
            _calculated(rules), _asked_conditions(rules, asked), _days_of_parts(rules, asked, at), rounding,
            rules.explained,
        )  # fmt: skip
    of = collection(rules.of)
    conditions = tuple(_condition(of, rules, name, words) for name, words in rules.where.items())
    return Meaning(
        _counted(of, rules), (*conditions, *_asked_conditions(rules, asked)),
        _days(of, rules, span_of(rules, asked, at)), rounding, rules.explained,
    )  # fmt: skip


def first_collection(rules: FigureRules) -> Collection:
    """The collection of a figure, or of the first figure that it is calculated from."""
    return collection(rules.of) if rules.of else first_collection(figure(rules.parts[0]))


def _counted(of: Collection, rules: FigureRules) -> str:
    names = {"of": of.title, "number": name_of_field(of, rules, rules.number) if rules.number else ""}
    if rules.way == "sum":
        return _("把每条“%(of)s”的“%(number)s”加起来。") % names
    if rules.way == "mean":
        return _("“%(of)s”的“%(number)s”的平均数；没有填的不算。") % names
    if rules.way == "distinct":
        return _("“%(of)s”里不同的“%(number)s”有多少个，同一个只算一次。") % names
    if rules.way == "share":
        top = "；".join(_phrase(of, rules, *each) for each in rules.count.items())
        if not rules.out_of:
            return _("“%(of)s”里，%(top)s的占全部的多少。") % {**names, "top": top}
        bottom = "；".join(_phrase(of, rules, *each) for each in rules.out_of.items())
        return _("“%(of)s”里，%(top)s的占%(bottom)s的多少。") % {**names, "top": top, "bottom": bottom}
    return _("“%(of)s”有多少条，一条算一个。") % names


def _phrase(of: Collection, rules: FigureRules, name: str, words: Words) -> str:
    return _("%(field)s为%(words)s") % {
        "field": name_of_field(of, rules, name),
        "words": words_in(of, name, words),
    }


def _condition(of: Collection, rules: FigureRules, name: str, words: Words) -> str:
    return _("只数%(phrase)s的。") % {"phrase": _phrase(of, rules, name, words)}


def _asked_conditions(rules: FigureRules, asked: Asked) -> tuple[str, ...]:
    if not asked.where:
        return ()
    try:
        of = first_collection(rules)
    except (UnknownFigure, KeyError):
        return ()
    return tuple(_condition(of, rules, name, words) for name, words in asked.where.items())


def name_of_field(of: Collection, rules: FigureRules, name: str) -> str:
    """What a field is called; a declared value by its title in the ledger or register, else by its name."""
    _column, _dot, key = name.partition(".")
    if not key:
        field = of.fields.get(name)
        return str(field.title) if field else _("责任单位") if name == "department" else name
    return _declared_title(rules, key) or key


def _declared_title(rules: FigureRules, key: str) -> str:
    for code in rules.where.get("register", ()):
        register = Register.objects.filter(code=code).first()
        spec = register.rules.field(key) if register else None
        if spec is not None:
            return field_title(spec)
    return ""


def words_in(of: Collection, name: str, words: Words) -> str:
    """The words of a filter as people say them: 「“热线”或“随手拍”」."""
    titles = _titles(of, name, words)
    return _("或").join(f"“{titles.get(word, word)}”" for word in words)


def _titles(of: Collection, name: str, words: Words) -> Mapping[str, str]:
    field = of.fields.get(name)
    if name == "department" and field is None:
        return {row.code: str(row) for row in Department.objects.filter(code__in=words)}
    if field is None:
        return {"true": _("是"), "false": _("否")}
    if name == "area" or field.kind == "area":
        rows = current_index().rows
        return {word: str(rows[word].title) for word in words if word in rows}
    if field.kind == "department":
        return {row.code: str(row) for row in Department.objects.filter(code__in=words)}
    if field.kind == "flag":
        return {"true": _("是"), "false": _("否")}
    known = {str(code): str(title) for code, title in (field.names() if field.names else {}).items()}
    if of.code == "cases" and name in KEYS:
        names = KEYS[name].names
        known |= {str(code): str(title) for code, title in (names() if names else {}).items()}
    return known


def span_words(span: Span) -> str:
    """The days as people say them."""
    if span.first and span.last:
        if span.first == span.last:
            return f"{span.first}"
        return _("%(first)s 至 %(last)s") % {"first": span.first, "last": span.last}
    if span.first:
        return _("%(day)s 起") % {"day": span.first}
    return _("%(day)s 止") % {"day": span.last} if span.last else _("不限日期")


def _days(of: Collection, rules: FigureRules, span: Span) -> str:
    field = of.fields.get(rules.when or of.moment)
    if field is None or not field.lookup:
        return _("不按日期分，数现在有的。")
    return _("按“%(field)s”算，%(days)s。") % {"field": field.title, "days": span_words(span)}


def _days_of_parts(rules: FigureRules, asked: Asked, at: dt.datetime) -> str:
    if asked.span == Span() and rules.period in ("", *RELATIVE):
        return ""
    return _("日期：%(days)s。") % {"days": span_words(span_of(rules, asked, at))}


def _name_of(code: str) -> str:
    try:
        return f"“{figure(code)}”"
    except UnknownFigure:
        return f"“{code}”"


def _calculated(rules: FigureRules) -> str:
    names = [
        _name_of(code) for code in (rules.parts[:1] if rules.way in ("percent_of", "pace") else rules.parts)
    ]
    if rules.way == "add":
        return _("%(sum)s，加起来。") % {"sum": " + ".join(names)}
    if rules.way == "subtract":
        return _("%(first)s减去%(second)s。") % {"first": names[0], "second": names[1]}
    if rules.way == "divide":
        return _("%(first)s除以%(second)s。") % {"first": names[0], "second": names[1]}
    if rules.way == "change":
        if rules.asks_change == "decrease":
            return _("%(first)s比上年同期少了多少，除以上年同期的数。") % {"first": names[0]}
        return _("%(first)s比上年同期多了多少，除以上年同期的数。") % {"first": names[0]}
    if rules.way == "percent_of":
        return _("%(first)s除以目标“%(target)s”的目标值。") % {"first": names[0], "target": rules.parts[1]}
    return _("%(first)s减去目标“%(target)s”按序时进度应完成的数。") % {
        "first": names[0],
        "target": rules.parts[1],
    }


@dataclass(frozen=True)
class Term:
    """A piece of a formula: a sign, or a value that opens its rows."""

    sign: str = ""
    value: Value | None = None
    words: str = ""


def formula(value: Value) -> tuple[Term, ...]:
    """The formula of a value with the numbers put in; empty for what is simply counted."""
    rules, parts = value.rules, value.parts
    result = Term("=", words=value.text)
    if rules.of:
        if value.denominator is None:
            return ()
        return (
            Term(words=plain(value.numerator)), Term("÷"), Term(words=plain(value.denominator)), result,
        )  # fmt: skip
    if rules.way in ("add", "subtract", "divide"):
        sign = {"add": "+", "subtract": "−", "divide": "÷"}[rules.way]
        terms = [Term(value=parts[0])]
        for part in parts[1:]:
            terms += [Term(sign), Term(value=part)]
        return (*terms, result)
    if rules.way == "change":
        now, then = parts if rules.asks_change != "decrease" else (parts[1], parts[0])
        return (
            Term("("), Term(value=now), Term("−"), Term(value=then), Term(")"), Term("÷"), Term(value=parts[1]), result,
        )  # fmt: skip
    if rules.way == "percent_of":
        return (Term(value=parts[0]), Term("÷"), Term(words=plain(value.denominator or 0)), result)
    planned = (parts[0].exact or 0) - value.numerator
    return (Term(value=parts[0]), Term("−"), Term(words=plain(planned)), result)


def plain(number: Fraction | int) -> str:
    """An exact number as short as it can be written; what never ends is cut at six places and says so."""
    exact = Fraction(number)
    if exact.denominator == 1:
        return f"{exact.numerator:,}"
    rest = exact.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    text = f"{float(exact):,.6f}".rstrip("0")
    return text if rest == 1 else f"≈{text}"
