"""Households, the visits to them, and what was promised at the door."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from huying.cases.models import Case
from huying.people.models import User
from huying.places.models import Area


class Household(models.Model):
    """A home that is called on. One row for each address within a grid."""

    address = models.CharField(_("地址"), max_length=120)
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="homes", verbose_name=_("网格"))
    area_path = models.CharField(max_length=200)
    lng = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    name = models.CharField(_("户主"), max_length=60, blank=True)
    phone = models.CharField(_("电话"), max_length=30, blank=True)
    members = models.PositiveSmallIntegerField(_("人数"), null=True, blank=True)
    made_at = models.DateTimeField(auto_now_add=True)
    made_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    # Copies of the latest visit, for lists: 100,000 households are sorted without touching their visits.
    visited_at = models.DateTimeField(_("最近走访"), null=True)
    low = models.BooleanField(_("读数偏低"), default=False)
    forgotten = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("住户")
        ordering = ("area_path", "address")
        constraints: ClassVar = [models.UniqueConstraint(fields=["area", "address"], name="household_once")]
        indexes: ClassVar = [
            models.Index(
                fields=["area_path", "visited_at"],
                name="household_in_turn",
                opclasses=["varchar_pattern_ops", "timestamptz_ops"],
            )
        ]

    def __str__(self) -> str:
        return self.address


class Visit(models.Model):
    """Somebody called at the door."""

    household = models.ForeignKey(Household, on_delete=models.PROTECT, related_name="visits")
    visited_at = models.DateTimeField(_("时间"))
    visitor = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="visits", verbose_name=_("走访人")
    )
    at_home = models.BooleanField(_("家里有人"), default=True)
    answers = models.JSONField(default=dict)
    low = models.BooleanField(_("读数偏低"), default=False)
    words = models.CharField(_("情况"), max_length=500, blank=True)
    distance_m = models.PositiveIntegerField(_("离住户（米）"), null=True)
    client_id = models.UUIDField(null=True, unique=True)

    class Meta:
        verbose_name = _("走访")
        ordering = ("-visited_at",)
        indexes: ClassVar = [models.Index(fields=["-visited_at"], name="visit_newest")]

    def __str__(self) -> str:
        return f"{self.household_id} {self.visited_at:%Y-%m-%d}"


class VisitCase(models.Model):
    """A problem that was found at the door."""

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="problems")
    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="found_by_visit")

    class Meta:
        verbose_name = _("走访发现的问题")

    def __str__(self) -> str:
        return f"{self.visit_id} {self.case_id}"


class Promise(models.Model):
    """Something that was promised at the door, by a day."""

    class State(models.TextChoices):
        OPEN = "open", _("待兑现")
        KEPT = "kept", _("已兑现")
        MISSED = "missed", _("过期未兑现")

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="promises")
    words = models.CharField(_("答应的事"), max_length=200)
    due_on = models.DateField(_("哪天以前"))
    state = models.CharField(_("状态"), max_length=8, choices=State, default=State.OPEN)
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="promises")
    kept_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("承诺")
        ordering = ("due_on",)
        indexes: ClassVar = [
            models.Index(fields=["due_on"], name="promise_due", condition=Q(state="open")),
        ]

    def __str__(self) -> str:
        return self.words
