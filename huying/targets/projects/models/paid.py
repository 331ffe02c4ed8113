"""Grants for work that was done, and works in quantities that sums are counted from."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from huying.core.models import StoredFile
from huying.people.models import Department, User
from huying.places.models import Area
from huying.targets.projects.models.project import Project


class Grant(models.Model):
    """Money for work done (以奖代补): proposed, inspected by somebody else, paid. Amounts in 万元."""

    class State(models.TextChoices):
        PROPOSED = "proposed", _("已申报")
        INSPECTED = "inspected", _("已验收")
        PAID = "paid", _("已拨付")
        REFUSED = "refused", _("未通过")

    project = models.ForeignKey(
        Project, null=True, blank=True, on_delete=models.PROTECT, related_name="grants"
    )
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="+", verbose_name=_("村、社区"))
    area_path = models.CharField(max_length=200, editable=False)
    kind = models.CharField(_("奖补类别"), max_length=40)  # a grant of the rules
    quantity = models.DecimalField(_("工程量"), max_digits=14, decimal_places=3)
    unit = models.CharField(_("单位"), max_length=20)
    amount_wan = models.DecimalField(_("申报金额（万元）"), max_digits=12, decimal_places=2)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.PROPOSED)
    proposed_on = models.DateField(_("申报日期"))
    proposed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    inspected_quantity = models.DecimalField(
        _("验收工程量"), max_digits=14, decimal_places=3, null=True, blank=True
    )
    granted_wan = models.DecimalField(
        _("核定金额（万元）"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    inspected_on = models.DateField(_("验收日期"), null=True, blank=True)
    inspected_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    paid_on = models.DateField(_("拨付日期"), null=True, blank=True)
    paid_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    words = models.CharField(_("说明"), max_length=300, blank=True)
    evidence = models.ForeignKey(
        StoredFile, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("奖补")
        ordering = ("-proposed_on", "-pk")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(state="paid") | Q(granted_wan__isnull=False, paid_on__isnull=False),
                name="grant_paid_as_inspected",
            )
        ]

    def __str__(self) -> str:
        return f"{self.area} {self.quantity.normalize():f} {self.unit}"


class Work(models.Model):
    """A piece of work that is done, in a quantity: what sums are counted from. One row is one place and one kind."""

    kind = models.CharField(_("工程"), max_length=40)  # a work of the rules
    quantity = models.DecimalField(_("数量"), max_digits=14, decimal_places=3)
    unit = models.CharField(_("单位"), max_length=20)
    pieces = models.PositiveIntegerField(
        _("处数"), default=1
    )  # roads, lanes, places that the quantity is spread over
    done_on = models.DateField(_("完成日期"))
    project = models.ForeignKey(
        Project, null=True, blank=True, on_delete=models.PROTECT, related_name="works"
    )
    programme = models.CharField(
        _("所属计划"), max_length=40, blank=True
    )  # a code: which promises it counts for
    campaign = models.CharField(_("所属专项"), max_length=40, blank=True)
    area = models.ForeignKey(
        Area, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("地点")
    )
    area_path = models.CharField(max_length=200, blank=True, editable=False)
    subdistrict = models.ForeignKey(
        Area, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("街道")
    )
    department = models.ForeignKey(
        Department,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("实施单位"),
    )
    cost_wan = models.DecimalField(_("投入（万元）"), max_digits=12, decimal_places=2, default=Decimal(0))
    words = models.CharField(_("说明"), max_length=300, blank=True)
    evidence = models.ForeignKey(
        StoredFile, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField(_("登记时间"), default=timezone.now)
    recorded_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField(default=1)
    struck_at = models.DateTimeField(_("撤销时间"), null=True)
    struck_words = models.CharField(_("撤销原因"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("完成的工程量")
        ordering = ("-done_on", "-pk")
        indexes: ClassVar = [
            models.Index(fields=["kind", "done_on"], name="work_kind_day"),
            models.Index(fields=["area_path"], name="work_area", opclasses=["varchar_pattern_ops"]),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.quantity.normalize():f} {self.unit}"
