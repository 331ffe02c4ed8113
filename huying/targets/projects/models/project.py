"""A project, the lists that it is on, and what was planned for each year. Amounts are in 万元 (10,000 yuan)."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from huying.core.fields import DeclarationField
from huying.people.models import Department, User
from huying.places.models import Area, Titled
from huying.targets.projects.rules import ProjectRules


class ProjectBook(Titled):
    """How a district runs its projects: levels, deadlines, lists, permits, works, as the pack declares it."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    declaration = DeclarationField()
    active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = _("项目管理办法")
        ordering = ("code",)

    @property
    def rules(self) -> ProjectRules:
        """The declaration, read; remembered by its text."""
        return ProjectRules.from_declaration(self.declaration)


def project_rules() -> ProjectRules:
    """The rules that hold here; the usual ones where the pack declares none."""
    book = ProjectBook.objects.filter(active=True).first()
    return book.rules if book else ProjectRules.from_declaration({"projects": "usual", "title": "重点项目"})


class Project(Titled):
    """One project. Its level is the highest list that it is on; how often it counts, the lists say."""

    class Level(models.TextChoices):
        PROVINCIAL = "provincial", _("省级")
        MUNICIPAL = "municipal", _("市级")
        DISTRICT = "district", _("区级")
        NONE = "none", _("未列级")

    class State(models.TextChoices):
        PLANNED = "planned", _("未开工")
        STARTED = "started", _("在建")
        IN_SERVICE = "in service", _("投产、投用")
        FINISHED = "finished", _("竣工")
        STOPPED = "stopped", _("停建")

    code = models.CharField(_("编号"), max_length=40, unique=True)
    about = models.TextField(_("建设内容"), blank=True)
    level = models.CharField(_("级别"), max_length=12, choices=Level, default=Level.DISTRICT)
    kind = models.CharField(_("类别"), max_length=40, blank=True)  # a kind of the rules
    industry = models.CharField(_("行业"), max_length=60, blank=True)
    state = models.CharField(_("状态"), max_length=12, choices=State, default=State.PLANNED)
    builder = models.CharField(_("建设单位"), max_length=120, blank=True)

    area = models.ForeignKey(
        Area, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("所在区域")
    )
    area_path = models.CharField(max_length=200, blank=True, editable=False)
    subdistrict = models.ForeignKey(
        Area, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("街道")
    )
    address = models.CharField(_("地址"), max_length=200, blank=True)
    lng = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)

    owner = models.ForeignKey(
        Department,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("责任单位"),
    )
    street = models.ForeignKey(
        Department,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("填报单位"),
    )
    leader = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("联系领导")
    )
    officer = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("首席服务员")
    )

    total_wan = models.DecimalField(_("总投资（万元）"), max_digits=14, decimal_places=2, default=Decimal(0))
    planned_start = models.DateField(_("计划开工"), null=True, blank=True)
    planned_finish = models.DateField(_("计划竣工"), null=True, blank=True)
    started_on = models.DateField(_("开工日期"), null=True, blank=True)
    in_service_on = models.DateField(_("投产日期"), null=True, blank=True)
    finished_on = models.DateField(_("竣工日期"), null=True, blank=True)
    updates_from = models.DateField(_("填报起始月"), null=True, blank=True)
    updates_until = models.DateField(_("填报截止月"), null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = _("项目")
        ordering = ("code",)
        indexes: ClassVar = [
            models.Index(fields=["area_path"], name="project_area", opclasses=["varchar_pattern_ops"]),
            models.Index(fields=["state", "level"], name="project_state"),
        ]

    def get_absolute_url(self) -> str:
        """Its page at the desk."""
        return reverse("targets:project", args=[self.code])

    @property
    def has_started(self) -> bool:
        """Whether work began, whatever came of it."""
        return self.started_on is not None


class ProjectList(Titled):
    """A list or batch of projects: key projects of a level and year, 三个一批, white list, 入库, an opening."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    kind = models.CharField(_("名单类别"), max_length=40)  # a list kind of the rules
    year = models.PositiveSmallIntegerField(_("年度"))
    quarter = models.PositiveSmallIntegerField(_("季度"), null=True, blank=True)
    day = models.DateField(_("日期"), null=True, blank=True)
    about = models.TextField(_("说明"), blank=True)
    active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = _("项目名单")
        ordering = ("-year", "kind", "code")

    def get_absolute_url(self) -> str:
        """The projects on it."""
        return f"{reverse('targets:projects')}?list={self.code}"


class ListEntry(models.Model):
    """A project on a list from a day on; who leaves it stays on record."""

    list = models.ForeignKey(ProjectList, on_delete=models.PROTECT, related_name="entries")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="entries")
    entered_on = models.DateField(_("列入日期"))
    left_on = models.DateField(_("移出日期"), null=True, blank=True)
    words = models.CharField(_("说明"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("列入名单")
        ordering = ("list", "project")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["list", "project"], name="project_on_list_once")
        ]

    def __str__(self) -> str:
        return f"{self.project} · {self.list}"


class YearPlan(models.Model):
    """What is to be invested in a project in one year; `months` are twelve shares of it in 万元, as text."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="plans")
    year = models.PositiveSmallIntegerField(_("年度"))
    plan_wan = models.DecimalField(_("年度计划投资（万元）"), max_digits=14, decimal_places=2)
    months = models.JSONField(default=list, blank=True)

    class Meta:
        verbose_name = _("年度投资计划")
        ordering = ("project", "year")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "year"], name="project_plan_of_year")
        ]

    def __str__(self) -> str:
        return f"{self.project} {self.year}"

    def of_month(self, month: int) -> Decimal:
        """What is planned for a month (1 to 12) in 万元; spread evenly where nobody said otherwise."""
        if len(self.months) == 12:
            return Decimal(str(self.months[month - 1]))
        return self.plan_wan / 12
