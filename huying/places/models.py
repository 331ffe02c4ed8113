"""Where things are: areas nested from district to building, roads, names, and the work calendar."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

ADMINISTRATIVE = "administrative"


class Titled(models.Model):
    """A thing with a Chinese title and, where there is one, an English title."""

    title = models.CharField(_("名称"), max_length=120)
    title_en = models.CharField(_("英文名称"), max_length=160, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return (self.title_en if get_language() == "en" else "") or self.title


class Area(Titled):
    """A piece of the district. `path` holds the codes from the district down, each followed by `/`.

    A subtree is `path__startswith`. Functional grids (party, urban management ...) are areas of another
    `layer` over the same ground; their parent is the district.
    """

    class Level(models.TextChoices):
        DISTRICT = "district", _("区")
        SUBDISTRICT = "subdistrict", _("街道")
        COMMUNITY = "community", _("社区")
        VILLAGE = "village", _("村")
        COMPOUND = "compound", _("小区")
        GRID = "grid", _("网格")

    code = models.CharField(_("代码"), max_length=40, unique=True)
    level = models.CharField(_("层级"), max_length=16, choices=Level)
    layer = models.CharField(_("图层"), max_length=24, default=ADMINISTRATIVE)
    parent = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
        verbose_name=_("上级"),
    )
    path = models.CharField(max_length=200, blank=True, editable=False)
    households = models.PositiveIntegerField(_("户数"), null=True, blank=True)
    boundary = models.JSONField(_("边界"), null=True, blank=True)  # GeoJSON geometry, WGS-84
    west = models.FloatField(null=True, editable=False)
    south = models.FloatField(null=True, editable=False)
    east = models.FloatField(null=True, editable=False)
    north = models.FloatField(null=True, editable=False)
    demonstration = models.BooleanField(_("演示数据"), default=False)
    valid_from = models.DateField(_("启用日期"), null=True, blank=True)
    valid_to = models.DateField(_("停用日期"), null=True, blank=True)

    class Meta:
        verbose_name = _("区域")
        ordering = ("code",)
        indexes: ClassVar = [
            # Subtrees are asked by prefix; the pattern operator class serves LIKE 'prefix%'.
            models.Index(fields=["path"], name="area_path_prefix", opclasses=["varchar_pattern_ops"]),
            models.Index(fields=["layer", "level"], name="area_layer_level"),
        ]

    def contains(self, path: str) -> bool:
        """Whether an area with this path is this area or lies inside it."""
        return path.startswith(self.path)


class District(Titled):
    """The one district that this installation serves, as its pack declares it."""

    code = models.CharField(_("行政区划代码"), max_length=12, unique=True)
    lng = models.FloatField(default=0)
    lat = models.FloatField(default=0)
    schematic = models.BooleanField(_("示意图"), default=True)
    hotline = models.CharField(_("热线号码"), max_length=30, blank=True)
    declaration = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("本区")


class MapVersion(models.Model):
    """One row: changes whenever an area changes, so that every process rebuilds its index."""

    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("地图版本")

    def __str__(self) -> str:
        return str(self.version)


class Road(Titled):
    """A road as a line; many roads cross several areas."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    line = models.JSONField(_("走向"), null=True, blank=True)  # GeoJSON geometry, WGS-84
    demonstration = models.BooleanField(_("演示数据"), default=False)

    class Meta:
        verbose_name = _("道路")
        ordering = ("code",)


class Building(Titled):
    """A building in a compound; the smallest place that a report can name."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    compound = models.ForeignKey(Area, null=True, on_delete=models.PROTECT, related_name="buildings")
    grid = models.ForeignKey(Area, null=True, on_delete=models.PROTECT, related_name="grid_buildings")
    lng = models.FloatField()
    lat = models.FloatField()
    households = models.PositiveIntegerField(_("户数"), null=True, blank=True)
    floors = models.PositiveSmallIntegerField(_("层数"), null=True, blank=True)

    class Meta:
        verbose_name = _("楼栋")
        ordering = ("code",)


class PlaceName(models.Model):
    """What people type to name a place, with the point it stands for. Rebuilt from the registers above."""

    class Kind(models.TextChoices):
        ROAD = "road", _("道路")
        COMPOUND = "compound", _("小区")
        BUILDING = "building", _("楼栋")
        AREA = "area", _("区域")
        LANDMARK = "landmark", _("地标")

    title = models.CharField(max_length=120)
    kind = models.CharField(max_length=12, choices=Kind)
    words = models.CharField(max_length=160)  # normalised title, what a query is compared with
    initials = models.CharField(max_length=60, blank=True)  # first letters of the pinyin
    lng = models.FloatField()
    lat = models.FloatField()
    area = models.ForeignKey(Area, null=True, on_delete=models.CASCADE, related_name="place_names")
    weight = models.PositiveSmallIntegerField(default=1)

    class Meta:
        verbose_name = _("地名")
        indexes: ClassVar = [
            models.Index(fields=["words"], name="placename_words", opclasses=["varchar_pattern_ops"]),
            models.Index(fields=["initials"], name="placename_initials", opclasses=["varchar_pattern_ops"]),
        ]

    def __str__(self) -> str:
        return self.title


class CalendarDay(models.Model):
    """A day on which the work calendar differs from Monday to Friday, as published or by local decision."""

    class Source(models.TextChoices):
        PUBLISHED = "published", _("国务院通知")
        LOCAL = "local", _("本地安排")

    day = models.DateField(_("日期"), unique=True)
    is_workday = models.BooleanField(_("上班"))
    title = models.CharField(_("说明"), max_length=60, blank=True)
    source = models.CharField(_("来源"), max_length=12, choices=Source, default=Source.LOCAL)

    class Meta:
        verbose_name = _("工作日历")
        ordering = ("day",)

    def __str__(self) -> str:
        return f"{self.day} {self.title}"


class PublishedYear(models.Model):
    """A year whose holiday notice has been entered; deadlines in other later years stay provisional."""

    year = models.PositiveSmallIntegerField(_("年份"), unique=True)
    notice = models.CharField(_("通知文号"), max_length=120, blank=True)
    entered_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("已公布年份")
        ordering = ("year",)

    def __str__(self) -> str:
        return str(self.year)


class OfficeHours(models.Model):
    """The spans of a working day, from a day on: [["08:00", "12:00"], ["14:00", "18:00"]]."""

    valid_from = models.DateField(_("启用日期"), unique=True)
    spans = models.JSONField(_("时段"))

    class Meta:
        verbose_name = _("办公时间")
        ordering = ("valid_from",)

    def __str__(self) -> str:
        return " ".join(f"{start}–{end}" for start, end in self.spans)
