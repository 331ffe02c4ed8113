"""Who subscribes to what happens to cases, and every event on its way: the rows are outbox and log at once."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from huying.cases.models import Ledger
from huying.core.secrets import SealedField
from huying.people.models import User
from huying.places.models import Area


class Subscriber(models.Model):
    """An address that is told. It hears of what its owner may see, narrowed to codes, ledger and area."""

    title = models.CharField(_("名称"), max_length=80)
    url = models.URLField(_("接收地址"), max_length=500)
    secret = SealedField()
    # Still signed with for a while after a rotation, so that the receiver can change over.
    former_secret = SealedField(blank=True, default="")
    codes = models.JSONField(
        _("事件"), default=list
    )  # prefixes of journal codes; empty: every event of a case
    ledger = models.ForeignKey(Ledger, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    area = models.ForeignKey(Area, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="webhooks")
    active = models.BooleanField(_("启用"), default=True)
    stopped_because = models.CharField(_("停用原因"), max_length=200, blank=True)
    failing_since = models.DateTimeField(null=True)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("推送订阅")
        ordering = ("title",)

    def __str__(self) -> str:
        return self.title


class Delivery(models.Model):
    """One event for one subscriber. Sent again after a failure or on request, always with the same id."""

    class State(models.TextChoices):
        WAITING = "waiting", _("等待发送")
        SENDING = "sending", _("正在发送")
        DONE = "done", _("已送达")
        GIVEN_UP = "given-up", _("已放弃")
        WITHHELD = "withheld", _("不在范围内")

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="deliveries")
    event_id = models.UUIDField(default=uuid.uuid4, unique=True)
    case_id = models.BigIntegerField()  # 0 for a test message
    case_number = models.CharField(_("案件"), max_length=24, blank=True)
    sequence = models.PositiveIntegerField()
    code = models.CharField(_("事件"), max_length=48)
    at = models.DateTimeField(_("发生时间"))
    data = models.JSONField(default=dict)
    body = models.TextField(blank=True)  # as it was last sent
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(_("次数"), default=0)
    replays = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(_("应答"), null=True)
    error = models.CharField(_("说明"), max_length=300, blank=True)
    took_ms = models.PositiveIntegerField(_("用时（毫秒）"), null=True)
    made_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(_("送达时间"), null=True)

    class Meta:
        verbose_name = _("推送")
        ordering = ("-id",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["subscriber", "case_id", "sequence"],
                name="webhook_event_once",
                condition=Q(case_id__gt=0),
            )
        ]
        indexes: ClassVar = [
            # What is still to do stays small while the log grows.
            models.Index(
                fields=["subscriber", "case_id", "sequence"],
                name="webhook_to_do",
                condition=Q(state__in=["waiting", "sending"]),
            ),
            models.Index(fields=["subscriber", "-id"], name="webhook_log"),
        ]

    def __str__(self) -> str:
        return f"{self.case_number} {self.code}"
