"""While rows change under it, a published value is the value of its rows, and of one moment."""

from __future__ import annotations

import random
import threading
import time

import pytest
from django.db import connections, transaction

from huying.figures.models import PublishedFigure
from huying.figures.publishing import Sums, frozen_rows, publish, recount
from huying.figures.tests.conftest import declare
from huying.registry.models import Item, Register

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.schema]
ROWS, EACH, TIMES, WRITERS = 120, 10, 6, 3
LAMPS = {"of": "items", "where": {"register": "lamp"}}


def make_lamps() -> list[int]:
    register = Register.objects.create(code="lamp", title="路灯", declaration={})
    rows = [Item(register=register, code=f"L{n}", title=f"{n}", data={"height": EACH}) for n in range(ROWS)]
    return [row.pk for row in Item.objects.bulk_create(rows)]


def move_metres(keys: list[int], over: threading.Event, seed: int) -> None:
    """Take a metre from one lamp and give it to another, in one transaction that dawdles: the sum never changes."""
    chance = random.Random(seed)
    try:
        while not over.is_set():
            first, second = sorted(chance.sample(keys, 2))
            with transaction.atomic():
                held = Item.objects.select_for_update().filter(pk__in=(first, second)).order_by("pk")
                rows = {row.pk: row for row in held}
                for key, metres in ((first, -1), (second, 1)):
                    Item.objects.filter(pk=key).update(data={"height": rows[key].data["height"] + metres})
                    time.sleep(0.002)
    finally:
        connections.close_all()


def test_a_value_that_is_published_while_rows_change_is_that_of_its_rows() -> None:
    keys = make_lamps()
    declare("metres", **LAMPS, sum="data.height")
    declare("tall", **LAMPS, count={"data.height": f"{EACH + 1}.."})
    declare("both", add=["metres", "tall"])
    over = threading.Event()
    writers = [threading.Thread(target=move_metres, args=(keys, over, seed)) for seed in range(WRITERS)]
    for writer in writers:
        writer.start()
    try:
        for _once in range(TIMES):
            publish("both", actor=None)
            publish("tall", actor=None)
    finally:
        over.set()
        for writer in writers:
            writer.join()
    assert (
        len({row.data["height"] for row in Item.objects.filter(pk__in=keys)}) > 1
    )  # there was something to race
    published = PublishedFigure.objects.exclude(figure__code="both")
    assert published.count() == TIMES * 3
    for each in published.select_related("figure"):
        sums = Sums(each.rules).add(frozen_rows(each))
        assert each.rows == ROWS
        assert each.exact == sums.numerator / (sums.denominator or 1)
        if each.figure.code == "metres":
            assert each.exact == ROWS * EACH
        assert recount(each, then=True).same
