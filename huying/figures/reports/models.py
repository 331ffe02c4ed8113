"""Meeting packs: briefs, tables and figures of one moment in one file."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from huying.figures.models import new_token
from huying.people.models import User


class MeetingPack(models.Model):
    """What was put together for a meeting, once and as of one moment."""

    class State(models.TextChoices):
        WAITING = "waiting", _("等待")
        MAKING = "making", _("正在生成")
        READY = "ready", _("已生成")
        FAILED = "failed", _("没有生成")

    token = models.CharField(_("固定地址"), max_length=12, unique=True, default=new_token)
    title = models.CharField(_("名称"), max_length=120)
    items = models.JSONField()  # [{"kind": "brief", "code": …}, …]
    state = models.CharField(_("状态"), max_length=8, choices=State, default=State.WAITING)
    done = models.PositiveIntegerField(_("已完成"), default=0)
    at = models.DateTimeField(_("截至"))
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(_("生成时间"), null=True)
    file = models.FileField(_("文件"), upload_to="meetings/%Y/%m/", max_length=200, blank=True)
    contents = models.JSONField(default=list)  # [{"title": …, "files": [name, …]}, …]
    error = models.CharField(_("原因"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("会议材料")
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its page: how far it is, and the files."""
        return reverse("figures:meeting-pack", args=[self.token])
