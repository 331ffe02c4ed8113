"""Official papers: what is being drafted, and what was issued.

**Two nouns.** A `PaperDraft` is a text that people still change; a `Paper` is what was issued: numbered, frozen,
received and answered. They are two tables because nothing that is drafted may be mistaken for what was said: whoever
lists papers (cases, inspections, figures) never asks for their state, and papers that rules issue have no draft.

**One number, many receipts.** A paper goes to several departments under one number; each signs for it and answers on
its own `PaperReceipt`. What stands on the paper itself (`received_at`, `replied_at`) sums them up: the moment when the
last of the main addressees had done it. A paper to one addressee has no row of its own until that one acts.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from huying.core.models import StoredFile
from huying.papers.rules import KindRules, read_kind
from huying.people.models import Department


def _person(verbose: str | Any = "", **options: Any) -> Any:
    """Somebody who did something: kept as long as the record."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=verbose,
        **options,
    )


class PaperKind(models.Model):
    """A kind of paper as the pack declares it."""

    code = models.CharField(max_length=40, unique=True)
    title = models.CharField(_("名称"), max_length=120)
    title_en = models.CharField(max_length=160, blank=True)
    declaration = models.JSONField(default=dict)
    active = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("文种")
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.title_en if self.title_en and get_language() == "en" else self.title

    @cached_property
    def rules(self) -> KindRules:
        """The declaration, understood."""
        return read_kind(self.declaration)[0]


class PaperSeries(models.Model):
    """The running number of one kind of paper in one year (文号): claimed by updating this row."""

    kind = models.CharField(max_length=40)
    year = models.PositiveSmallIntegerField()
    last_number = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "year"], name="paper_series_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.year}"


