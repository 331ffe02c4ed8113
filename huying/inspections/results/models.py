"""A measure against a place, or in its praise, and the steps of its procedure."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from huying.core.models import StoredFile
from huying.papers.models import Paper
from huying.people.models import Department, User
from huying.places.models import Area
from huying.registry.models import Item


class Measure(models.Model):
    """What was decided about a place. It holds from its decision until it is lifted."""

    class Kind(models.TextChoices):
        RED_PLATE = "red plate", _("红牌（好）")
        BLACK_PLATE = "black plate", _("黑牌（不达标）")
        SUSPENSION = "suspension", _("停业整顿")
        CLOSURE = "closure", _("取缔")
        SEIZURE = "seizure", _("没收工具、设备")

    class State(models.TextChoices):
        BEGUN = "begun", _("办理中")
        IN_FORCE = "in force", _("已决定")
        LIFTED = "lifted", _("已解除")
        DROPPED = "dropped", _("不再办理")

    kind = models.CharField(_("措施"), max_length=12, choices=Kind)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.BEGUN)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="measures", verbose_name=_("对象"))
    round = models.ForeignKey(
        "inspections.Round",
        null=True,
        on_delete=models.PROTECT,
        related_name="measures",
        verbose_name=_("检查"),
    )
    place_title = models.CharField(_("对象名称"), max_length=120)
    area_path = models.CharField(max_length=200, blank=True)
    subdistrict = models.ForeignKey(Area, null=True, on_delete=models.PROTECT, related_name="+")
    department = models.ForeignKey(
        Department, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("办理单位")
    )
    reason = models.CharField(_("事实和理由"), max_length=500)
    basis = models.CharField(_("依据"), max_length=200, blank=True)
    pieces = models.PositiveIntegerField(_("没收件数"), default=0)
    inventory = models.TextField(_("清单"), blank=True)
    begun_at = models.DateTimeField(_("立案时间"))
    begun_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_on = models.DateField(_("决定日期"), null=True)
    until = models.DateField(_("整改期限"), null=True)
    revisit_on = models.DateField(_("复查日期"), null=True)
    ended_at = models.DateTimeField(_("解除时间"), null=True)
    ended_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    ended_words = models.CharField(_("解除原因"), max_length=300, blank=True)
    paper = models.ForeignKey(Paper, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("处理措施")
        ordering = ("-begun_at", "-pk")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=("begun", "dropped")) | Q(decided_on__isnull=False), name="measure_is_decided"
            ),
            # One plate, one suspension at a time; things may be seized again and again.
            models.UniqueConstraint(
                fields=["item", "kind"], condition=Q(state="in force") & ~Q(kind="seizure"),
                name="measure_in_force_once",
            ),
        ]  # fmt: skip
        indexes: ClassVar = [
            models.Index(fields=["kind", "decided_on"], name="measure_kind_day"),
            models.Index(fields=["item", "kind", "state"], name="measure_item"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.place_title}"

    def get_absolute_url(self) -> str:
        """Its page at the desk."""
        return reverse("inspections:measure", args=[self.pk])

    @property
    def is_plate(self) -> bool:
        """Whether it hangs at the door."""
        return self.kind in (self.Kind.RED_PLATE, self.Kind.BLACK_PLATE)

    def revisit_due(self, today: dt.date | None = None) -> bool:
        """Whether somebody has to go there again by now."""
        return (
            self.state == self.State.IN_FORCE
            and self.revisit_on is not None
            and self.revisit_on <= (today or timezone.localdate())
        )


class MeasureStep(models.Model):
    """One step of the procedure, done: by whom, with whom, when, and the evidence."""

    measure = models.ForeignKey(Measure, on_delete=models.PROTECT, related_name="steps")
    code = models.CharField(_("步骤"), max_length=12)
    at = models.DateTimeField(_("时间"))
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    words = models.CharField(_("情况"), max_length=500, blank=True)
    evidence = models.ForeignKey(StoredFile, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("程序步骤")
        ordering = ("measure", "pk")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["measure", "code"], name="measure_step_once")
        ]

    def __str__(self) -> str:
        return f"{self.measure_id} {self.code}"
