"""Programmes, their promises and targets, and the entries that say how far they have come.

`Promise` and `Target` carry the code of their programme before their own (`livelihood-2023/covers`), as figures and
addresses refer to them.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from huying.core.fields import DeclarationField
from huying.core.models import StoredFile
from huying.people.models import Department, User
from huying.places.models import Area, Titled
from huying.targets.programmes.rules import ProgrammeRules, TargetRules


class Programme(Titled):
    """What the district set itself for a year: promises with measures, a task list, a budget, an environment plan."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    kind = models.CharField(_("类型"), max_length=40, db_index=True)
    first_day = models.DateField(_("起"))
    last_day = models.DateField(_("止"))
    public = models.BooleanField(_("公开"), default=False)
    declaration = DeclarationField()
    active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = _("计划")
        ordering = ("-first_day", "code")

    @property
    def rules(self) -> ProgrammeRules:
        """The declaration, read; remembered by its text."""
        return ProgrammeRules.from_declaration(self.declaration)

    def get_absolute_url(self) -> str:
        """Its page at the desk."""
        return reverse("targets:programme", args=[self.code])


class Promise(Titled):
    """One promise (件) of a programme; its measures are targets. It is kept when all of them are."""

    code = models.CharField(_("代码"), max_length=90, unique=True)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="promises")
    position = models.PositiveIntegerField(_("序号"))
    about = models.TextField(_("说明"), blank=True)
    about_en = models.TextField(_("英文说明"), blank=True)
    active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = _("承诺")
        ordering = ("programme", "position")

    @property
    def short(self) -> str:
        """Its code within the programme."""
        return self.code.rpartition("/")[2]

    @property
    def words(self) -> str:
        """What it is about, in the reader's language."""
        return (self.about_en if get_language() == "en" else "") or self.about


class Target(Titled):
    """A value to be reached by a day, or a task to be done; `amount` is what was promised, as it stands now."""

    code = models.CharField(_("代码"), max_length=90, unique=True)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="targets")
    promise = models.ForeignKey(Promise, null=True, on_delete=models.PROTECT, related_name="targets")
    position = models.PositiveIntegerField(_("序号"))
    department = models.ForeignKey(
        Department, on_delete=models.PROTECT, related_name="+", verbose_name=_("责任单位")
    )
    leader = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    leader_name = models.CharField(_("责任领导"), max_length=60, blank=True)
    unit = models.CharField(_("单位"), max_length=20, blank=True)
    unit_en = models.CharField(_("英文单位"), max_length=30, blank=True)
    # Empty for a task that is done or not.
    amount = models.DecimalField(_("目标值"), max_digits=18, decimal_places=4, null=True)
    due = models.DateField(_("完成时限"))
    figure = models.CharField(_("按哪个数字统计"), max_length=40, blank=True)  # empty: entered with evidence
    declaration = DeclarationField()
    active = models.BooleanField(_("启用"), default=True)
    closed_at = models.DateTimeField(_("销号时间"), null=True)
    closed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    closed_words = models.CharField(_("完成情况"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("目标")
        ordering = ("programme", "position")

    @property
    def short(self) -> str:
        """Its code within the programme."""
        return self.code.rpartition("/")[2]

    @property
    def rules(self) -> TargetRules:
        """The declaration, read; remembered by its text."""
        return TargetRules.from_declaration(self.declaration)

    @property
    def measured_in(self) -> str:
        """The unit, in the reader's language."""
        return (self.unit_en if get_language() == "en" else "") or self.unit

    @property
    def led_by(self) -> str:
        """Who answers for it by name."""
        return str(self.leader.name) if self.leader else self.leader_name

    def get_absolute_url(self) -> str:
        """Its page at the desk."""
        return reverse("targets:target", args=[*self.code.split("/")])


class TargetChange(models.Model):
    """What a target asked for before it was changed, by whom and why. `actor` is empty where the pack changed it."""

    target = models.ForeignKey(Target, on_delete=models.PROTECT, related_name="changes")
    at = models.DateTimeField(_("时间"))
    actor = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    old_amount = models.DecimalField(max_digits=18, decimal_places=4, null=True)
    new_amount = models.DecimalField(max_digits=18, decimal_places=4, null=True)
    old_due = models.DateField()
    new_due = models.DateField()
    reason = models.CharField(_("原因"), max_length=300)

    class Meta:
        verbose_name = _("目标调整")
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.target.code} {self.at:%Y-%m-%d}"


class Entry(models.Model):
    """What somebody wrote down of a target on a day. It counts when somebody else has approved it.

    A correction is an entry of its own (`corrects`); once approved it takes the place of the other, which stays.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("草稿")
        SUBMITTED = "submitted", _("待审核")
        APPROVED = "approved", _("已审核")
        RETURNED = "returned", _("已退回")
        REPLACED = "replaced", _("已更正")
        WITHDRAWN = "withdrawn", _("已撤回")

    target = models.ForeignKey(Target, on_delete=models.PROTECT, related_name="entries")
    day = models.DateField(_("日期"))
    amount = models.DecimalField(_("数值"), max_digits=18, decimal_places=4)
    values = models.JSONField(_("内容"), default=dict)
    area = models.ForeignKey(
        Area, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("区域")
    )
    area_path = models.CharField(max_length=200, blank=True)
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="+")
    words = models.CharField(_("说明"), max_length=500, blank=True)
    status = models.CharField(_("状态"), max_length=12, choices=Status, default=Status.DRAFT)
    corrects = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="corrections")
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(_("填报时间"))
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(_("审核时间"), null=True)
    reason = models.CharField(_("退回原因"), max_length=300, blank=True)
    # A form that was sent twice is one entry.
    client_id = models.UUIDField(null=True, unique=True, editable=False)

    class Meta:
        verbose_name = _("填报")
        ordering = ("-day", "-pk")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["corrects"],
                condition=Q(status__in=["draft", "submitted", "approved"]),
                name="entry_corrected_once",
            ),
            models.CheckConstraint(
                condition=~Q(decided_by=models.F("entered_by")) | ~Q(status="approved"),
                name="entry_approved_by_other",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["target", "day"], condition=Q(status="approved"), name="entry_counted"),
            models.Index(fields=["entered_at"], condition=Q(status="submitted"), name="entry_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.target.code} {self.day:%Y-%m-%d}"

    def get_absolute_url(self) -> str:
        """Its page at the desk."""
        return reverse("targets:entry", args=[self.pk])


class EntryFile(models.Model):
    """Evidence of an entry. Public: residents see it on the page of promises."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="files")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    public = models.BooleanField(_("对外公开"), default=False)

    class Meta:
        verbose_name = _("佐证")
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.entry_id} {self.file_id}"


class ClosingFile(models.Model):
    """Evidence that a task was done."""

    target = models.ForeignKey(Target, on_delete=models.PROTECT, related_name="closing_files")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    public = models.BooleanField(_("对外公开"), default=False)

    class Meta:
        verbose_name = _("完成佐证")
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.target_id} {self.file_id}"


class Reminder(models.Model):
    """The owner was told once that the entry of this month is missing."""

    target = models.ForeignKey(Target, on_delete=models.CASCADE, related_name="reminders")
    month = models.DateField(_("月份"))  # its first day
    at = models.DateTimeField(_("提醒时间"))

    class Meta:
        verbose_name = _("填报提醒")
        ordering = ("-month",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["target", "month"], name="reminded_once_a_month")
        ]

    def __str__(self) -> str:
        return f"{self.target_id} {self.month:%Y-%m}"
