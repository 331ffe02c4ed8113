"""One visit to one place under one version of a standard, and everything that was found there."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from huying.cases.models import Case
from huying.core.models import StoredFile
from huying.papers.models import Paper
from huying.people.models import Department, User
from huying.places.models import Area
from huying.registry.models import Item


class Round(models.Model):
    """Somebody was there. A returning duty that is done with one tap is a round as well: everything was right.

    Where the place lay and what it was called is kept as it was on the day.
    """

    class Counted(models.TextChoices):
        DONE = "done", _("按时")
        LATE = "late", _("迟了")
        EXTRA = "extra", _("另外")
        TOO_SOON = "too soon", _("太密")

    plan = models.ForeignKey(
        "inspections.Plan", null=True, blank=True, on_delete=models.PROTECT, related_name="rounds",
        verbose_name=_("计划"),
    )  # fmt: skip
    version = models.ForeignKey(
        "inspections.StandardVersion", on_delete=models.PROTECT, related_name="rounds", verbose_name=_("标准")
    )
    item = models.ForeignKey(
        Item, null=True, blank=True, on_delete=models.PROTECT, related_name="rounds", verbose_name=_("物件")
    )
    area = models.ForeignKey(
        Area, null=True, blank=True, on_delete=models.PROTECT, related_name="rounds", verbose_name=_("区域")
    )
    department = models.ForeignKey(
        Department,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="rounds",
        verbose_name=_("单位"),
    )
    place_title = models.CharField(_("地点"), max_length=120)
    area_path = models.CharField(max_length=200, blank=True)
    subdistrict = models.ForeignKey(Area, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    community = models.ForeignKey(Area, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    made_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(_("到达"), null=True)
    ended_at = models.DateTimeField(_("查完"))
    day = models.DateField(_("日期"))  # in Beijing: what days, weeks and months are counted by
    received_at = models.DateTimeField(null=True)
    clock_off_s = models.IntegerField(default=0)  # how far the phone's clock was ahead of ours
    lng = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    distance_m = models.PositiveIntegerField(_("离该地（米）"), null=True)
    scanned = models.BooleanField(_("扫了码"), default=False)
    proved = models.BooleanField(_("到场有据"), default=True)
    answers = models.JSONField(default=dict)
    values = models.JSONField(default=dict)  # the fields that the standard asks once
    tenths = models.PositiveSmallIntegerField(_("得分"), default=1000)  # of a percent
    passed = models.BooleanField(_("合格"), default=True)
    grade = models.CharField(_("等次"), max_length=40, blank=True)
    failed = models.PositiveSmallIntegerField(_("不合格项"), default=0)
    counted = models.CharField(_("计次"), max_length=8, choices=Counted, blank=True)
    people = models.PositiveSmallIntegerField(_("人数"), default=1)
    words = models.CharField(_("情况"), max_length=500, blank=True)
    signed_by = models.CharField(_("被查单位签字"), max_length=60, blank=True)
    signature = models.ForeignKey(StoredFile, null=True, on_delete=models.PROTECT, related_name="+")
    refused_to_sign = models.BooleanField(_("拒签"), default=False)
    paper = models.ForeignKey(Paper, null=True, on_delete=models.PROTECT, related_name="+")
    client_id = models.UUIDField(null=True, unique=True)

    class Meta:
        verbose_name = _("检查")
        ordering = ("-ended_at", "-pk")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(item__isnull=False) | Q(area__isnull=False) | Q(department__isnull=False),
                name="round_is_somewhere",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["plan", "day"], name="round_plan_day"),
            models.Index(fields=["plan", "item", "ended_at"], name="round_plan_item"),
            models.Index(fields=["version", "day"], name="round_version_day"),
            models.Index(
                fields=["area_path", "ended_at"], name="round_area_newest",
                opclasses=["varchar_pattern_ops", "timestamptz_ops"],
            ),
            models.Index(fields=["-ended_at"], name="round_newest"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.place_title} {self.day:%Y-%m-%d}"

    def get_absolute_url(self) -> str:
        """Its page at the desk."""
        return reverse("inspections:round", args=[self.pk])

    @property
    def number(self) -> str:
        """How papers and people name it."""
        return f"检查{self.pk}"

    @property
    def percent(self) -> str:
        """The score as it is shown: 92.5."""
        whole, tenth = divmod(self.tenths, 10)
        return f"{whole}.{tenth}" if tenth else str(whole)


class RoundMember(models.Model):
    """Who was there, and for which department: person-times are counted from these rows."""

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="members")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="rounds")
    department = models.ForeignKey(Department, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("检查人")
        constraints: ClassVar = [models.UniqueConstraint(fields=["round", "user"], name="round_member_once")]

    def __str__(self) -> str:
        return f"{self.round_id} {self.user}"


class Finding(models.Model):
    """One item of the standard that failed there (督导意见), and the case that it opened."""

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="findings")
    code = models.CharField(_("项目"), max_length=40)
    title = models.CharField(_("问题"), max_length=120)
    words = models.CharField(_("情况"), max_length=300, blank=True)
    reading = models.FloatField(_("读数"), null=True)
    fixed_at_once = models.BooleanField(_("当场改好"), default=False)
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="findings")

    class Meta:
        verbose_name = _("发现的问题")
        constraints: ClassVar = [models.UniqueConstraint(fields=["round", "code"], name="finding_once")]

    def __str__(self) -> str:
        return self.title


class RoundPhoto(models.Model):
    """What was photographed, at which item of the standard; without one: the place as such."""

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="photos")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=40, blank=True)

    class Meta:
        verbose_name = _("检查照片")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["round", "file", "code"], name="round_photo_once")
        ]

    def __str__(self) -> str:
        return f"{self.round_id} {self.code}"
