"""The demonstration district's pack passes, and keeps the counts of its own reports."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path

import pytest

from huying.cases.models import Category, Ledger, Topic
from huying.inspections.models import Plan, Standard
from huying.inspections.occurrences import occurrences, slots
from huying.inspections.places import inspectors_of, places_of
from huying.inspections.plans import overlapping
from huying.packs.checker import check_pack
from huying.packs.loader import load_pack
from huying.people.models import Department, Grant, Organisation, User
from huying.places.locate import locate
from huying.places.models import ADMINISTRATIVE, Area, Building
from huying.places.names import search_places
from huying.registry.models import Item

PACK = Path(__file__).parents[3] / "districts" / "weidong"


def test_weidong_has_no_mistake() -> None:
    assert [str(mistake) for mistake in check_pack(PACK)] == []


def assert_registers_hold_what_the_reports_say() -> None:
    held = Counter(Item.objects.values_list("register__code", flat=True))
    assert held["public-toilet"] == 44
    assert held["transfer-station"] == 16
    assert held["lamp"] == 1236
    assert held["road-sign"] == 220
    assert held["road-name"] == 83 + 9
    assert held["restaurant"] == 236
    assert held["small-premises"] == 3896
    assert held["construction-site"] == 19
    assert held["river"] == 6
    assert Counter(
        Item.objects.filter(register__code="cleaned-road").values_list("data__grade", flat=True)
    ) == {"主次干道": 17, "背街小巷": 100}
    points = Counter(Item.objects.filter(register__code="service-point").values_list("data__kind", flat=True))
    assert [points[f"文明实践{level}"] for level in ["中心", "所", "站"]] == [1, 12, 58]
    assert points["法律援助工作站"] == 21
    campuses = Item.objects.filter(register__code="honour", data__kind="文明校园")
    assert Counter(campuses.values_list("data__level", flat=True)) == {"全国": 1, "省级": 5, "市级": 22}
    signs = Item.objects.filter(register__code="road-sign")
    assert signs.filter(part_code__startswith="4104030212").count() == 220
    assert signs.values("road").distinct().count() == 92
    assert not signs.filter(road=None).exists()
    assert not Item.objects.filter(register__code="road-name", geometry=None).exists()
    cover = Item.objects.filter(register__code="manhole-cover", data__kind="雨水篦子").first()
    assert cover is not None and cover.part_code.startswith("4104030104")


def assert_plans_go_where_the_reports_say() -> None:
    """44 toilets and 16 stations at 6 a day are 360 records; 17 roads are washed three times a week."""
    plans = {plan.code: plan for plan in Plan.objects.filter(active=True)}
    places = {code: places_of(plan.rules) for code, plan in plans.items()}
    assert not [code for code, found in places.items() if not found]
    # The compounds that the report of 2021 counts as begun and not finished.
    assert len(places["compound-renovation"]) == 29
    day = dt.date(2026, 3, 4)
    assert (
        len(list(occurrences(plans["disinfection-daily"].rules, places["disinfection-daily"], day, day)))
        == 360
    )
    week = (dt.date(2026, 3, 2), dt.date(2026, 3, 8))
    assert len(list(occurrences(plans["road-washing"].rules, places["road-washing"], *week))) == 17 * 3
    assert len(places["rail-washing"]) == Item.objects.filter(data__rails=True).count()
    assert len(places["remote-kitchens"]) <= 236
    assert len(slots(plans["heating-night"].rules, dt.date(2026, 11, 1), dt.date(2027, 3, 31))) == 121
    assert {place.kind for place in places["rural-weekly"]} == {"area"} and len(places["rural-weekly"]) == 24
    assert not [
        code for code, plan in plans.items() if plan.rules.draw and not inspectors_of(plan.rules).exists()
    ]
    (both,) = [
        pair for pair in overlapping(plan.rules for plan in plans.values()) if "premises" in pair[0].code
    ]
    assert {plan.code for plan in both} == {"small-premises-survey", "small-premises-draw"}
    assert all(
        Standard.objects.filter(code=plan.rules.standard, active=True).exists() for plan in plans.values()
    )


@pytest.mark.schema
@pytest.mark.django_db
def test_weidong_loads_with_the_counts_of_its_reports() -> None:
    load_pack(PACK, report=lambda line: None)
    assert not load_pack(PACK, report=lambda line: None)

    levels = Counter(Area.objects.filter(layer=ADMINISTRATIVE).values_list("level", flat=True))
    assert levels == {
        "district": 1, "subdistrict": 12, "community": 34, "village": 24, "compound": 165, "grid": 449,
    }  # fmt: skip
    assert Area.objects.filter(layer="party").count() == 200
    assert not Area.objects.filter(boundary=None).exists()
    assert Building.objects.count() == 2400
    bodies = Counter(Organisation.objects.values_list("kind", flat=True))
    assert bodies["party-working-committee"] == 12
    assert bodies["compound-party"] == 165
    assert bodies["grid-party-branch"] == 200
    assert bodies["building-party-group"] == 287
    assert Grant.objects.filter(role="grid-worker").count() == 1202
    assert not Department.objects.filter(kind__in=("community", "village"), can_lead=True).exists()
    assert User.objects.filter(demo_login=True).count() >= 10
    assert Topic.objects.count() == 175
    assert Ledger.objects.filter(active=True).count() == 16
    assert not Category.objects.filter(department__can_lead=False).exists()
    assert Item.objects.filter(register__code="manhole-cover", area=None).count() == 0
    assert_registers_hold_what_the_reports_say()
    assert_plans_go_where_the_reports_say()

    building = Building.objects.exclude(grid=None).select_related("grid").latest("pk")
    assert building.grid is not None
    assert locate(building.lng, building.lat).area_code == building.grid.code
    assert search_places("建东小区")[0].title == "建东小区"
