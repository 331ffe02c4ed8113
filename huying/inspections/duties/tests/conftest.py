"""Three toilets that are disinfected four times a day, by the people of the sanitation station."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pytest
from django.utils import timezone

from huying.cases.models import Category, Ledger
from huying.core.testing import MiniDistrict, make_department, make_user
from huying.inspections.duties.models import PlaceDay
from huying.inspections.models import Plan, Standard, StandardVersion
from huying.inspections.rounds.making import Made, make_round
from huying.inspections.rounds.models import Round
from huying.inspections.rounds.sites import site_for
from huying.people.models import Department, User
from huying.places.clock import BEIJING
from huying.registry.actions import add_item
from huying.registry.models import Item, Register

STANDARD: dict[str, Any] = {
    "standard": "disinfection",
    "title": "消杀",
    "applies_to": {"register": ["toilet"]},
    "items": [{"code": "floor", "title": "地面"}, {"code": "taps", "title": "水龙头"}],
}
PLAN: dict[str, Any] = {
    "plan": "disinfection-daily",
    "title": "公厕每日消杀",
    "does": {"standard": "disinfection"},
    "at": {"register": ["toilet"]},
    "by": "department sanitation",
    "every": "4 per day, at least 1 hour apart",
    "hours": "06:00-22:00",
    "proof": ["scan"],
    "missed": {
        "remind": "after 30 minutes",
        "open": {"ledger": "duties", "category": "duty", "after": "2 missed"},
    },
}
LEDGER: dict[str, Any] = {
    "ledger": "duties", "title": "创文台账", "stages": ["dispatch", "handle", "check", "close"],
    "dispatch": "automatic",
}  # fmt: skip
WEEK_AGO = 7


def at(hours: str, day: dt.date) -> dt.datetime:
    """This time of that day."""
    return dt.datetime.combine(day, dt.time.fromisoformat(hours), BEIJING)


@dataclass
class Station:
    """The stage: who does it, where, and a day that is over."""

    district: MiniDistrict
    sanitation: Department
    worker: User
    toilets: list[Item]
    plan: Plan
    version: StandardVersion
    day: dt.date

    def visit(self, toilet: Item, hours: str, *, day: dt.date | None = None, **made: Any) -> Round:
        """One tap after one scan: everything is right."""
        plan = made.pop("plan", self.plan)
        when = at(hours, day or self.day)
        made.setdefault("scanned", toilet.label)
        round_ = make_round(
            site_for("item", toilet.pk), made.pop("version", self.version),
            Made(answers={"floor": "pass", "taps": "pass"}, ended_at=when, **made),
            actor=made.pop("actor", self.worker), plan=plan,
        )  # fmt: skip
        return Round.objects.get(pk=round_.pk)

    def cell(self, toilet: Item, day: dt.date | None = None) -> tuple[int, int, int, int]:
        """(due, done, late, missed) of the place and day."""
        row = PlaceDay.objects.get(plan=self.plan, item=toilet, day=day or self.day)
        return row.due, row.done, row.late, row.missed


def make_station(district: MiniDistrict, declaration: dict[str, Any] | None = None) -> Station:
    """Build the stage."""
    sanitation = make_department("sanitation", title="环卫中心", area=district.root)
    register = Register.objects.create(code="toilet", title="公厕", declaration={})
    toilets = [
        add_item(
            register, actor=None, code=f"GC-0{number}",
            values={"title": f"公厕{number}号", "lng": lng, "lat": lat, "keeper_id": sanitation.pk,
                    "owner_id": district.urban.pk},
            data={},
        )
        for number, (lng, lat) in enumerate((district.in_compound, district.in_east, district.in_west), start=1)
    ]  # fmt: skip
    ledger = Ledger.objects.create(code="duties", title="创文台账", declaration=LEDGER)
    Category.objects.create(ledger=ledger, code="duty", title="该做没做", limit="2 work days", kind="topic")
    standard = Standard.objects.create(code="disinfection", title="消杀")
    today = timezone.localdate()
    version = StandardVersion.objects.create(
        standard=standard, number=1, declaration=STANDARD, valid_from=today - dt.timedelta(days=90)
    )
    plan = Plan.objects.create(
        code="disinfection-daily", title="公厕每日消杀", declaration=declaration or PLAN
    )
    worker = make_user("caretaker", department=sanitation)
    return Station(district, sanitation, worker, toilets, plan, version, today - dt.timedelta(days=WEEK_AGO))


@pytest.fixture
def station(district: MiniDistrict) -> Station:
    """Three toilets and a caretaker."""
    return make_station(district)
