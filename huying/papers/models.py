"""Official papers: numbered without gaps, issued to a department about a subject, answered by a date."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from huying.core.models import StoredFile
from huying.people.models import Department


class PaperSeries(models.Model):
    """The running number of one kind of paper in one year (文号): claimed by updating this row."""

    kind = models.CharField(max_length=32)
    year = models.PositiveSmallIntegerField()
    last_number = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "year"], name="paper_series_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.year}"


class Paper(models.Model):
    """A paper as it was issued: its text is frozen, its receipt and reply are recorded."""

    class Kind(models.TextChoices):
        SUPERVISION_LETTER = "supervision-letter", _("督办函")
        ORDER_TO_CORRECT = "order-to-correct", _("责令整改通知书")
        DECISION = "decision", _("处理决定书")
        BULLETIN = "bulletin", _("督导通报")

    class Colour(models.TextChoices):
        BLUE = "blue", _("蓝")
        YELLOW = "yellow", _("黄")
        RED = "red", _("红")

    kind = models.CharField(_("文种"), max_length=32, choices=Kind)
    year = models.PositiveSmallIntegerField()
    number = models.PositiveIntegerField()
    title = models.CharField(_("标题"), max_length=200)
    body = models.TextField(_("正文"))
    colour = models.CharField(_("督办颜色"), max_length=8, choices=Colour, blank=True)
    # The subject by kind and number, as in the journal: papers know nothing of the floors above.
    subject_kind = models.CharField(max_length=24)
    subject_id = models.BigIntegerField()
    subject_label = models.CharField(_("事由编号"), max_length=60)
    addressee = models.ForeignKey(
        Department,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="papers",
        verbose_name=_("主送"),
    )
    # A shop, a site, a village: whoever has no account here is served on paper, and signs on it.
    addressee_name = models.CharField(_("受送达人"), max_length=120, blank=True)
    area_path = models.CharField(max_length=200, blank=True)
    issued_at = models.DateTimeField(_("签发时间"))
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("签发人"),
    )
    reply_due_at = models.DateTimeField(_("回复期限"), null=True)
    received_at = models.DateTimeField(_("签收时间"), null=True)
    received_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    received_name = models.CharField(_("签收人"), max_length=60, blank=True)
    receipt = models.ForeignKey(StoredFile, null=True, on_delete=models.PROTECT, related_name="+")
    replied_at = models.DateTimeField(_("回复时间"), null=True)
    replied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reply = models.TextField(_("回复"), blank=True)

    class Meta:
        verbose_name = _("文书")
        ordering = ("-issued_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "year", "number"], name="paper_number_once")
        ]
        indexes: ClassVar = [models.Index(fields=["subject_kind", "subject_id"], name="paper_subject")]

    def __str__(self) -> str:
        return self.title

    @property
    def addressed_to(self) -> str:
        """Whoever the paper goes to, a department of the district or not."""
        return str(self.addressee) if self.addressee else self.addressee_name
