"""The days of a plan: opened with what is owed, counted when somebody was there, closed when nobody can be any more.

A row of `PlaceDay` follows from the rounds alone. In the transaction of a round `count_round` matches the visits of
its place; every few minutes `keep_days` opens what began and closes what ended; `rebuild` makes any stretch of days
anew from the rounds, a year of millions of them in one pass over the index.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from huying.core.journal import LoggedEntry
from huying.inspections.duties.models import Closed, Opened, PlaceDay, StaleDay
from huying.inspections.duties.owed import (
    Owing,
    Span,
    columns,
    counts_for,
    kind_of,
    owing,
    plans_by,
    running,
    spans,
)
from huying.inspections.duties.sums import fold_stale, mark_stale
from huying.inspections.models import Plan
from huying.inspections.occurrences import Assignment, Counted, Outcome, Visited, assign, slots, slots_now
from huying.inspections.rounds.models import Round

_DAY = dt.timedelta(days=1)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_PLACE_AND_DAY = ["plan", "day", "item", "area", "department"]
_COUNTED = {
    Outcome.DONE: Round.Counted.DONE, Outcome.LATE: Round.Counted.LATE, Outcome.EXTRA: Round.Counted.EXTRA,
    Outcome.TOO_SOON: Round.Counted.TOO_SOON,
}  # fmt: skip


# -- one round -------------------------------------------------------------------------------------------------


def on_round_made(entry: LoggedEntry) -> None:
    """Called for every round in its transaction: what it counts for is counted with it."""
    if isinstance(entry.subject, Round):
        count_round(entry.subject)


def count_round(round_: Round, now: dt.datetime | None = None) -> None:
    """Count the place of this round anew, for every plan that the round counts for."""
    if round_.plan is None:
        return
    for plan in plans_by(round_.plan.rules.standard):
        matched = _count(plan, round_, now or timezone.now())
        if plan.pk == round_.plan_id and (hit := _of(matched, round_)):
            round_.counted = _COUNTED.get(hit.outcome, "")


def why(round_: Round) -> str:
    """Why this round did not count, or for what it counted: a sentence for whoever made it."""
    if round_.plan is None:
        return ""
    if not round_.proved:
        return str(_not_proved(round_))
    hit = _of(_matched(round_.plan, round_, timezone.now())[1], round_)
    return str(hit.why) if hit is not None and hit.why else ""


def _not_proved(round_: Round) -> str:
    from django.utils.translation import gettext as _

    assert round_.plan is not None
    if "scan" in round_.plan.rules.proof and round_.item_id and not round_.scanned:
        return _("没有扫那里的码：这次留作记录，不计次。到了请扫标牌上的码。")
    if round_.distance_m is None:
        return _("手机没有给出位置：这次留作记录，不计次。请打开定位再记一次。")
    return _("离那里 %d 米：这次留作记录，不计次。请到了再记。") % round_.distance_m


def _of(matched: Assignment[int] | None, round_: Round) -> Counted[int] | None:
    visits = matched.visits if matched is not None else ()
    return next((each for each in visits if each.visit.key == round_.pk), None)


def _site(round_: Round) -> tuple[str, int]:
    kind = "item" if round_.item_id else "area" if round_.area_id else "department"
    return kind, int(getattr(round_, f"{kind}_id"))


def _count(plan: Plan, round_: Round, now: dt.datetime) -> Assignment[int] | None:
    kind, pk = _site(round_)
    with connection.cursor() as cursor:
        # Two rounds at one place at once: the second counts when it sees the first.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7305))", [f"{plan.pk} {kind} {pk}"])
    own, matched = _matched(plan, round_, now)
    if matched is None:
        return None
    _keep_counted(plan, matched, own[0].opens)
    place = {f"{kind}_id": pk}
    touched = []
    for span, cell in _cells(own, matched).items():
        last = cell.pop("last_at")
        here = PlaceDay.objects.filter(plan=plan, day=span.day, **place)
        if here.update(**cell, last_at=last):
            touched.append(span.day)
        elif span.opens <= round_.ended_at < span.until:
            owed = owing(plan, span.day, [pk])
            if owed:  # a place that was drawn or belongs to the plan; elsewhere a round is a record only
                row = PlaceDay(plan=plan, day=span.day, **columns(owed[0]), **cell, last_at=last)
                PlaceDay.objects.bulk_create(
                    [row],
                    update_conflicts=True,
                    unique_fields=_PLACE_AND_DAY,
                    update_fields=[*cell, "last_at"],
                )
                touched.append(span.day)
    mark_stale(plan, {*touched, round_.day}, before=timezone.localdate(now))
    # What arrives before the clock has closed its day must not hide that the day has missed duties.
    over = [span.day for span in own if span.until <= now and span.day in touched]
    Closed.objects.bulk_create([Closed(plan=plan, day=day, at=now) for day in over], ignore_conflicts=True)
    return matched


def _matched(plan: Plan, round_: Round, now: dt.datetime) -> tuple[list[Span], Assignment[int] | None]:
    """The visits of the place around this round, matched to what was owed then."""
    rules, day = plan.rules, timezone.localdate(round_.ended_at)
    near = spans({slot for each in (day - _DAY, day, day + _DAY) for slot in slots_now(rules, each)})
    near = [span for span in near if span.opens <= now]
    if not near:
        return [], None
    kind, pk = _site(round_)
    since = near[0].opens - max(rules.every.apart, _DAY)
    rows = Round.objects.filter(
        counts_for(plan), **{kind: pk}, ended_at__gte=since, ended_at__lt=max(span.until for span in near)
    )
    visits = [Visited(at, key) for key, at in rows.order_by().values_list("pk", "ended_at")]
    owed = sorted((slot for span in near for slot in span.slots), key=lambda slot: (slot.opens, slot.number))
    return near, assign(rules, owed, visits, now)


def matched_on(
    plan: Plan, kind: str, pk: int, day: dt.date, now: dt.datetime | None = None
) -> Assignment[int]:
    """Every slot that is counted on this day at one place, and every visit of its period."""
    own = spans(slots(plan.rules, day, day))
    if not own:
        return Assignment((), ())
    owed, opens, until = own[0].slots, own[0].opens, own[0].until
    since = opens - max(plan.rules.every.apart, _DAY)
    rows = Round.objects.filter(counts_for(plan), **{kind: pk}, ended_at__gte=since, ended_at__lt=until)
    visits = [Visited(at, key) for key, at in rows.order_by().values_list("pk", "ended_at")]
    found = assign(plan.rules, owed, visits, now or timezone.now())
    return replace(found, visits=tuple(each for each in found.visits if each.visit.at >= opens))


def _cells(near: Sequence[Span], matched: Assignment[int]) -> dict[Span, dict[str, Any]]:
    by_day = matched.by_day()
    found: dict[Span, dict[str, Any]] = {}
    for span in near:
        count = by_day[span.day]
        ended = [each.visit.at for each in matched.slots if each.slot.day == span.day and each.visit]
        found[span] = {
            "due": count.due, "done": count.done, "late": count.late, "missed": count.missed,
            "last_at": max(ended, default=None),
        }  # fmt: skip
    return found


def _keep_counted(plan: Plan, matched: Assignment[int], opens: dt.datetime) -> None:
    """What each visit counted for, where that changed: a round that arrived late shifts those after it."""
    wanted: dict[str, list[int]] = {}
    for each in matched.visits:
        if each.visit.at < opens:
            continue  # it was only read for its distance to the next one
        wanted.setdefault(str(_COUNTED.get(each.outcome, "")), []).append(each.visit.key)
    for counted, keys in wanted.items():
        Round.objects.filter(plan=plan, pk__in=keys).exclude(counted=counted).update(counted=counted)


# -- opening and closing ---------------------------------------------------------------------------------------


def keep_days(now: dt.datetime | None = None) -> None:
    """Open the days that began, close those that ended, and add up what changed. Any number may run at once."""
    now = now or timezone.now()
    for plan in running(timezone.localdate(now)):
        open_days(plan, now)
    close_days(now)
    fold_stale(now)


def open_days(plan: Plan, now: dt.datetime) -> None:
    """Every place owes what is due in the periods under way; also in those that passed while nothing ran.

    A plan owes from the period in which it was loaded.
    """
    rules, today = plan.rules, timezone.localdate(now)
    known = Opened.objects.filter(plan=plan).values_list("until", flat=True).first()
    first = min(known + _DAY, today) if known else today
    begun = {*slots(rules, first, today), *slots_now(rules, today - _DAY), *slots_now(rules, today)}
    for span in spans(begun):
        missing = known is not None and span.day > known
        if span.opens <= now and (span.until > now or missing):
            _open(plan, span)
            Opened.objects.update_or_create(plan=plan, defaults={"until": max(span.day, known or span.day)})


def _open(plan: Plan, span: Span) -> None:
    """What was put on a register since owes its visits too; what was retired owes none that were not made."""
    owed = {place.pk: place for place in owing(plan, span.day)}
    rows = PlaceDay.objects.filter(plan=plan, day=span.day)
    if rows.exclude(due=len(span.slots)).exists():
        rebuild(plan, span.day, span.day)  # the plan asks for more or less than it did
        return
    kind = kind_of(plan.rules)
    held = set(rows.values_list(f"{kind}_id", flat=True))
    PlaceDay.objects.bulk_create(
        (
            PlaceDay(plan=plan, day=span.day, due=len(span.slots), **columns(place))
            for pk, place in owed.items()
            if pk not in held
        ),
        ignore_conflicts=True,
    )
    if gone := held - set(owed):
        rows.filter(**{f"{kind}_id__in": gone}, done=0, late=0).delete()


def close_days(now: dt.datetime) -> None:
    """What nobody did in time to be late was missed."""
    waiting = Q(due__gt=F("done") + F("late") + F("missed"))
    undecided = PlaceDay.objects.filter(waiting, day__lte=timezone.localdate(now)).order_by()
    pairs = sorted(undecided.values_list("plan", "day").distinct())
    plans = Plan.objects.in_bulk({plan for plan, _day in pairs})
    for key, day in pairs:
        found = spans(slots(plans[key].rules, day, day))
        if not found:
            rebuild(plans[key], day, day, now)  # the plan asks for nothing on this day any more
        elif found[-1].until <= now:
            with transaction.atomic():
                missed = F("due") - F("done") - F("late")
                PlaceDay.objects.filter(waiting, plan=key, day=day).update(missed=missed)
                StaleDay.objects.create(plan_id=key, day=day)
                Closed.objects.bulk_create([Closed(plan_id=key, day=day, at=now)], ignore_conflicts=True)


# -- anew from the rounds --------------------------------------------------------------------------------------


@dataclass
class _Cell:
    """The counts of one place and period while its visits pass by."""

    taken: int = 0
    done: int = 0
    late: int = 0
    last: int = 0


@dataclass
class _Bulk:
    """The periods as numbers, so that millions of visits are matched without making an object of each."""

    spans: Sequence[Span]
    apart: int
    since: int
    opens: list[int] = field(init=False)
    until: list[int] = field(init=False)
    due: list[list[int]] = field(init=False)

    def __post_init__(self) -> None:
        self.opens = [_micro(span.opens) for span in self.spans]
        self.until = [_micro(span.until) for span in self.spans]
        self.due = [[_micro(slot.due) for slot in span.slots] for span in self.spans]

    def match(self, visits: Iterable[tuple[int, int, str]]) -> tuple[dict[int, _Cell], list[tuple[int, str]]]:
        """`assign` for one place in order of time: the cells of its periods, and the rounds that count otherwise
        than they did (key, what for). A visit is (moment, key, what it counted for).
        """
        cells: dict[int, _Cell] = {}
        changed = []
        before = None
        for at, key, was in visits:
            if at < self.since:
                counted = ""
            elif before is not None and at - before < self.apart:
                counted = "too soon"
            else:
                before = at
                index = bisect_right(self.opens, at) - 1
                counted = "extra"
                if index >= 0 and at < self.until[index]:
                    cell = cells.get(index)
                    if cell is None:
                        cell = cells[index] = _Cell()
                    due = self.due[index]
                    if cell.taken < len(due):
                        if at <= due[cell.taken]:
                            cell.done += 1
                            counted = "done"
                        else:
                            cell.late += 1
                            counted = "late"
                        cell.taken += 1
                        cell.last = at
            if was != counted and key and at >= self.opens[0]:
                changed.append((key, counted))
        return cells, changed


def _micro(at: dt.datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _bulk(plan: Plan, found: Sequence[Span]) -> _Bulk:
    since = plan.rules.since
    start = _micro(dt.datetime.combine(since, dt.time(), found[0].opens.tzinfo)) if since else 0
    return _Bulk(found, plan.rules.every.apart // _MICROSECOND, start)


def expected(plan: Plan, found: Sequence[Span]) -> Callable[[Sequence[dt.datetime]], list[str]]:
    """A function of the moments at which one place was visited, in order: what each visit counts for if nobody else
    came. History that is written so leaves `rebuild`, which knows all plans, little to put right.
    """
    bulk = _bulk(plan, found)

    def counted(moments: Sequence[dt.datetime]) -> list[str]:
        visits = ((_micro(at), number, "") for number, at in enumerate(moments, start=1))
        told = dict(bulk.match(visits)[1])
        return [told.get(number, "") for number in range(1, len(moments) + 1)]

    return counted


@transaction.atomic
def rebuild(plan: Plan, first: dt.date, last: dt.date, now: dt.datetime | None = None) -> int:
    """Make the days from `first` to `last`, both included, anew from the rounds; how many rows there are.

    Places are those that owed the day so far, and those that the plan names today. Rounds wait while it runs.
    """
    now = now or timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {PlaceDay._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")
    found = [span for span in spans(slots(plan.rules, first, last)) if span.opens <= now]
    total = 0
    owed, held = _places(plan, first, last, found)
    PlaceDay.objects.filter(plan=plan, day__range=(first, last)).delete()
    for start in range(0, len(found), _AT_ONCE):
        total += _rebuild(plan, found[start : start + _AT_ONCE], owed, held, now)
    mark_stale(plan, {span.day for span in found}, before=timezone.localdate(now))
    return total


# So many periods are matched in memory at once.
_AT_ONCE = 31
Days = Mapping[int, set[dt.date]]


def _places(
    plan: Plan, first: dt.date, last: dt.date, found: Sequence[Span]
) -> tuple[dict[int, Owing], dict[int, set[dt.date]]]:
    """The places by key; and for those that do not owe every day, the days that they owe."""
    owed: dict[int, Owing] = {}
    days: dict[int, set[dt.date]] = {}
    if plan.rules.draw is None:
        owed = {place.pk: place for place in owing(plan, last)}
    else:
        for span in found:
            for place in owing(plan, span.day):
                owed[place.pk] = place
                days.setdefault(place.pk, set()).add(span.day)
    kind = kind_of(plan.rules)
    names = [*_COLUMNS[4:8], "day"]
    rows = PlaceDay.objects.filter(plan=plan, day__range=(first, last)).exclude(
        **{f"{kind}_id__in": list(owed)}
    )
    for row in rows.filter(**{f"{kind}__isnull": False}).values(f"{kind}_id", *names):
        pk = row[f"{kind}_id"]
        owed[pk] = Owing(
            kind, pk, row["area_path"], row["subdistrict_id"], row["community_id"], row["doer_id"]
        )
        days.setdefault(pk, set()).add(row["day"])
    return owed, days


def _rebuild(
    plan: Plan, found: Sequence[Span], owed: Mapping[int, Owing], days: Days, now: dt.datetime
) -> int:
    bulk = _bulk(plan, found)
    changed: list[tuple[int, str]] = []
    total = _copy_days(list(_lines(plan, owed, days, bulk, now, changed)))
    _change_counted(changed)
    return total


_COLUMNS = (
    "plan_id", "item_id", "area_id", "department_id", "doer_id", "area_path", "subdistrict_id", "community_id", "day",
    "due", "done", "late", "missed", "last_at",
)  # fmt: skip


def _copy_days(rows: Iterable[tuple[object, ...]]) -> int:
    total = 0
    names = ", ".join(_COLUMNS)
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {PlaceDay._meta.db_table} ({names}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)
            total += 1
    return total


def _lines(
    plan: Plan,
    owed: Mapping[int, Owing],
    days: Days,
    bulk: _Bulk,
    now: dt.datetime,
    changed: list[tuple[int, str]],
) -> Iterator[tuple[object, ...]]:
    """The rows of every place; `changed` gets the rounds that count otherwise than they did."""
    found: dict[int, dict[int, _Cell]] = {}
    for pk, group in groupby(_visits(plan, bulk), key=itemgetter(0)):
        found[pk], other = bulk.match((at, key, was) for _pk, at, key, was in group)
        changed += other
    nothing = _Cell()
    for pk, place in owed.items():
        own, cells, only = columns(place), found.get(pk, {}), days.get(pk)
        head = tuple(own[name] for name in _COLUMNS[1:8])
        for index, span in enumerate(bulk.spans):
            if only is not None and span.day not in only:
                continue
            cell, due = cells.get(index, nothing), len(span.slots)
            missed = due - cell.taken if span.until <= now else 0
            last = _EPOCH + cell.last * _MICROSECOND if cell.last else None
            yield (plan.pk, *head, span.day, due, cell.done, cell.late, missed, last)


def _visits(plan: Plan, bulk: _Bulk) -> list[tuple[int, int, int, str]]:
    """(place, moment, round, what it counted for) of the plan's rounds, by place and time. A round of another
    plan has no number: what it counts for there is not ours to change.
    """
    kind = kind_of(plan.rules)
    since = bulk.spans[0].opens - max(plan.rules.every.apart, _DAY)
    until = max(span.until for span in bulk.spans)
    rows = Round.objects.filter(counts_for(plan), ended_at__gte=since, ended_at__lt=until)
    found = rows.filter(**{f"{kind}__isnull": False}).order_by(kind, "ended_at", "pk")
    names = (f"{kind}_id", "ended_at", "pk", "counted", "plan_id")
    return [
        (place, _micro(at), key if owner == plan.pk else 0, counted)
        for place, at, key, counted, owner in found.values_list(*names).iterator(chunk_size=20_000)
    ]


def _change_counted(changed: Sequence[tuple[int, str]]) -> None:
    if not changed:
        return
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE counted_stage (id bigint, counted text) ON COMMIT DROP")
        with cursor.copy("COPY counted_stage FROM STDIN") as copy:
            for row in changed:
                copy.write_row(row)
        cursor.execute(
            f"UPDATE {Round._meta.db_table} r SET counted = s.counted FROM counted_stage s WHERE r.id = s.id"
        )
        cursor.execute("DROP TABLE counted_stage")
