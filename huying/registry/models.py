"""Registers of things: what kind, where, and who owns, keeps and supervises each."""

from __future__ import annotations

import secrets
from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from huying.core.fields import DeclarationField
from huying.core.models import StoredFile
from huying.people.models import Department, User
from huying.places.models import Area, Road, Titled
from huying.registry.rules import RETIRED, RegisterRules, State

# No vowels and nothing that reads like another: a label is also typed by hand when the code is scratched.
_LABEL_LETTERS = "23456789BCDFGHJKMNPQRSTVWXYZ"
LABEL_LENGTH = 8


def new_label() -> str:
    """What a printed code carries: short, and not to be guessed from the label beside it."""
    return "".join(secrets.choice(_LABEL_LETTERS) for _place in range(LABEL_LENGTH))


class Register(Titled):
    """A declared kind of thing (manhole covers, lamps, heating stations); the declaration comes from the pack."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    declaration = DeclarationField(default=dict)
    active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = _("名录")
        ordering = ("code",)

    def get_absolute_url(self) -> str:
        """The register's list at the desk."""
        return reverse("desk:register", args=[self.code])

    @property
    def rules(self) -> RegisterRules:
        """The declaration, read; remembered by its text."""
        return RegisterRules.from_declaration(
            {"register": self.code, "title": self.title, **self.declaration}
        )


class Item(models.Model):
    """One thing of a register. `owner` answers for it first (谁所有、谁负责)."""

    class Origin(models.TextChoices):
        PACK = "pack", _("区包")
        HAND = "hand", _("录入")
        IMPORT = "import", _("表格导入")
        SPOT = "spot", _("现场补录")

    register = models.ForeignKey(Register, on_delete=models.PROTECT, related_name="items")
    code = models.CharField(_("编号"), max_length=40)
    title = models.CharField(_("名称"), max_length=120)
    part_code = models.CharField(_("部件编码"), max_length=16, blank=True)  # GB/T 30428: 6 + 2 + 2 + 6 digits
    label = models.CharField(_("标牌码"), max_length=12, unique=True, default=new_label)
    address = models.CharField(_("地址"), max_length=160, blank=True)
    lng = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    geometry = models.JSONField(_("形状"), null=True, blank=True)  # GeoJSON line or polygon, WGS-84
    road = models.ForeignKey(Road, null=True, blank=True, on_delete=models.PROTECT, related_name="items")
    area = models.ForeignKey(Area, null=True, blank=True, on_delete=models.PROTECT, related_name="items")
    area_path = models.CharField(max_length=200, blank=True)
    owner = models.ForeignKey(
        Department, null=True, blank=True, on_delete=models.PROTECT, related_name="owned_items"
    )
    keeper = models.ForeignKey(
        Department, null=True, blank=True, on_delete=models.PROTECT, related_name="kept_items"
    )
    supervisor = models.ForeignKey(
        Department, null=True, blank=True, on_delete=models.PROTECT, related_name="supervised_items"
    )
    state = models.CharField(_("状态"), max_length=24, default="in use")
    data = models.JSONField(default=dict)
    origin = models.CharField(_("来源"), max_length=8, choices=Origin, default=Origin.HAND)
    version = models.PositiveIntegerField(default=1)  # two people who change one thing: the second is told
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)
    verified_at = models.DateTimeField(_("最近核实"), null=True, blank=True)
    words = models.TextField(blank=True)  # normalised, what a search is rechecked against
    search = SearchVectorField(null=True)

    class Meta:
        verbose_name = _("物件")
        ordering = ("code",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["register", "code"], name="item_code_in_register"),
            models.UniqueConstraint(
                fields=["part_code"], condition=~models.Q(part_code=""), name="item_part_code_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["register", "area_path"], name="item_register_area",
                opclasses=["int8_ops", "varchar_pattern_ops"],
            ),
            models.Index(fields=["register", "state"], name="item_register_state"),
            # What a register's list can be sorted by, beside its codes.
            models.Index(fields=["register", "title"], name="item_register_title"),
            models.Index(fields=["register", "changed_at"], name="item_register_changed"),
            models.Index(fields=["register", "verified_at"], name="item_register_verified"),
            GinIndex(fields=["search"], name="item_search"),
            GinIndex(fields=["data"], name="item_data", opclasses=["jsonb_path_ops"]),
            models.Index(fields=["register", "code"], name="item_unplaced", condition=models.Q(lng=None)),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its page at the desk."""
        return reverse("desk:item", args=[self.register.code, self.code])

    @property
    def rules(self) -> RegisterRules:
        """The declaration of its register."""
        return self.register.rules

    @property
    def stands(self) -> State:
        """The state it is in, with its words."""
        return self.rules.state(self.state)

    @property
    def retired(self) -> bool:
        """Whether the thing is no longer there."""
        return self.state == RETIRED


class ItemPhoto(models.Model):
    """A picture of the thing; the newest is shown first."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="photos")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    taken_at = models.DateTimeField()
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    words = models.CharField(_("说明"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("照片")
        ordering = ("-taken_at", "-pk")
        constraints: ClassVar = [models.UniqueConstraint(fields=["item", "file"], name="item_photo_once")]

    def __str__(self) -> str:
        return f"{self.item_id} {self.taken_at:%Y-%m-%d}"


class Verification(models.Model):
    """Somebody looked on the spot and compared: it is right, it was corrected, it was left out, it is not there."""

    class Outcome(models.TextChoices):
        RIGHT = "right", _("一致")
        CORRECTED = "corrected", _("已更正")
        OMITTED = "omitted", _("漏报补录")
        GONE = "gone", _("现场没有")

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="verifications")
    outcome = models.CharField(_("核实结果"), max_length=10, choices=Outcome)
    at = models.DateTimeField(_("时间"))
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    lng = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    corrections = models.JSONField(default=dict)  # field → [what it said, what it says now]
    corrected = models.PositiveSmallIntegerField(_("更正条数"), default=0)
    words = models.CharField(_("说明"), max_length=300, blank=True)
    client_id = models.UUIDField(null=True, unique=True)

    class Meta:
        verbose_name = _("现场核实")
        ordering = ("-at", "-pk")
        indexes: ClassVar = [models.Index(fields=["outcome", "at"], name="verification_outcome")]

    def __str__(self) -> str:
        return f"{self.item_id} {self.outcome}"


class PartSerial(models.Model):
    """The last serial number given to a small class of city parts: its row is locked while one is drawn."""

    class_code = models.CharField(max_length=4, primary_key=True)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("部件流水号")

    def __str__(self) -> str:
        return f"{self.class_code} {self.last}"


class ItemCell(models.Model):
    """How many things of a register stand in one cell of the map, kept by triggers on `Item`.

    Cells are those of a web map: at `zoom` the world is 2^zoom cells wide. A map of a million things is drawn
    from a few hundred of these rows.
    """

    register = models.ForeignKey(Register, on_delete=models.CASCADE, related_name="+")
    zoom = models.PositiveSmallIntegerField()
    x = models.IntegerField()
    y = models.IntegerField()
    count = models.IntegerField()
    sum_lng = models.FloatField()
    sum_lat = models.FloatField()

    class Meta:
        verbose_name = _("地图格")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["register", "zoom", "x", "y"], name="itemcell_once")
        ]

    def __str__(self) -> str:
        return f"{self.zoom}/{self.x}/{self.y}: {self.count}"


