"""Counts and rates of the loop, declared once: what is counted, over which rows, and the list that shows them.

    tables = tally(policy.cases_for(user), base=CaseFilter(ledger="hotline", closed="this-month"), by="department")
    tables[0].rate("satisfaction").percent      # Decimal("99.46")
    tables[0].rate("satisfaction").numerator    # Number(value=11824, url="/desk/answers/?said=satisfied&...")

A case counts once; an answer counts once for each reporter, by their latest answer on callback. Every number
carries the address of the list with exactly these rows. The formulas are those of the field (GB/T 30428 practice,
hotline appraisal); `docs` and pages show `Rate.formula`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache, reduce
from typing import Any, cast

from django.db.models import Count, Exists, F, FilteredRelation, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, TruncMonth
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.cases.catalogue import catalogue
from huying.cases.filters import FLAGS, CaseFilter, due_q, path_of, period, statuses
from huying.cases.models import Callback, Case, CaseQuerySet
from huying.places.locate import current_index
from huying.places.models import Area

# --- answers: what reporters said on callback ----------------------------------------------------------

_LIKED = Callback.SATISFIED_FROM
SAID: dict[str, tuple[Promise, Q]] = {
    "answered": (gettext_lazy("有效回访"), Q()),
    "asked-contacted": (gettext_lazy("问过是否联系"), Q(contacted__isnull=False)),
    "contacted": (gettext_lazy("承办单位联系过"), Q(contacted=True)),
    "not-contacted": (gettext_lazy("承办单位没有联系"), Q(contacted=False)),
    "asked-solved": (gettext_lazy("问过是否解决"), Q(solved__isnull=False)),
    "solved": (gettext_lazy("已解决"), Q(solved=True)),
    "unsolved": (gettext_lazy("未解决"), Q(solved=False)),
    "graded": (gettext_lazy("评价过"), Q(grade__isnull=False)),
    "satisfied": (gettext_lazy("满意（含基本满意）"), Q(grade__gte=_LIKED)),
    "dissatisfied": (gettext_lazy("不满意"), Q(grade__lt=_LIKED)),
}


def latest_answers() -> QuerySet[Callback]:
    """Each reporter's latest answer; calls that reached nobody are not answers."""
    later = Callback.objects.filter(report=OuterRef("report"), answered=True, pk__gt=OuterRef("pk"))
    return Callback.objects.filter(answered=True).exclude(Exists(later))


# --- measures: one number each -------------------------------------------------------------------------

_OWN_KEYS = (
    "status",
    "due",
    "colour",
)  # a measure decides these; `is` and `not` are added to those of the base


@dataclass(frozen=True)
class Measure:
    """A count of cases, or with `said` of answers, that a `CaseFilter` (and `said`) describes wholly."""

    code: str
    title: Promise
    cases: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    said: str = ""

    def filter(self, base: CaseFilter) -> CaseFilter:
        """The filter of the rows that this measure counts among those of `base`."""
        found = dict(base.values)
        for name, values in _values(self.code).items():
            found[name] = tuple(dict.fromkeys((*found.get(name, ()), *values)))
        return CaseFilter.of(found)

    def url(self, base: CaseFilter) -> str:
        """The list that shows exactly the rows counted."""
        if not self.said and base.values.keys().isdisjoint(_values(self.code)):
            own = _query(self.code)
            return f"{base.url()}{'&' if base else '?'}{own}" if own else base.url()
        narrowed = self.filter(base)
        if not self.said:
            return narrowed.url()
        query = narrowed.query()
        return f"{path_of('desk:answers')}?said={self.said}{'&' + query if query else ''}"


@lru_cache
def _values(code: str) -> Mapping[str, tuple[str, ...]]:
    return CaseFilter(**MEASURES[code].cases).values


@lru_cache
def _query(code: str) -> str:
    return CaseFilter.of(_values(code)).query()


