"""Programmes and targets as the pack declares them, read.

`read_programme` reports every problem with the key it stands under; `from_declaration` is for declarations that were
checked before they were loaded.
"""

from __future__ import annotations

import calendar
import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache
from typing import Any

from huying.core.language import is_english
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _
from huying.registry.declared.fields import Field, Problem, Reader, read_fields, title_of

PROGRAMME_KEYS = (
    "programme", "title", "about", "kind", "page", "year", "period", "public", "status", "enter", "show", "promises",
    "targets",
)  # fmt: skip
PROMISE_KEYS = ("code", "title", "about", "measures")
TARGET_KEYS = (
    "code", "title", "about", "owner", "leader", "unit", "target", "due", "plan", "counted", "entered", "period",
    "lower_is_better", "last_year", "standard", "entry", "every", "show",
)  # fmt: skip
PAGES = ("promises", "tasks", "months", "improvement")
TAKES = ("sum", "latest", "mean")
_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SHOW = re.compile(r"percent(?:,\s*(\d) decimals?)?")
_SHARE = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*%")
_MOST = Decimal(10) ** 14


@dataclass(frozen=True)
class Thresholds:
    """When something is called nearly done, and how far behind the plan is still yellow."""

    closing: Fraction = Fraction(4, 5)
    yellow: Fraction = Fraction(1, 10)
    near_days: int = 30  # without a plan: this close to the day it is due, it is yellow


@dataclass(frozen=True)
class TargetRules:
    """How one target is measured, planned and shown."""

    code: str
    title: str
    title_en: str = ""
    about: str = ""
    about_en: str = ""
    owner: str = ""
    leader: str = ""
    unit: str = ""
    unit_en: str = ""
    amount: Decimal | None = None
    due: dt.date | None = None
    even: bool = False
    plan: Mapping[int, Decimal] = field(default_factory=dict)  # month → value expected by its end
    figure: str = ""
    first: dt.date | None = None
    last: dt.date | None = None
    lower_is_better: bool = False
    last_year: Mapping[int, Decimal] = field(
        default_factory=dict
    )  # month → value by its end; 12: of the whole year
    standard: str = ""
    standard_en: str = ""
    fields: tuple[Field, ...] = ()
    sum: str = ""  # the declared field that counts; empty: the amount itself
    takes: str = "sum"
    monthly: bool = False
    decimals: int = 0

    @staticmethod
    def from_declaration(declaration: Mapping[str, Any]) -> TargetRules:
        """The rules of a declaration that `pack check` has passed; ValueError names what is wrong."""
        return _target_of(json.dumps(declaration))

    def __str__(self) -> str:
        return (self.title_en if is_english() else "") or self.title

    @property
    def done_means(self) -> str:
        """What done means, in the reader's language."""
        return (self.standard_en if is_english() else "") or self.standard

    @property
    def words(self) -> str:
        """What it is about, in the reader's language."""
        return (self.about_en if is_english() else "") or self.about

    @property
    def is_task(self) -> bool:
        """Whether it is done or not, without a value to be reached."""
        return self.amount is None


@dataclass(frozen=True)
class PromiseRules:
    """One promise with its measures."""

    code: str
    title: str
    title_en: str = ""
    about: str = ""
    about_en: str = ""
    measures: tuple[TargetRules, ...] = ()


@dataclass(frozen=True)
class ProgrammeRules:
    """A programme: when it runs, what its page looks like, when a target is called what."""

    code: str
    title: str
    title_en: str = ""
    about: str = ""
    about_en: str = ""
    kind: str = ""
    kind_en: str = ""
    page: str = "promises"
    first: dt.date = dt.date.min
    last: dt.date = dt.date.max
    public: bool = False
    thresholds: Thresholds = Thresholds()
    enter_by: int = 5  # the day of the next month by which a month's entry is to be there
    promises: tuple[PromiseRules, ...] = ()
    targets: tuple[TargetRules, ...] = ()

    @staticmethod
    def from_declaration(declaration: Mapping[str, Any]) -> ProgrammeRules:
        """The rules of a declaration that `pack check` has passed; ValueError names what is wrong."""
        return _programme_of(json.dumps(declaration))

    @property
    def words(self) -> str:
        """What it is about, in the reader's language."""
        return (self.about_en if is_english() else "") or self.about

    @property
    def kind_words(self) -> str:
        """What sort of programme it is, in the reader's language."""
        return (self.kind_en if is_english() else "") or self.kind


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise ValueError("; ".join(str(problem.sentence) for problem in problems))


