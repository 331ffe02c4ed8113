"""What is put back is what was built."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.db.models import Model
from django.forms.models import model_to_dict

from huying.cases.tests.conftest import Loop
from huying.core.stages import put_back
from huying.core.testing import MiniDistrict, make_department, make_district, make_user
from huying.people.models import Department, User
from huying.places.models import Area

pytestmark = pytest.mark.django_db


KEYS = ["id", "parent", "area", "compound", "grid"]


def said(row: Model) -> dict[str, Any]:
    """Everything of a row but its keys."""
    return model_to_dict(row, exclude=KEYS)


def test_the_rows_are_there_as_the_objects_say(district: MiniDistrict) -> None:
    for row in district.rows():
        assert model_to_dict(type(row).objects.get(pk=row.pk)) == model_to_dict(row)
    assert Area.objects.count() == 24


def test_it_is_the_district_that_is_built(db: None) -> None:
    with transaction.atomic():
        built = [said(row) for row in make_district().rows()]
        transaction.set_rollback(True)
    found: MiniDistrict = put_back("another", make_district)
    assert [said(row) for row in found.rows()] == built


def test_people_belong_to_the_district_of_the_test(district: MiniDistrict) -> None:
    loop = Loop(district)
    assert loop.clerk.department is district.urban
    assert User.objects.get(pk=loop.clerk.pk).department == district.urban
    assert make_user("agent").username != loop.agent.username


def test_where_the_district_has_other_keys_all_is_built_anew() -> None:
    loop = Loop(make_district())
    assert Department.objects.get(staff=loop.clerk).pk == loop.district.urban.pk


def test_rows_that_are_there_already_stay_and_are_not_kept(db: None) -> None:
    first = make_department("first")
    made = put_back("a test's own", lambda: make_department("second"))
    assert set(Department.objects.all()) == {first, made}
    Department.objects.all().delete()
    assert put_back("a test's own", lambda: pytest.fail("it was built before")) == Department.objects.get()
