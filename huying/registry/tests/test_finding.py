"""What stands in a window of the map, what is nearest; the counts of the map are the counts of the list."""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huying.core.testing import MiniDistrict
from huying.places.coordinates import distance_m
from huying.registry.finding import (
    Box,
    cells_in_box,
    count_in_cells,
    items_in_box,
    nearest_items,
    parse_box,
)
from huying.registry.models import Item, ItemCell, Register

WHOLE = Box(113.29, 33.69, 113.34, 33.73)
ZOOMS = range(8, 20)


@pytest.fixture
def two(district: MiniDistrict) -> tuple[Register, Register]:
    return tuple(Register.objects.create(code=code, title=code) for code in ("lamp", "cover"))  # type: ignore[return-value]


def scatter(register: Register, number: int, seed: int = 1) -> list[Item]:
    dice = random.Random(seed)
    return Item.objects.bulk_create(
        Item(
            register=register, code=f"{seed}-{each}", title="灯",
            lng=113.3 + dice.random() * 0.03, lat=33.7 + dice.random() * 0.02,
        )
        for each in range(number)
    )  # fmt: skip


def total(registers: list[Register], box: Box, zoom: int) -> int:
    return sum(cell.count for cell in cells_in_box([each.pk for each in registers], box, zoom))


class TestNearest:
    def test_it_is_the_nearest_on_the_ground(self, two: tuple[Register, Register]) -> None:
        lamps, covers = two
        items = scatter(lamps, 300) + scatter(covers, 300, seed=2)
        dice = random.Random(7)
        for _time in range(25):
            lng, lat = 113.3 + dice.random() * 0.03, 33.7 + dice.random() * 0.02
            truly = sorted(
                (item for item in items if item.register_id == lamps.pk),
                key=lambda item: distance_m(lng, lat, item.lng or 0, item.lat or 0),
            )[:3]
            found = nearest_items(lng, lat, [lamps.pk], within_m=5000, most=3)
            assert [near.item for near in found] == truly

    def test_other_registers_retired_and_distant_things_are_left_out(
        self, two: tuple[Register, Register]
    ) -> None:
        lamps, covers = two
        place = {"lng": 113.31, "lat": 33.71}
        Item.objects.create(register=covers, code="1", title="盖", **place)
        Item.objects.create(register=lamps, code="1", title="旧", state="retired", **place)
        Item.objects.create(register=lamps, code="2", title="远", lng=113.32, lat=33.71)
        assert nearest_items(113.31, 33.71, [lamps.pk], within_m=100) == []
        assert [near.item.title for near in nearest_items(113.31, 33.71, [lamps.pk, covers.pk])] == ["盖"]

    def test_nowhere_is_near_nothing(self, two: tuple[Register, Register]) -> None:
        assert nearest_items(float("nan"), 33.7, [two[0].pk]) == []


class TestTheMap:
    def test_every_depth_counts_the_same(self, two: tuple[Register, Register]) -> None:
        scatter(two[0], 200)
        for zoom in ZOOMS:
            assert total([two[0]], WHOLE, zoom) == 200
            assert sum(cell.count for cell in count_in_cells(Item.objects.all(), WHOLE, zoom)) == 200

    def test_moving_retiring_and_deleting_are_followed(self, two: tuple[Register, Register]) -> None:
        items = scatter(two[0], 50)
        Item.objects.filter(pk__in=[item.pk for item in items[:10]]).update(state="retired")
        Item.objects.filter(pk__in=[item.pk for item in items[10:20]]).update(lng=113.305, lat=33.705)
        Item.objects.filter(pk__in=[item.pk for item in items[20:25]]).delete()
        Item.objects.filter(pk__in=[item.pk for item in items[25:30]]).update(register=two[1])
        Item.objects.filter(pk=items[30].pk).update(lng=None, lat=None)
        for zoom in ZOOMS:
            assert total([two[0]], WHOLE, zoom) == 50 - 10 - 5 - 5 - 1
            assert total([two[1]], WHOLE, zoom) == 5

    @settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        steps=st.lists(
            st.tuples(
                st.sampled_from(["move", "retire", "revive", "hide", "delete"]),
                st.integers(0, 29),
                st.floats(113.3, 113.33),
                st.floats(33.7, 33.72),
            ),
            max_size=15,
        )
    )
    def test_whatever_happens_the_cells_are_a_count_of_the_rows(
        self, two: tuple[Register, Register], steps: list[tuple[str, int, float, float]]
    ) -> None:
        Item.objects.all().delete()
        items = scatter(two[0], 30)
        for step, which, lng, lat in steps:
            rows = Item.objects.filter(code=items[which].code)
            if step == "delete":
                rows.delete()
            else:
                rows.update(**_CHANGES[step](lng, lat))
        there = Item.objects.exclude(state="retired").filter(lng__isnull=False).count()
        assert total([two[0]], WHOLE, 16) == there
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM registry_itemcell WHERE count < 0")
            assert cursor.fetchone() == (0,)

    def test_a_window_holds_what_stands_in_it(self, two: tuple[Register, Register]) -> None:
        items = scatter(two[0], 200)
        box = Box(113.305, 33.703, 113.32, 33.712)
        inside = {
            item.pk
            for item in items
            if box.west <= item.lng <= box.east and box.south <= item.lat <= box.north
        }
        found = items_in_box(Item.objects.all(), [two[0].pk], box)
        assert {item.pk for item in found} == inside
        assert not items_in_box(Item.objects.all(), [two[1].pk], box).exists()
        assert not items_in_box(Item.objects.all(), [], box).exists()

    def test_a_window_that_is_none_is_refused(self) -> None:
        for words in ("", "1,2,3", "a,b,c,d", "nan,1,2,3", "3,1,2,2"):
            with pytest.raises(ValueError):
                parse_box(words)

    def test_cells_go_with_their_register(self, two: tuple[Register, Register]) -> None:
        scatter(two[0], 5)
        Item.objects.all().delete()
        assert not ItemCell.objects.filter(count__gt=0).exists()


def _place(lng: float, lat: float) -> dict[str, Any]:
    return {"lng": lng, "lat": lat}


_CHANGES: dict[str, Any] = {
    "move": _place,
    "retire": lambda lng, lat: {"state": "retired"},
    "revive": lambda lng, lat: {"state": "in use"},
    "hide": lambda lng, lat: {"lng": None, "lat": None},
}