@lru_cache(maxsize=64)
def _programme_of(declaration: str) -> ProgrammeRules:
    rules, problems = read_programme(json.loads(declaration))
    _refuse(problems)
    return rules


@lru_cache(maxsize=1024)
def _target_of(declaration: str) -> TargetRules:
    read = Reader()
    rules = _read_target(read, json.loads(declaration), ())
    _refuse(read.problems)
    return rules


# -- small values --------------------------------------------------------------------------------------------


def _number(value: object) -> Decimal:
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        found = None
    if found is None or not found.is_finite() or abs(found) >= _MOST or isinstance(value, bool):
        raise ValueError(Sentence(_("要写一个数，例如 600 或 12.5，不是“%(found)s”。"), {"found": value}))
    return found


def _day(value: object) -> dt.date:
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(Sentence(_("“%(text)s”不是日期，请写成 2026-11-20。"), {"text": value})) from None


def _period(value: object) -> tuple[dt.date, dt.date]:
    """`2023` or `2023-01-01..2023-11-28`. Raises ValueError with a sentence."""
    text = str(value).strip()
    if re.fullmatch(r"\d{4}", text):
        return dt.date(int(text), 1, 1), dt.date(int(text), 12, 31)
    first, dots, last = text.partition("..")
    if not dots:
        raise ValueError(
            Sentence(_("时段写成 2023 或 2023-01-01..2023-11-28，不是“%(found)s”。"), {"found": value})
        )
    found = _day(first.strip()), _day(last.strip())
    if found[0] > found[1]:
        raise ValueError(Sentence(_("“%(found)s”的开头比结尾晚。"), {"found": value}))
    return found


def _share(value: object) -> Fraction:
    match = _SHARE.fullmatch(str(value).strip())
    if match is None:
        raise ValueError(Sentence(_("写成百分数，例如 80%%，不是“%(found)s”。"), {"found": value}))
    return Fraction(match[1]) / 100


def _show(value: object) -> int:
    match = _SHOW.fullmatch(str(value).strip())
    if match is None:
        raise ValueError(
            Sentence(_("写成 percent 或 percent, 2 decimals，不是“%(found)s”。"), {"found": value})
        )
    return int(match[1] or 0)


def _figure(value: object) -> str:
    match = re.fullmatch(r"figure ([a-z0-9-]+)", str(value).strip())
    if match is None:
        raise ValueError(Sentence(_("写成 counted: figure 数字代码，不是“%(found)s”。"), {"found": value}))
    return match[1]


def _months(read: Reader, value: object, *keys: str | int) -> dict[int, Decimal]:
    """Month → value by its end."""
    found = {}
    for month, amount in read.mapping(value, (), *keys).items():
        if not str(month).isdigit() or not 1 <= int(str(month)) <= 12:
            read.wrong(Sentence(_("月份写 1 到 12，不是“%(found)s”。"), {"found": month}), *keys, str(month))
            continue
        number = read.parse(_number, amount, *keys, month)
        if number is not None:
            found[int(str(month))] = number
    return dict(sorted(found.items()))


# -- one target ----------------------------------------------------------------------------------------------


