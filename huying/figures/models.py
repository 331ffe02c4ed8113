"""Figures as they were loaded, and figures as they were published: frozen, with the rows that they counted."""

from __future__ import annotations

import datetime as dt
import secrets
from fractions import Fraction
from typing import ClassVar

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from huying.core.fields import DeclarationField
from huying.figures.rules import CheckRules, FigureRules, read_checks
from huying.people.models import User
from huying.places.models import Titled


class Figure(Titled):
    """A figure that the pack declares."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    declaration = DeclarationField()
    active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = _("数字")
        ordering = ("code",)

    @property
    def rules(self) -> FigureRules:
        """The declaration, read; remembered by its text."""
        return FigureRules.from_declaration(self.declaration)

    def get_absolute_url(self) -> str:
        """Its page: how it is counted, and the rows."""
        return reverse("figures:figure", args=[self.code])


class CheckList(Titled):
    """Relations between figures that should hold, as one file of the pack lists them."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    declaration = DeclarationField()
    active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = _("核对关系")
        ordering = ("code",)

    @property
    def rules(self) -> tuple[CheckRules, ...]:
        """The relations."""
        return read_checks(self.declaration)[0]


def new_token() -> str:
    """A permanent address that can be read from paper: ten letters and digits without those that look alike."""
    return "".join(secrets.choice("23456789abcdefghjkmnpqrstuvwxyz") for _each in range(10))


class PublishedFigure(models.Model):
    """A value as it was told, by the declaration of that day, with the rows that it was counted from. Never changed."""

    token = models.CharField(_("固定地址"), max_length=12, unique=True, default=new_token)
    figure = models.ForeignKey(Figure, on_delete=models.PROTECT, related_name="published")
    declaration = models.JSONField()
    first_day = models.DateField(_("时段起"), null=True)
    last_day = models.DateField(_("时段止"), null=True)
    where = models.JSONField(default=dict)
    at = models.DateTimeField(_("截至"))
    # Exact: numbers of any length, as text.
    numerator = models.CharField(max_length=80)
    denominator = models.CharField(max_length=80, blank=True)
    text = models.CharField(_("数值"), max_length=80)
    rows = models.PositiveIntegerField(_("记录数"), default=0)
    # Of a calculated figure: what it was calculated from.
    whole = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="parts")
    purpose = models.CharField(_("用在"), max_length=160, blank=True)
    published_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("公布的数字")
        ordering = ("-at", "pk")

    def __str__(self) -> str:
        return f"{self.rules} {self.text}"

    def get_absolute_url(self) -> str:
        """Its permanent address."""
        return reverse("figures:published", args=[self.token])

    @property
    def rules(self) -> FigureRules:
        """The declaration of the day on which it was published."""
        return FigureRules.from_declaration(self.declaration)

    @property
    def exact(self) -> Fraction | None:
        """The value; None where there was nothing to divide by."""
        if not self.denominator:
            return Fraction(self.numerator)
        bottom = Fraction(self.denominator)
        return Fraction(self.numerator) / bottom if bottom else None

    @property
    def days(self) -> tuple[dt.date | None, dt.date | None]:
        """First and last day."""
        return self.first_day, self.last_day


class PublishedRows(models.Model):
    """A thousand of the rows of a published value, each as it was: key, its number, whether it is in the share, label,
    state, day, area path, department."""

    published = models.ForeignKey(PublishedFigure, on_delete=models.PROTECT, related_name="chunks")
    number = models.PositiveIntegerField()
    rows = models.JSONField()

    class Meta:
        ordering = ("published", "number")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["published", "number"], name="published_rows_once")
        ]

    def __str__(self) -> str:
        return f"{self.published_id} {self.number}"


class LatestRecount(models.Model):
    """What a published value came to when it was last counted again: at night, without anybody asking."""

    published = models.OneToOneField(PublishedFigure, on_delete=models.CASCADE, related_name="latest_recount")
    at = models.DateTimeField(_("数的时刻"))
    same = models.BooleanField(_("一样"))
    text = models.CharField(_("现在的数"), max_length=80)
    rows = models.PositiveIntegerField(_("变动的记录数"), default=0)

    class Meta:
        verbose_name = _("重新数的结果")
        indexes: ClassVar = [
            models.Index(fields=["-at"], name="recount_differs", condition=models.Q(same=False))
        ]

    def __str__(self) -> str:
        return f"{self.published_id} {self.text}"


# What was printed has a package of its own; Django looks for models here.
from huying.figures.appraisals.models import (  # noqa: E402
    Appraisal,  # noqa: F401
    AppraisalAppeal,  # noqa: F401
    AppraisalEntry,  # noqa: F401
    AppraisalTable,  # noqa: F401
)
from huying.figures.briefs.models import (  # noqa: E402
    Brief,  # noqa: F401
    BriefNumber,  # noqa: F401
    BriefRun,  # noqa: F401
)
from huying.figures.points.models import (  # noqa: E402
    PointAppeal,  # noqa: F401
    PointEntry,  # noqa: F401
    PointRedemption,  # noqa: F401
    PointResult,  # noqa: F401
    PointScheme,  # noqa: F401
    PointTable,  # noqa: F401
)
from huying.figures.reports.models import MeetingPack  # noqa: E402, F401
from huying.figures.statements.models import (  # noqa: E402
    Statement,  # noqa: F401
    StatementCheck,  # noqa: F401
    StatementSource,  # noqa: F401
)