class ItemsUpload(models.Model):
    """An uploaded table on its way in. Its rows may hold personal data: they go as soon as they have served."""

    class State(models.TextChoices):
        LOOKED = "looked", _("预览")
        RUNNING = "running", _("正在导入")
        APPLIED = "applied", _("已导入")
        FAILED = "failed", _("没有导入")

    register = models.ForeignKey(Register, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=120)
    columns = models.JSONField()
    lines = models.JSONField()  # [[row, {heading: text}, [rounded headings]]]
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=8, choices=State, default=State.LOOKED)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    applied_at = models.DateTimeField(null=True)
    preview = models.JSONField(default=dict)  # {counts, rows, errors by line}
    result = models.JSONField(default=dict)  # {counts, errors by line} or {sentence}

    class Meta:
        verbose_name = _("名录表格")

    def __str__(self) -> str:
        return self.name


class VerificationRound(models.Model):
    """A stretch of days in which a register is compared with the street, entry by entry."""

    register = models.ForeignKey(Register, on_delete=models.PROTECT, related_name="verification_rounds")
    title = models.CharField(_("核实轮次"), max_length=80)
    starts_on = models.DateField(_("开始"))
    ends_on = models.DateField(_("结束"), null=True, blank=True)
    opened_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("核实轮次")
        ordering = ("-starts_on", "-pk")

    def __str__(self) -> str:
        return self.title
