"""What counts for a campaign: its rounds, its cases, and every number with the address of its rows.

A case counts for every campaign whose ledgers, rounds or `counts` filters reach it: it is entered once and used by
many (一次采集、多方使用). Lists ask through the key `campaign` (`CaseFilter(campaign=...)`, `?campaign=` of rounds), so
a number and the list behind it are one query.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, F, FloatField, Q, QuerySet, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, TruncMonth
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.cases.catalogue import catalogue
from huying.cases.filters import CaseFilter, Codes, Key, day_start, register_key
from huying.cases.models import CaseQuerySet, Status
from huying.cases.policy import cases_for
from huying.inspections.campaigns.models import Campaign
from huying.inspections.campaigns.rules import CampaignRules, CaseWords, Figure, Span
from huying.inspections.models import Plan, StandardVersion
from huying.inspections.results.models import Measure
from huying.inspections.rounds.models import Finding, Round, RoundMember
from huying.inspections.rounds.rights import rounds_for
from huying.papers.models import Paper
from huying.people.models import User
from huying.places.locate import current_index

STATES: dict[str, dict[str, str]] = {
    "all": {"status": "accepted"}, "open": {"status": "open"}, "fixed": {"status": Status.CLOSED.value},
    "overdue": {"due": "overdue"}, "reopened": {"is_": "reopened"}, "reworked": {"is_": "reworked"},
    "looked-back": {"is_": "looked-back"},
}  # fmt: skip
MEASURED = {
    "red plates": Measure.Kind.RED_PLATE, "black plates": Measure.Kind.BLACK_PLATE,
    "suspensions": Measure.Kind.SUSPENSION, "closures": Measure.Kind.CLOSURE, "seized": Measure.Kind.SEIZURE,
}  # fmt: skip


# -- what belongs to it --------------------------------------------------------------------------------------


def _days(span: Span, field: str) -> Q:
    found = Q()
    if span.first is not None:
        found &= Q(**{f"{field}__gte": day_start(span.first)})
    if span.last is not None:
        found &= Q(**{f"{field}__lt": day_start(span.last + dt.timedelta(days=1))})
    return found


def span_q(span: Span, field: str = "day") -> Q:
    """Days of a date column that lie in the span."""
    found = Q()
    if span.first is not None:
        found &= Q(**{f"{field}__gte": span.first})
    if span.last is not None:
        found &= Q(**{f"{field}__lte": span.last})
    return found


def narrowed(cases: CaseQuerySet, words: CaseWords, now: dt.datetime | None = None) -> CaseQuerySet:
    """The cases that a filter of the pack names. Of what has left the pack since there are none."""
    asked = CaseFilter(**words.values)
    if set(words.values) - set(asked.values):
        return cases.none()
    found = asked.apply(cases, now)
    for name, span in words.spans.items():
        found = found.filter(_days(span, f"{name}_at"))
    return found


def cases_of(cases: CaseQuerySet, rules: CampaignRules, now: dt.datetime | None = None) -> CaseQuerySet:
    """Those of `cases` that count for the campaign: reported in its period, and of its ledgers, from its rounds, or
    named by its filters."""
    from huying.cases.models import Case

    known = catalogue().ledgers
    parts = [Q(ledger__in=[known[code].pk for code in rules.uses.get("ledger", ()) if code in known])]
    if versions := _versions(rules.uses.get("standard", ())):
        seen = Finding.objects.filter(
            span_q(rules.period, "round__day"), round__version__in=versions, case__isnull=False
        )
        parts.append(Q(pk__in=seen.values("case")))
    parts += [
        Q(pk__in=narrowed(Case.objects.all(), words, now).order_by().values("pk")) for words in rules.counts
    ]
    return cases.filter(reduce(lambda left, right: left | right, parts), _days(rules.period, "reported_at"))


def rounds_of(rounds: QuerySet[Round], rules: CampaignRules) -> QuerySet[Round]:
    """Those of `rounds` that count for the campaign: by its standards or its plans, in its period."""
    plans = list(Plan.objects.filter(code__in=rules.uses.get("plan", ())).values_list("pk", flat=True))
    of_it = Q(version__in=_versions(rules.uses.get("standard", ())))
    return rounds.filter(of_it | Q(plan__in=plans) if plans else of_it, span_q(rules.period))


def _versions(standards: Iterable[str]) -> list[int]:
    """The keys of all versions of these standards: a list of keys is planned better than two joins."""
    found = StandardVersion.objects.filter(standard__code__in=list(standards))
    return list(found.values_list("pk", flat=True))


def measures_of(rules: CampaignRules, rounds: QuerySet[Round]) -> QuerySet[Measure]:
    """Measures about things of its registers, or that came of its rounds, decided in its period."""
    of_it = Q(item__register__code__in=rules.uses.get("register", ())) | Q(
        round__in=rounds.order_by().values("pk")
    )
    return Measure.objects.filter(of_it, span_q(rules.period, "decided_on"), decided_on__isnull=False)


def _by_campaign(cases: CaseQuerySet, values: Codes, now: dt.datetime) -> CaseQuerySet:
    for campaign in Campaign.objects.filter(code__in=values):
        cases = cases_of(cases, campaign.rules, now)
    return cases


def _by_figure(cases: CaseQuerySet, values: Codes, now: dt.datetime) -> CaseQuerySet:
    """`campaign:figure`: what a declared figure of a campaign counts."""
    for value in values:
        code, _colon, name = value.partition(":")
        rules = next((one.rules for one in Campaign.objects.filter(code=code)), None)
        figure = next((each for each in rules.figures if each.code == name), None) if rules else None
        cases = narrowed(cases, figure.cases, now) if figure is not None else cases.none()
    return cases


def _campaign_names() -> dict[str, object]:
    return {campaign.code: campaign for campaign in Campaign.objects.filter(active=True)}


def _figure_names() -> dict[str, object]:
    return {
        f"{campaign.code}:{figure.code}": figure
        for campaign in Campaign.objects.filter(active=True)
        for figure in campaign.rules.figures
    }


def register_keys() -> None:
    """Lists of cases can be asked for a campaign, and for one of its figures."""
    register_key(
        Key("campaign", gettext_lazy("专项"), _by_campaign, "codes of campaigns that the cases count for",
            _campaign_names)
    )  # fmt: skip
    register_key(
        Key("figure", gettext_lazy("统计项"), _by_figure, "campaign:figure, a figure that a campaign declares",
            _figure_names)
    )  # fmt: skip


# -- its numbers ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Counted:
    """A number and the address of the rows that it counts."""

    code: str
    title: str
    value: int | float
    url: str = ""
    unit: str = ""
    note: str = ""

    def __str__(self) -> str:
        return f"{self.value:,}" if isinstance(self.value, int) else f"{self.value:,.10g}"


def _beside_target(counted: Counted, target: int) -> Counted:
    """The number with what was promised and how much of it that is, half up, past 100 % too."""
    if not target:
        return counted
    share = (200 * Fraction(counted.value) + target) // (2 * target)
    words = _("目标 %(target)s，完成 %(share)s%%") % {"target": f"{target:,}", "share": share}
    return replace(counted, note=words)


def list_url(name: str, **params: object) -> str:
    """The address of one of the lists here with these filters; empty ones are left out."""
    kept = {key: value for key, value in params.items() if value not in (None, "", ())}
    path = reverse(f"inspections:{name}")
    return f"{path}?{urlencode(kept)}" if kept else path


class Counting:
    """A campaign's numbers for one reader, in a part of its period or the whole."""

    def __init__(
        self, campaign: Campaign, user: User, span: Span | None = None, area: str = "", now: dt.datetime | None = None
    ) -> None:  # fmt: skip
        self.campaign, self.rules, self.user = campaign, campaign.rules, user
        self.now = now or timezone.now()
        self.asked = span or Span()
        self.span = self.rules.period.within(self.asked)
        self.area = area
        self._of_rounds_counted: list[Counted] | None = None
        self.base = CaseFilter(
            campaign=campaign.code,
            area=area or None,
            reported_from=self.asked.first,
            reported_to=self.asked.last,
        )

    # the rows

    @property
    def rounds(self) -> QuerySet[Round]:
        """The rounds of the span."""
        found = rounds_of(rounds_for(self.user), self.rules).filter(span_q(self.span))
        row = current_index().rows.get(self.area) if self.area else None
        return found.filter(area_path__startswith=row.path) if row else found

    @property
    def cases(self) -> CaseQuerySet:
        """The cases of the span, also those that were not dealt with here."""
        return self.base.apply(cases_for(self.user), self.now)

    def filter(self, state: str = "all", **more: Any) -> CaseFilter:
        """The filter of cases in one of STATES."""
        return self.base.with_(**STATES[state], **more)

    # the numbers

    def round_numbers(self) -> list[Counted]:
        """Rounds, places, person-times, opinions, letters and orders, each with its rows; counted once."""
        if self._of_rounds_counted is None:
            self._of_rounds_counted = self._count_rounds()
        return self._of_rounds_counted

    def _count_rounds(self) -> list[Counted]:
        ask = {
            "campaign": self.campaign.code, "area": self.area, "from": self.asked.first, "to": self.asked.last,
        }  # fmt: skip
        return rounds_counted(self.rounds, ask)

    def case_numbers(self) -> list[Counted]:
        """Cases found, fixed, open, overdue, reopened and looked back at."""
        rows = cases_for(self.user)
        titles = {
            "all": _("发现的问题"), "fixed": _("已整改销号"), "open": _("正在整改"), "overdue": _("超期未改"),
            "reopened": _("重办过"), "looked-back": _("回头看过"),
        }  # fmt: skip
        return [
            Counted(
                state,
                title,
                self.filter(state).apply(rows, self.now).order_by().count(),
                self.filter(state).url(),
                _("件"),
            )
            for state, title in titles.items()
        ]

    def figure(self, figure: Figure) -> Counted:
        """A figure that the campaign declares."""
        if figure.count != "cases":
            return self._of_rounds(figure)
        asked = self.filter(figure.state, figure=f"{self.campaign.code}:{figure.code}")
        rows = asked.apply(cases_for(self.user), self.now).order_by()
        value = _added(rows, figure.sum) if figure.sum else rows.count()
        unit = figure.counted_in or _("件")
        return Counted(figure.code, str(figure), value, asked.url(), unit)

    def _of_rounds(self, figure: Figure) -> Counted:
        rounds = self.rounds
        asked: dict[str, object] = {"campaign": self.campaign.code, "area": self.area}
        for key, values in figure.rounds.items():
            if key == "passed":
                rounds = rounds.filter(passed=values[0].lower() == "true")
                asked["result"] = "passed" if values[0].lower() == "true" else "failed"
            elif key == "area":
                paths = [current_index().rows[code].path for code in values if code in current_index().rows]
                rounds = rounds.filter(
                    reduce(lambda q, path: q | Q(area_path__startswith=path), paths, Q(pk=None))
                )
                asked["area"] = values[0]
            else:
                name = "version__standard__code" if key == "standard" else "plan__code"
                rounds = rounds.filter(**{f"{name}__in": values})
                asked[key] = values
        asked |= {"from": self.asked.first, "to": self.asked.last}
        if kind := MEASURED.get(figure.count):
            rows = measures_of(self.rules, rounds).filter(kind=kind)
            seized = figure.count == "seized"
            value = rows.aggregate(n=Sum("pieces"))["n"] or 0 if seized else rows.count()
            url = list_url("measures", campaign=self.campaign.code, kind=kind.value)
            return Counted(
                figure.code, str(figure), value, url, figure.counted_in or (_("件") if seized else _("家"))
            )
        of_all = self.round_numbers() if not figure.rounds else rounds_counted(rounds, asked)
        numbers = {each.code: each for each in of_all}
        number = numbers[figure.count]
        return Counted(figure.code, str(figure), number.value, number.url, figure.counted_in or number.unit)

    def figures(self) -> list[Counted]:
        """All figures that the campaign declares, each beside its target where it has one."""
        return [_beside_target(self.figure(figure), figure.target) for figure in self.rules.figures]

    def measures(self) -> list[Counted]:
        """Measures of its registers and rounds by kind; nothing where it has none."""
        rows = measures_of(self.rules, self.rounds)
        counts = dict(rows.order_by().values_list("kind").annotate(Count("pk")))
        found = [
            Counted(
                kind,
                str(label),
                counts[kind],
                list_url("measures", campaign=self.campaign.code, kind=kind),
                _("家"),
            )
            for kind, label in Measure.Kind.choices
            if counts.get(kind)
        ]
        return found

    def by_area(self) -> list[tuple[str, str, dict[str, int]]]:
        """(code, title, numbers) of each subdistrict: rounds, findings, cases found, fixed, open, overdue."""
        numbers: dict[str, dict[str, int]] = {}

        def add(name: str, rows: Iterable[tuple[str | None, int]]) -> None:
            for code, count in rows:
                if code:
                    numbers.setdefault(code, {})[name] = count

        rounds = self.rounds.order_by().values_list("subdistrict__code")
        add("rounds", rounds.annotate(Count("pk")))
        add("findings", rounds.annotate(Sum("failed")))
        for state in ("all", "fixed", "open", "overdue"):
            rows = self.filter(state).apply(cases_for(self.user), self.now).order_by()
            add(state, rows.values_list("subdistrict__code").annotate(Count("pk")))
        index = current_index().rows
        return [
            (code, str(index[code].title), numbers[code])
            for code in sorted(numbers, key=lambda code: -numbers[code].get("all", 0))
            if code in index
        ]

    def by_month(self) -> list[tuple[str, dict[str, int]]]:
        """(2023-04, numbers) of each month: rounds, cases found, cases struck off."""
        months: dict[str, dict[str, int]] = {}
        for month, count in self.rounds.order_by().values_list(TruncMonth("day")).annotate(Count("pk")):
            months.setdefault(f"{month:%Y-%m}", {})["rounds"] = count
        for state in ("all", "fixed"):
            rows = self.filter(state).apply(cases_for(self.user), self.now).order_by()
            counted = rows.values_list(TruncMonth("reported_at")).annotate(Count("pk"))
            for month, count in counted:
                months.setdefault(f"{timezone.localtime(month):%Y-%m}", {})[state] = count
        return sorted(months.items())


