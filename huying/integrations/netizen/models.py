"""What people write on message boards and by mail, where it came from, and the official answer to it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from huying.cases.models import Report
from huying.core.secrets import SealedField, SealedText
from huying.integrations.sheets import SheetUpload
from huying.people.models import User

MAIL = "email"


class Mailbox(models.Model):
    """A mailbox that messages are fetched from, over IMAP."""

    class Security(models.TextChoices):
        TLS = "tls", _("TLS（端口一般是 993）")
        STARTTLS = "starttls", _("STARTTLS（端口一般是 143）")
        NONE = "none", _("不加密（只用于本机）")

    title = models.CharField(_("名称"), max_length=60)
    address = models.EmailField(_("邮箱地址"), unique=True)
    host = models.CharField(_("IMAP 主机"), max_length=120)
    port = models.PositiveIntegerField(_("端口"), default=993)
    security = models.CharField(_("加密"), max_length=8, choices=Security, default=Security.TLS)
    username = models.CharField(_("登录名"), max_length=120)
    password = SealedField(_("密码"))
    folder = models.CharField(_("收件文件夹"), max_length=60, default="INBOX")
    done_folder = models.CharField(_("收下后移到"), max_length=60, default="Huying")
    active = models.BooleanField(_("启用"), default=True)
    fetched_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("留言邮箱")
        ordering = ("address",)

    def __str__(self) -> str:
        return self.title


class Message(models.Model):
    """One message: the report that it is here, its place on the board, and our answer."""

    class Reply(models.TextChoices):
        NONE = "none", _("未答复")
        RELEASED = "released", _("待发出")
        SENT = "sent", _("已答复")
        FAILED = "failed", _("发送失败")

    report = models.OneToOneField(Report, on_delete=models.PROTECT, related_name="netizen_message")
    platform = models.CharField(_("平台"), max_length=60)
    number = models.CharField(_("留言编号"), max_length=250)  # on its platform; by mail the Message-ID
    nickname = models.CharField(_("昵称"), max_length=60, blank=True)
    link = models.URLField(_("链接"), max_length=500, blank=True)
    posted_at = models.DateTimeField(_("留言时间"), null=True)
    reply_due_at = models.DateTimeField(_("答复期限"), null=True)
    mailbox = models.ForeignKey(Mailbox, null=True, on_delete=models.PROTECT, related_name="messages")
    sender = SealedField(blank=True, default="")  # an address, open only to the line that answers it
    subject = models.CharField(max_length=200, blank=True)

    reply = models.TextField(_("答复"), blank=True)
    reply_state = models.CharField(_("答复状态"), max_length=8, choices=Reply, default=Reply.NONE)
    released_at = models.DateTimeField(null=True)
    released_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    replied_at = models.DateTimeField(_("答复时间"), null=True)
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("网民留言")
        ordering = ("-id",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["platform", "number"], name="netizen_message_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["next_try_at"], name="netizen_owed", condition=Q(next_try_at__isnull=False))
        ]

    def __str__(self) -> str:
        return self.number

    def sender_address(self) -> str:
        """The plain address, for the one line that needs it."""
        return self.sender.open() if isinstance(self.sender, SealedText) else str(self.sender)


class PassedOver(models.Model):
    """A mail that is no message (an automatic reply, a bounce): kept by its name only, so that it is not read twice."""

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="passed_over")
    number = models.CharField(max_length=250)
    why = models.CharField(max_length=200)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["mailbox", "number"], name="netizen_passed_over_once")
        ]

    def __str__(self) -> str:
        return self.number


class MessagesUpload(SheetUpload):
    """A table of messages that somebody is bringing in."""
