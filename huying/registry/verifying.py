"""How far the comparison with the street has come: rounds, streets, and what was found.

What is counted are rows of `Verification` between a round's days, so every number opens its rows. A round screens
the entries that the register has; what it had left out is added on the spot and counted as omitted, not as screened.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Refusal
from huying.core.journal import log
from huying.people.models import User
from huying.places.models import Area, Road
from huying.registry import policy
from huying.registry.models import Item, Register, Verification, VerificationRound
from huying.registry.rules import RETIRED

Outcome = Verification.Outcome
NOWHERE = "-"  # things that stand on no named road, in no known area


@dataclass(frozen=True)
class Span:
    """The time of a round; without one, the year so far."""

    start: dt.datetime
    end: dt.datetime | None = None
    round: VerificationRound | None = None

    def within(self) -> Q:
        """Verifications of this time."""
        found = Q(at__gte=self.start)
        return found & Q(at__lt=self.end) if self.end else found

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.end is not None and self.end <= timezone.now()


@dataclass(frozen=True)
class Found:
    """What a comparison has brought to light."""

    screened: int = 0  # entries that were looked at
    right: int = 0
    wrong: int = 0  # entries in which something was put right
    corrections: int = 0  # values that were put right
    omitted: int = 0  # things that the register had left out
    gone: int = 0  # entries for what is not there
    total: int = 0  # entries to look at

    @property
    def left(self) -> int:
        """Entries that nobody has looked at yet."""
        return max(self.total - self.screened, 0)


@dataclass(frozen=True)
class Street:
    """A road (or an area, for what stands on none) with the entries along it."""

    key: str
    title: str
    total: int
    done: int

    @property
    def percent(self) -> int:
        """Share that was looked at, rounded down: 100 only when nothing is left."""
        return self.done * 100 // self.total if self.total else 100


def midnight(day: dt.date) -> dt.datetime:
    """The first moment of a day in local time."""
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))


def span_of(round_: VerificationRound | None) -> Span:
    """The time of this round; of the year so far without one."""
    if round_ is None:
        return Span(midnight(timezone.localdate().replace(month=1, day=1)))
    end = midnight(round_.ends_on + dt.timedelta(days=1)) if round_.ends_on else None
    return Span(midnight(round_.starts_on), end, round_)


def open_round(register: Register, on: dt.date | None = None) -> VerificationRound | None:
    """The newest round that goes on today."""
    today = on or timezone.localdate()
    rows = register.verification_rounds.filter(starts_on__lte=today)
    return rows.filter(Q(ends_on=None) | Q(ends_on__gte=today)).first()


def verified_registers() -> list[Register]:
    """Registers that are compared on the spot, as their declarations say."""
    return [register for register in Register.objects.filter(active=True) if register.rules.verified]


def entries_to_verify(user: User, register: Register) -> QuerySet[Item]:
    """The entries of a register that this person may compare."""
    return policy.items_for(user, policy.VERIFY).filter(register=register).exclude(state=RETIRED)


def found_in(span: Span, items: QuerySet[Item]) -> Found:
    """What was found among these things (retired ones included) in this time."""
    rows = Verification.objects.filter(span.within(), item__in=items.order_by())
    counted = rows.aggregate(
        screened=Count("item", filter=~Q(outcome=Outcome.OMITTED), distinct=True),
        right=Count("pk", filter=Q(outcome=Outcome.RIGHT)),
        corrections=Sum("corrected", default=0),
        omitted=Count("pk", filter=Q(outcome=Outcome.OMITTED)),
        gone=Count("pk", filter=Q(outcome=Outcome.GONE)),
        wrong=Count("pk", filter=Q(outcome=Outcome.CORRECTED)),
    )
    if span.over:
        return Found(**counted, total=counted["screened"])
    left = items.exclude(state=RETIRED).exclude(verified_at__gte=span.start).count()
    return Found(**counted, total=counted["screened"] + left)


def streets_of(items: QuerySet[Item], span: Span) -> list[Street]:
    """The streets along which these things stand, those with most left first."""
    done = Count("pk", filter=Q(verified_at__gte=span.start))
    rows = (
        items.order_by()
        .values("road_id", area_if_no_road=F("area_id"))
        .annotate(total=Count("pk"), done=done)
    )
    roads = Road.objects.only("code", "title", "title_en").in_bulk([row["road_id"] for row in rows])
    areas = Area.objects.defer("boundary").in_bulk([row["area_if_no_road"] for row in rows])
    found: dict[str, Street] = {}
    for row in rows:
        road, area = roads.get(row["road_id"]), areas.get(row["area_if_no_road"])
        if road is not None:
            key, title = road.code, str(road)
        else:
            key, title = (f"area-{area.code}", str(area)) if area else (NOWHERE, _("位置不明"))
        before = found.get(key, Street(key, title, 0, 0))
        found[key] = Street(key, title, before.total + row["total"], before.done + row["done"])
    return sorted(
        found.values(), key=lambda street: (street.done >= street.total, street.done == 0, street.title)
    )


def along(items: QuerySet[Item], key: str) -> QuerySet[Item]:
    """Those of `items` that stand on this street."""
    if key == NOWHERE:
        return items.filter(road=None, area=None)
    if key.startswith("area-"):
        return items.filter(road=None, area__code=key.removeprefix("area-"))
    return items.filter(road__code=key)


def in_walking_order(items: Iterable[Item], key: str) -> list[Item]:
    """From one end of the street to the other; by code where there is no line to walk along."""
    found = list(items)
    road = Road.objects.filter(code=key).exclude(line=None).first()
    if road is None:
        return found
    import shapely

    line = shapely.geometry.shape(road.line)

    def place(item: Item) -> float:
        if item.lng is None or item.lat is None:
            return float("inf")
        return float(line.project(shapely.Point(item.lng, item.lat)))

    return sorted(found, key=place)


def by_subdistrict(items: QuerySet[Item], span: Span) -> list[Street]:
    """How far the comparison has come in each subdistrict: things whose path leads through it."""
    rows = dict[str, list[int]]()
    for path, total, done in (
        items.order_by()
        .values_list("area_path")
        .annotate(total=Count("pk"), done=Count("pk", filter=Q(verified_at__gte=span.start)))
    ):
        codes = path.split("/")
        found = rows.setdefault(codes[1] if len(codes) > 2 else "", [0, 0])
        found[0] += total
        found[1] += done
    areas = Area.objects.defer("boundary").in_bulk(list(rows), field_name="code")
    return [
        Street(code, str(areas[code]) if code in areas else _("位置不明"), total, done)
        for code, (total, done) in sorted(rows.items())
    ]


@transaction.atomic
def start_round(
    register: Register, *, title: str, starts_on: dt.date, ends_on: dt.date | None, actor: User
) -> VerificationRound:
    """Begin to compare a register with the street. One round at a time, so that progress has one meaning."""
    if not register.rules.verified:
        raise Refusal(_("这个名录不做现场核实。"))
    if ends_on is not None and ends_on < starts_on:
        raise Refusal(_("结束日期不能早于开始日期。"), field="ends_on")
    Register.objects.select_for_update().get(pk=register.pk)
    last = ends_on or dt.date.max
    others = register.verification_rounds.filter(
        Q(ends_on=None) | Q(ends_on__gte=starts_on), starts_on__lte=last
    )
    if other := others.first():
        raise Refusal(_("和「%s」的日期重叠，请先结束它，或改日期。") % other.title, field="starts_on")
    made = VerificationRound.objects.create(
        register=register, title=title.strip(), starts_on=starts_on, ends_on=ends_on, opened_by=actor
    )
    log(register, "register.round_started", actor=actor, title=made.title, starts_on=starts_on.isoformat())
    return made


@transaction.atomic
def end_round(round_: VerificationRound, *, actor: User) -> None:
    """Today is the last day of this round; nothing happens when it has ended."""
    today = timezone.localdate()
    if round_.ends_on is not None and round_.ends_on <= today:
        return
    round_.ends_on = max(today, round_.starts_on)
    round_.save(update_fields=["ends_on"])
    log(round_.register, "register.round_ended", actor=actor, title=round_.title)
