"""What is exchanged with a city hotline: its systems, its orders, what we owe it, and every message that passed."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Least
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from huying.cases.models import Case, Category, Ledger, Report
from huying.core.models import StoredFile
from huying.core.secrets import SealedField, SealedText
from huying.integrations.sheets import SheetUpload
from huying.people.models import User


class CitySystem(models.Model):
    """One city hotline that sends orders and hears what became of them."""

    code = models.SlugField(_("代码"), max_length=40, unique=True)
    title = models.CharField(_("名称"), max_length=60)
    ledger = models.ForeignKey(
        Ledger, on_delete=models.PROTECT, related_name="+", verbose_name=_("进入的台账")
    )
    key_id = models.CharField(_("密钥编号"), max_length=60, unique=True)
    secret = SealedField(_("密钥"))
    # While the city changes over, what it signs with the secret before is taken too.
    old_secret = SealedField(_("旧密钥"), blank=True, default="")
    old_secret_until = models.DateTimeField(_("旧密钥有效至"), null=True, blank=True)
    base_url = models.URLField(_("推送地址"), max_length=200, blank=True)
    returns_at_most = models.PositiveSmallIntegerField(_("每件工单最多退回次数"), default=2)
    paused = models.BooleanField(_("暂停推送"), default=False)
    compared_at = models.DateTimeField(null=True)
    comparison = models.JSONField(default=dict)  # the last comparison's differences, or why there is none

    class Meta:
        verbose_name = _("市热线系统")
        ordering = ("code",)

    def __str__(self) -> str:
        return self.title

    def secrets(self, at: dt.datetime | None = None) -> list[str]:
        """The secrets that a signature may be made with now, the current one first."""
        sealed = [self.secret]
        if self.old_secret and self.old_secret_until and (at or timezone.now()) < self.old_secret_until:
            sealed.append(self.old_secret)
        return [each.open() if isinstance(each, SealedText) else str(each) for each in sealed]


class CityCode(models.Model):
    """The city's code for a kind of request, and the category that it is here.

    The longest code that an order's code begins with counts, so that the two digits of a large class of
    GB/T 39666 cover all its small ones.
    """

    system = models.ForeignKey(CitySystem, on_delete=models.CASCADE, related_name="codes")
    code = models.CharField(_("市平台分类代码"), max_length=20)
    title = models.CharField(_("市平台分类名称"), max_length=80, blank=True)
    category = models.ForeignKey(
        Category, on_delete=models.PROTECT, related_name="+", verbose_name=_("本区类别")
    )

    class Meta:
        verbose_name = _("分类对照")
        ordering = ("code",)
        constraints: ClassVar = [models.UniqueConstraint(fields=["system", "code"], name="city_code_once")]

    def __str__(self) -> str:
        return self.code


class OrderQuerySet(models.QuerySet["Order"]):
    """The questions that the pages and jobs ask."""

    def by_nearest_deadline(self) -> OrderQuerySet:
        """With `nearest_due_at`, the earlier of the city's deadline and ours; NULL is no deadline."""
        return self.annotate(nearest_due_at=Least("city_due_at", "report__case__due_at"))

    def owed(self, at: dt.datetime | None = None) -> OrderQuerySet:
        """Orders with a message that is due, that nothing stands in front of, and that nobody is sending."""
        now = at or timezone.now()
        return self.filter(
            Q(sending_until=None) | Q(sending_until__lt=now), next_try_at__lte=now, system__paused=False
        )