def _case(code: str, title: Promise, **cases: str | tuple[str, ...]) -> Measure:
    return Measure(code, title, cases)


def _answer(code: str, title: Promise, said: str) -> Measure:
    return Measure(code, title, {"not_": "excluded"}, said)


MEASURES: dict[str, Measure] = {
    measure.code: measure
    for measure in (
        _case("reported", gettext_lazy("上报")),
        _case("accepted", gettext_lazy("受理"), status="accepted"),
        _case("open", gettext_lazy("在办"), status="open"),
        _case("closed", gettext_lazy("结案"), status="closed"),
        _case("should_be_closed", gettext_lazy("应结案"), due="should-be-closed"),
        _case("scored", gettext_lazy("应结案（不含申诉通过）"), due="should-be-closed", not_="exempt"),
        _case("closed_on_time", gettext_lazy("按期结案"), status="closed", due="on-time", not_="exempt"),
        _case("overdue", gettext_lazy("已超期"), due="overdue"),
        _case("near", gettext_lazy("快到期"), due="near"),
        _case("ever_overdue", gettext_lazy("曾超期"), due="ever-overdue"),
        _case("dispatched", gettext_lazy("派遣"), is_="dispatched"),
        _case("returned", gettext_lazy("退单"), is_=("dispatched", "returned")),
        _case("extended", gettext_lazy("延期"), is_=("dispatched", "extended")),
        _case("parked", gettext_lazy("挂账"), is_=("dispatched", "ever-parked")),
        _case("reworked", gettext_lazy("返工"), due="should-be-closed", is_="reworked"),
        _case("ever_closed", gettext_lazy("结过案"), is_="ever-closed"),
        _case("reopened", gettext_lazy("重办"), is_="reopened"),
        _case("urged", gettext_lazy("催办过"), status="open", is_="urged"),
        _case("blue", gettext_lazy("蓝色督办"), status="open", colour="blue"),
        _case("yellow", gettext_lazy("黄色督办"), status="open", colour="yellow"),
        _case("red", gettext_lazy("红色督办"), status="open", colour="red"),
        _case("listed", gettext_lazy("列入通报"), status="open", is_="listed"),
        _case("reopened_open", gettext_lazy("重办中"), status="open", is_="reopened"),
        _answer("answers", gettext_lazy("有效回访"), "answered"),
        _answer("asked_contacted", gettext_lazy("应响应"), "asked-contacted"),
        _answer("contacted", gettext_lazy("已响应"), "contacted"),
        _answer("asked_solved", gettext_lazy("问过是否解决"), "asked-solved"),
        _answer("solved", gettext_lazy("已解决"), "solved"),
        _answer("unsolved", gettext_lazy("未解决"), "unsolved"),
        _answer("graded", gettext_lazy("评价过"), "graded"),
        _answer("satisfied", gettext_lazy("满意"), "satisfied"),
        _answer("dissatisfied", gettext_lazy("不满意"), "dissatisfied"),
    )
}


@dataclass(frozen=True)
class Rate:
    """One measure out of another. `good_up` False: the lower the better."""

    code: str
    title: Promise
    numerator: str
    denominator: str
    formula: Promise
    good_up: bool = True


