"""Tables that know nothing of districts: the journal, its seals, and files."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from huying.core.secrets import SealedField


class JournalEntry(models.Model):
    """One thing that happened to one subject. The database refuses to change or delete it.

    `hash` covers this entry and the hash of the entry before it on the same subject, so a changed,
    missing or swapped row is found by `huying journal verify`. Written only by `core.journal`.
    """

    kind = models.CharField(max_length=24)
    subject_id = models.BigIntegerField()
    sequence = models.PositiveIntegerField()
    code = models.CharField(max_length=48)
    at = models.DateTimeField(_("发生时间"))
    recorded_at = models.DateTimeField(_("记录时间"), db_default=Now())
    # A number and a name, not a foreign key: an entry outlives the account that made it.
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=60, blank=True)
    data = models.JSONField(default=dict)
    hash = models.BinaryField(max_length=32)

    class Meta:
        verbose_name = _("日志")
        ordering = ("id",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "subject_id", "sequence"], name="journal_one_chain"),
        ]
        # Time ranges over an append-only table: a block range index costs next to nothing to keep.
        indexes: ClassVar = [models.Index(fields=["code", "at"], name="journal_code_at")]

    def __str__(self) -> str:
        return f"{self.kind}:{self.subject_id}#{self.sequence} {self.code}"


class JournalHead(models.Model):
    """The end of each subject's chain: serialises writers and shows when the tail was cut off."""

    kind = models.CharField(max_length=24)
    subject_id = models.BigIntegerField()
    sequence = models.PositiveIntegerField()
    previous_hash = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "subject_id"], name="journal_head_subject")
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.subject_id}#{self.sequence}"


class JournalSeal(models.Model):
    """What the whole journal looked like at the end of a day: printed on that day's bulletin."""

    day = models.DateField(_("日期"), unique=True)
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    entries = models.PositiveIntegerField(_("条数"))
    hash = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("日志封印")
        ordering = ("day",)

    def __str__(self) -> str:
        return f"{self.day} {bytes(self.hash).hex()[:16]}"


class StoredFile(models.Model):
    """A photo or document: kept once by content, stripped of hidden data before it is kept."""

    class Kind(models.TextChoices):
        PHOTO = "photo", _("照片")
        DOCUMENT = "document", _("文件")

    kind = models.CharField(max_length=12, choices=Kind)
    file = models.FileField(upload_to="files/%Y/%m/", max_length=200)
    thumbnail = models.FileField(upload_to="files/%Y/%m/", max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, db_index=True)
    size = models.PositiveIntegerField(_("字节"))
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    # Read from the photo's own data before it is stripped.
    taken_at = models.DateTimeField(_("拍摄时间"), null=True)
    lng = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    uploaded_at = models.DateTimeField(auto_now_add=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = _("文件")

    def __str__(self) -> str:
        return self.file.name or ""


class SavedFilter(models.Model):
    """A list's filters that one person wants to come back to: the query of its address."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    page = models.CharField(max_length=60)
    title = models.CharField(_("名称"), max_length=40)
    query = models.CharField(max_length=1000)

    class Meta:
        verbose_name = _("常用筛选")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "page", "title"], name="saved_filter_title")
        ]

    def __str__(self) -> str:
        return self.title


class RateCount(models.Model):
    """How often somebody tried something in one window of time; see `core.limits`. Old rows are swept away."""

    key = models.CharField(max_length=64)  # what and who, hashed: no address or number is kept
    window = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["key", "window"], name="rate_count_window")]
        indexes: ClassVar = [models.Index(fields=["window"], name="rate_count_age")]

    def __str__(self) -> str:
        return f"{self.key} {self.window} {self.count}"


class IdempotencyKey(models.Model):
    """The answer that a request with an `Idempotency-Key` was given, to be given again. See `core.api`."""

    client = models.CharField(max_length=64)  # fingerprint of the credential
    key = models.CharField(max_length=80)
    request = models.CharField(max_length=64)  # fingerprint of method, path and body
    status = models.PositiveSmallIntegerField(null=True)
    content_type = models.CharField(max_length=80, blank=True)
    body = SealedField(blank=True)  # a first password or a reporter's phone may stand in it
    made_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "key"], name="idempotency_key_once")
        ]

    def __str__(self) -> str:
        return self.key


class RowChange(models.Model):
    """What a change of a kept table replaced, written by its triggers: see `core.temporal`."""

    table_name = models.CharField(max_length=63)
    row_id = models.BigIntegerField()
    kind = models.CharField(
        max_length=1
    )  # i: the row is new; u: these values were replaced; d: the row is gone
    at = models.DateTimeField(db_default=Now())
    old = models.JSONField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["table_name", "row_id", "at"], name="rowchange_row"),
            models.Index(fields=["table_name", "at"], name="rowchange_at"),
        ]

    def __str__(self) -> str:
        return f"{self.table_name} {self.row_id} {self.kind}"
