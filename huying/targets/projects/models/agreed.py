"""Who went to a project, who was brought to it, what was decided about it, and what stands in its way."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from huying.cases.models import Case, Status
from huying.core.models import StoredFile
from huying.papers.models import PaperDraft
from huying.people.models import Department, User
from huying.targets.projects.models.going import MonthlyUpdate
from huying.targets.projects.models.project import Project


class ContactVisit(models.Model):
    """The leader in contact was on site: proved by the place or by a photo."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="visits")
    leader = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name=_("领导"))
    visited_on = models.DateField(_("日期"))
    words = models.TextField(_("情况"), max_length=1000, blank=True)
    lng = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    distance_m = models.PositiveIntegerField(_("离项目（米）"), null=True, blank=True)
    recorded_at = models.DateTimeField(_("登记时间"), default=timezone.now)
    recorded_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    struck_at = models.DateTimeField(_("撤销时间"), null=True)
    struck_words = models.CharField(_("撤销原因"), max_length=200, blank=True)
    client_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    class Meta:
        verbose_name = _("联系领导到现场")
        ordering = ("-visited_on", "-pk")
        indexes: ClassVar = [models.Index(fields=["visited_on", "leader"], name="project_visit_day")]

    def __str__(self) -> str:
        return f"{self.leader} {self.visited_on}"


class VisitPhoto(models.Model):
    """A photo of a visit."""

    visit = models.ForeignKey(ContactVisit, on_delete=models.PROTECT, related_name="photos")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("到现场照片")
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.visit_id}/{self.file_id}"


class ServiceSession(models.Model):
    """A docking session (对接): the project with those who can help it."""

    class Kind(models.TextChoices):
        SERVICE = "service", _("精准服务")
        BANK = "bank", _("银企对接")
        CONSULTANT = "consultant", _("咨询机构谋划")
        APPROVAL = "approval", _("审批代办")
        OTHER = "other", _("其他")

    project = models.ForeignKey(
        Project, null=True, blank=True, on_delete=models.PROTECT, related_name="sessions"
    )
    kind = models.CharField(_("形式"), max_length=12, choices=Kind, default=Kind.SERVICE)
    held_on = models.DateField(_("日期"))
    with_whom = models.CharField(_("与谁对接"), max_length=120, blank=True)
    words = models.TextField(_("内容和结果"), max_length=1000)
    officer = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("服务员")
    )
    recorded_at = models.DateTimeField(_("登记时间"), default=timezone.now)
    struck_at = models.DateTimeField(_("撤销时间"), null=True)
    struck_words = models.CharField(_("撤销原因"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("对接")
        ordering = ("-held_on", "-pk")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.held_on}"


class Meeting(models.Model):
    """A meeting on projects: who was there, what was said, what was decided."""

    class State(models.TextChoices):
        CALLED = "called", _("已通知")
        HELD = "held", _("已召开")
        CANCELLED = "cancelled", _("已取消")

    title = models.CharField(_("会议"), max_length=120)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.CALLED)
    held_on = models.DateField(_("日期"))
    begins_at = models.TimeField(_("开始时间"), null=True, blank=True)
    place = models.CharField(_("地点"), max_length=120, blank=True)
    chair = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("主持")
    )
    agenda = models.TextField(_("议程"), max_length=4000, blank=True)
    attendees = models.ManyToManyField(User, related_name="+", blank=True, verbose_name=_("参会"))
    others = models.CharField(_("其他参会"), max_length=300, blank=True)
    minutes = models.TextField(_("纪要"), max_length=20000, blank=True)
    projects = models.ManyToManyField(
        Project, related_name="meetings", blank=True, verbose_name=_("研究的项目")
    )
    monthly = models.BooleanField(_("每月推进会"), default=False)
    version = models.PositiveIntegerField(default=1)
    # Its papers, drafts first; each draft knows what it was issued as.
    notice = models.ForeignKey(PaperDraft, null=True, on_delete=models.PROTECT, related_name="+")
    minutes_draft = models.ForeignKey(PaperDraft, null=True, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(_("登记时间"), default=timezone.now)
    recorded_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("项目会议")
        ordering = ("-held_on", "-pk")

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its page at the desk."""
        return reverse("targets:meeting", args=[self.pk])


class Decision(models.Model):
    """What a meeting decided: whose it is, until when."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="decisions")
    project = models.ForeignKey(
        Project, null=True, blank=True, on_delete=models.PROTECT, related_name="decisions"
    )
    words = models.CharField(_("议定事项"), max_length=400)
    department = models.ForeignKey(
        Department, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("责任单位")
    )
    due_on = models.DateField(_("完成时限"), null=True, blank=True)
    done_on = models.DateField(_("办结日期"), null=True, blank=True)
    done_words = models.CharField(_("办理结果"), max_length=400, blank=True)
    done_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    # A decision that is a problem of the project is a case, and done when that is struck off.
    problem = models.OneToOneField(
        "targets.ProjectProblem", null=True, on_delete=models.PROTECT, related_name="decision"
    )

    class Meta:
        verbose_name = _("议定事项")
        ordering = ("meeting", "pk")

    def __str__(self) -> str:
        return self.words

    @property
    def light(self) -> str:
        """`done`, `late` or `open` as things stand today."""
        if self.done_on:
            return "done"
        return "late" if self.due_on and self.due_on < timezone.localdate() else "open"


class ProjectProblem(models.Model):
    """A problem of a project. It is a case on the enterprise ledger, and solved when that case is struck off."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="problems")
    update = models.ForeignKey(MonthlyUpdate, null=True, on_delete=models.PROTECT, related_name="opened")
    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="project_problem")
    raised_at = models.DateTimeField(_("提出时间"))
    raised_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("项目问题")
        ordering = ("-raised_at", "-pk")
        constraints: ClassVar = [
            # One month's update opens one case, however often it is sent.
            models.UniqueConstraint(
                fields=["update"], condition=Q(update__isnull=False), name="project_problem_of_update"
            )
        ]

    def __str__(self) -> str:
        return str(self.case)

    @property
    def solved(self) -> bool:
        """Whether its case was struck off."""
        return self.case.status == Status.CLOSED