def _read_target(read: Reader, value: object, keys: tuple[str | int, ...], decimals: int = 0) -> TargetRules:
    spec = read.mapping(value, TARGET_KEYS, *keys)
    code = str(spec.get("code", ""))
    if not _CODE.fullmatch(code) or len(code) > 40:
        read.wrong(_("代码用小写字母、数字和连字符，最多 40 个字。"), *keys, "code")
    zh, en = title_of(spec.get("title"))
    if not zh:
        read.wrong(_("缺少中文名称：title: {zh: …, en: …}。"), *keys, "title")
    if not spec.get("owner"):
        read.wrong(_("写明责任单位：owner: 部门代码。"), *keys, "owner")
    if ("counted" in spec) == ("entered" in spec):
        read.wrong(_("写明怎样得来：counted: figure 数字代码，或者 entered: with evidence，二选一。"), *keys)
    if "entered" in spec:
        read.known(str(spec["entered"]), ("with evidence",), *keys, "entered")
    plan = spec.get("plan")
    even = plan == "even"
    months = {} if even else _months(read, plan, *keys, "plan")
    last_year = spec.get("last_year")
    if not isinstance(last_year, Mapping) and last_year not in (None, ""):
        last_year = {"12": last_year}
    # An empty shape stands for a key that was not written.
    entry = read.mapping(spec.get("entry"), ("fields", "sum", "takes"), *keys, "entry")
    inner = Reader()
    fields = read_fields(inner, entry.get("fields") or {}, "fields")
    for problem in inner.problems:
        read.wrong(problem.sentence, *keys, "entry", *problem.keys)
    numbers = tuple(each.code for each in fields if each.type in ("number", "money"))
    total = str(entry.get("sum") or "")
    if total:
        read.known(total, numbers, *keys, "entry", "sum")
    takes = str(entry.get("takes") or "sum")
    read.known(takes, TAKES, *keys, "entry", "takes")
    amount = read.parse(_number, spec.get("target"), *keys, "target")
    if amount is not None and amount <= 0:
        read.wrong(_("目标值要大于 0。"), *keys, "target")
    if amount is None and "target" not in spec and not spec.get("standard"):
        read.wrong(_("写明目标值 target: 600；只有做没做完的任务，写明完成标准 standard: …。"), *keys)
    first, last = read.parse(_period, spec.get("period"), *keys, "period") or (None, None)
    shown = read.parse(_show, spec.get("show"), *keys, "show")
    unit, unit_en = title_of(spec.get("unit"))
    about, about_en = title_of(spec.get("about"))
    standard, standard_en = title_of(spec.get("standard"))
    if spec.get("every"):
        read.known(str(spec["every"]), ("month",), *keys, "every")
    return TargetRules(
        code=code, title=zh, title_en=en, about=about, about_en=about_en, owner=str(spec.get("owner", "")),
        leader=str(spec.get("leader") or ""), unit=unit, unit_en=unit_en, amount=amount,
        due=read.parse(_day, spec.get("due"), *keys, "due"), even=even, plan=months,
        figure=(read.parse(_figure, spec.get("counted"), *keys, "counted") or ""), first=first, last=last,
        lower_is_better=bool(spec.get("lower_is_better")),
        last_year=_months(read, last_year, *keys, "last_year"), standard=standard, standard_en=standard_en,
        fields=fields, sum=total, takes=takes, monthly=bool(spec.get("every")),
        decimals=decimals if shown is None else shown,
    )  # fmt: skip


def read_programme(declaration: Mapping[str, Any]) -> tuple[ProgrammeRules, list[Problem]]:
    """Read a programme's declaration."""
    read = Reader()
    read.mapping(declaration, PROGRAMME_KEYS)
    zh, en = title_of(declaration.get("title"))
    if not zh:
        read.wrong(_("缺少中文名称：title: {zh: …, en: …}。"), "title")
    kind, kind_en = title_of(declaration.get("kind"))
    if not kind:
        read.wrong(_("写明是哪一类，例如 kind: {zh: 民生实事, en: Livelihood}。"), "kind")
    page = str(declaration.get("page") or "promises")
    read.known(page, PAGES, "page")
    if bool(declaration.get("year")) == bool(declaration.get("period")):
        read.wrong(_("写明年份 year: 2023，或者时段 period: 2023-01-01..2023-11-28，二选一。"), "programme")
    span = read.parse(_period, declaration.get("year") or declaration.get("period"), "period")
    first, last = span or (dt.date.min, dt.date.max)
    decimals = read.parse(_show, declaration.get("show"), "show") or 0
    about, about_en = title_of(declaration.get("about"))
    rules = ProgrammeRules(
        code=str(declaration.get("programme", "")), title=zh, title_en=en, about=about, about_en=about_en, kind=kind,
        kind_en=kind_en, page=page, first=first, last=last, public=bool(declaration.get("public")),
        thresholds=_read_thresholds(read, declaration.get("status")),
        enter_by=_read_enter_by(read, declaration.get("enter")),
        promises=tuple(_read_promises(read, declaration, decimals)),
        targets=tuple(
            _read_target(read, value, ("targets", index), decimals)
            for index, value in enumerate(read.listed(declaration.get("targets"), "targets"))
        ),
    )  # fmt: skip
    if not rules.promises and not rules.targets:
        read.wrong(_("写至少一个目标：targets: […]，或者 promises: […]。"), "programme")
    _refuse_doubles(read, rules)
    return rules, read.problems


