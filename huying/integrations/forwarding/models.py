"""Servers that we forward to, what goes there, and how each matter stands there."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from huying.cases.models import Case, Category
from huying.core.models import StoredFile
from huying.core.secrets import SealedField
from huying.people.models import Department, User


class Partner(models.Model):
    """An Open311 server on which one of our departments works."""

    class Format(models.TextChoices):
        JSON = "json", "JSON"
        XML = "xml", "XML"

    title = models.CharField(_("平台名称"), max_length=80)
    base_url = models.URLField(_("接口地址"), max_length=300)  # the folder of requests.json
    jurisdiction_id = models.CharField(_("辖区代码"), max_length=80, blank=True)
    api_key = SealedField(_("接口密钥"), blank=True)
    format = models.CharField(_("格式"), max_length=4, choices=Format.choices, default=Format.JSON)
    department = models.ForeignKey(
        Department, on_delete=models.PROTECT, related_name="+", verbose_name=_("承办单位")
    )
    account = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name=_("经办账号"))
    paused = models.BooleanField(_("暂停"), default=False)
    has_updates = models.BooleanField(null=True)  # None: not asked yet
    answered_at = models.DateTimeField(_("最近应答"), null=True)
    failing_since = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("Open311 平台")
        ordering = ("title",)

    def __str__(self) -> str:
        return self.title


class Route(models.Model):
    """A category of ours, and what it is there. `attributes`: code there → words, or `{field}` of our report."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="routes")
    category = models.OneToOneField(
        Category, on_delete=models.CASCADE, related_name="+", verbose_name=_("类别")
    )
    service_code = models.CharField(_("对方的服务代码"), max_length=80)
    attributes = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("转办的类别")
        ordering = ("category",)

    def __str__(self) -> str:
        return f"{self.category} → {self.service_code}"


class Forwarding(models.Model):
    """One case on one server. A rework or reopening is a new matter there, with the next `round`."""

    class State(models.TextChoices):
        WAITING = "waiting", _("待发送")
        SENT = "sent", _("已发送，等编号")
        OPEN = "open", _("对方办理中")
        ANSWERED = "answered", _("对方已办结，待本单位报告")
        DONE = "done", _("已办结")
        STUCK = "stuck", _("需要处理")
        WITHDRAWN = "withdrawn", _("不再跟踪")

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="forwardings")
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    round = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.WAITING)
    service_code = models.CharField(max_length=80)
    attributes = models.JSONField(default=dict)
    reason = models.CharField(max_length=300, blank=True)  # why it goes there again
    remote_id = models.CharField(_("对方编号"), max_length=120, blank=True)
    token = models.CharField(max_length=120, blank=True)
    remote_status = models.CharField(max_length=40, blank=True)
    remote_notes = models.TextField(blank=True)
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    sending_until = models.DateTimeField(null=True)
    first_sent_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField(_("转办时间"))
    sent_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    problem = models.CharField(_("问题"), max_length=300, blank=True)

    LIVE: ClassVar = (State.WAITING, State.SENT, State.OPEN, State.ANSWERED, State.STUCK)

    class Meta:
        verbose_name = _("转办")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "round"], name="forwarding_once_a_round"),
            models.UniqueConstraint(
                fields=["partner", "remote_id"], name="forwarding_one_case_for_an_id",
                condition=~Q(remote_id=""),
            ),
        ]  # fmt: skip
        indexes: ClassVar = [
            models.Index(
                fields=["next_try_at"], name="forwarding_due", condition=Q(next_try_at__isnull=False)
            ),
            models.Index(fields=["partner", "state"], name="forwarding_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} → {self.partner_id}"

    @property
    def marker(self) -> str:
        """The words by which our matter is found there when the answer with its number was lost."""
        return f"[HY {self.case.number}-{self.round}]"


class Heard(models.Model):
    """Something that the server said of a matter: told on the case once, whatever is repeated."""

    forwarding = models.ForeignKey(Forwarding, on_delete=models.CASCADE, related_name="heard")
    update_id = models.CharField(max_length=160)
    status = models.CharField(max_length=40, blank=True)
    words = models.TextField(blank=True)
    at = models.DateTimeField(null=True)  # by the server's clock
    heard_at = models.DateTimeField(auto_now_add=True)
    media_url = models.URLField(max_length=1000, blank=True)
    media_tries = models.PositiveSmallIntegerField(default=0)
    media_next_try_at = models.DateTimeField(null=True)
    photo = models.ForeignKey(StoredFile, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        verbose_name = _("对方的进展")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["forwarding", "update_id"], name="forwarding_heard_once")
        ]

    def __str__(self) -> str:
        return self.words[:40]
