"""Who is ahead: scores of streets, villages or units in a period, less what their ledger is deducted, and the ranks.

    score = sum over standards (weight × mean of the rounds' percents) / sum of the weights that had rounds
            − sum over deductions (points × such cases reported in the period),   never below nothing

All of it in exact fractions, rounded half up to hundredths of a point at the very end, so that equal places are equal.
Equal scores share a rank and the next rank is left out (1, 1, 3). Fewer rounds than `at_least` is no rank: chance
would decide it; the score is shown in brackets. The first are rewarded and the last criticised as declared; nobody is
both, and a group is never named for criticism whole.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases.models import Case
from huying.core.errors import Conflict, Refusal
from huying.core.journal import log
from huying.inspections.campaigns.counting import STATES, list_url
from huying.inspections.campaigns.models import Ranking, RankingTable
from huying.inspections.campaigns.rights import require_manage
from huying.inspections.campaigns.rules import RankingRules
from huying.inspections.occurrences import Period, period_of
from huying.inspections.rounds.models import Round
from huying.people.models import Department, User
from huying.places.locate import current_index
from huying.places.models import ADMINISTRATIVE

DEDUCTION_OF = {"open": "open", "overdue": "overdue", "reopened": "reopened", "reworked": "reworked"}


@dataclass(frozen=True)
class Place:
    """One line of a ranking. `score` is in hundredths of a point; `rank` 0 means that it has none."""

    code: str
    title: str
    rounds: int = 0
    mean: int | None = None  # hundredths
    deducted: int = 0
    cases: Mapping[str, int] | None = None
    score: int | None = None
    rank: int = 0
    mark: str = ""  # "first", "last" or nothing

    @property
    def points(self) -> str:
        """The score as people read it: 92.35."""
        return hundredths(self.score)

    @property
    def mean_points(self) -> str:
        """The mean of its rounds."""
        return hundredths(self.mean)

    @property
    def deducted_points(self) -> str:
        """What was taken off."""
        return hundredths(self.deducted) if self.deducted else ""


def hundredths(value: int | None) -> str:
    """Hundredths as a decimal; nothing for nothing."""
    return "" if value is None else f"{value // 100}.{value % 100:02d}"


def _rounded(value: Fraction) -> int:
    """Hundredths, half up."""
    return int((value * 200 + 1) // 2)


def compute(rules: RankingRules, period: Period, now: dt.datetime | None = None) -> list[Place]:
    """The ranking of one period from the rows as they are now: ranked places first, then those without a rank."""
    sums = _round_sums(rules, period)
    taken = _deductions(rules, period, now or timezone.now())
    found = []
    for code, title in _names(rules.of).items():
        per_standard = sums.get(code, {})
        rounds = sum(count for _total, count in per_standard.values())
        weight = sum(rules.weights[standard] for standard in per_standard)
        cases = taken.get(code, {})
        off = sum((rules.deductions[name] * count for name, count in cases.items()), Fraction(0))
        mean = score = None
        if weight:
            exact = sum(
                (
                    Fraction(rules.weights[standard] * total, count)
                    for standard, (total, count) in per_standard.items()
                ),
                Fraction(0),
            ) / (weight * 10)
            mean, score = _rounded(exact), max(_rounded(exact - off), 0)
        found.append(Place(code, title, rounds, mean, _rounded(off), cases, score))
    return _ranked(rules, found)


def _ranked(rules: RankingRules, places: list[Place]) -> list[Place]:
    in_it = sorted(
        (each for each in places if each.score is not None and each.rounds >= rules.at_least),
        key=lambda each: (-(each.score or 0), each.code),
    )
    found = []
    for each in in_it:
        rank = 1 + sum(1 for other in in_it if (other.score or 0) > (each.score or 0))
        below = 1 + sum(1 for other in in_it if (other.score or 0) < (each.score or 0))
        spread = in_it[0].score != in_it[-1].score
        mark = "first" if rank <= rules.first else "last" if below <= rules.last and spread else ""
        found.append(Place(**{**_values(each), "rank": rank, "mark": mark}))
    rest = [each for each in places if each not in in_it]
    return found + sorted(rest, key=lambda each: (-each.rounds, each.code))


def _values(place: Place) -> dict[str, Any]:
    return {**asdict(place), "cases": dict(place.cases or {})}


def _names(of: str) -> dict[str, str]:
    if of == "department":
        rows = Department.objects.filter(valid_to=None).order_by("code")
        return {row.code: row.title for row in rows}
    return {
        code: str(row.title)
        for code, row in current_index().rows.items()
        if row.level == of and row.layer == ADMINISTRATIVE
    }


def _place_of(of: str, path: str) -> str:
    """The area of this level that the path goes through."""
    rows = current_index().rows
    return next((code for code in path.split("/") if code in rows and rows[code].level == of), "")


def _round_sums(rules: RankingRules, period: Period) -> dict[str, dict[str, tuple[int, int]]]:
    """(tenths, rounds) by place and standard."""
    rows = Round.objects.filter(
        version__standard__code__in=list(rules.weights), day__gte=period.first, day__lte=period.last
    ).order_by()
    name = "department__code" if rules.of == "department" else "area_path"
    if rules.of == "department":
        rows = rows.filter(department__isnull=False)
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for where, standard, total, count in rows.values_list(name, "version__standard__code").annotate(
        Sum("tenths"), Count("pk")
    ):
        code = where if rules.of == "department" else _place_of(rules.of, where)
        if code:
            before = found.setdefault(code, {}).get(standard, (0, 0))
            found[code][standard] = (before[0] + total, before[1] + count)
    return found


def _deductions(rules: RankingRules, period: Period, now: dt.datetime) -> dict[str, dict[str, int]]:
    from huying.cases.filters import CaseFilter

    found: dict[str, dict[str, int]] = {}
    if not rules.campaign:
        return found
    name = "department__code" if rules.of == "department" else "area_path"
    for deduction in rules.deductions:
        asked = CaseFilter(
            campaign=rules.campaign, reported_from=period.first, reported_to=period.last, **STATES[deduction]
        )
        rows = asked.apply(Case.objects.all(), now).order_by().values_list(name).annotate(Count("pk"))
        for where, count in rows:
            code = where if rules.of == "department" else _place_of(rules.of, where or "")
            if code:
                cases = found.setdefault(code, {})
                cases[deduction] = cases.get(deduction, 0) + count
    return found


def rounds_url(rules: RankingRules, period: Period, place: str) -> str:
    """The rounds behind a place's score; of departments there is no such list."""
    standards = list(rules.weights)
    asked: dict[str, object] = {"from": period.first, "to": period.last}
    if len(standards) == 1:
        asked["standard"] = standards[0]
    elif rules.campaign:
        asked["campaign"] = rules.campaign
    return list_url("rounds", area=place, **asked) if rules.of != "department" else ""


