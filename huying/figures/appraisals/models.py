"""Appraisals as they were loaded, what is entered for units by hand, tables as they were announced, and appeals."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from huying.core.fields import DeclarationField
from huying.core.models import StoredFile
from huying.figures.appraisals.rules import AppraisalRules
from huying.people.models import User
from huying.places.models import Titled


class Appraisal(Titled):
    """An appraisal that the pack declares."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    declaration = DeclarationField()
    active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = _("考核")
        ordering = ("code",)

    @property
    def rules(self) -> AppraisalRules:
        """The declaration, read; remembered by its text."""
        return AppraisalRules.from_declaration(self.declaration)

    def get_absolute_url(self) -> str:
        """Its page: the period that runs."""
        return reverse("figures:appraisal", args=[self.code])


class AppraisalEntry(models.Model):
    """Points given or taken for what happened to a unit in a period. Never deleted: withdrawn, with the reason."""

    appraisal = models.ForeignKey(Appraisal, on_delete=models.PROTECT, related_name="entries")
    period = models.CharField(_("时段"), max_length=12)
    unit = models.CharField(_("单位"), max_length=40)
    item = models.CharField(_("项目"), max_length=40)
    points = models.CharField(_("分"), max_length=24)  # exact, signed
    words = models.CharField(_("依据"), max_length=300)
    evidence = models.ForeignKey(StoredFile, null=True, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(_("登记时间"))
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(_("撤销时间"), null=True)
    withdrawn_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    withdrawn_words = models.CharField(_("撤销原因"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("加减分")
        ordering = ("entered_at", "pk")

    def __str__(self) -> str:
        return f"{self.unit} {self.points} {self.words}"

    @property
    def exact(self) -> Fraction:
        """Its points."""
        return Fraction(self.points)


class AppraisalTable(models.Model):
    """The table of one period: announced first, so that units may appeal, then published.

    Its lines never change; what an appeal corrected stands beside them.
    """

    appraisal = models.ForeignKey(Appraisal, on_delete=models.PROTECT, related_name="tables")
    period = models.CharField(_("时段"), max_length=12)
    first_day = models.DateField(_("时段起"))
    last_day = models.DateField(_("时段止"))
    at = models.DateTimeField(_("截至"))
    declaration = models.JSONField()
    lines = models.JSONField()
    figures = models.JSONField(default=dict)  # part → token of the published figure
    announced_at = models.DateTimeField(_("公示时间"))
    announced_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    appeals_until = models.DateTimeField(_("申诉截止"), null=True)
    published_at = models.DateTimeField(_("公布时间"), null=True)
    published_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("考核结果")
        ordering = ("-first_day",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["appraisal", "period"], name="appraisal_table_once")
        ]

    def __str__(self) -> str:
        return f"{self.appraisal} {self.period}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return f"{reverse('figures:appraisal', args=[self.appraisal.code])}?period={self.period}"

    @property
    def rules(self) -> AppraisalRules:
        """The declaration of the day on which it was announced."""
        return AppraisalRules.from_declaration(self.declaration)


class AppraisalAppeal(models.Model):
    """A unit says that one part of its line is wrong; somebody else decides."""

    table = models.ForeignKey(AppraisalTable, on_delete=models.PROTECT, related_name="appeals")
    unit = models.CharField(_("单位"), max_length=40)
    part = models.CharField(_("项目"), max_length=40)
    words = models.CharField(_("理由"), max_length=600)
    asked_at = models.DateTimeField(_("申诉时间"))
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    accepted = models.BooleanField(_("是否成立"), null=True)
    points = models.CharField(_("更正为"), max_length=24, blank=True)  # exact; of an appeal that was accepted
    decided_at = models.DateTimeField(_("裁定时间"), null=True)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(_("裁定理由"), max_length=600, blank=True)

    class Meta:
        verbose_name = _("考核申诉")
        ordering = ("asked_at", "pk")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["table", "unit", "part"], name="appraisal_appeal_once")
        ]

    def __str__(self) -> str:
        return f"{self.table} {self.unit} {self.part}"