RATES: dict[str, Rate] = {
    rate.code: rate
    for rate in (
        Rate(
            "response", gettext_lazy("响应率"), "contacted", "asked_contacted",
            gettext_lazy("反映人说承办单位联系过的 ÷ 问过是否联系的有效回访"),
        ),
        Rate(
            "resolution", gettext_lazy("解决率"), "solved", "asked_solved",
            gettext_lazy("反映人说已解决的 ÷ 有效回访"),
        ),
        Rate(
            "satisfaction", gettext_lazy("满意率"), "satisfied", "graded",
            gettext_lazy("非常满意、满意、基本满意 ÷ 有效回访；经复核不计入评价的不算"),
        ),
        Rate(
            "closing", gettext_lazy("结案率"), "closed", "should_be_closed",
            gettext_lazy("结案 ÷ 应结案（已结案的，和已过时限未结案的）"),
        ),
        Rate(
            "on_time_closing", gettext_lazy("按期结案率"), "closed_on_time", "scored",
            gettext_lazy("按期结案 ÷ 应结案；超期申诉通过的不算"),
        ),
        Rate(
            "rework", gettext_lazy("返工率"), "reworked", "should_be_closed",
            gettext_lazy("返过工的 ÷ 应结案"), good_up=False,
        ),
        Rate(
            "return", gettext_lazy("退单率"), "returned", "dispatched",
            gettext_lazy("退过单的 ÷ 派遣过的"), good_up=False,
        ),
        Rate(
            "extension", gettext_lazy("延期率"), "extended", "dispatched",
            gettext_lazy("延过期的 ÷ 派遣过的"), good_up=False,
        ),
        Rate(
            "reopening", gettext_lazy("重办率"), "reopened", "ever_closed",
            gettext_lazy("重办过的 ÷ 结过案的"), good_up=False,
        ),
    )
}  # fmt: skip


# --- what a page shows ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Number:
    """A count and the address of its rows."""

    value: int
    url: str = ""

    def __str__(self) -> str:
        return f"{self.value:,}"


@dataclass(frozen=True)
class Ratio:
    """A rate with the two numbers it comes from."""

    numerator: Number
    denominator: Number
    rate: Rate | None = None

    @property
    def percent(self) -> Decimal | None:
        """Two decimals, half up, as bulletins print them; None when there is nothing to divide by."""
        if not self.denominator.value:
            return None
        share = Decimal(self.numerator.value * 100) / Decimal(self.denominator.value)
        return share.quantize(Decimal("0.01"), ROUND_HALF_UP)

    def __str__(self) -> str:
        return "—" if self.percent is None else f"{self.percent} %"


@dataclass(frozen=True)
class Tally:
    """The counts of one group (a department, a month ...) or, with `key` empty, of everything."""

    key: str
    title: str
    base: CaseFilter
    counts: Mapping[str, int]
    openable: bool = True  # False for rows without a topic, department ...: no address can ask for them

    def number(self, code: str) -> Number:
        """One measure and its list."""
        return Number(self.counts.get(code, 0), MEASURES[code].url(self.base) if self.openable else "")

    def rate(self, code: str) -> Ratio:
        """One rate and the lists of its two numbers."""
        rate = RATES[code]
        return Ratio(self.number(rate.numerator), self.number(rate.denominator), rate)


# --- counting ------------------------------------------------------------------------------------------

_GROUPS = {
    "ledger": "ledger__code",
    "subdistrict": "subdistrict__code",
    "department": "department__code",
    "topic": "",
}
_MONTHS = {f"{name}-month": name for name in ("reported", "filed", "dispatched", "handled", "closed")}
BY = (*_GROUPS, *_MONTHS)


def tally(
    cases: CaseQuerySet,
    *,
    base: CaseFilter | None = None,
    by: str = "",
    measures: Iterable[str] = (),
    now: dt.datetime | None = None,
) -> list[Tally]:
    """Count `measures` (all by default) over the cases of `base` that are among `cases`, grouped by one of `BY`.

    Two queries at most: one over cases, one over answers. Without `by` there is exactly one group. A main topic
    gathers the topics below it. Groups come in the order of the catalogue, months in their own.
    """
    base, now = _prepared(base, now)
    if by and by not in BY:
        raise TypeError(f"unknown grouping {by!r}: one of {', '.join(BY)}")
    wanted = [MEASURES[code] for code in measures] or list(MEASURES.values())
    among = base.apply(cases, now)
    counted: dict[Any, dict[str, int]] = {}
    of_cases = {
        m.code: Count("pk", filter=condition(m, now), distinct=_joins(base)) for m in wanted if not m.said
    }
    if of_cases:
        _gather(counted, among.order_by(), by, "", of_cases)
    of_answers = {m.code: Count("pk", filter=SAID[m.said][1]) for m in wanted if m.said}
    if of_answers:
        valid = among.filter(excluded=False).order_by().values("pk")
        _gather(counted, latest_answers().filter(case__in=valid).order_by(), by, "case__", of_answers)
    if not by:
        return [Tally("", _("合计"), base, counted.get(None, {}))]
    found = [_group(by, key, base, counts, now) for key, counts in counted.items()]
    return sorted(found, key=_order(by))


