"""The filters of every list of cases, defined once: pages, numbers of the cockpit, samples and exports agree.

A number that says 12 links to `CaseFilter(status="closed", is_="unsolved").url()`, and that list has 12 rows,
because both come from the same `apply`. In the address several values of one key are joined by a comma or the
key is repeated; any of them matches. Different keys must all match. A value that nothing knows is reported in
`mistakes` and not applied.

The keys are documented in `KEYS`; `about` says what each one means.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Any, cast
from urllib.parse import quote_plus

from django.db.models import Exists, OuterRef, Q
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.cases.catalogue import catalogue
from huying.cases.models import (
    OPEN,
    Assistance,
    Callback,
    CaseQuerySet,
    Category,
    Channel,
    LookBackTask,
    Status,
)
from huying.cases.references import with_references
from huying.core.search import search_rows
from huying.papers.models import Paper
from huying.places.locate import current_index
from huying.places.models import Area

Codes = tuple[str, ...]
Narrow = Callable[[CaseQuerySet, Codes, dt.datetime], CaseQuerySet]
Value = str | dt.date | int | Iterable[str] | None

ENDED = (Status.DECLINED, Status.MERGED, Status.VOIDED)
STATUS_GROUPS: dict[str, tuple[Promise, Sequence[Status]]] = {
    "open": (gettext_lazy("在办（未结）"), OPEN),
    "ended": (gettext_lazy("未办（不予受理、并单、作废）"), ENDED),
    "accepted": (gettext_lazy("有效（不含未办）"), [s for s in Status if s not in ENDED]),
}
PERIODS: dict[str, Promise] = {
    "today": gettext_lazy("今天"),
    "yesterday": gettext_lazy("昨天"),
    "this-week": gettext_lazy("本周"),
    "this-month": gettext_lazy("本月"),
    "last-month": gettext_lazy("上月"),
    "this-year": gettext_lazy("今年"),
}


def period(name: str, today: dt.date) -> tuple[dt.date, dt.date]:
    """First and last day of a named period, both included."""
    month = today.replace(day=1)
    last_month = (month - dt.timedelta(days=1)).replace(day=1)
    return {
        "today": (today, today),
        "yesterday": (today - dt.timedelta(days=1), today - dt.timedelta(days=1)),
        "this-week": (today - dt.timedelta(days=today.weekday()), today),
        "this-month": (month, today),
        "last-month": (last_month, month - dt.timedelta(days=1)),
        "this-year": (today.replace(month=1, day=1), today),
    }[name]


def day_start(day: dt.date) -> dt.datetime:
    """Midnight at the beginning of the day, here."""
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))


# --- what the words of `due` and `is` mean -------------------------------------------------------------


def _latest_answer(**wanted: Any) -> Q:
    """Some reporter's latest answer on callback is like this."""
    later = Callback.objects.filter(report=OuterRef("report"), answered=True, pk__gt=OuterRef("pk"))
    latest = Callback.objects.filter(case=OuterRef("pk"), answered=True, **wanted).exclude(Exists(later))
    return Q(Exists(latest))


def due_q(word: str, now: dt.datetime) -> Q:
    running = Q(status__in=(Status.DISPATCHED, Status.HANDLING), parked_at=None)
    late_now = running & Q(due_at__lt=now)
    return {
        "near": running & Q(due_at__gte=now, reminded=True),
        "overdue": late_now,
        "ever-overdue": Q(overdue=True) | late_now,
        "on-time": Q(handled_at__isnull=False, overdue=False),
        "in-time": running & Q(due_at__gte=now),
        "should-be-closed": Q(status=Status.CLOSED) | Q(status__in=OPEN, parked_at=None, due_at__lt=now),
    }[word]


