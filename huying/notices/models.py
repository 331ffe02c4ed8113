"""What leaves the house: deliveries, group robots, preferences of staff; and news with its readers."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from huying.core.models import StoredFile
from huying.core.secrets import SealedField
from huying.people.models import Department, User
from huying.places.models import Area


class Robot(models.Model):
    """The robot of one chat group: of a department, an area, or both. Its address is its password, so it is sealed."""

    class Kind(models.TextChoices):
        WECOM = "wecom", _("企业微信群机器人")
        DINGTALK = "dingtalk", _("钉钉群机器人")

    title = models.CharField(_("群名称"), max_length=80)
    channel = models.CharField(_("哪种机器人"), max_length=12, choices=Kind)
    address = SealedField(_("Webhook 地址"))
    secret = SealedField(_("加签密钥"), blank=True)  # DingTalk's SEC…
    department = models.ForeignKey(
        Department,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("部门群"),
    )
    area = models.ForeignKey(
        Area, null=True, blank=True, on_delete=models.CASCADE, related_name="+", verbose_name=_("区域群")
    )
    hears_cases = models.BooleanField(_("发案件通知"), default=True)
    hears_news = models.BooleanField(_("发新闻、政策"), default=True)
    active = models.BooleanField(_("在用"), default=True)
    added_at = models.DateTimeField(auto_now_add=True)
    added_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("群机器人")
        ordering = ("title", "id")

    def __str__(self) -> str:
        return self.title


class Preference(models.Model):
    """How one member of staff wants to be told. Without a row: `DEFAULT_CHANNELS`, and the district's quiet hours."""

    DEFAULT_CHANNELS: ClassVar[dict[str, list[str]]] = {"mine": ["email"], "department": [], "news": []}

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="+")
    channels = models.JSONField(default=dict)  # what it is about: the channels, besides the bell
    quiet_from = models.TimeField(_("免打扰开始"), null=True, blank=True)
    quiet_until = models.TimeField(_("免打扰结束"), null=True, blank=True)
    daily = models.BooleanField(_("每天汇总成一条"), default=False)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("通知偏好")

    def __str__(self) -> str:
        return f"{self.user_id}"

    def channels_for(self, topic: str) -> list[str]:
        """The channels for one of: mine, department, news."""
        return list(self.channels.get(topic, self.DEFAULT_CHANNELS[topic]))