def total(cases: CaseQuerySet, *, base: CaseFilter | None = None, now: dt.datetime | None = None) -> Tally:
    """Everything of `base` as one tally."""
    return tally(cases, base=base, now=now)[0]


def tallies(
    cases: CaseQuerySet,
    *,
    base: CaseFilter | None = None,
    by: Sequence[str],
    measures: Iterable[str] = (),
    now: dt.datetime | None = None,
) -> dict[str, list[Tally]]:
    """The tallies of several groupings (keys of `COLUMNS`), and under "" the whole, from one pass over the rows.

    `subtopic` groups by the topics themselves, `topic` by their main topics; what lies directly under a main topic
    has no address of its own. Groups come with the most of the first measure first. One query over cases, one over
    answers where a measure counts them.
    """
    base, now = _prepared(base, now)
    wanted = list(measures) or list(MEASURES)
    columns = tuple(dict.fromkeys(COLUMNS[name] for name in by))
    sums: dict[str, dict[Any, dict[str, int]]] = {name: {} for name in ("", *by)}
    codes = {name: codes_of(name) for name in by}
    distinct = _joins(base)
    for names, rows in counted(base.apply(cases, now), columns, wanted, now, distinct=distinct):
        _fold(sums, rows, columns, names, codes)
    return arranged(sums, base, by, wanted[0])


def counted(
    cases: CaseQuerySet,
    columns: Sequence[str],
    measures: Sequence[str],
    now: dt.datetime,
    *,
    distinct: bool = False,
) -> Iterator[tuple[tuple[str, ...], QuerySet[Case, tuple[Any, ...]]]]:
    """The measures that count cases, then those that count answers, each with its rows: the columns, the counts."""
    among = cases.order_by()
    # Under names of their own: inside the conditions `overdue` must stay the column.
    of_cases = {
        code: Count("pk", filter=condition(MEASURES[code], now), distinct=distinct)
        for code in measures
        if not MEASURES[code].said
    }
    if of_cases:
        named = {f"n_{code}": count for code, count in of_cases.items()}
        yield tuple(of_cases), among.values_list(*columns).annotate(**named)
    of_answers = {
        code: Count("given", filter=of_case(MEASURES[code].said), distinct=distinct)
        for code in measures
        if MEASURES[code].said
    }
    if of_answers:
        named = {f"n_{code}": count for code, count in of_answers.items()}
        yield (
            tuple(of_answers),
            given_answers(among.filter(excluded=False)).values_list(*columns).annotate(**named),
        )


def given_answers(cases: CaseQuerySet) -> CaseQuerySet:
    """Each of the cases with each of its reporters' latest answers, as `given`."""
    # From the cases to their answers: the other way round every row of the period is looked up twice.
    given = FilteredRelation("callbacks", condition=Q(callbacks__answered=True))
    later = Callback.objects.filter(
        report=OuterRef("given__report"), answered=True, pk__gt=OuterRef("given__pk")
    )
    # One filter() for both: each further one would join the answers once more.
    return cases.annotate(given=given).filter(Q(given__isnull=False), ~Exists(later))


