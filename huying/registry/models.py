"""Registers of things: what kind, where, and who owns, keeps and supervises each."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from huying.people.models import Department
from huying.places.models import Area, Titled


class Register(Titled):
    """A declared kind of thing (manhole covers, lamps, heating stations); the declaration comes from the pack."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    declaration = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("名录")
        ordering = ("code",)


class Item(models.Model):
    """One thing of a register. `owner` answers for it first (谁所有、谁负责)."""

    register = models.ForeignKey(Register, on_delete=models.PROTECT, related_name="items")
    code = models.CharField(_("编号"), max_length=40)
    title = models.CharField(_("名称"), max_length=120)
    lng = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    area = models.ForeignKey(Area, null=True, on_delete=models.PROTECT, related_name="items")
    owner = models.ForeignKey(Department, null=True, on_delete=models.PROTECT, related_name="owned_items")
    keeper = models.ForeignKey(Department, null=True, on_delete=models.PROTECT, related_name="kept_items")
    supervisor = models.ForeignKey(
        Department, null=True, on_delete=models.PROTECT, related_name="supervised_items"
    )
    state = models.CharField(_("状态"), max_length=24, default="in use")
    data = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("物件")
        ordering = ("code",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["register", "code"], name="item_code_in_register")
        ]
        indexes: ClassVar = [models.Index(fields=["register", "lat", "lng"], name="item_register_place")]

    def __str__(self) -> str:
        return self.title
