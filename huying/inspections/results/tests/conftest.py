"""A shop whose trade the urban management watches, and two of its officers."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from huying.core.testing import MiniDistrict, make_department, make_user
from huying.inspections.results.actions import begin_measure, take_step
from huying.inspections.results.models import Measure
from huying.inspections.rounds.tests.conftest import Night, make_night, photo
from huying.people.models import User
from huying.registry.actions import add_item
from huying.registry.models import Item, Register

REASON = "后厨地面积油，灶台不洁，从业人员没有健康证。"
SEEN = "进店查看后厨，地面积油，店主在场。"


@dataclass
class Shop:
    """The stage of a measure."""

    district: MiniDistrict
    item: Item
    officer: User
    second: User
    night: Night

    def begin(self, kind: str = "suspension", **more: object) -> Measure:
        more.setdefault("basis", "《食品安全法》第一百二十六条")
        return begin_measure(self.item, kind=kind, reason=REASON, actor=self.officer, **more)  # type: ignore[arg-type]

    def step(self, measure: Measure, code: str, **more: object) -> None:
        take_step(measure, code, actor=self.officer, **more)  # type: ignore[arg-type]

    def ready(self, kind: str = "suspension", **more: object) -> Measure:
        """Everything but the decision."""
        measure = self.begin(kind, **more)
        if kind in ("suspension", "closure", "seizure"):
            self.step(measure, "show", second=self.second, words="豫D-001、豫D-002")
        self.step(measure, "record", words=SEEN, evidence=photo(), second=self.second)
        if kind != "red plate":
            self.step(measure, "inform", words="告知了事实、依据和陈述申辩的权利，当事人没有意见。")
        return measure


@pytest.fixture
def shop(district: MiniDistrict) -> Shop:
    """The stage."""
    night = make_night(district)
    register = Register.objects.create(
        code="small-premises", title="八小门店",
        declaration={
            "register": "small-premises", "title": "八小门店",
            "states": ["open", "suspended", "shut down", "retired"],
        },
    )  # fmt: skip
    keeper = make_department("street-office", area=district.east)
    item = add_item(
        register, actor=None, code="BX-1",
        values={"title": "顺味面馆", "lng": district.in_compound[0], "lat": district.in_compound[1],
                "keeper_id": keeper.pk, "supervisor_id": district.urban.pk},
        data={},
    )  # fmt: skip
    officer = make_user("clerk", department=district.urban)
    second = make_user("clerk", department=district.urban)
    return Shop(district, item, officer, second, night)
