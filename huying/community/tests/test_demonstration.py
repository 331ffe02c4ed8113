"""The demonstration's visits: once, in the worker's own area, in every state."""

from __future__ import annotations

import pytest

from huying.cases.models import Case
from huying.community.demonstration import make_visits
from huying.community.models import Household, Promise, Visit
from huying.community.tests.test_visits import declare
from huying.core.testing import MiniDistrict, make_user

pytestmark = pytest.mark.django_db


def test_a_worker_s_four_weeks_are_made_once_and_in_their_own_area(district: MiniDistrict) -> None:
    declare()
    worker = make_user("grid-worker", area=district.east, demo_login=True)
    make_user("grid-worker", area=district.west, demo_login=True)  # no buildings there
    made = make_visits()
    assert made == Visit.objects.count() > 4
    assert all(home.area_path.startswith(district.east.path) for home in Household.objects.all())
    assert all(visit.visitor == worker for visit in Visit.objects.all())
    assert all(home.phone.startswith("199") for home in Household.objects.all())
    assert {"open", "kept"} <= set(Promise.objects.values_list("state", flat=True))
    assert Household.objects.filter(visited_at=None).exists()
    assert make_visits() == 0


def test_without_the_heating_ledger_no_case_is_opened(district: MiniDistrict) -> None:
    declare()
    make_user("grid-worker", area=district.east, demo_login=True)
    make_visits()
    assert not Case.objects.exists()