DUE: dict[str, Promise] = {
    "near": gettext_lazy("快到期"),
    "overdue": gettext_lazy("已超期（现在）"),
    "ever-overdue": gettext_lazy("曾超期"),
    "on-time": gettext_lazy("按期办结"),
    "in-time": gettext_lazy("时限内在办"),
    "should-be-closed": gettext_lazy("应结案（已结或已到期）"),
}
FLAGS: dict[str, tuple[Promise, Callable[[], Q]]] = {
    "reopened": (gettext_lazy("重办过"), lambda: Q(reopenings__gt=0)),
    "returned": (gettext_lazy("退过单"), lambda: Q(returns__gt=0)),
    "reworked": (gettext_lazy("返过工"), lambda: Q(reworks__gt=0)),
    "extended": (gettext_lazy("延过期"), lambda: Q(extensions__gt=0)),
    "parked": (gettext_lazy("正在挂账"), lambda: Q(parked_at__isnull=False)),
    "ever-parked": (gettext_lazy("挂过账"), lambda: Q(parkings__gt=0)),
    "urged": (gettext_lazy("催办过"), lambda: Q(urges__gt=0)),
    "supervised": (gettext_lazy("督办过"), lambda: ~Q(colour="")),
    "listed": (gettext_lazy("列入通报"), lambda: Q(listed_at__isnull=False)),
    "repeated": (gettext_lazy("多人反映"), lambda: Q(reports_count__gt=1)),
    "arbitration": (gettext_lazy("退单待裁定"), lambda: Q(needs_arbitration=True, status=Status.FILED)),
    "unsolved": (gettext_lazy("反映未解决"), lambda: Q(unsolved__gt=0)),
    "called-back": (
        gettext_lazy("已回访"),
        lambda: Q(Exists(Callback.objects.filter(case=OuterRef("pk"), answered=True))),
    ),
    "solved": (gettext_lazy("回访已解决"), lambda: _latest_answer(solved=True)),
    "satisfied": (
        gettext_lazy("回访满意"),
        lambda: _latest_answer(grade__gte=Callback.SATISFIED_FROM),
    ),
    "dissatisfied": (
        gettext_lazy("回访不满意"),
        lambda: _latest_answer(grade__lt=Callback.SATISFIED_FROM),
    ),
    "excluded": (gettext_lazy("不计入评价"), lambda: Q(excluded=True)),
    "exempt": (gettext_lazy("申诉通过"), lambda: Q(exempt=True)),
    "dispatched": (gettext_lazy("派遣过"), lambda: Q(dispatched_at__isnull=False)),
    "ever-closed": (gettext_lazy("结过案"), lambda: Q(status=Status.CLOSED) | Q(reopenings__gt=0)),
    "provisional": (gettext_lazy("截止时间暂定"), lambda: Q(due_provisional=True)),
    "looked-back": (
        gettext_lazy("回头看过"),
        lambda: Q(Exists(LookBackTask.objects.filter(case=OuterRef("pk"), done_at__isnull=False))),
    ),
    "joint": (gettext_lazy("有协办单位"), lambda: Q(Exists(Assistance.objects.filter(case=OuterRef("pk"))))),
}

# --- how each key narrows a list -----------------------------------------------------------------------


def _any(parts: Iterable[Q]) -> Q:
    return reduce(lambda left, right: left | right, parts, Q())


def _by_words(cases: CaseQuerySet, values: Codes, now: dt.datetime) -> CaseQuerySet:
    found = search_rows(cases, " ".join(values), vector="search", text="search_text")
    return cast(CaseQuerySet, found)


def _by_ledger(cases: CaseQuerySet, values: Codes, now: dt.datetime) -> CaseQuerySet:
    known = catalogue().ledgers
    return cases.filter(ledger__in=[known[code].pk for code in values])


def _by_topic(cases: CaseQuerySet, values: Codes, now: dt.datetime) -> CaseQuerySet:
    return cases.filter(topic__in=catalogue().topic_ids(values))


def _by_category(cases: CaseQuerySet, values: Codes, now: dt.datetime) -> CaseQuerySet:
    return cases.filter(
        category__in=list(Category.objects.filter(code__in=values).values_list("pk", flat=True))
    )


def statuses(values: Iterable[str]) -> list[str]:
    """The statuses that these words mean; a group stands for its members."""
    found: dict[str, None] = {}
    for value in values:
        members = STATUS_GROUPS[value][1] if value in STATUS_GROUPS else [value]
        found.update((str(status), None) for status in members)
    return list(found)


def _by_status(cases: CaseQuerySet, values: Codes, now: dt.datetime) -> CaseQuerySet:
    return cases.filter(status__in=statuses(values))


def _by_area(cases: CaseQuerySet, values: Codes, now: dt.datetime) -> CaseQuerySet:
    rows = current_index().rows
    return cases.filter(
        _any(
            Q(compound__code=code) if rows[code].level == Area.Level.COMPOUND
            else Q(area_path__startswith=rows[code].path)
            for code in values
        )
    )  # fmt: skip


def _by_department(cases: CaseQuerySet, values: Codes, now: dt.datetime) -> CaseQuerySet:
    known = catalogue().departments
    return cases.filter(department__in=[known[code].pk for code in values])


def _by_handler(cases: CaseQuerySet, values: Codes, now: dt.datetime) -> CaseQuerySet:
    return cases.filter(handler__in=[int(value) for value in values])


def _by_channel(cases: CaseQuerySet, values: Codes, now: dt.datetime) -> CaseQuerySet:
    return cases.filter(channel__in=values)


