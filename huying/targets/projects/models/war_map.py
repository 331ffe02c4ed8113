"""The war map (挂图作战): tasks in classes, each with an owner, a deadline, a standard and a light."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from huying.core.fields import DeclarationField
from huying.core.models import StoredFile
from huying.people.models import Department, User
from huying.places.models import Titled
from huying.targets.projects.rules import WarMapRules


class WarMap(Titled):
    """One wall chart."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    declaration = DeclarationField()
    active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = _("挂图")
        ordering = ("-code",)

    @property
    def rules(self) -> WarMapRules:
        """The declaration, read; remembered by its text."""
        return WarMapRules.from_declaration(self.declaration)

    def get_absolute_url(self) -> str:
        """Its page at the desk."""
        return reverse("targets:war-map", args=[self.code])


class WarMapItem(Titled):
    """One task. What it is, the pack says; how far it is, people say; that it is done, somebody else has seen."""

    class State(models.TextChoices):
        TO_DO = "to do", _("未启动")
        DOING = "doing", _("推进中")
        REPORTED = "reported", _("已报完成，待核")
        DONE = "done", _("已完成")

    code = models.CharField(_("代码"), max_length=80, unique=True)  # the map's and the item's
    war_map = models.ForeignKey(WarMap, on_delete=models.PROTECT, related_name="items")
    category = models.CharField(_("类别"), max_length=40)  # a class of the map
    position = models.PositiveSmallIntegerField(_("顺序"), default=0)
    task = models.TextField(_("任务"), blank=True)
    standard = models.TextField(_("完成标准"), blank=True)
    owner = models.ForeignKey(
        Department, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("责任单位")
    )
    person = models.CharField(_("责任人"), max_length=60, blank=True)
    begins_on = models.DateField(_("开始"), null=True, blank=True)
    deadline = models.DateField(_("时限"))
    active = models.BooleanField(_("启用"), default=True)

    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.TO_DO)
    progress = models.PositiveSmallIntegerField(_("进度（%）"), default=0)
    words = models.CharField(_("进展"), max_length=400, blank=True)
    evidence = models.ForeignKey(
        StoredFile, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reported_at = models.DateTimeField(_("报告时间"), null=True)
    reported_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    checked_at = models.DateTimeField(_("核实时间"), null=True)
    checked_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    checked_words = models.CharField(_("核实意见"), max_length=400, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("挂图事项")
        ordering = ("war_map", "position", "code")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(state="done") | Q(checked_at__isnull=False), name="war_map_done_is_checked"
            ),
            models.CheckConstraint(condition=Q(progress__lte=100), name="war_map_progress"),
        ]

    def get_absolute_url(self) -> str:
        """Its page at the desk."""
        return reverse("targets:war-map-item", args=[self.code])

    def light(self, today: dt.date | None = None) -> str:
        """`done`, `overdue`, `near`, `behind` or `on time`, by the rule that the map prints."""
        return self.war_map.rules.light(
            done=self.state == self.State.DONE, progress=self.progress, begins_on=self.begins_on,
            deadline=self.deadline, today=today or timezone.localdate(),
        )  # fmt: skip
