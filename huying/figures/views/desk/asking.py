"""What the address of a figure asks for: days, a part of the rows, a moment. What can't be read is left out, aloud."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from django.db import DataError, transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.core.temporal import as_of
from huying.figures.collections import Collection
from huying.figures.counting import Asked, UnknownFigure
from huying.figures.meaning import first_collection
from huying.figures.rules import FigureRules
from huying.inspections.campaigns.rules import Span

PERIODS: dict[str, Promise] = {
    "this month": gettext_lazy("本月"), "last month": gettext_lazy("上月"), "this year": gettext_lazy("今年"),
    "last year": gettext_lazy("去年"), "today": gettext_lazy("今天"),
}  # fmt: skip
OWN = ("from", "to", "in", "at", "by", "page", "export", "rows", "purpose", "part", "recount", "format")
LONGEST = 120  # characters of a word: longer ones name nothing
_FIRST, _LAST = dt.date(1900, 1, 1), dt.date(2199, 12, 31)


@dataclass(frozen=True)
class Looked:
    """What was asked for, and a sentence about everything that could not be read."""

    asked: Asked
    at: dt.datetime
    earlier: bool = False  # `at` is a moment of the past: rows come back as they were
    named: str = ""  # one of PERIODS
    mistakes: tuple[str, ...] = ()

    @contextmanager
    def moment(self) -> Iterator[None]:
        """Every query as of the moment that was asked for."""
        with as_of(self.at) if self.earlier else nullcontext():
            yield

    def narrowed(self, asked: Asked) -> Looked:
        """The same moment, another part."""
        return replace(self, asked=asked)


def named_span(name: str, today: dt.date) -> Span:
    """The days of one of PERIODS."""
    return FigureRules(code="", title="", period=name).span(today)


def look(rules: FigureRules, params: Mapping[str, Any], now: dt.datetime | None = None) -> Looked:
    """Read the parameters of an address. Every parameter but OWN is a field of what is counted."""
    now = now or timezone.now()
    mistakes: list[str] = []
    at = _moment(params.get("at", ""), now, mistakes)
    named = params.get("in", "").replace("-", " ")
    if named and named not in PERIODS:
        mistakes.append(_("没有“%(word)s”这个时段，已略去。") % {"word": named[:40]})
        named = ""
    first, last = (_day(params.get(name, ""), mistakes) for name in ("from", "to"))
    if first and last and first > last:
        mistakes.append(
            _("开头一天 %(first)s 比最后一天 %(last)s 晚，日期已略去。") % {"first": first, "last": last}
        )
        first = last = None
    span = named_span(named, timezone.localdate(at or now)) if named else Span(first, last)
    where = _where(rules, params, at or now, mistakes)
    return Looked(Asked(span, where), at or now, at is not None, named, tuple(mistakes))


def _day(text: str, mistakes: list[str]) -> dt.date | None:
    text = text.strip()
    if not text:
        return None
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or not _FIRST <= day <= _LAST:
        mistakes.append(_("日期写成 2023-11-28 这样；“%(word)s”已略去。") % {"word": text[:40]})
        return None
    return day


def _moment(text: str, now: dt.datetime, mistakes: list[str]) -> dt.datetime | None:
    """The moment of the past that was asked for; None for now."""
    # A plus that was not escaped arrives as a space.
    text = text.strip().replace(" ", "+") if "T" in text else text.strip()
    if not text:
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or not _FIRST <= moment.date() <= _LAST:
        said = _("时刻写成 2023-11-28T16:30 这样；“%(word)s”已略去，看到的是现在的数。")
        mistakes.append(said % {"word": text[:40]})
        return None
    if moment.tzinfo is None:
        moment = timezone.make_aware(moment)
    if moment > now:
        mistakes.append(_("“%(word)s”还没有到，看到的是现在的数。") % {"word": text[:40]})
        return None
    return moment


def _where(
    rules: FigureRules, params: Mapping[str, Any], at: dt.datetime, mistakes: list[str]
) -> dict[str, tuple[str, ...]]:
    asked = [name for name in params if name not in OWN and params[name].strip()]
    if not asked:
        return {}
    try:
        of = first_collection(rules)
    except (UnknownFigure, KeyError):
        return {}
    found = {}
    for name in asked:
        words = tuple(word.strip() for word in params[name].split(",") if word.strip())
        if not of.knows(name) or not words:
            mistakes.append(_("这里不能按“%(word)s”选，已略去。") % {"word": name[:40]})
        elif not readable(of, name, words, at):
            mistakes.append(
                _("读不懂“%(name)s”里的“%(word)s”，已略去。") % {"name": _title(of, name), "word": params[name][:40]}
            )  # fmt: skip
        else:
            found[name] = words
    return found


def _title(of: Collection, name: str) -> str:
    field = of.fields.get(name)
    return str(field.title) if field else name


def readable(of: Collection, name: str, words: tuple[str, ...], at: dt.datetime) -> bool:
    """Whether rows can be asked for these words at all."""
    if any(len(word) > LONGEST or not word.isprintable() for word in words) or len(words) > 200:
        return False
    try:
        with transaction.atomic():
            of.narrow(of.rows(), {name: words}, at).order_by().exists()
    except (ValueError, KeyError, TypeError, OverflowError, DataError):
        return False
    return True
