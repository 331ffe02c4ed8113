"""Things of registers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from huying.figures.collections.base import Collection, Field, RowFacts
from huying.people.models import User
from huying.registry.models import Item, Register
from huying.registry.policy import items_for


def _registers() -> dict[str, object]:
    return {register.code: register for register in Register.objects.all()}


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
