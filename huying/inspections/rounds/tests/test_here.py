"""Standing before a thing: what is due there for this person, one tap, and every standard that applies."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from huying.core.testing import AccessSuite, MiniDistrict, make_department, make_user
from huying.inspections.models import Plan, Standard, StandardVersion
from huying.inspections.rounds.here import checks_here, duties_here
from huying.inspections.rounds.models import Round
from huying.people.models import User
from huying.registry.models import Item

from .conftest import NIGHTLY, Night, make_night

pytestmark = pytest.mark.django_db
CLEAN: dict[str, Any] = {
    "standard": "station-clean", "title": "站房打扫", "applies_to": {"register": ["heating-station"]},
    "items": [{"code": "floor", "title": "地面"}, {"code": "walls", "title": "墙面"}],
}  # fmt: skip
DAILY: dict[str, Any] = {
    "plan": "station-daily", "title": "每日打扫", "does": {"standard": "station-clean"},
    "at": {"register": ["heating-station"]}, "by": "department heating-company", "every": "6 per day",
    "proof": ["scan", "place"],
}  # fmt: skip


@pytest.fixture
def daily(night: Night) -> Plan:
    """The station is also cleaned six times a day, by the people of its keeper."""
    standard = Standard.objects.create(code="station-clean", title="站房打扫")
    StandardVersion.objects.create(
        standard=standard, number=1, declaration=CLEAN, valid_from=timezone.localdate()
    )
    return Plan.objects.create(code="station-daily", title="每日打扫", declaration=DAILY)


@pytest.fixture
def cleaner(night: Night) -> User:
    return make_user("caretaker", department=night.heating)


def address(item: Item) -> str:
    return reverse("inspections:field-here", args=[item.label])


class TestHere(AccessSuite):
    role = "grid-worker"
    shows_area = True

    def prepare(self) -> None:
        self.night = make_night(self.district)

    def address(self) -> str:
        return address(self.night.station)


class TestScan(AccessSuite):
    url = "inspections:field-scan"
    role = "grid-worker"


def test_each_sees_the_duties_that_are_theirs(night: Night, daily: Plan, cleaner: User) -> None:
    assert [duty.plan.code for duty in duties_here(cleaner, night.station)] == ["station-daily"]
    assert duties_here(make_user("caretaker", department=make_department("other")), night.station) == []
    # The night is by day not due yet or is: it is theirs in any case.
    assert "heating-nightly" in [duty.plan.code for duty in duties_here(night.inspector, night.station)]


def test_a_station_is_not_sent_for_its_bureau(night: Night, district: MiniDistrict) -> None:
    station = make_department("sanitation", parent=district.urban)
    for role in ("clerk", "caretaker"):
        assert duties_here(make_user(role, department=station), night.station) == []


def test_what_has_to_be_read_off_leads_to_the_sheet(night: Night, daily: Plan, cleaner: User) -> None:
    (cleaning,) = duties_here(cleaner, night.station)
    (checking,) = (d for d in duties_here(night.inspector, night.station) if d.plan == night.plan)
    assert cleaning.one_tap and not checking.one_tap
    daily.declaration = daily.declaration | {"proof": ["photo"]}
    daily.save()
    assert not duties_here(cleaner, night.station)[0].one_tap


def test_nobody_checks_what_the_own_unit_keeps(night: Night, daily: Plan, cleaner: User) -> None:
    assert checks_here(cleaner, night.station) == []
    grid = make_user("grid-worker", area=night.district.east)
    assert {v.standard.code for v in checks_here(grid, night.station)} == {"heating-night", "station-clean"}


def test_one_scan_and_one_tap_are_a_round_that_counts(
    night: Night, daily: Plan, cleaner: User, client: Client
) -> None:
    client.force_login(cleaner)
    page = client.get(address(night.station)).content.decode()
    action = reverse("inspections:field-round", args=["station-daily", "item", night.station.pk])
    assert f'action="{action}"' in page and f'name="scanned" value="{night.station.label}"' in page
    lng, lat = night.district.in_compound
    now = timezone.now().isoformat()
    said = {
        "client_id": str(uuid.uuid4()), "all": "pass", "scanned": night.station.label, "started_at": now,
        "ended_at": now,
        "lng": lng, "lat": lat, "version": StandardVersion.objects.get(standard__code="station-clean").pk,
    }  # fmt: skip
    answer = client.post(action, said, headers={"X-Work": "page"})
    assert answer.status_code == 200, answer.content.decode()
    assert client.post(action, said, headers={"X-Work": "page"}).json() == answer.json()
    made = Round.objects.get()
    assert (made.plan, made.scanned, made.proved, made.tenths) == (daily, True, True, 1000)
    assert made.answers == {"floor": "pass", "walls": "pass"}


def test_the_page_of_the_scan_offers_the_tap(
    night: Night, daily: Plan, cleaner: User, client: Client
) -> None:
    client.force_login(cleaner)
    page = client.get(reverse("portal:scan", args=[night.station.label])).content.decode()
    assert f"{address(night.station)}?go=station-daily" in page
    client.logout()
    assert "?go=" not in client.get(reverse("portal:scan", args=[night.station.label])).content.decode()


def test_the_pages_of_what_is_due_are_kept_on_the_phone(
    night: Night, daily: Plan, cleaner: User, client: Client
) -> None:
    client.force_login(cleaner)
    pages = [page for page, _version in json.loads(client.get(reverse("field:day")).content)["pages"]]
    assert address(night.station) in pages and reverse("inspections:field-scan") in pages


def test_a_label_that_was_typed_leads_to_its_thing(
    night: Night, daily: Plan, cleaner: User, client: Client
) -> None:
    client.force_login(cleaner)
    find = reverse("inspections:field-scan")
    typed = f"{night.station.label[:4].lower()}-{night.station.label[4:]}"
    assert client.get(find, {"label": typed}).url == address(night.station)
    assert "请核对后再输入" in client.get(find, {"label": "ZZZZ9999"}).content.decode()
    assert client.get(reverse("inspections:field-here", args=["ZZZZ9999"])).status_code == 404


def test_a_drawn_plan_brings_only_whom_fate_sent(night: Night, district: MiniDistrict) -> None:
    declared = NIGHTLY | {"plan": "drawn", "title": "抽查", "every": "monthly", "draw": {"number": 1}}
    plan = Plan.objects.create(code="drawn", title="抽查", declaration=declared)
    assert plan not in [duty.plan for duty in duties_here(night.inspector, night.station)]