# -- published -----------------------------------------------------------------------------------------------


@transaction.atomic
def publish_ranking(ranking: Ranking, period: Period, *, actor: User) -> RankingTable:
    """Freeze the table of a period that is over. Once: what is corrected later stands beside it."""
    require_manage(actor, ranking.campaign)
    if period.last >= timezone.localdate():
        raise Refusal(_("这个时段还没有过完，过完再公布。"))
    rows = compute(ranking.rules, period)
    if not any(row.rank for row in rows):
        raise Refusal(_("这个时段没有一个够次数、排得出名次的，没有可以公布的。"))
    try:
        with transaction.atomic():
            table = RankingTable.objects.create(
                ranking=ranking, period=period.name, rules=ranking.declaration, rows=[_values(row) for row in rows],
                published_at=timezone.now(), published_by=actor,
            )  # fmt: skip
    except IntegrityError:
        raise Conflict(_("%(period)s 的排名已经公布，公布的不能改。") % {"period": period.name}) from None
    log(
        table, "ranking.published", actor=actor, ranking=ranking.code, period=period.name,
        first=[row.title for row in rows if row.mark == "first"],
        last=[row.title for row in rows if row.mark == "last"],
    )  # fmt: skip
    return table


def published_places(table: RankingTable) -> list[Place]:
    """The lines as they were published."""
    return [Place(**row) for row in table.rows]


@dataclass(frozen=True)
class Correction:
    """A place that stands otherwise now than in the published table."""

    published: Place
    now: Place


def corrections(table: RankingTable, now: list[Place]) -> list[Correction]:
    """What the rows say today where it differs from what was published."""
    live = {place.code: place for place in now}
    return [
        Correction(place, live[place.code])
        for place in published_places(table)
        if place.code in live and (live[place.code].score, live[place.code].rank) != (place.score, place.rank)
    ]


def periods_back(unit: str, today: dt.date, count: int = 12) -> list[Period]:
    """This period and those before it, the newest first."""
    found = [period_of(unit, today)]
    while len(found) < count:
        found.append(period_of(unit, found[-1].first - dt.timedelta(days=1)))
    return found
