"""Who may post by Open311, what came in by it, and pictures that are still to be fetched."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from huying.cases.models import Case, Report
from huying.people.models import User


class ApiKey(models.Model):
    """A key of an app or a partner city. Reading public requests needs none."""

    title = models.CharField(_("应用"), max_length=80)
    contact = models.CharField(_("联系方式"), max_length=120)
    fingerprint = models.CharField(max_length=64, unique=True)
    ending = models.CharField(max_length=4)
    may_post = models.BooleanField(_("可以提交"), default=True)
    per_hour = models.PositiveIntegerField(_("每小时最多提交"), default=200)
    made_at = models.DateTimeField(auto_now_add=True)
    made_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    used_at = models.DateTimeField(_("最近使用"), null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("Open311 密钥")
        ordering = ("title",)

    def __str__(self) -> str:
        return f"{self.title} …{self.ending}"


class Posted(models.Model):
    """A report that came in by Open311: whoever posted it may follow it, public or not."""

    report = models.OneToOneField(Report, on_delete=models.CASCADE, related_name="open311")
    # The request that was answered. A merge moves the report to another case; its number leads here all the same.
    case = models.ForeignKey(Case, null=True, on_delete=models.SET_NULL, related_name="open311_posted")
    key = models.ForeignKey(ApiKey, on_delete=models.PROTECT, related_name="posted")
    account_id = models.CharField(max_length=80, blank=True)
    device_id = models.CharField(max_length=80, blank=True)
    email = models.CharField(max_length=254, blank=True)

    class Meta:
        verbose_name = _("Open311 来件")

    def __str__(self) -> str:
        return f"{self.report_id}"


class Media(models.Model):
    """A picture that a report names by its address, fetched outside the request."""

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="open311_media")
    url = models.URLField(max_length=1000)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)  # None: fetched, or given up
    done = models.BooleanField(default=False)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("Open311 图片")
        indexes: ClassVar = [
            models.Index(
                fields=["next_try_at"], name="open311_media_due", condition=Q(next_try_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return self.url