def _by_due(cases: CaseQuerySet, values: Codes, now: dt.datetime) -> CaseQuerySet:
    return cases.filter(_any(due_q(word, now) for word in values))


def _by_item(cases: CaseQuerySet, values: Codes, now: dt.datetime) -> CaseQuerySet:
    return cases.filter(item__code__in=values)


def _by_cause(cases: CaseQuerySet, values: Codes, now: dt.datetime) -> CaseQuerySet:
    return cases.filter(handling__cause__in=values)


def _open_then(cases: CaseQuerySet, values: Codes, now: dt.datetime) -> CaseQuerySet:
    moment = _moment(values[0])
    unfinished = Q(handled_at=None) | Q(handled_at__gt=moment)
    return cases.filter(unfinished, reported_at__lte=moment).exclude(status__in=ENDED)


def _by_colour(cases: CaseQuerySet, values: Codes, now: dt.datetime) -> CaseQuerySet:
    return cases.filter(colour__in=values)


def _all_flags(cases: CaseQuerySet, values: Codes, now: dt.datetime) -> CaseQuerySet:
    for value in values:
        cases = cases.filter(FLAGS[value][1]())
    return cases


def _no_flag(cases: CaseQuerySet, values: Codes, now: dt.datetime) -> CaseQuerySet:
    for value in values:
        cases = cases.exclude(FLAGS[value][1]())
    return cases


def _in_period(field: str) -> Narrow:
    def narrow(cases: CaseQuerySet, values: Codes, now: dt.datetime) -> CaseQuerySet:
        first, last = period(values[0], timezone.localdate(now))
        return cases.filter(
            **{f"{field}__gte": day_start(first), f"{field}__lt": day_start(last + dt.timedelta(days=1))}
        )

    return narrow


def _from_day(field: str) -> Narrow:
    return lambda cases, values, now: cases.filter(
        **{f"{field}__gte": day_start(dt.date.fromisoformat(values[0]))}
    )


def _to_day(field: str) -> Narrow:
    return lambda cases, values, now: cases.filter(
        **{f"{field}__lt": day_start(dt.date.fromisoformat(values[0]) + dt.timedelta(days=1))}
    )


def _by_then(cases: CaseQuerySet, values: Codes, now: dt.datetime) -> CaseQuerySet:
    return cases.filter(reported_at__lte=_moment(values[0]))


# --- which words a key knows ---------------------------------------------------------------------------

Names = Callable[[], Mapping[str, object]]


def _fixed(words: Mapping[str, object]) -> Names:
    return lambda: words


def _area_names() -> Mapping[str, object]:
    return {code: row.title for code, row in current_index().rows.items()}


def _status_names() -> Mapping[str, object]:
    return {code: title for code, (title, _members) in STATUS_GROUPS.items()} | {
        status.value: status.label for status in Status
    }


@dataclass(frozen=True)
class Key:
    """One key of the address. `names` gives the words it knows; None: any text, `day`: a date."""

    name: str
    title: Any  # a lazy translation
    narrow: Narrow
    about: str
    names: Names | None = None
    kind: str = "words"  # words, text, number, day or moment

    def clean(self, values: Codes) -> tuple[Codes, list[str]]:
        """The values that can be used, and a sentence for each that can't."""
        if self.kind == "text":
            return (" ".join(values),) if any(values) else (), []
        good, mistakes = [], []
        known = self.names() if self.names else None
        for value in values:
            if known is not None and value not in known:
                mistakes.append(
                    _("「%(title)s」没有“%(value)s”这一项。") % {"title": self.title, "value": value}
                )
            elif self.kind == "day" and not _is_day(value):
                mistakes.append(_("「%(title)s」请写成 2023-11-05 这样的日期。") % {"title": self.title})
            elif self.kind == "moment" and _moment(value) is None:
                mistakes.append(
                    _("「%(title)s」请写成 2023-11-05T16:30:00 这样的时刻。") % {"title": self.title}
                )
            elif self.kind == "number" and not (value.isascii() and value.isdecimal() and len(value) < 19):
                mistakes.append(
                    _("「%(title)s」没有“%(value)s”这一项。") % {"title": self.title, "value": value}
                )
            else:
                good.append(value)
        return tuple(dict.fromkeys(good)), mistakes

    def words(self, values: Codes) -> str:
        """The values as people read them."""
        if self.kind == "moment":
            return "、".join(value.replace("T", " ") for value in values)
        known = self.names() if self.names else {}
        return "、".join(str(known.get(value, value)) for value in values)


def _is_day(text: str) -> bool:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return False
    return 1970 <= day.year <= 2199


