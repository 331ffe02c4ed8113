"""How a project goes: milestones, permits, and the update of every month."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from huying.core.models import StoredFile
from huying.people.models import User
from huying.targets.projects.models.project import Project


class Milestone(models.Model):
    """A step of the work: planned for a day, done on a day, with evidence."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="milestones")
    position = models.PositiveSmallIntegerField(_("顺序"), default=0)
    title = models.CharField(_("节点"), max_length=120)
    planned_on = models.DateField(_("计划完成"))
    done_on = models.DateField(_("实际完成"), null=True, blank=True)
    words = models.CharField(_("说明"), max_length=300, blank=True)
    evidence = models.ForeignKey(
        StoredFile, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    done_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    dropped = models.BooleanField(_("不再安排"), default=False)

    class Meta:
        verbose_name = _("节点")
        ordering = ("project", "position", "planned_on", "pk")

    def __str__(self) -> str:
        return self.title

    @property
    def light(self) -> str:
        """`done`, `late` or `open` as things stand today."""
        if self.done_on:
            return "done"
        return "late" if self.planned_on < timezone.localdate() else "open"


class Permit(models.Model):
    """A permit that the project needs, and how far it is."""

    class State(models.TextChoices):
        NOT_NEEDED = "not needed", _("不需要")
        WANTED = "wanted", _("待办")
        APPLIED = "applied", _("已受理")
        GRANTED = "granted", _("已取得")
        REFUSED = "refused", _("未获批准")

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="permits")
    kind = models.CharField(_("手续"), max_length=40)  # a permit of the rules
    state = models.CharField(_("状态"), max_length=12, choices=State, default=State.WANTED)
    applied_on = models.DateField(_("受理日期"), null=True, blank=True)
    granted_on = models.DateField(_("取得日期"), null=True, blank=True)
    number = models.CharField(_("文号"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("手续")
        ordering = ("project", "pk")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "kind"], name="project_permit_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.get_state_display()}"


class MonthlyUpdate(models.Model):
    """What a street says of one month, in one version. A correction is another version; none is ever overwritten."""

    class State(models.TextChoices):
        ACCEPTED = "accepted", _("有效")
        PROPOSED = "proposed", _("更正待审")
        REPLACED = "replaced", _("已被更正")
        REFUSED = "refused", _("更正未采用")

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="updates")
    month = models.DateField(_("月份"))  # its first day
    version = models.PositiveSmallIntegerField(_("版本"), default=1)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.ACCEPTED)
    done_wan = models.DecimalField(_("本月完成投资（万元）"), max_digits=14, decimal_places=2)
    words = models.TextField(_("进展"), max_length=2000)
    problems = models.TextField(_("存在问题"), max_length=1000, blank=True)
    due_at = models.DateTimeField(_("填报期限"))
    late = models.BooleanField(_("迟报"), default=False)  # whether the first version of this month was late
    submitted_at = models.DateTimeField(_("填报时间"))
    submitted_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(_("更正原因"), max_length=300, blank=True)
    decided_at = models.DateTimeField(_("审核时间"), null=True)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_words = models.CharField(_("审核意见"), max_length=300, blank=True)
    client_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    class Meta:
        verbose_name = _("月报")
        ordering = ("-month", "-version")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "month", "version"], name="project_update_version"),
            models.UniqueConstraint(
                fields=["project", "month"], condition=Q(state="accepted"), name="project_update_in_force"
            ),
            models.UniqueConstraint(
                fields=["project", "month"], condition=Q(state="proposed"), name="project_update_proposed"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["month", "state"], name="project_update_month")]

    def __str__(self) -> str:
        return f"{self.project} {self.month:%Y-%m}"

    def get_absolute_url(self) -> str:
        """Where it stands on the project's page."""
        return f"{self.project.get_absolute_url()}#update-{self.month:%Y-%m}"


class UpdatePhoto(models.Model):
    """A photo of the month."""

    update = models.ForeignKey(MonthlyUpdate, on_delete=models.PROTECT, related_name="photos")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("月报照片")
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.update_id}/{self.file_id}"
