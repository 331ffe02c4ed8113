"""Things of registers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from django.db.models import Case, DecimalField, Exists, OuterRef, QuerySet, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from huying.figures.collections.base import Collection, Field, RowFacts
from huying.people.models import User
from huying.registry.models import Item, Register, Verification
from huying.registry.policy import items_for


def _registers() -> dict[str, object]:
    return {register.code: register for register in Register.objects.all()}


_ALL_DAY = re.compile(r"24\s*(小时|h|hours)")
_FROM_TO = re.compile(r"(\d{1,2}):(\d{2})\s*[-–—~]\s*(\d{1,2}):(\d{2})")


def hours_of(words: str) -> Decimal | None:
    """24小时 is 24, 08:00–20:00 is 12, 18:00–06:00 too; None for words that name no hours."""
    if _ALL_DAY.fullmatch(words.strip()):
        return Decimal(24)
    if not (match := _FROM_TO.fullmatch(words.strip())):
        return None
    first, last = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    return Decimal(last - first if last > first else last - first + 24 * 60) / 60


class Items(Collection):
    """Things of every register, as they stand: a period narrows them by a day that the figure names (`when`)."""

    code = "items"
    title = _("名册里的物件")
    model = Item
    department = "keeper_id"
    declared: ClassVar = {"data": "data"}
    fields: ClassVar = {
        "register": Field(_("名册"), "register__code", names=_registers),
        "state": Field(_("状态"), "state"),
        "code": Field(_("编号"), "code"),
        "title": Field(_("名称"), "title"),
        "road": Field(_("道路"), "road__code"),
        "origin": Field(_("来源"), "origin", names=lambda: dict(Item.Origin.choices)),
        "owner": Field(_("权属单位"), "owner_id", "department"),
        "keeper": Field(_("养护单位"), "keeper_id", "department"),
        "made": Field(_("登记日期"), "made_at", "moment"),
        "verified": Field(_("核实日期"), "verified_at", "moment"),
        "area": Field(_("区域"), "area_path", "area"),
    }

    worked_out: ClassVar = ("open-hours",)

    def expression(self, name: str) -> Any:
        """`open-hours`: for how many hours of a day the thing is open, of its declared `hours`."""
        if name != "open-hours":
            return super().expression(name)
        said = set(Item.objects.filter(data__has_key="hours").values_list("data__hours", flat=True))
        number = DecimalField(max_digits=30, decimal_places=6)
        whens = [
            When(data__hours=words, then=Value(hours, number))
            for words in said
            if (hours := hours_of(str(words))) is not None
        ]
        return Case(*whens, default=Value(None, number), output_field=number)

    def readable(self, user: User) -> QuerySet[Any]:
        """The things that this person may open."""
        return items_for(user)

    def related(self) -> tuple[str, ...]:
        """Its register."""
        return ("register",)

    def describe(self, rows: Sequence[Item]) -> Iterator[RowFacts]:
        """Code and title."""
        for item in rows:
            yield RowFacts(
                item.pk, f"{item.code} {item.title}", item.get_absolute_url(), str(item.rules.state(item.state)), "",
                item.area_path, item.keeper_id,
            )  # fmt: skip


class Verifications(Collection):
    """Things compared with the street: right, put right, left out before, or gone."""

    code = "verifications"
    title = _("现场核实")
    model = Verification
    moment = "at"
    area = "item__area_path"
    department = "item__keeper_id"
    fields: ClassVar = {
        "register": Field(_("名册"), "item__register__code", names=_registers),
        "outcome": Field(_("核实结果"), "outcome", names=lambda: dict(Verification.Outcome.choices)),
        "item": Field(_("物件"), "item__code"),
        "at": Field(_("时间"), "at", "moment"),
        "area": Field(_("区域"), "item__area_path", "area"),
        "corrected": Field(_("更正条数"), "corrected", "number"),
        "person": Field(_("核实人"), "by_id", "person"),
    }

    def readable(self, user: User) -> QuerySet[Any]:
        """Of the things that this person may open."""
        return Verification.objects.filter(Exists(items_for(user).filter(pk=OuterRef("item")).order_by()))

    def related(self) -> tuple[str, ...]:
        """Its thing."""
        return ("item", "item__register")

    def describe(self, rows: Sequence[Verification]) -> Iterator[RowFacts]:
        """The thing and what came out."""
        for row in rows:
            item = row.item
            yield RowFacts(
                row.pk, f"{item.code} {item.title}", item.get_absolute_url(), str(row.get_outcome_display()),
                f"{timezone.localtime(row.at):%Y-%m-%d}", item.area_path, item.keeper_id,
            )  # fmt: skip