def _added(cases: CaseQuerySet, name: str) -> float | int:
    """The sum of a number of the handling form; what is not a number there counts nothing."""
    rows = cases.filter(**{f"handling__{name}__isnull": False}).annotate(
        _number=Cast(KeyTextTransform(name, F("handling")), FloatField())
    )
    found = rows.aggregate(n=Sum("_number"))["n"] or 0
    return int(found) if found == int(found) else round(found, 2)


def person_times(rounds: QuerySet[Round]) -> int:
    """出动人次: one person out on one day is one person-time, however many places they went to that day."""
    among = RoundMember.objects.filter(round__in=rounds.order_by().values("pk"))
    return among.order_by().values("user", "round__day").distinct().count()


def rounds_counted(rounds: QuerySet[Round], asked: Mapping[str, object]) -> list[Counted]:
    """Rounds, person-times, opinions, letters and orders of these rounds; `asked` is the filter that opens them."""
    sums = rounds.order_by().aggregate(
        rounds=Count("pk"),
        letters=Count("pk", filter=Q(paper__kind=Paper.Kind.SUPERVISION_LETTER)),
        orders=Count("pk", filter=Q(paper__kind=Paper.Kind.ORDER_TO_CORRECT)),
    )
    places = rounds.order_by().values("item", "area", "department").distinct().count()
    opinions = Finding.objects.filter(round__in=rounds.order_by().values("pk")).count()
    return [
        Counted("rounds", _("检查"), sums["rounds"], list_url("rounds", **asked), _("次")),
        Counted("places", _("去过的地方"), places, list_url("round-places", **asked), _("处")),
        Counted("people", _("出动"), person_times(rounds), list_url("round-people", **asked), _("人次")),
        Counted("findings", _("督导意见"), opinions, list_url("findings", **asked), _("条")),
        Counted(
            "letters", _("督办函"), sums["letters"],
            list_url("rounds", **{**asked, "paper": Paper.Kind.SUPERVISION_LETTER.value}), _("份"),
        ),
        Counted(
            "orders", _("责令整改通知书"), sums["orders"],
            list_url("rounds", **{**asked, "paper": Paper.Kind.ORDER_TO_CORRECT.value}), _("份"),
        ),
    ]  # fmt: skip
