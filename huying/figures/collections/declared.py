"""What the district has bound itself to: plans, standards, rankings, rosters. A frequency or a limit is a row's number.

Of plans `times` (6 per day: 6) and `hours`; of standards `group.五类问题` (how many items stand under a heading),
`items.bins` (whose codes begin so), `least.articles` and `most.spacing` (the readings of an item that pass).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from typing import Any, ClassVar

from django.db.models import Case, DecimalField, Model, Q, QuerySet, Value, When
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from huying.cases.ledger import FIVE_REFUSALS
from huying.cases.models import Ledger
from huying.figures.collections.base import Collection, Field, RowFacts, Words
from huying.inspections.campaigns.models import Award, Campaign, Ranking
from huying.inspections.models import Plan, Standard
from huying.people.access import can
from huying.people.models import Roster, User
from huying.targets.projects.models import ProjectBook

Number = Callable[[Any], Fraction | int | None]
_DAY_MINUTES = 24 * 60


def of_rows(model: type[Model], number: Number) -> Any:
    """A number that stands in each row's declaration, as something that can be added up exactly.

    There are as many rows as the pack has files: each is read here, and the query gets their numbers by key.
    """
    field = DecimalField(max_digits=30, decimal_places=6)
    found = ((row.pk, number(row)) for row in model._default_manager.all())
    whens = [When(pk=pk, then=Value(_decimal(value), field)) for pk, value in found if value is not None]
    return Case(*whens, default=Value(None, field), output_field=field)


def _decimal(value: Fraction | int) -> Any:
    exact = Fraction(value)
    return Decimal(exact.numerator) / Decimal(exact.denominator)


def of_those(model: type[Model], says: Callable[[Any], bool]) -> Q:
    """The rows whose declaration says so."""
    return Q(pk__in=[row.pk for row in model._default_manager.all() if says(row)])


class Declarations(Collection):
    """Rows that the pack declares: few, the same for everyone who looks at them."""

    area = ""
    verb: ClassVar = "round.view"
    url_name: ClassVar = ""
    numbers: ClassVar[dict[str, Number]] = {}
    fields: ClassVar = {"code": Field(_("代码"), "code")}

    def rows(self) -> QuerySet[Any]:
        """Those in use."""
        return self.model._default_manager.filter(active=True)

    def readable(self, user: User) -> QuerySet[Any]:
        """Whoever may look at such declarations."""
        rows = self.model._default_manager.all()
        return rows if can(user, self.verb) else rows.none()

    def keeps(self) -> tuple[type[Model], ...]:
        """None: they change with the pack alone, and what is kept in memory of them asks the tables themselves."""
        return ()

    def knows(self, name: str) -> bool:
        """Numbers of the declaration too."""
        return name in self.numbers or super().knows(name)

    def expression(self, name: str) -> Any:
        """A number of the declaration."""
        return of_rows(self.model, self.numbers[name]) if name in self.numbers else super().expression(name)

    def describe(self, rows: Sequence[Any]) -> Iterator[RowFacts]:
        """The title, leading to its page."""
        for row in rows:
            url = reverse(self.url_name, args=[row.code]) if self.url_name else ""
            yield RowFacts(row.pk, str(row), url)


def _hours(plan: Plan) -> Fraction | None:
    window = plan.rules.hours
    return None if window is None else Fraction(_minutes(window[0], window[1]), 60)


def _minutes(start: int, end: int) -> int:
    return end - start if end > start else end - start + _DAY_MINUTES


def _plans_of(words: Words) -> Q:
    return of_those(Plan, lambda plan: bool(set(plan.rules.registers) & set(words)))


class Plans(Declarations):
    """Plans of visits and duties: what is gone to, how often, in which hours."""

    code = "plans"
    title = _("巡查计划")
    model = Plan
    url_name = "inspections:plan"
    fields: ClassVar = {
        "code": Field(_("代码"), "code"),
        "standard": Field(
            _("标准"), q=lambda words: of_those(Plan, lambda plan: plan.rules.standard in words)
        ),
        "register": Field(_("名册"), q=_plans_of),
        "per": Field(_("周期"), q=lambda words: of_those(Plan, lambda plan: plan.rules.every.unit in words)),
    }
    numbers: ClassVar = {"times": lambda plan: plan.rules.every.times, "hours": _hours}


class Standards(Declarations):
    """Standards as they are now: how many items, under which heading, and from which reading on one passes."""

    code = "standards"
    title = _("检查标准")
    model = Standard
    url_name = "inspections:standard"
    declared: ClassVar = {"group": "group", "items": "items", "least": "least", "most": "most"}
    numbers: ClassVar = {"items": lambda row: len(_items(row))}

    def expression(self, name: str) -> Any:
        """`group.<heading>`, `items.<beginning of the code>`, `least.<item>` and `most.<item>` beside the number."""
        kind, dot, key = name.partition(".")
        if not dot:
            return super().expression(name)
        if kind == "group":
            return of_rows(Standard, lambda row: _some(item.group == key for item in _items(row)))
        if kind == "items":
            return of_rows(
                Standard, lambda row: _some(f"{item.code}-".startswith(f"{key}-") for item in _items(row))
            )
        return of_rows(
            Standard, lambda row: _bound(row, key, (">", ">=") if kind == "least" else ("<", "<="))
        )


def _items(standard: Standard) -> tuple[Any, ...]:
    version = standard.version_on()
    return version.rules.items if version else ()


def _some(found: Any) -> int | None:
    return sum(found) or None


def _bound(standard: Standard, code: str, signs: tuple[str, ...]) -> Fraction | None:
    item = next((each for each in _items(standard) if each.code == code), None)
    comparisons = [each for group in item.bounds for each in group] if item else []
    limits = [Fraction(str(limit)) for sign, limit in comparisons if sign in signs]
    return reduce(max if ">" in signs[0] else min, limits) if limits else None


class Rankings(Declarations):
    """Rankings, each drawn up once in every period."""

    code = "rankings"
    title = _("排名")
    model = Ranking
    verb = "campaign.view"
    url_name = "inspections:ranking"
    fields: ClassVar = {
        "code": Field(_("代码"), "code"),
        "campaign": Field(_("专项"), "campaign__code"),
        "per": Field(
            _("周期"), q=lambda words: of_those(Ranking, lambda row: row.rules.every in words)
        ),
    }  # fmt: skip


class Rosters(Declarations):
    """Rosters: for how many hours of a day somebody is there."""

    code = "rosters"
    title = _("值班岗")
    model = Roster
    verb = "roster.view"
    numbers: ClassVar = {"hours": lambda row: _roster_hours(row.rules)}


def _roster_hours(rules: Any) -> Fraction:
    clocks = [
        (dt.time.fromisoformat(str(shift["from"])), dt.time.fromisoformat(str(shift["to"])))
        for shift in rules.get("shifts", ())
    ]
    return sum(
        (
            Fraction(_minutes(first.hour * 60 + first.minute, last.hour * 60 + last.minute), 60)
            for first, last in clocks
        ),
        Fraction(0),
    )


class Ledgers(Declarations):
    """Ledgers: how many refusals stand before striking off."""

    code = "ledgers"
    title = _("台账")
    model = Ledger
    verb = "case.view"
    numbers: ClassVar = {
        "refusals": lambda row: (
            len(FIVE_REFUSALS) if "five_refusals" in row.rules.gates.get("close", ()) else None
        )
    }


class ProjectRules(Declarations):
    """How projects are run: visits of leaders, updates and meetings of a month."""

    code = "project-rules"
    title = _("项目管理办法")
    model = ProjectBook
    verb = "project.view"
    # An update is due on a day of every month, and so is the meeting held before one.
    numbers: ClassVar = {
        "visits-a-month": lambda row: row.rules.visits_per_month,
        "updates-a-month": lambda row: 1 if row.rules.due_day else None,
        "meetings-a-month": lambda row: 1 if row.rules.meeting_before else None,
    }


class Awards(Collection):
    """Awards of the province and the city, with what the district adds by its rule."""

    code = "awards"
    title = _("获奖")
    model = Award
    moment = "awarded"
    area = "area__path"
    department = "department_id"
    fields: ClassVar = {
        "level": Field(_("级别"), "level", names=lambda: dict(Award.Level.choices)),
        "campaign": Field(
            _("专项"), "campaign__code", names=lambda: {row.code: row for row in Campaign.objects.all()}
        ),
        "awarded": Field(_("获奖日期"), "awarded_on", "day"),
        "area": Field(_("区域"), "area__path", "area"),
        "department": Field(_("单位"), "department_id", "department"),
        "amount": Field(_("奖金（元）"), "amount", "number"),
        "matched": Field(_("区级匹配（元）"), "matched", "number"),
    }

    def readable(self, user: User) -> QuerySet[Any]:
        """Whoever may look at campaigns."""
        return Award.objects.all() if can(user, "campaign.view") else Award.objects.none()

    def related(self) -> tuple[str, ...]:
        """Its area."""
        return ("area",)

    def describe(self, rows: Sequence[Award]) -> Iterator[RowFacts]:
        """What it is for."""
        for award in rows:
            path = award.area.path if award.area else ""
            state = str(award.get_level_display())
            yield RowFacts(award.pk, award.title, "", state, f"{award.awarded_on}", path, award.department_id)
