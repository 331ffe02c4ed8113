"""What was printed about the district, the relations that it should keep, and what the district's own rows say."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from huying.core.language import is_english
from huying.figures.statements.comparing import Stated, decimal_of
from huying.places.models import Titled


class StatementSource(Titled):
    """Where it was printed: an article, a report, a speech."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    published_on = models.DateField(_("发布日期"), null=True)

    class Meta:
        verbose_name = _("出处")
        ordering = ("published_on", "code")


class Statement(Titled):
    """A number that was printed about the district; `figure` counts the same from the district's own rows."""

    class Verdict(models.TextChoices):
        REPRODUCED = "reproduced", _("数得出来")
        CONTRADICTORY = "contradictory", _("原文自相矛盾")
        DIFFERS = "differs", _("数出来不一样")
        NOT_BUILT = "not-built", _("系统还没有建")

    code = models.CharField(_("编号"), max_length=40, unique=True)
    source = models.ForeignKey(
        StatementSource, on_delete=models.PROTECT, related_name="statements", verbose_name=_("出处")
    )
    value = models.DecimalField(_("印出的数"), max_digits=20, decimal_places=4)
    unit = models.CharField(_("单位"), max_length=20, blank=True)
    unit_en = models.CharField(max_length=40, blank=True)
    scale = models.CharField(max_length=12, blank=True)  # a key of comparing.SCALES
    bound = models.CharField(_("口径"), max_length=12, default="exact")  # one of comparing.BOUNDS
    step = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    system = models.CharField(_("系统"), max_length=4)
    # The code, not the row: a figure may come later than the statement, or leave the pack before it.
    figure = models.CharField(_("数字"), max_length=40, blank=True)
    first_day = models.DateField(_("时段起"), null=True)
    last_day = models.DateField(_("时段止"), null=True)
    where = models.JSONField(default=dict, blank=True)
    active = models.BooleanField(_("启用"), default=True)
    # As it came out when it was last compared.
    verdict = models.CharField(_("结论"), max_length=16, choices=Verdict, blank=True)
    counted = models.CharField(max_length=120, blank=True)  # exact, as a fraction
    counted_text = models.CharField(_("数出的数"), max_length=80, blank=True)
    counted_url = models.CharField(max_length=400, blank=True)
    compared_at = models.DateTimeField(_("核对时间"), null=True)

    class Meta:
        verbose_name = _("外面的说法")
        ordering = ("code",)
        indexes: ClassVar = [models.Index(fields=["verdict"], name="statement_verdict")]

    def get_absolute_url(self) -> str:
        """Its page: what was printed, what was counted, and which relations it breaks."""
        return reverse("figures:statement", args=[self.code])

    @property
    def stated(self) -> Stated:
        """The printed value, ready to be compared."""
        step = None if self.step is None else Fraction(self.step)
        return Stated(Fraction(self.value), self.scale, self.bound, step)

    @property
    def exact(self) -> Fraction | None:
        """What was counted; None where nothing was."""
        return Fraction(self.counted) if self.counted else None

    @property
    def printed_in(self) -> str:
        """The unit in the reader's language."""
        return (self.unit_en if is_english() else "") or self.unit

    @property
    def text(self) -> str:
        """The printed value as it reads: ≥ 300 个."""
        sign = {"at least": "≥ ", "at most": "≤ ", "about": "≈ "}.get(self.bound, "")
        return f"{sign}{decimal_of(Fraction(self.value)):,f} {self.printed_in}".rstrip()


class StatementCheck(Titled):
    """A relation that printed numbers should keep. Its title is the reason to be given when they do not."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    rule = models.CharField(_("关系"), max_length=200)
    within = models.DecimalField(_("容许误差"), max_digits=12, decimal_places=4, default=0)
    # Which of them can't be believed when the relation fails; the others stand.
    doubts = models.JSONField(default=list)
    active = models.BooleanField(_("启用"), default=True)
    failed = models.BooleanField(_("不成立"), default=False)  # when it was last judged

    class Meta:
        verbose_name = _("说法之间的关系")
        ordering = ("code",)
