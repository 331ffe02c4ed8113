"""A heating station in the east, a night check of it by three departments, and a ledger for what is found."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image

from huying.cases.models import Category, Ledger
from huying.core.files import store_photo
from huying.core.models import StoredFile
from huying.core.testing import MiniDistrict, make_department, make_user
from huying.inspections.actions import draw
from huying.inspections.models import Draw, Plan, Standard, StandardVersion
from huying.inspections.rounds.making import Made, make_round
from huying.inspections.rounds.models import Round
from huying.inspections.rounds.sites import Site, site_for
from huying.people.models import Department, User
from huying.registry.actions import add_item
from huying.registry.models import Item, Register

NIGHT: dict[str, Any] = {
    "standard": "heating-night",
    "title": "供暖夜查",
    "applies_to": {"register": ["heating-station"]},
    "items": [
        {"code": "running", "title": "换热站正常运行", "points": 40, "evidence": "photo", "critical": True,
         "fails_open": {"ledger": "heating-check", "category": "stopped", "limit": "2 emergency hours"}},
        {"code": "duty", "title": "值班员在岗", "points": 30,
         "fails_open": {"ledger": "heating-check", "category": "absent"}},
        {"code": "board", "title": "服务承诺牌上墙", "points": 10},
        {"code": "return", "title": "回水温度", "points": 20, "evidence": "reading",
         "reading": {"unit": "°C", "holds": "value >= 40"}},
    ],
    "pass": "80%",
    "grades": [{"from": "90%", "title": "优"}, {"from": "80%", "title": "良"}, {"from": "0%", "title": "差"}],
    "letter": {"kind": "supervision"},
}  # fmt: skip
NIGHTLY: dict[str, Any] = {
    "plan": "heating-nightly",
    "title": "供暖联合夜查",
    "does": {"standard": "heating-night"},
    "at": {"register": ["heating-station"]},
    "by": ["urban-management", "police", "market"],
    "every": "nightly",
    "proof": ["place"],
}
LEDGER: dict[str, Any] = {
    "ledger": "heating-check", "title": "供暖夜查台账", "stages": ["dispatch", "handle", "check", "close"],
    "dispatch": "automatic", "responsible": "item.owner", "concerns": {"register": "heating-station"},
    "gates": {"close": ["five_refusals"]},
}  # fmt: skip
ALL_RIGHT: dict[str, Any] = {"running": "pass", "duty": "pass", "board": "pass", "return": 45}


def photo(colour: str = "red") -> StoredFile:
    """A stored picture."""
    data = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(data, "JPEG")
    data.seek(0)
    return store_photo(data)


@dataclass
class Night:
    """The stage of a night check."""

    district: MiniDistrict
    station: Item
    heating: Department
    plan: Plan
    version: StandardVersion
    inspector: User
    site: Site = field(init=False)

    def __post_init__(self) -> None:
        self.site = site_for("item", self.station.pk)

    def go(self, actor: User | None = None, plan: Plan | None = None, **made: Any) -> Round:
        """One round; `answers` are what differs from everything being right."""
        answers = ALL_RIGHT | made.pop("answers", {})
        made.setdefault("point", self.site.point)
        return make_round(
            self.site, made.pop("version", self.version), Made(answers=answers, **made),
            actor=actor or self.inspector, plan=plan or self.plan,
        )  # fmt: skip


def make_night(district: MiniDistrict) -> Night:
    """Build the stage."""
    heating = make_department("heating-company", title="热力公司", area=district.root)
    for code in ("police", "market"):
        make_department(code)
    register = Register.objects.create(code="heating-station", title="换热站", declaration={})
    station = add_item(
        register, actor=None, code="HR-001",
        values={"title": "东苑小区换热站", "lng": district.in_compound[0], "lat": district.in_compound[1],
                "owner_id": heating.pk, "keeper_id": heating.pk},
        data={},
    )  # fmt: skip
    ledger = Ledger.objects.create(code="heating-check", title="供暖夜查台账", declaration=LEDGER)
    for code, title, limit in (
        ("absent", "值班员脱岗", "4 work hours"),
        ("stopped", "换热站停运", "4 emergency hours"),
    ):
        Category.objects.create(ledger=ledger, code=code, title=title, limit=limit, kind="topic")
    standard = Standard.objects.create(code="heating-night", title="供暖夜查")
    today = timezone.localdate()
    version = StandardVersion.objects.create(
        standard=standard, number=1, declaration=NIGHT, valid_from=today - dt.timedelta(days=60)
    )
    plan = Plan.objects.create(code="heating-nightly", title="供暖联合夜查", declaration=NIGHTLY)
    inspector = make_user("clerk", department=district.urban)
    return Night(district, station, heating, plan, version, inspector)


def make_drawn(night: Night) -> Draw:
    """The same stations drawn once a month by a second plan."""
    declared = NIGHTLY | {
        "plan": "heating-drawn",
        "title": "供暖抽查",
        "every": "monthly",
        "draw": {"number": 1},
    }
    plan = Plan.objects.create(code="heating-drawn", title="供暖抽查", declaration=declared)
    return draw(plan, f"{timezone.localdate():%Y-%m}", actor=make_user("supervisor"))


@pytest.fixture
def night(district: MiniDistrict) -> Night:
    """A station, a standard, a plan, and a clerk of the urban management who goes there."""
    return make_night(district)
