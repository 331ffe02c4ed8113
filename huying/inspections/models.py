"""What somebody goes and looks at: standards, plans and draws, as the pack declares and fate decides them."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from huying.core.fields import DeclarationField
from huying.inspections.draws import draw_again
from huying.inspections.plans import PlanRules
from huying.inspections.standards import StandardRules
from huying.people.models import User
from huying.places.models import Titled


class Standard(Titled):
    """What a kind of site, area or department has to be like. What it asks stands in its versions."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = _("检查标准")
        ordering = ("code",)

    def version_on(self, day: dt.date | None = None) -> StandardVersion | None:
        """The version in force on this day (today): the newest of those that hold by then."""
        held = self.versions.filter(valid_from__lte=day or timezone.localdate())
        return held.order_by("number").last()


class StandardVersion(models.Model):
    """The items of a standard as they were declared at one time. Never changed: a round keeps its version."""

    standard = models.ForeignKey(Standard, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField(_("版次"))
    declaration = DeclarationField()
    valid_from = models.DateField(_("施行日期"))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("标准版本")
        ordering = ("standard", "number")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["standard", "number"], name="standard_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.standard} v{self.number}"

    @property
    def rules(self) -> StandardRules:
        """The declaration, read; remembered by its text."""
        return StandardRules.from_declaration(self.declaration)


class Plan(Titled):
    """Who goes where, how often. When each visit is due is computed from the declaration, not stored."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    declaration = DeclarationField()
    active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = _("巡查计划")
        ordering = ("code",)

    @property
    def rules(self) -> PlanRules:
        """The declaration, read; remembered by its text."""
        return PlanRules.from_declaration(self.declaration)


class Draw(models.Model):
    """Which places fate chose for one period of a plan, and who goes there (双随机). Anybody may draw it again:
    the seed and the facts that weighed are kept, and give the same places and people."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="draws")
    period = models.CharField(_("时段"), max_length=10)  # 2026-W47, 2026-11, 2026-Q4 ...
    seed = models.CharField(_("种子"), max_length=32)
    rules = models.JSONField()  # how many, by what: as the plan said at that moment
    facts = models.JSONField()
    chosen = models.JSONField()
    inspectors = models.JSONField()
    drawn_at = models.DateTimeField(_("抽取时间"), auto_now_add=True)
    drawn_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("随机抽取")
        ordering = ("-drawn_at",)
        constraints: ClassVar = [models.UniqueConstraint(fields=["plan", "period"], name="draw_once")]

    def __str__(self) -> str:
        return f"{self.plan} {self.period}"

    def holds(self) -> bool:
        """Whether seed and facts give what was chosen, when they are drawn again."""
        again = draw_again(self.rules, self.period, self.seed, self.facts)
        return (list(again.places), again.inspectors) == (self.chosen, self.inspectors)


# What grows from them has files of its own; Django looks for models here.
from huying.inspections.campaigns.models import (  # noqa: E402
    Award,  # noqa: F401
    Bulletin,  # noqa: F401
    BulletinLine,  # noqa: F401
    BulletinSeries,  # noqa: F401
    Campaign,  # noqa: F401
    Ranking,  # noqa: F401
    RankingTable,  # noqa: F401
)
from huying.inspections.duties.models import (  # noqa: E402
    AgentDay,  # noqa: F401
    Closed,  # noqa: F401
    DaySum,  # noqa: F401
    Folded,  # noqa: F401
    MissedRun,  # noqa: F401
    MonthSum,  # noqa: F401
    Opened,  # noqa: F401
    PlaceDay,  # noqa: F401
    Reminder,  # noqa: F401
    StaleDay,  # noqa: F401
)
from huying.inspections.results.models import Measure, MeasureStep  # noqa: E402, F401
from huying.inspections.rounds.models import Finding, Round, RoundMember, RoundPhoto  # noqa: E402, F401