def arranged(
    sums: dict[str, dict[Any, dict[str, int]]], base: CaseFilter, by: Sequence[str], first: str
) -> dict[str, list[Tally]]:
    """Counts by grouping and code as tallies, those with the most of the measure `first` at the top."""
    sums, now = dict(sums), timezone.now()
    whole = sums.pop("").get(None, {})
    found = {"": [Tally("", _("合计"), base, whole)]}
    for name, groups in sums.items():
        kind = "topic" if name == "subtopic" else name
        rows_of = [_group(kind, key, base, counts, now) for key, counts in groups.items()]
        if name == "subtopic":
            # The address of a main topic asks for those below it too.
            broad = _with_children()
            rows_of = [
                replace(group, openable=group.openable and group.key not in broad) for group in rows_of
            ]
        found[name] = sorted(
            rows_of, key=lambda group: (not group.openable, -group.counts.get(first, 0), group.key)
        )
    return found


COLUMNS = {
    "ledger": "ledger_id",
    "topic": "topic_id",
    "subtopic": "topic_id",
    "subdistrict": "subdistrict_id",
    "department": "department_id",
}


def codes_of(by: str) -> dict[int, str]:
    """The code under which a row with this key is counted."""
    if by == "subdistrict":
        return dict(Area.objects.filter(level=Area.Level.SUBDISTRICT).values_list("pk", "code"))
    known = catalogue()
    if by in ("topic", "subtopic"):
        own = {topic.pk: topic.code for topic in known.topics.values()}
        if by == "subtopic":
            return own
        return {topic.pk: own[topic.parent or topic.pk] for topic in known.topics.values()}
    entries = known.ledgers if by == "ledger" else known.departments
    return {entry.pk: entry.code for entry in entries.values()}


def of_case(said: str) -> Q:
    """What was said, asked from the case whose answer is `given`."""
    wanted = cast(list[tuple[str, Any]], SAID[said][1].children)
    return Q(**{f"given__{name}": value for name, value in wanted})


def _with_children() -> set[str]:
    """Codes of the main topics that have topics below them."""
    topics = catalogue().topics
    parents = {topic.parent for topic in topics.values()}
    return {topic.code for topic in topics.values() if topic.pk in parents}


def _fold(
    counted: dict[str, dict[Any, dict[str, int]]],
    rows: Iterable[tuple[Any, ...]],
    columns: Sequence[str],
    counts: Sequence[str],
    codes: Mapping[str, Mapping[int, str]],
) -> None:
    """Add up the finest groups into each grouping."""
    table = list(rows)
    width = len(columns)
    for name, groups in counted.items():
        sums: dict[Any, list[int]] = {}
        place = columns.index(COLUMNS[name]) if name else None
        for row in table:
            key = None if place is None else row[place]
            known = sums.get(key)
            if known is None:
                sums[key] = list(row[width:])
            else:
                for at in range(len(counts)):
                    known[at] += row[width + at]
        for pk, values in sums.items():
            key = codes[name].get(pk) if name else None
            group = groups.setdefault(key, {})
            for code, value in zip(counts, values, strict=True):
                group[code] = group.get(code, 0) + value


def _prepared(base: CaseFilter | None, now: dt.datetime | None) -> tuple[CaseFilter, dt.datetime]:
    base = base or CaseFilter()
    if taken := [name for name in _OWN_KEYS if name in base.values]:
        raise TypeError(f"the measures decide {', '.join(taken)}: leave it out of the base")
    return base, base.moment() or now or timezone.now()


def _joins(base: CaseFilter) -> bool:
    """A filter that joins the helpers of a case repeats its row."""
    return "joint" in base.values.get("is", ())


def condition(measure: Measure, now: dt.datetime) -> Q:
    """The measure as one condition: the same words as its list, from the same tables."""
    found = Q()
    for name, values in _values(measure.code).items():
        if name == "status":
            found &= Q(status__in=statuses(values))
        elif name == "due":
            found &= reduce(lambda left, word: left | due_q(word, now), values, Q())
        elif name == "colour":
            found &= Q(colour__in=values)
        elif name == "is":
            found &= reduce(lambda left, word: left & FLAGS[word][1](), values, Q())
        else:
            found &= reduce(lambda left, word: left & ~FLAGS[word][1](), values, Q())
    return found


