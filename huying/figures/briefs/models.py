"""Briefs as they were loaded, each one that was begun, and the numbers of those that were issued."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from huying.core.fields import DeclarationField
from huying.figures.briefs.rules import BriefRules
from huying.figures.models import PublishedFigure, new_token
from huying.inspections.campaigns.rules import Span
from huying.papers.models import PaperDraft
from huying.places.models import Titled


class Brief(Titled):
    """A brief that the pack declares: a text that writes itself."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    declaration = DeclarationField()
    active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = _("简报")
        ordering = ("code",)

    @property
    def rules(self) -> BriefRules:
        """The declaration, read; remembered by its text."""
        return BriefRules.from_declaration(self.declaration)

    def get_absolute_url(self) -> str:
        """Its page: drafts and what was issued."""
        return reverse("figures:brief", args=[self.code])


class BriefRun(models.Model):
    """One issue of a brief: the days that it is about, its draft, and what its writer said about its numbers."""

    token = models.CharField(_("固定地址"), max_length=12, unique=True, default=new_token)
    brief = models.ForeignKey(Brief, on_delete=models.PROTECT, related_name="runs")
    draft = models.OneToOneField(PaperDraft, null=True, on_delete=models.PROTECT, related_name="brief_run")
    period = models.CharField(_("时段"), max_length=24)
    first_day = models.DateField(_("时段起"), null=True)
    last_day = models.DateField(_("时段止"))
    scheduled = models.BooleanField(_("按时自动起草"), default=False)
    made_at = models.DateTimeField(_("起草时间"))
    # A number without a figure and where it comes from; what was found and is confirmed, with words.
    quotes = models.JSONField(default=list)
    confirmed = models.JSONField(default=dict)
    counted_at = models.DateTimeField(
        _("截至"), null=True
    )  # of an issued one: the one moment of all its numbers

    class Meta:
        verbose_name = _("一期简报")
        ordering = ("-last_day", "-pk")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["brief", "period"], condition=models.Q(scheduled=True), name="brief_scheduled_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.brief} {self.period}"

    def get_absolute_url(self) -> str:
        """Where it is written, and read once it is issued."""
        return reverse("figures:brief-run", args=[self.token])

    @property
    def span(self) -> Span:
        """The days that it is about."""
        return Span(self.first_day, self.last_day)

    @property
    def days(self) -> tuple[dt.date | None, dt.date]:
        """First and last day."""
        return self.first_day, self.last_day

    def numbers_url(self) -> str:
        """The page of all numbers of the issued paper: its QR code leads there."""
        return reverse("figures:paper-numbers", args=[self.token])


class BriefNumber(models.Model):
    """A number that stands in an issued brief."""

    run = models.ForeignKey(BriefRun, on_delete=models.PROTECT, related_name="numbers")
    position = models.PositiveIntegerField()
    words = models.CharField(_("文字"), max_length=120)
    published = models.ForeignKey(PublishedFigure, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("run", "position")

    def __str__(self) -> str:
        return self.words
