"""Schemes of points as they were loaded; what people give, tables as they were announced, appeals, what was changed in.

No balance is kept: it is what published months came to, less what was changed into something.
"""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from huying.core.fields import DeclarationField
from huying.core.models import StoredFile
from huying.figures.points.rules import PointRules
from huying.figures.points.scoring import Account, corrected, unpacked
from huying.people.models import User
from huying.places.models import Titled


class PointScheme(Titled):
    """A scheme of points that the pack declares."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    declaration = DeclarationField()
    active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = _("积分办法")
        ordering = ("code",)

    @property
    def rules(self) -> PointRules:
        """The declaration, read; remembered by its text."""
        return PointRules.from_declaration(self.declaration)

    def get_absolute_url(self) -> str:
        """Its page at the desk."""
        return reverse("figures:points", args=[self.code])


class PointEntry(models.Model):
    """Points that somebody gives or takes for what happened, with evidence. They count when another agrees."""

    scheme = models.ForeignKey(PointScheme, on_delete=models.PROTECT, related_name="entries")
    person = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="point_entries", verbose_name=_("得分人")
    )
    on = models.DateField(_("哪一天的事"))
    item = models.CharField(_("项目"), max_length=40)
    points = models.CharField(
        _("分"), max_length=24
    )  # exact, signed: as the rule was on the day of the entry
    words = models.CharField(_("依据"), max_length=300)
    evidence = models.ForeignKey(StoredFile, null=True, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(_("登记时间"))
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    approved = models.BooleanField(_("同意"), null=True)
    decided_at = models.DateTimeField(_("审批时间"), null=True)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(_("审批意见"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("积分登记")
        ordering = ("on", "pk")
        indexes: ClassVar = [
            models.Index(fields=["scheme", "on"], name="point_entry_counted", condition=Q(approved=True)),
            models.Index(fields=["entered_at"], name="point_entry_waiting", condition=Q(approved=None)),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.points} {self.on}"

    @property
    def exact(self) -> Fraction:
        """Its points."""
        return Fraction(self.points)


class PointTable(models.Model):
    """One group's month: announced first, so that people may appeal, then published."""

    scheme = models.ForeignKey(PointScheme, on_delete=models.PROTECT, related_name="tables")
    group = models.CharField(_("组"), max_length=40)
    period = models.CharField(_("月份"), max_length=12)
    first_day = models.DateField(_("时段起"))
    last_day = models.DateField(_("时段止"))
    at = models.DateTimeField(_("截至"))
    declaration = models.JSONField()
    announced_at = models.DateTimeField(_("公示时间"))
    announced_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    appeals_until = models.DateTimeField(_("申诉截止"), null=True)
    published_at = models.DateTimeField(_("公布时间"), null=True)
    published_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("积分月表")
        ordering = ("-first_day", "group")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scheme", "group", "period"], name="point_table_once")
        ]

    def __str__(self) -> str:
        return f"{self.scheme} {self.group} {self.period}"

    def get_absolute_url(self) -> str:
        """Its page at the desk."""
        return f"{self.scheme.get_absolute_url()}?group={self.group}&period={self.period}"

    @property
    def rules(self) -> PointRules:
        """The declaration of the day on which it was announced."""
        return PointRules.from_declaration(self.declaration)


class PointResult(models.Model):
    """One person's lines in an announced table, with the rows that they were counted from. Never changed."""

    table = models.ForeignKey(PointTable, on_delete=models.PROTECT, related_name="results")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="point_results")
    lines = models.JSONField()
    total = models.CharField(_("积分"), max_length=24)  # exact
    place = models.PositiveIntegerField(_("名次"), null=True)
    final = models.CharField(_("公布的积分"), max_length=24, blank=True)  # with what appeals put right

    class Meta:
        verbose_name = _("个人月积分")
        ordering = ("table", "place", "pk")
        constraints: ClassVar = [models.UniqueConstraint(fields=["table", "user"], name="point_result_once")]

    def __str__(self) -> str:
        return f"{self.table_id} {self.total}"

    def account(self) -> Account:
        """As it was announced."""
        lines = tuple(unpacked(row) for row in self.lines)
        return Account(self.user_id, lines, Fraction(self.total), self.place)

    def account_now(self) -> Account:
        """With what appeals put right; the place stays as it was announced."""
        points = {each.line: Fraction(each.points) for each in self.appeals.all() if each.accepted}
        return corrected(self.table.rules, self.account(), points) if points else self.account()


class PointAppeal(models.Model):
    """A person says that one line is wrong; somebody else decides."""

    result = models.ForeignKey(PointResult, on_delete=models.PROTECT, related_name="appeals")
    line = models.CharField(_("项目"), max_length=40)
    words = models.CharField(_("理由"), max_length=600)
    asked_at = models.DateTimeField(_("申诉时间"))
    accepted = models.BooleanField(_("是否成立"), null=True)
    points = models.CharField(_("更正为"), max_length=24, blank=True)  # exact; of an appeal that was accepted
    decided_at = models.DateTimeField(_("裁定时间"), null=True)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(_("裁定理由"), max_length=600, blank=True)

    class Meta:
        verbose_name = _("积分申诉")
        ordering = ("asked_at", "pk")
        constraints: ClassVar = [models.UniqueConstraint(fields=["result", "line"], name="point_appeal_once")]

    def __str__(self) -> str:
        return f"{self.result_id} {self.line}"


class PointRedemption(models.Model):
    """Points changed into something that was given. Taken back with a reason, never deleted."""

    scheme = models.ForeignKey(PointScheme, on_delete=models.PROTECT, related_name="redemptions")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="point_redemptions")
    reward = models.CharField(_("奖励"), max_length=40)
    title = models.CharField(_("给了什么"), max_length=120)
    points = models.CharField(_("用去"), max_length=24)  # exact, positive
    words = models.CharField(_("说明"), max_length=300, blank=True)
    given_at = models.DateTimeField(_("兑换时间"))
    given_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(_("撤销时间"), null=True)
    withdrawn_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    withdrawn_words = models.CharField(_("撤销原因"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("积分兑换")
        ordering = ("-given_at", "-pk")
        indexes: ClassVar = [
            models.Index(
                fields=["person", "scheme"], name="point_redemption_person", condition=Q(withdrawn_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"{self.title} {self.points}"

    @property
    def exact(self) -> Fraction:
        """What it took."""
        return Fraction(self.points)