def _gather(
    counted: dict[Any, dict[str, int]], rows: QuerySet[Any], by: str, prefix: str, counts: dict[str, Count]
) -> None:
    # Under names of their own: inside the conditions `overdue` must stay the column.
    named = {f"n_{code}": count for code, count in counts.items()}
    grouped = rows.values(_key=_group_key(by, prefix)) if by else None
    for row in grouped.annotate(**named) if grouped is not None else [rows.aggregate(**named)]:
        key = row.pop("_key", None)
        counted.setdefault(key, {}).update({name[2:]: value for name, value in row.items()})


def _group_key(by: str, prefix: str) -> Any:
    if by == "topic":
        return Coalesce(f"{prefix}topic__parent__code", f"{prefix}topic__code")
    if by in _MONTHS:
        return TruncMonth(f"{prefix}{_MONTHS[by]}_at")
    return F(f"{prefix}{_GROUPS[by]}")


def _group(by: str, key: Any, base: CaseFilter, counts: Mapping[str, int], now: dt.datetime) -> Tally:
    if key is None:
        return Tally("", _("未定"), base, counts, openable=False)
    if by in _MONTHS:
        first = timezone.localtime(key).date()
        return Tally(f"{first:%Y-%m}", f"{first:%Y-%m}", _month_of(base, _MONTHS[by], first, now), counts)
    return Tally(key, _title(by, key), _part_of(base, by, key), counts)


def _part_of(base: CaseFilter, by: str, key: str) -> CaseFilter:
    """The base cut down to one group; narrower areas and topics that it names already stay."""
    name = "area" if by == "subdistrict" else by
    named = base.values.get(name, ())
    if name == "area":
        rows = current_index().rows
        narrower = (
            [code for code in named if rows[code].path.startswith(rows[key].path)] if key in rows else []
        )
        return CaseFilter.of({**base.values, "area": tuple(narrower) or (key,)})
    if name == "topic":
        topics = catalogue().topics
        below = tuple(code for code in named if topics[code].parent == topics[key].pk)
        return CaseFilter.of({**base.values, "topic": below or (key,)})
    # A code of the catalogue is good: nothing to check for each of some hundred groups.
    return CaseFilter.of({**base.values, name: (key,)})


def _month_of(base: CaseFilter, name: str, first: dt.date, now: dt.datetime) -> CaseFilter:
    """The base cut down to one month of its period."""
    last = (first + dt.timedelta(days=32)).replace(day=1) - dt.timedelta(days=1)
    spans = [(f"{first}", f"{last}")]
    if name in base.values:
        begin, end = period(base.values[name][0], timezone.localdate(now))
        spans.append((f"{begin}", f"{end}"))
    spans += [(day, "9999") for day in base.values.get(f"{name}_from", ())]
    spans += [("", day) for day in base.values.get(f"{name}_to", ())]
    return base.with_(
        **{name: None, f"{name}_from": max(s[0] for s in spans), f"{name}_to": min(s[1] for s in spans)}
    )


def _title(by: str, key: str) -> str:
    if by == "subdistrict":
        rows = current_index().rows
        return str(rows[key].title) if key in rows else key
    return str(_entries(by).get(key, key))


def _entries(by: str) -> Mapping[str, object]:
    known = catalogue()
    return {"ledger": known.ledgers, "topic": known.topics, "department": known.departments}[by]


def _titles(by: str) -> dict[str, str]:
    if by == "subdistrict":
        return {code: str(row.title) for code, row in current_index().rows.items()}
    return {code: str(entry) for code, entry in _entries(by).items()}


def _order(by: str) -> Any:
    places = {} if by in _MONTHS else {code: place for place, code in enumerate(_titles(by))}
    return lambda group: (not group.openable, places.get(group.key, len(places)), group.key)