def _read_promises(read: Reader, declaration: Mapping[str, Any], decimals: int) -> Iterator[PromiseRules]:
    for index, value in enumerate(read.listed(declaration.get("promises"), "promises")):
        keys = ("promises", index)
        spec = read.mapping(value, PROMISE_KEYS, *keys)
        code = str(spec.get("code", ""))
        if not _CODE.fullmatch(code) or len(code) > 40:
            read.wrong(_("代码用小写字母、数字和连字符，最多 40 个字。"), *keys, "code")
        zh, en = title_of(spec.get("title"))
        if not zh:
            read.wrong(_("缺少中文名称：title: {zh: …, en: …}。"), *keys, "title")
        measures = read.listed(spec.get("measures"), *keys, "measures")
        if not measures:
            read.wrong(_("一件实事至少有一个可以衡量的目标：measures: […]。"), *keys)
        about, about_en = title_of(spec.get("about"))
        yield PromiseRules(
            code, zh, en, about, about_en,
            tuple(
                _read_target(read, measure, (*keys, "measures", number), decimals)
                for number, measure in enumerate(measures)
            ),
        )  # fmt: skip


def _read_thresholds(read: Reader, value: object) -> Thresholds:
    spec = read.mapping(value or {}, ("closing", "yellow", "near"), "status")
    usual = Thresholds()
    near = usual.near_days
    if spec.get("near"):
        match = re.fullmatch(r"(\d{1,3}) days?", str(spec["near"]).strip())
        if match is None:
            read.wrong(_("写成 near: 30 days。"), "status", "near")
        else:
            near = int(match[1])
    return Thresholds(
        read.parse(_share, spec.get("closing"), "status", "closing") or usual.closing,
        read.parse(_share, spec.get("yellow"), "status", "yellow") or usual.yellow,
        near,
    )


def _read_enter_by(read: Reader, value: object) -> int:
    spec = read.mapping(value or {}, ("by",), "enter")
    day = spec.get("by", 5)
    if isinstance(day, bool) or not isinstance(day, int) or not 1 <= day <= 28:
        read.wrong(_("每月几号前填上月的数，写 1 到 28。"), "enter", "by")
        return 5
    return day


def _refuse_doubles(read: Reader, rules: ProgrammeRules) -> None:
    seen: set[str] = set()
    for keys, target in placed(rules):
        if target.code in seen:
            read.wrong(Sentence(_("“%(code)s”写了两次。"), {"code": target.code}), *keys, "code")
        seen.add(target.code)
    promises = [each.code for each in rules.promises]
    for index, code in enumerate(promises):
        if code in promises[:index]:
            read.wrong(Sentence(_("“%(code)s”写了两次。"), {"code": code}), "promises", index, "code")


def placed(rules: ProgrammeRules) -> Iterator[tuple[tuple[str | int, ...], TargetRules]]:
    """Every target with the keys that lead to it, in the order of the file."""
    for index, promise in enumerate(rules.promises):
        for number, measure in enumerate(promise.measures):
            yield ("promises", index, "measures", number), measure
    for index, target in enumerate(rules.targets):
        yield ("targets", index), target


# -- the plan ------------------------------------------------------------------------------------------------


def months_gone(first: dt.date, last: dt.date, on: dt.date) -> Fraction:
    """How much of the span has gone by the end of `on`, by months: a month counts whole at its last day."""
    if on < first:
        return Fraction(0)
    if on >= last:
        return Fraction(1)
    return _months_until(first, on) / _months_until(first, last)


def _months_until(first: dt.date, day: dt.date) -> Fraction:
    """Months from the beginning of `first` to the end of `day`, parts of a month by its days."""

    def position(date: dt.date, offset: int) -> Fraction:
        length = calendar.monthrange(date.year, date.month)[1]
        return Fraction(date.year * 12 + date.month) + Fraction(date.day - 1 + offset, length)

    return position(day, 1) - position(first, 0)


def by_month(values: Mapping[int, Decimal], on: dt.date, *, year: int) -> Fraction | None:
    """The value of a table month → value at the end of the last month that is over on this day; None before."""
    if on.year > year:
        return Fraction(values[max(values)]) if values else None
    if on.year < year:
        return None
    over = on.month if (on + dt.timedelta(days=1)).month != on.month else on.month - 1
    known = [month for month in values if month <= over]
    return Fraction(values[max(known)]) if known else None