class Delivery(models.Model):
    """One message to one recipient over one channel, and how far it came. The recipient's address is not kept here.

    It is asked for when the message goes out, so an address that was deleted (or corrected) meanwhile is not used.
    `words` may hold `{link}`: the way to the page is put in at the last moment, because a resident's link is a secret.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("待发")
        HELD = "held", _("暂缓")
        SENDING = "sending", _("发送中")
        SENT = "sent", _("已发出")
        DIGESTED = "digested", _("并入汇总")
        FAILED = "failed", _("失败")
        GIVEN_UP = "given-up", _("放弃重试")
        SUPPRESSED = "suppressed", _("未发")

    class To(models.TextChoices):
        USER = "user", _("工作人员")
        ROBOT = "robot", _("群")
        REPORT = "report", _("反映人")

    WAITING: ClassVar[tuple[str, ...]] = ("queued", "held")

    code = models.CharField(_("事由"), max_length=60)  # case.dispatched, reporter.closed, news.published ...
    subject_kind = models.CharField(max_length=20, blank=True)  # case, news
    subject_id = models.BigIntegerField(null=True)
    to_kind = models.CharField(_("收件人类别"), max_length=8, choices=To)
    to_id = models.BigIntegerField()
    to_name = models.CharField(_("收件人"), max_length=120)  # masked where it is a resident
    channel = models.CharField(_("渠道"), max_length=12)
    subject = models.CharField(_("标题"), max_length=160, blank=True)
    words = models.TextField(_("内容"))
    emergency = models.BooleanField(_("紧急"), default=False)
    state = models.CharField(_("状态"), max_length=12, choices=State, default=State.QUEUED)
    reason = models.CharField(_("说明"), max_length=300, blank=True)  # why it waits, failed or was not sent
    tries = models.PositiveSmallIntegerField(_("尝试"), default=0)
    created_at = models.DateTimeField(_("生成时间"), default=timezone.now)
    next_try_at = models.DateTimeField(_("下次发送"), null=True)
    claimed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(_("发出时间"), null=True)
    reference = models.CharField(_("回执号"), max_length=120, blank=True)  # what the provider calls it
    digest = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="members")
    instead_of = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="fallbacks")

    class Meta:
        verbose_name = _("发送记录")
        ordering = ("-created_at", "-id")
        indexes: ClassVar = [
            models.Index(
                fields=["next_try_at"], name="delivery_due", condition=Q(state__in=["queued", "held"])
            ),
            models.Index(fields=["claimed_at"], name="delivery_claimed", condition=Q(state="sending")),
            models.Index(fields=["to_kind", "to_id", "channel", "-claimed_at"], name="delivery_recipient"),
            models.Index(fields=["subject_kind", "subject_id"], name="delivery_subject"),
            models.Index(fields=["-created_at", "-id"], name="delivery_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.to_name} {self.state}"


class News(models.Model):
    """A notice to the people of an area and, where `public`, to everyone: news, policy, consultation, emergency."""

    class Kind(models.TextChoices):
        NEWS = "news", _("新闻")
        POLICY = "policy", _("政策")
        CONSULTATION = "consultation", _("征求意见")
        EMERGENCY = "emergency", _("紧急提醒")

    title = models.CharField(_("标题"), max_length=80)
    body = models.TextField(_("正文"))  # Markdown
    spoken = models.CharField(
        _("广播词"), max_length=300, blank=True
    )  # for loudspeakers; empty: made from the body
    kind = models.CharField(_("类别"), max_length=16, choices=Kind, default=Kind.NEWS)
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="+", verbose_name=_("发到哪里"))
    roles = models.JSONField(_("发给哪些工作人员"), default=list, blank=True)  # codes of roles; empty: all
    public = models.BooleanField(_("居民也能看"), default=True)
    to_groups = models.BooleanField(_("同时发到群里"), default=True)
    confirm = models.BooleanField(_("要求回复“收到”"), default=False)
    pinned = models.BooleanField(_("置顶"), default=False)
    publish_from = models.DateTimeField(_("发布时间"))
    publish_until = models.DateTimeField(_("撤下时间"), null=True, blank=True)
    closes_at = models.DateTimeField(_("意见截止"), null=True, blank=True)  # consultations
    views = models.PositiveIntegerField(_("居民浏览"), default=0)  # page views; nobody is told apart
    written_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    department = models.ForeignKey(
        Department, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("发布单位")
    )
    published_at = models.DateTimeField(null=True)  # somebody said: publish (at publish_from)
    announced_at = models.DateTimeField(null=True)  # deliveries were made
    withdrawn_at = models.DateTimeField(null=True)
    files = models.ManyToManyField(StoredFile, through="NewsFile", related_name="+")

    class Meta:
        verbose_name = _("新闻")
        verbose_name_plural = _("新闻")
        ordering = ("-pinned", "-publish_from", "-id")
        indexes: ClassVar = [
            models.Index(
                fields=["-pinned", "-publish_from"],
                name="news_shown",
                condition=Q(published_at__isnull=False, withdrawn_at__isnull=True),
            ),
            models.Index(
                fields=["publish_from"],
                name="news_to_announce",
                condition=Q(published_at__isnull=False, withdrawn_at__isnull=True, announced_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def state(self) -> str:
        """draft, scheduled, shown, over or withdrawn."""
        now = timezone.now()
        if self.withdrawn_at:
            return "withdrawn"
        if not self.published_at:
            return "draft"
        if self.publish_from > now:
            return "scheduled"
        return "over" if self.publish_until and self.publish_until <= now else "shown"

    def takes_comments(self) -> bool:
        """Whether opinions are asked for and still taken."""
        return (
            self.kind == self.Kind.CONSULTATION
            and self.state == "shown"
            and (self.closes_at is None or timezone.now() < self.closes_at)
        )


class NewsFile(models.Model):
    """A photo or attachment of a news item."""

    news = models.ForeignKey(News, on_delete=models.CASCADE, related_name="attachments")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=120, blank=True)

    class Meta:
        verbose_name = _("附件")
        ordering = ("id",)
        constraints: ClassVar = [models.UniqueConstraint(fields=["news", "file"], name="news_file_once")]

    def __str__(self) -> str:
        return self.title


class NewsRead(models.Model):
    """One member of staff opened a news item, and perhaps said 收到."""

    news = models.ForeignKey(News, on_delete=models.CASCADE, related_name="reads")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    read_at = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("阅读记录")
        constraints: ClassVar = [models.UniqueConstraint(fields=["news", "user"], name="news_read_once")]

    def __str__(self) -> str:
        return f"{self.news_id} {self.user_id}"


class Comment(models.Model):
    """What a resident said in a consultation, without a name; shown when somebody has looked at it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("待审")
        SHOWN = "shown", _("已公开")
        HIDDEN = "hidden", _("不公开")

    news = models.ForeignKey(News, on_delete=models.CASCADE, related_name="comments")
    client_id = models.UUIDField(unique=True)  # a form that is sent twice is one opinion
    words = models.TextField(_("意见"))
    said_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    answer = models.TextField(_("答复"), blank=True)
    judged_at = models.DateTimeField(null=True)
    judged_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("意见")
        ordering = ("said_at", "id")

    def __str__(self) -> str:
        return self.words[:40]