class Order(models.Model):
    """A city order: the report that it is here, what the city said of it, and the queue of what we owe it."""

    class State(models.TextChoices):
        ACTIVE = "active", _("办理中")
        RETURNING = "returning", _("退回待市热线确认")
        RETURNED = "returned", _("已退回市热线")
        CANCELLED = "cancelled", _("市热线已撤销")

    system = models.ForeignKey(CitySystem, on_delete=models.PROTECT, related_name="orders")
    number = models.CharField(_("市工单号"), max_length=60)
    report = models.OneToOneField(Report, on_delete=models.PROTECT, related_name="city_order")
    state = models.CharField(_("交换状态"), max_length=10, choices=State, default=State.ACTIVE)
    received_at = models.DateTimeField(_("收到时间"))
    revision = models.PositiveIntegerField(default=0)  # the city's own count of changes, where it sends one
    digest = models.CharField(max_length=64)  # keyed: the contents themselves are the report
    city_code = models.CharField(_("市平台分类代码"), max_length=20, blank=True)
    city_title = models.CharField(_("市平台分类名称"), max_length=80, blank=True)
    city_due_at = models.DateTimeField(_("市热线时限"), null=True)
    warned_at = models.DateTimeField(null=True)
    returns = models.PositiveSmallIntegerField(_("退回次数"), default=0)
    return_reason = models.CharField(_("退回理由"), max_length=500, blank=True)
    return_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    # The queue: the last number given out, and when the first unacknowledged message is to be tried.
    sequence = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    sending_until = models.DateTimeField(null=True)  # a sender's lease; after a crash it simply ends

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("市热线工单")
        ordering = ("-received_at",)
        constraints: ClassVar = [models.UniqueConstraint(fields=["system", "number"], name="city_order_once")]
        indexes: ClassVar = [
            models.Index(
                fields=["next_try_at"], name="city_order_owed", condition=Q(next_try_at__isnull=False)
            ),
            models.Index(fields=["city_due_at"], name="city_order_due", condition=Q(warned_at=None)),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def case(self) -> Case:
        """The matter that the order is part of now: it follows its report through merges."""
        return self.report.case


class Correction(models.Model):
    """The city sent an order again with other contents."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="corrections")
    revision = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=64)  # of the contents that were replaced
    changes = models.JSONField()  # {field: [old, new]}; private values masked
    received_at = models.DateTimeField()

    class Meta:
        verbose_name = _("更正")
        ordering = ("received_at", "id")

    def __str__(self) -> str:
        return f"{self.order_id} {self.revision}"


class Delivery(models.Model):
    """One message that we owe the city about an order; they leave in the order of their sequence."""

    class State(models.TextChoices):
        WAITING = "waiting", _("待推送")
        ACKNOWLEDGED = "acknowledged", _("市热线已收到")
        STUCK = "stuck", _("需要处理")
        SKIPPED = "skipped", _("不再推送")

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="deliveries")
    sequence = models.PositiveIntegerField()
    event = models.CharField(max_length=24)
    payload = models.JSONField()
    created_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=State, default=State.WAITING)
    tries = models.PositiveIntegerField(default=0)
    acknowledged_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("推送")
        ordering = ("order", "sequence")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order", "sequence"], name="city_delivery_sequence")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["order", "sequence"],
                name="city_delivery_open",
                condition=Q(state__in=["waiting", "stuck"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.sequence} {self.event}"

    @property
    def key(self) -> str:
        """The idempotency key: the same for every try of this message and for no other."""
        return f"{self.order.number}-{self.sequence}"


class Exchange(models.Model):
    """One message that passed, in either direction, with what was answered. No names and no phones."""

    system = models.ForeignKey(CitySystem, on_delete=models.CASCADE, related_name="exchanges")
    order = models.ForeignKey(Order, null=True, on_delete=models.CASCADE, related_name="exchanges")
    incoming = models.BooleanField()
    what = models.CharField(max_length=60)
    at = models.DateTimeField()
    seconds = models.FloatField(default=0)
    status = models.PositiveSmallIntegerField(null=True)  # HTTP; None: no answer
    answer = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("交换记录")
        ordering = ("-id",)
        indexes: ClassVar = [
            models.Index(fields=["order", "-id"], name="city_exchange_order"),
            models.Index(F("at"), name="city_exchange_at"),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.status}"


class Nonce(models.Model):
    """A number used once, kept until no request that carries it could be fresh any more."""

    system = models.ForeignKey(CitySystem, on_delete=models.CASCADE, related_name="+")
    nonce = models.CharField(max_length=80)
    until = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["system", "nonce"], name="city_nonce_once")]

    def __str__(self) -> str:
        return self.nonce


class Attachment(models.Model):
    """A photo that the city named by its address, to be fetched."""

    class State(models.TextChoices):
        WAITING = "waiting", _("待下载")
        STORED = "stored", _("已保存")
        FAILED = "failed", _("下载失败")

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="attachments")
    url = models.URLField(max_length=1000)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)
    file = models.ForeignKey(StoredFile, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("附件")
        ordering = ("id",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order", "url"], name="city_attachment_once")
        ]

    def __str__(self) -> str:
        return self.url


class OrdersUpload(SheetUpload):
    """A table of orders that somebody is bringing in."""
