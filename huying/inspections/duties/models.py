"""What is counted of duties: per place and day, summed per area and department, and what followed a missed one."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from huying.cases.models import Case
from huying.people.models import Department, User
from huying.places.models import Area
from huying.registry.models import Item


class PlaceDay(models.Model):
    """One place of a plan and one day: how many visits were owed, and what became of them.

    `due` is everything that is owed on the day; what is neither done, late nor missed may still be done. A week or
    month is counted on its last day. Everything here follows from the rounds: `duties.days.rebuild` makes it anew.
    """

    plan = models.ForeignKey(
        "inspections.Plan", on_delete=models.CASCADE, related_name="days", verbose_name=_("计划")
    )
    item = models.ForeignKey(
        Item, null=True, blank=True, on_delete=models.CASCADE, related_name="+", verbose_name=_("物件")
    )
    area = models.ForeignKey(
        Area, null=True, blank=True, on_delete=models.CASCADE, related_name="+", verbose_name=_("区域")
    )
    department = models.ForeignKey(
        Department, null=True, blank=True, on_delete=models.CASCADE, related_name="+", verbose_name=_("单位")
    )
    # Whose people do it. Empty: nobody holds the post.
    doer = models.ForeignKey(
        Department,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("责任单位"),
    )
    area_path = models.CharField(max_length=200, blank=True)
    subdistrict = models.ForeignKey(Area, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    community = models.ForeignKey(Area, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    day = models.DateField(_("日期"))
    due = models.PositiveSmallIntegerField(_("应做"), default=0)
    done = models.PositiveSmallIntegerField(_("按时"), default=0)
    late = models.PositiveSmallIntegerField(_("迟了"), default=0)
    missed = models.PositiveSmallIntegerField(_("缺"), default=0)
    last_at = models.DateTimeField(_("最近一次"), null=True)  # the last visit that counted

    class Meta:
        verbose_name = _("每日应做")
        ordering = ("-day", "-pk")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["plan", "day", "item", "area", "department"], nulls_distinct=False, name="place_day_once"
            ),
        ]  # fmt: skip
        indexes: ClassVar = [
            models.Index(fields=["day"], name="place_day_day"),
            models.Index(fields=["item", "day"], name="place_day_item"),
            models.Index(fields=["doer", "day"], name="place_day_doer"),
            models.Index(
                fields=["area_path", "day"],
                name="place_day_path",
                opclasses=["varchar_pattern_ops", "date_ops"],
            ),
            # What the clock has not decided yet: asked every few minutes, and always few.
            models.Index(
                fields=["plan", "day"], name="place_day_open",
                condition=Q(due__gt=F("done") + F("late") + F("missed")),
            ),
            models.Index(fields=["plan", "-day"], name="place_day_missed", condition=Q(missed__gt=0)),
            models.Index(
                fields=["area_path", "day"], name="place_day_missed_path", condition=Q(missed__gt=0),
                opclasses=["varchar_pattern_ops", "date_ops"],
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.plan_id} {self.day}"

    @property
    def kind(self) -> str:
        """item, area or department."""
        return "item" if self.item_id else "area" if self.area_id else "department"

    @property
    def place_pk(self) -> int:
        """The key of the place."""
        return int(self.item_id or self.area_id or self.department_id or 0)

    @property
    def place(self) -> Item | Area | Department:
        """Where it is."""
        found = self.item or self.area or self.department
        assert found is not None  # one of them is set
        return found

    @property
    def waiting(self) -> int:
        """What may still be done."""
        return int(self.due - self.done - self.late - self.missed)


class DaySum(models.Model):
    """The days of all places of one area, or of one department's duties, added up: a year of a hundred districts
    is read from some ten thousand of these. Without a plan: of all plans together.
    """

    plan = models.ForeignKey("inspections.Plan", null=True, on_delete=models.CASCADE, related_name="+")
    area = models.ForeignKey(Area, null=True, on_delete=models.CASCADE, related_name="+")
    doer = models.ForeignKey(Department, null=True, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    places = models.PositiveIntegerField()
    due = models.PositiveIntegerField()
    done = models.PositiveIntegerField()
    late = models.PositiveIntegerField()
    missed = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("每日合计")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["area", "doer", "plan", "day"], nulls_distinct=False, name="day_sum_once"
            ),
        ]  # fmt: skip
        indexes: ClassVar = [models.Index(fields=["plan", "day"], name="day_sum_day")]

    def __str__(self) -> str:
        return f"{self.area_id or self.doer_id} {self.day}"


class MonthSum(models.Model):
    """The sums of a month, by its first day: a year of a hundred districts is some thousand of these."""

    plan = models.ForeignKey("inspections.Plan", null=True, on_delete=models.CASCADE, related_name="+")
    area = models.ForeignKey(Area, null=True, on_delete=models.CASCADE, related_name="+")
    doer = models.ForeignKey(Department, null=True, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    due = models.PositiveIntegerField()
    done = models.PositiveIntegerField()
    late = models.PositiveIntegerField()
    missed = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("每月合计")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["area", "doer", "plan", "day"], nulls_distinct=False, name="month_sum_once"
            ),
        ]  # fmt: skip
        indexes: ClassVar = [models.Index(fields=["plan", "day"], name="month_sum_month")]

    def __str__(self) -> str:
        return f"{self.area_id or self.doer_id} {self.day:%Y-%m}"


_ADDED_UP = ("plan", "user", "done", "late", "other")


class AgentDay(models.Model):
    """What one person did for one plan in one subdistrict on one day, and how it counted."""

    plan = models.ForeignKey("inspections.Plan", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    department = models.ForeignKey(Department, null=True, on_delete=models.SET_NULL, related_name="+")
    subdistrict = models.ForeignKey(Area, null=True, on_delete=models.SET_NULL, related_name="+")
    day = models.DateField()
    done = models.PositiveIntegerField()
    late = models.PositiveIntegerField()
    other = models.PositiveIntegerField()  # on record, not counted

    class Meta:
        verbose_name = _("每人每日")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["plan", "day", "user", "department", "subdistrict"], nulls_distinct=False,
                name="agent_day_once",
            ),
        ]  # fmt: skip
        indexes: ClassVar = [
            # With what is added up, so that a year of people is read from the index alone.
            models.Index(fields=["department", "day"], include=_ADDED_UP, name="agent_day_by_department"),
            models.Index(fields=["subdistrict", "day"], include=_ADDED_UP, name="agent_day_by_subdistrict"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.day}"


class StaleDay(models.Model):
    """A day of a plan whose sums have to be made again. Written by whoever changed it, without waiting for others."""

    plan = models.ForeignKey("inspections.Plan", on_delete=models.CASCADE, related_name="+")
    day = models.DateField()

    def __str__(self) -> str:
        return f"{self.plan_id} {self.day}"


class Closed(models.Model):
    """A day of a plan that is over. Its missed duties are followed a little later: phones may still send."""

    plan = models.ForeignKey("inspections.Plan", on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    at = models.DateTimeField()
    followed = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("结束的日子")
        constraints: ClassVar = [models.UniqueConstraint(fields=["plan", "day"], name="closed_once")]
        indexes: ClassVar = [
            models.Index(fields=["at"], name="closed_unfollowed", condition=Q(followed=False)),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.plan_id} {self.day}"


class Opened(models.Model):
    """Until which day, included, every place of a plan was given what it owes."""

    plan = models.OneToOneField("inspections.Plan", on_delete=models.CASCADE, related_name="+")
    until = models.DateField()

    def __str__(self) -> str:
        return f"{self.plan_id} {self.until}"


class Folded(models.Model):
    """Until which day, included, the sums are made. Days after it are counted from their places."""

    until = models.DateField()

    def __str__(self) -> str:
        return str(self.until)


class Reminder(models.Model):
    """Somebody was reminded of this slot, once."""

    plan = models.ForeignKey("inspections.Plan", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10)
    place = models.BigIntegerField()
    due_at = models.DateTimeField()

    class Meta:
        verbose_name = _("提醒")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["plan", "kind", "place", "due_at"], name="reminder_once")
        ]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.place} {self.due_at}"


class MissedRun(models.Model):
    """So many slots of a place were missed one after the other, and the case that was opened of it."""

    plan = models.ForeignKey("inspections.Plan", on_delete=models.CASCADE, related_name="missed_runs")
    kind = models.CharField(max_length=10)
    place = models.BigIntegerField()
    since = models.DateTimeField(_("从"))  # when the first of them was due
    slots = models.PositiveIntegerField(_("连续缺"))
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="missed_runs")
    found_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("连续缺做")
        ordering = ("-found_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["plan", "kind", "place", "since"], name="missed_run_once")
        ]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.place} {self.since}"
