"""Duties over HTTP say the same as the desk, to the same people."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from huying.core.testing import make_user
from huying.inspections.duties.days import keep_days
from huying.people.models import User

from .conftest import PLAN, Station, at

_DAY = dt.timedelta(days=1)


def get(user: User, address: str, **asked: Any) -> Any:
    client = Client()
    client.force_login(user)
    return client.get(f"/api/v1/inspections/{address}", asked)


@pytest.fixture
def day(station: Station) -> Station:
    """One day over, with two visits at the first toilet."""
    keep_days(at("12:00", station.day))
    station.visit(station.toilets[0], "07:00")
    station.visit(station.toilets[0], "12:00")
    keep_days()
    return station


def test_compliance_is_counted_by_everything(day: Station) -> None:
    asked = {"since": day.day, "until": day.day}
    expected = {"due": 12, "done": 2, "late": 0, "missed": 10, "rate": 0.1667}
    for by, key in (("day", day.day.isoformat()), ("plan", day.plan.code), ("department", "sanitation")):
        found = get(make_user("supervisor"), "compliance", by=by, **asked).json()
        assert found["whole"] == {"key": "", **expected}
        assert found["parts"] == [{"key": key, **expected}]
    areas = get(make_user("supervisor"), "compliance", by="area", **asked).json()["parts"]
    assert {part["key"]: part["due"] for part in areas} == {
        day.district.east.code: 8,
        day.district.west.code: 4,
    }


def test_another_area_counts_nothing(day: Station) -> None:
    checker = make_user("checker", area=day.district.middle)
    assert get(checker, "compliance", since=day.day, until=day.day).json()["whole"]["due"] == 0


def test_it_is_for_those_who_may(day: Station) -> None:
    for address in ("compliance", "duties", "duties/board"):
        assert Client().get(f"/api/v1/inspections/{address}").status_code == 401
        assert get(make_user("callback"), address).status_code == 403


@pytest.mark.parametrize(
    "asked",
    [{"since": "2026-02-01", "until": "2026-01-01"}, {"since": "2020-01-01"}, {"plan": "gone"}, {"by": "?"}],
)
def test_nonsense_is_refused(day: Station, asked: dict[str, str]) -> None:
    assert get(make_user("supervisor"), "compliance", **asked).status_code == 422


def test_my_duties_and_the_board(station: Station) -> None:
    station.plan.declaration = PLAN | {"hours": None, "every": "4 per day"}
    station.plan.save()
    keep_days()
    found = get(station.worker, "duties").json()
    assert {row["key"] for row in found} == {"toilet/GC-01", "toilet/GC-02", "toilet/GC-03"}
    assert {(row["plan"], row["answered"], row["owed"]) for row in found} == {(station.plan.code, 0, 4)}
    (line,) = get(make_user("leader"), "duties/board").json()
    assert (line["places"], line["due"], line["done"]) == (3, 12, 0)
    assert timezone.localdate() == station.day + 7 * _DAY
