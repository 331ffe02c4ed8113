from datetime import timedelta

import pytest
import shapely
from django.db import transaction
from django.utils import timezone, translation
from shapely.geometry import mapping

from huying.places import fresh
from huying.places.actions import bump_map_version
from huying.places.locate import current_index, locate, map_version
from huying.places.models import Area

pytestmark = pytest.mark.django_db


def make_area(code, west, south, size=0.01, **fields) -> Area:
    boundary = mapping(shapely.box(west, south, west + size, south + size))
    fields = {"level": "grid", "title": f"网格{code}", "path": f"{code}/", **fields}
    return Area.objects.create(code=code, boundary=boundary, **fields)


def test_a_new_area_is_found_after_the_map_version_changed():
    assert locate(113.305, 33.705).kind == "unmapped"
    make_area("G1", 113.30, 33.70)
    bump_map_version()
    assert locate(113.305, 33.705).area_code == "G1"


def test_a_change_that_is_rolled_back_is_forgotten():
    make_area("G1", 113.30, 33.70)
    bump_map_version()
    with transaction.atomic():
        make_area("G2", 113.31, 33.70)
        bump_map_version()
        assert locate(113.315, 33.705).area_code == "G2"
        transaction.set_rollback(True)
    assert locate(113.315, 33.705).kind == "outside"


def test_another_change_after_a_rollback_is_not_taken_for_the_same():
    bump_map_version()
    before = map_version()
    seen = set()
    for _ in range(5):
        with transaction.atomic():
            seen.add(bump_map_version())
            transaction.set_rollback(True)
    assert map_version() == before
    assert len(seen | {before}) == 6


def test_areas_out_of_force_are_not_found():
    today = timezone.localdate()
    make_area("G1", 113.30, 33.70, valid_to=today - timedelta(days=1))
    make_area("G2", 113.31, 33.70, valid_from=today + timedelta(days=1))
    make_area("G3", 113.32, 33.70, valid_from=today, valid_to=today)
    bump_map_version()
    assert [locate(lng, 33.705).kind for lng in (113.305, 113.315, 113.325)] == [
        "outside",
        "outside",
        "inside",
    ]


def test_the_sentence_speaks_the_readers_language():
    make_area("G1", 113.30, 33.70, title="第一网格", title_en="Grid 1")
    bump_map_version()
    found = locate(113.305, 33.705)
    assert str(found.sentence) == "位于第一网格。"
    with translation.override("en"):
        assert "Grid 1" in str(found.sentence)


def test_the_database_is_asked_once_a_second_at_most(monkeypatch, django_assert_num_queries):
    make_area("G1", 113.30, 33.70)
    bump_map_version()
    monkeypatch.setattr(fresh, "CHECK_EVERY_SECONDS", 60)
    current_index()
    with django_assert_num_queries(0):
        for _ in range(100):
            assert locate(113.305, 33.705).area_code == "G1"


def test_looking_again_asks_for_the_version_and_keeps_the_index(django_assert_num_queries):
    make_area("G1", 113.30, 33.70)
    bump_map_version()
    index = current_index()
    with django_assert_num_queries(1):
        assert current_index() is index
