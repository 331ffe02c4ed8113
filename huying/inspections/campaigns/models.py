"""Campaigns with their rankings, bulletins and awards."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from huying.cases.models import Case
from huying.core.fields import DeclarationField
from huying.core.models import StoredFile
from huying.inspections.campaigns.rules import BulletinRules, CampaignRules, RankingRules
from huying.papers.models import Paper
from huying.people.models import Department, User
from huying.places.models import Area, Titled


class Campaign(Titled):
    """A special campaign: its parts by code, what counts for it, its figures. One finding may count for several."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    declaration = DeclarationField()
    active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = _("专项")
        ordering = ("code",)

    @property
    def rules(self) -> CampaignRules:
        """The declaration, read; remembered by its text."""
        return CampaignRules.from_declaration(self.declaration)

    def get_absolute_url(self) -> str:
        """Its page at the desk."""
        return reverse("inspections:campaign", args=[self.code])


class Ranking(Titled):
    """Who is ranked how often, by what."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    campaign = models.ForeignKey(Campaign, null=True, on_delete=models.PROTECT, related_name="rankings")
    declaration = DeclarationField()
    active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = _("排名")
        ordering = ("code",)

    @property
    def rules(self) -> RankingRules:
        """The declaration, read; remembered by its text."""
        return RankingRules.from_declaration(self.declaration)

    def get_absolute_url(self) -> str:
        """Its page: the period that runs now."""
        return reverse("inspections:ranking", args=[self.code])


class RankingTable(models.Model):
    """A ranking as it was published: frozen. What was corrected later is shown beside it, never in it."""

    ranking = models.ForeignKey(Ranking, on_delete=models.PROTECT, related_name="tables")
    period = models.CharField(_("时段"), max_length=10)  # 2026-W47, 2026-11, 2026-Q4, 2026
    rules = models.JSONField()  # the declaration of that day
    rows = models.JSONField()
    published_at = models.DateTimeField(_("公布时间"))
    published_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("公布的排名")
        ordering = ("-period",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["ranking", "period"], name="ranking_published_once")
        ]

    def __str__(self) -> str:
        return f"{self.ranking} {self.period}"


class Award(models.Model):
    """An award of the province or the city to a street, village or unit, and what the district adds by its rule."""

    class Level(models.TextChoices):
        PROVINCE = "province", _("省级")
        CITY = "city", _("市级")

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="awards")
    level = models.CharField(_("级别"), max_length=10, choices=Level)
    title = models.CharField(_("奖项"), max_length=120)
    area = models.ForeignKey(
        Area, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("获奖街道、村")
    )
    department = models.ForeignKey(
        Department, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("获奖单位")
    )
    awarded_on = models.DateField(_("获奖日期"))
    amount = models.DecimalField(_("奖金（元）"), max_digits=12, decimal_places=2)
    # As the rule said on the day of the award; a later rule does not reach back.
    percent = models.DecimalField(_("匹配比例"), max_digits=6, decimal_places=2)
    matched = models.DecimalField(_("区级匹配（元）"), max_digits=12, decimal_places=2)
    rule_since = models.DateField()
    evidence = models.ForeignKey(StoredFile, null=True, on_delete=models.PROTECT, related_name="+")
    words = models.CharField(_("文件"), max_length=200, blank=True)
    recorded_at = models.DateTimeField(auto_now_add=True)
    recorded_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("获奖")
        ordering = ("-awarded_on", "-pk")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(area__isnull=False) | Q(department__isnull=False), name="award_is_somebodys"
            ),
            models.UniqueConstraint(
                fields=["campaign", "level", "title", "area", "department", "awarded_on"], name="award_once",
                nulls_distinct=False,
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.title} {self.winner}"

    @property
    def winner(self) -> Area | Department | None:
        """Who won it."""
        return self.area or self.department

    @property
    def total(self) -> Decimal:
        """What the winner gets altogether."""
        return self.amount + self.matched


class BulletinSeries(Titled):
    """A series of numbered bulletins of one campaign."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    campaign = models.ForeignKey(
        Campaign, null=True, on_delete=models.PROTECT, related_name="bulletin_series"
    )
    declaration = DeclarationField()
    active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = _("通报")
        ordering = ("code",)

    @property
    def rules(self) -> BulletinRules:
        """The declaration, read; remembered by its text."""
        return BulletinRules.from_declaration(self.declaration)


class Bulletin(models.Model):
    """One issue: drafted, edited, then issued as a paper; from then on its lines stay as they are."""

    series = models.ForeignKey(BulletinSeries, on_delete=models.PROTECT, related_name="bulletins")
    year = models.PositiveSmallIntegerField(_("年份"), null=True)
    number = models.PositiveSmallIntegerField(_("期号"), null=True)  # given when it is issued: without gaps
    title = models.CharField(_("标题"), max_length=120)
    intro = models.TextField(_("导语"), blank=True)
    ending = models.TextField(_("要求"), blank=True)
    first_day = models.DateField(_("时段起"))
    last_day = models.DateField(_("时段止"))
    drafted_at = models.DateTimeField(_("起草时间"))
    drafted_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    issued_at = models.DateTimeField(_("印发时间"), null=True)
    paper = models.ForeignKey(Paper, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("督导通报")
        ordering = ("-pk",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["series", "year", "number"], name="bulletin_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.title} {self.issue}" if self.number else self.title

    def get_absolute_url(self) -> str:
        """Its page at the desk."""
        return reverse("inspections:bulletin", args=[self.pk])

    @property
    def issue(self) -> str:
        """How it is cited: 2022年第14期; a draft has no number."""
        return f"{self.year}年第{self.number}期" if self.number else ""


class BulletinLine(models.Model):
    """One problem that was notified: whose it is, where. Whether it is fixed is read from its case."""

    bulletin = models.ForeignKey(Bulletin, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField()
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="notified")
    words = models.CharField(_("问题"), max_length=300)
    unit = models.CharField(_("责任单位"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("通报的问题")
        ordering = ("bulletin", "position")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["bulletin", "case"], name="notified_once_per_bulletin")
        ]

    def __str__(self) -> str:
        return self.words