def _moment(text: str) -> dt.datetime | None:
    """A time of day here, to the second: 2023-11-05T16:30:00."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return timezone.make_aware(moment) if moment.tzinfo is None and 1970 <= moment.year <= 2199 else None


_MOMENTS = (
    ("reported", "reported_at", gettext_lazy("上报"), gettext_lazy("上报日起"), gettext_lazy("上报日止")),
    ("filed", "filed_at", gettext_lazy("受理"), gettext_lazy("受理日起"), gettext_lazy("受理日止")),
    ("dispatched", "dispatched_at", gettext_lazy("派遣"), gettext_lazy("派遣日起"), gettext_lazy("派遣日止")),
    ("handled", "handled_at", gettext_lazy("处置"), gettext_lazy("处置日起"), gettext_lazy("处置日止")),
    ("closed", "closed_at", gettext_lazy("结案"), gettext_lazy("结案日起"), gettext_lazy("结案日止")),
)


def _moment_keys() -> Iterable[Key]:
    for name, field, title, first, last in _MOMENTS:
        yield Key(
            name, title, _in_period(field), f"{field} in a period: {', '.join(PERIODS)}", _fixed(PERIODS)
        )
        yield Key(f"{name}_from", first, _from_day(field), f"{field} on this day or later", kind="day")
        yield Key(f"{name}_to", last, _to_day(field), f"{field} on this day or earlier", kind="day")


KEYS: dict[str, Key] = {
    key.name: key
    for key in (
        Key("q", gettext_lazy("搜索"), _by_words,
            "words that all occur in title, words, address or number", kind="text"),
        Key("ledger", gettext_lazy("台账"), _by_ledger, "ledger codes", lambda: catalogue().ledgers),
        Key("topic", gettext_lazy("事项"), _by_topic,
            "topic codes; a main topic covers those below it", lambda: catalogue().topics),
        Key("category", gettext_lazy("类别"), _by_category, "category codes, of whichever ledger"),
        Key("status", gettext_lazy("状态"), _by_status,
            "statuses, and the groups open, ended, accepted", _status_names),
        Key("area", gettext_lazy("区域"), _by_area, "area codes; an area covers everything inside it", _area_names),
        Key("department", gettext_lazy("责任单位"), _by_department, "codes of lead departments",
            lambda: catalogue().departments),
        Key("handler", gettext_lazy("承办人"), _by_handler, "account numbers of handlers", kind="number"),
        Key("channel", gettext_lazy("渠道"), _by_channel, "channels", _fixed(dict(Channel.choices))),
        Key("due", gettext_lazy("时限"), _by_due,
            "near: running and reminded; overdue: running and past its deadline now; "
            "ever-overdue: was late at any time; on-time: handled and never late; "
            "in-time: running and not past its deadline; "
            "should-be-closed: closed, or open and past its deadline and not parked", _fixed(DUE)),
        Key("due_from", gettext_lazy("截止日起"), _from_day("due_at"), "deadline on this day or later", kind="day"),
        Key("due_to", gettext_lazy("截止日止"), _to_day("due_at"), "deadline on this day or earlier", kind="day"),
        Key("item", gettext_lazy("物件"), _by_item, "codes of the things concerned"),
        Key("cause", gettext_lazy("原因"), _by_cause, "causes, as the handling form of the ledger writes them"),
        Key("open_at", gettext_lazy("当时未解决"), _open_then,
            "reported by this moment and not yet handled then", kind="moment"),
        Key("colour", gettext_lazy("督办颜色"), _by_colour, "blue, yellow, red", _fixed(dict(Paper.Colour.choices))),
        Key("is", gettext_lazy("标记"), _all_flags, "every one of these holds (see FLAGS)",
            _fixed({code: title for code, (title, _q) in FLAGS.items()})),
        Key("not", gettext_lazy("不含"), _no_flag, "none of these holds (see FLAGS)",
            _fixed({code: title for code, (title, _q) in FLAGS.items()})),
        *_moment_keys(),
        Key("at", gettext_lazy("截至"), _by_then,
            "as it stood at this moment: reported by then, deadlines judged then", kind="moment"),
    )
}  # fmt: skip


def register_key(key: Key) -> None:
    """A floor above adds a key by which lists of cases may be asked; once, when the program starts."""
    KEYS[key.name] = key


@dataclass(frozen=True)
class Part:
    """One key in use: what a chip shows."""

    key: Key
    values: Codes

    @property
    def title(self) -> str:
        return str(self.key.title)

    @property
    def words(self) -> str:
        return self.key.words(self.values)


class CaseFilter:
    """Which cases. `CaseFilter(ledger="hotline", status=["open"], reported_from=date(2023, 11, 1))`.

    `is_` and `not_` stand for the keys `is` and `not`. Raises TypeError for an unknown key: a slip in code.
    """

    def __init__(self, **values: Value) -> None:
        self.mistakes: list[str] = []
        self.values: dict[str, Codes] = {}
        self._query: str | None = None
        for name, value in values.items():
            name = name.rstrip("_")
            if name not in KEYS:
                raise TypeError(f"unknown filter {name!r}: one of {', '.join(KEYS)}")
            self._take(KEYS[name], _codes(value))

    @classmethod
    def from_query(cls, query: QueryDict | Mapping[str, str]) -> CaseFilter:
        """The filter of an address; other parameters are left alone."""
        found = cls()
        for name, key in KEYS.items():
            raw = (
                query.getlist(name)
                if isinstance(query, QueryDict)
                else [query[name]]
                if name in query
                else []
            )
            if key.kind == "text":
                found._take(key, tuple(text.strip()[:200] for text in raw if text.strip()))
            else:
                found._take(key, tuple(v.strip() for text in raw for v in text.split(",") if v.strip()))
        return found

    @classmethod
    def of(cls, values: Mapping[str, Codes]) -> CaseFilter:
        """A filter of values that are known to be good: from another filter, or codes of the catalogue."""
        found = cls()
        found.values = dict(values)
        return found

    def _take(self, key: Key, raw: Codes) -> None:
        if not raw:
            return
        good, mistakes = key.clean(raw)
        self.mistakes += mistakes
        if good:
            self.values[key.name] = good

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CaseFilter) and self.values == other.values

    def __hash__(self) -> int:
        return hash(tuple(sorted(self.values.items())))

    def __bool__(self) -> bool:
        return bool(self.values)

    def __repr__(self) -> str:
        return f"CaseFilter({self.query()})"

    def with_(self, **values: Value) -> CaseFilter:
        """The same with some keys replaced; None takes one away."""
        changed = CaseFilter(**{name: value for name, value in values.items() if value is not None})
        kept = {
            key: codes
            for key, codes in self.values.items()
            if key not in {name.rstrip("_") for name in values}
        }
        return CaseFilter.of(kept | changed.values)

    def apply(self, cases: CaseQuerySet, now: dt.datetime | None = None) -> CaseQuerySet:
        """These cases of `cases`. `now` decides what is overdue unless the filter says `at` which moment."""
        now = self.moment() or now or timezone.now()
        for name, values in self.values.items():
            cases = KEYS[name].narrow(cases, values, now)
        return cases

    def moment(self) -> dt.datetime | None:
        """The moment of `at`, when the filter has one: what is overdue is judged by it."""
        return _moment(self.values["at"][0]) if "at" in self.values else None

    def parts(self) -> list[Part]:
        """The keys in use, in the order of KEYS."""
        return [Part(key, self.values[name]) for name, key in KEYS.items() if name in self.values]

    def words(self) -> str:
        """The whole filter in a sentence: 台账：随手拍；状态：在办."""
        return _("；").join(f"{part.title}：{part.words}" for part in self.parts())

    def query(self) -> str:
        """The part of the address after the question mark; kept, because a page of numbers asks a thousand times."""
        if self._query is None:
            self._query = "&".join([f"{name}={_quoted(values)}" for name, values in self.values.items()])
        return self._query

    def url(self, view: str = "desk:cases") -> str:
        """The address of the list that this filter opens."""
        query, path = self.query(), path_of(view)
        return f"{path}?{query}" if query else path


@lru_cache(maxsize=4096)
def _quoted(values: Codes) -> str:
    """Pages of numbers write the same few values a thousand times."""
    return quote_plus(",".join(values), safe=",:")


@lru_cache
def path_of(view: str) -> str:
    """The path of a list."""
    return reverse(view)


def _codes(value: Value) -> Codes:
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, dt.datetime):
        return (f"{timezone.localtime(value):%Y-%m-%dT%H:%M:%S}",)
    if isinstance(value, dt.date):
        return (f"{value:%Y-%m-%d}",)
    if isinstance(value, int):
        return (str(value),)
    return tuple(str(one) for one in value)


def for_rows(cases: CaseQuerySet) -> CaseQuerySet:
    """The cases with what a row of a list shows, without joins and without the long texts that it doesn't show.

    Two queries: the cases, and their handlers. Everything else hangs on by `references`.
    """
    return (
        with_references(cases)
        .prefetch_related("handler")
        .defer("search", "search_text", "words", "answer", "handling", "plan")
    )