class Paper(models.Model):
    """A paper as it was issued: its text is frozen, its receipt and reply are recorded."""

    class Kind(models.TextChoices):
        """The kinds that the rules of other floors issue by themselves; a pack declares more."""

        SUPERVISION_LETTER = "supervision-letter", _("督办函")
        ORDER_TO_CORRECT = "order-to-correct", _("责令整改通知书")
        DECISION = "decision", _("处理决定书")
        BULLETIN = "bulletin", _("督导通报")

    class Colour(models.TextChoices):
        BLUE = "blue", _("蓝")
        YELLOW = "yellow", _("黄")
        RED = "red", _("红")

    kind = models.CharField(_("文种"), max_length=40)
    year = models.PositiveSmallIntegerField()
    number = models.PositiveIntegerField()
    # What stands before the year (卫督办); empty where the kind's own title does.
    mark = models.CharField(_("发文机关代字"), max_length=40, blank=True)
    form = models.JSONField(default=dict, blank=True)  # `KindRules.form` as of the day of issue
    title = models.CharField(_("标题"), max_length=200)
    body = models.TextField(_("正文"))
    details = models.JSONField(default=dict, blank=True)  # `PaperDraft.details` as they were issued
    colour = models.CharField(_("督办颜色"), max_length=8, choices=Colour, blank=True)
    # The subject by kind and number, as in the journal: papers know nothing of the floors above.
    subject_kind = models.CharField(max_length=24)
    subject_id = models.BigIntegerField()
    subject_label = models.CharField(_("事由编号"), max_length=60)
    # Where a reader of the printed paper finds what it speaks of: a path of this site, printed as a QR code.
    link_path = models.CharField(max_length=200, blank=True)
    addressee = models.ForeignKey(
        Department,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="papers",
        verbose_name=_("主送"),
    )
    # A shop, a site, a village: whoever has no account here is served on paper, and signs on it.
    addressee_name = models.CharField(_("受送达人"), max_length=120, blank=True)
    area_path = models.CharField(max_length=200, blank=True)
    issued_at = models.DateTimeField(_("签发时间"))
    issued_by = _person(_("签发人"))
    signed_by = _person(_("签批人"))
    reply_due_at = models.DateTimeField(_("回复期限"), null=True)
    received_at = models.DateTimeField(_("签收时间"), null=True)
    received_by = _person()
    received_name = models.CharField(_("签收人"), max_length=60, blank=True)
    receipt = models.ForeignKey(StoredFile, null=True, on_delete=models.PROTECT, related_name="+")
    replied_at = models.DateTimeField(_("回复时间"), null=True)
    replied_by = _person()
    reply = models.TextField(_("回复"), blank=True)
    # Every main addressee has answered, and the answers were accepted: nothing more is awaited.
    settled_at = models.DateTimeField(_("办结时间"), null=True)
    withdrawn_at = models.DateTimeField(_("废止时间"), null=True)
    withdrawn_by = _person()
    withdrawn_reason = models.CharField(_("废止原因"), max_length=300, blank=True)
    superseded_by = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="supersedes", verbose_name=_("被替代为")
    )

    class Meta:
        verbose_name = _("文书")
        ordering = ("-issued_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "year", "number"], name="paper_number_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["subject_kind", "subject_id"], name="paper_subject"),
            models.Index(
                fields=["reply_due_at"],
                name="paper_awaited",
                condition=models.Q(replied_at=None, withdrawn_at=None, reply_due_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_kind_display(self) -> str:
        """The title of its kind: as it was issued, or of the kinds that are always there."""
        if self.kind in self.Kind.values and not self.form.get("title"):
            return str(self.Kind(self.kind).label)
        return str(self.form.get("title") or self.kind)

    @property
    def addressed_to(self) -> str:
        """Whoever the paper goes to, a department of the district or not."""
        return str(self.addressee) if self.addressee else self.addressee_name


class PaperReceipt(models.Model):
    """One addressee of a paper: when it signed for it, and how it answers.

    `copy` marks those who only hear of it (抄送): they sign, nobody waits for their answer.
    """

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="receipts")
    position = models.PositiveSmallIntegerField(default=0)
    department = models.ForeignKey(
        Department, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("单位")
    )
    name = models.CharField(_("单位"), max_length=120, blank=True)  # whoever has no account here
    copy = models.BooleanField(_("抄送"), default=False)
    received_at = models.DateTimeField(_("签收时间"), null=True)
    received_by = _person(_("签收人"))
    received_name = models.CharField(_("签收人"), max_length=60, blank=True)
    file = models.ForeignKey(StoredFile, null=True, on_delete=models.PROTECT, related_name="+")
    replied_at = models.DateTimeField(_("回复时间"), null=True)  # of the answer that stands
    accepted_at = models.DateTimeField(_("认可时间"), null=True)
    reminded_at = models.DateTimeField(null=True)
    urged_at = models.DateTimeField(null=True)
    # A meeting notice: who comes instead, or why nobody does.
    attendance = models.CharField(_("参会"), max_length=8, blank=True)
    attendance_words = models.CharField(_("参会说明"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("签收")
        ordering = ("position", "pk")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["paper", "department"],
                name="paper_receipt_once",
                condition=models.Q(department__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return str(self.department) if self.department else self.name


class PaperReply(models.Model):
    """One written answer: never changed, accepted or sent back by the issuer."""

    class Verdict(models.TextChoices):
        NONE = "", _("待审核")
        ACCEPTED = "accepted", _("已认可")
        SENT_BACK = "sent-back", _("已退回")

    receipt = models.ForeignKey(PaperReceipt, on_delete=models.CASCADE, related_name="replies")
    words = models.TextField(_("回复"))
    at = models.DateTimeField(_("回复时间"))
    by = _person(_("回复人"))
    late = models.BooleanField(_("逾期"), default=False)
    verdict = models.CharField(_("审核"), max_length=12, choices=Verdict, blank=True)
    verdict_at = models.DateTimeField(null=True)
    verdict_by = _person()
    verdict_words = models.CharField(_("审核意见"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("回复")
        ordering = ("at", "pk")

    def __str__(self) -> str:
        return self.words[:40]


class PaperDraft(models.Model):
    """A paper that is being written: every saved text is kept as a `PaperVersion`."""

    class State(models.TextChoices):
        DRAFT = "draft", _("起草中")
        IN_REVIEW = "in-review", _("待审核")
        TO_SIGN = "to-sign", _("待签批")
        SIGNED = "signed", _("待印发")
        ISSUED = "issued", _("已印发")
        DISCARDED = "discarded", _("已作废")

    kind = models.CharField(_("文种"), max_length=40)
    state = models.CharField(_("状态"), max_length=12, choices=State, default=State.DRAFT)
    title = models.CharField(_("标题"), max_length=200)
    body = models.TextField(_("正文"), blank=True)
    # addressees, cc: [{"department": code} | {"name": text}]; attachments, signatories, attendees: [text];
    # place, held_at, urgency, secrecy: text
    details = models.JSONField(default=dict, blank=True)
    subject_kind = models.CharField(max_length=24, blank=True)
    subject_id = models.BigIntegerField(null=True)
    subject_label = models.CharField(_("事由"), max_length=60, blank=True)
    link_path = models.CharField(max_length=200, blank=True)
    colour = models.CharField(_("督办颜色"), max_length=8, choices=Paper.Colour, blank=True)
    area_path = models.CharField(max_length=200, blank=True)
    department = models.ForeignKey(
        Department, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("起草单位")
    )
    replaces = models.ForeignKey(
        Paper, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("替代")
    )
    # Counts every change of text or state: what was seen is what is changed, by one person at a time.
    version = models.PositiveIntegerField(default=1)
    drafted_at = models.DateTimeField(_("起草时间"), default=timezone.now)
    drafted_by = _person(_("起草人"))
    changed_at = models.DateTimeField(_("最后修改"), default=timezone.now)
    submitted_at = models.DateTimeField(_("送审时间"), null=True)
    submitted_by = _person()
    reviewed_at = models.DateTimeField(_("审核时间"), null=True)
    reviewed_by = _person(_("审核人"))
    signed_at = models.DateTimeField(_("签批时间"), null=True)
    signed_by = _person(_("签批人"))
    # The last step and who took it: it may be taken back by the same person while nobody has gone on.
    stepped_by = _person()
    stepped_from = models.CharField(max_length=12, blank=True)
    paper = models.OneToOneField(Paper, null=True, on_delete=models.PROTECT, related_name="draft")

    class Meta:
        verbose_name = _("文稿")
        ordering = ("-changed_at", "-pk")
        indexes: ClassVar = [models.Index(fields=["state", "changed_at"], name="paper_draft_state")]

    def __str__(self) -> str:
        return self.title


class PaperVersion(models.Model):
    """A text as it was saved, by whom and when; nothing that was typed is lost."""

    draft = models.ForeignKey(PaperDraft, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    details = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField(default=timezone.now)
    by = _person()
    # Saved by the editor itself while somebody typed; `aside`: somebody else had changed the draft meanwhile,
    # so this text was kept beside it and is not what the draft says.
    auto = models.BooleanField(default=False)
    aside = models.BooleanField(default=False)

    class Meta:
        ordering = ("-number",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["draft", "number"], name="paper_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.title} v{self.number}"


class PaperPicture(models.Model):
    """A picture inside the text of a draft and of the paper that came of it, named in the text.

    A person uploads a photo (`file`); floors above draw charts, which are PNG (`data`).
    """

    draft = models.ForeignKey(PaperDraft, on_delete=models.CASCADE, related_name="pictures")
    name = models.CharField(max_length=40)
    data = models.BinaryField(default=bytes)
    file = models.ForeignKey(StoredFile, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["draft", "name"], name="paper_picture_once")]

    def __str__(self) -> str:
        return self.name


class PaperAttachment(models.Model):
    """A file behind a line of 附件: of a draft, and of the paper that came of it."""

    draft = models.ForeignKey(PaperDraft, on_delete=models.CASCADE, related_name="attachments")
    title = models.CharField(_("附件"), max_length=120)
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("附件")
        ordering = ("pk",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["draft", "title"], name="paper_attachment_once")
        ]

    def __str__(self) -> str:
        return self.title


class PaperComment(models.Model):
    """What a reviewer or signer says about a draft; `returned` sends it back to its drafter."""

    draft = models.ForeignKey(PaperDraft, on_delete=models.CASCADE, related_name="comments")
    words = models.CharField(_("意见"), max_length=1000)
    returned = models.BooleanField(default=False)
    version = models.PositiveIntegerField()  # of the text that it is about
    at = models.DateTimeField(default=timezone.now)
    by = _person()

    class Meta:
        ordering = ("at", "pk")

    def __str__(self) -> str:
        return self.words[:40]


class PaperMeeting(models.Model):
    """A meeting that a notice calls: who comes, what was written down, what was decided."""

    notice = models.OneToOneField(Paper, on_delete=models.PROTECT, related_name="meeting")
    minutes = models.OneToOneField(PaperDraft, null=True, on_delete=models.PROTECT, related_name="meeting")
    title = models.CharField(_("会议"), max_length=200)
    place = models.CharField(_("地点"), max_length=120, blank=True)
    held_at = models.DateTimeField(_("时间"), null=True)
    held_words = models.CharField(_("时间"), max_length=120, blank=True)
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("会议")
        ordering = ("-held_at", "-pk")

    def __str__(self) -> str:
        return self.title


class MeetingDecision(models.Model):
    """One thing that a meeting decided: who does it by when, and whether it was done."""

    meeting = models.ForeignKey(PaperMeeting, on_delete=models.CASCADE, related_name="decisions")
    position = models.PositiveSmallIntegerField()
    words = models.CharField(_("议定事项"), max_length=500)
    department = models.ForeignKey(
        Department, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("责任单位")
    )
    due_on = models.DateField(_("完成期限"), null=True)
    done_at = models.DateTimeField(_("完成时间"), null=True)
    done_by = _person()
    done_words = models.CharField(_("完成情况"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("议定事项")
        ordering = ("position", "pk")

    def __str__(self) -> str:
        return self.words[:40]
