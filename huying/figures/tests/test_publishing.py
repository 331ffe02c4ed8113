"""What was published keeps its rows; counted again it is the same, or what changed is named with who changed it."""

from __future__ import annotations

import pytest
from django.utils import timezone

from huying.cases.catalogue import catalogue
from huying.core.journal import log
from huying.core.temporal import as_of
from huying.figures.counting import counted
from huying.figures.publishing import frozen_rows, publish, recount
from huying.figures.tests.conftest import declare
from huying.people.models import User
from huying.places.fresh import Kept
from huying.registry.models import Item

pytestmark = pytest.mark.django_db
LAMPS = {"of": "items", "where": {"register": "lamp"}}


def test_the_rows_are_frozen_as_they_were(lamps: list[Item], writer: User) -> None:
    declare("metres", **LAMPS, sum="data.height", unit="米")
    published = publish("metres", actor=writer)
    Item.objects.filter(pk=lamps[0].pk).update(title="改过名的")
    assert published.text == "32 米"
    assert [(row.facts.label, row.number) for row in frozen_rows(published)] == [
        ("A 路灯 A", 8), ("B 路灯 B", 12), ("C 路灯 C", 12),
    ]  # fmt: skip


def test_counted_again_it_is_the_same(lamps: list[Item], writer: User) -> None:
    declare("lamps", **LAMPS)
    again = recount(publish("lamps", actor=writer))
    assert again.same
    assert again.value.exact == 4


def test_what_changed_since_is_named_with_who_changed_it(lamps: list[Item], writer: User) -> None:
    declare("metres", **LAMPS, sum="data.height")
    published = publish("metres", actor=writer)
    Item.objects.filter(pk=lamps[0].pk).update(data={"height": 9})
    log(lamps[0], "item.changed", actor=writer)
    Item.objects.filter(pk=lamps[1].pk).update(data={})
    Item.objects.filter(pk=lamps[3].pk).update(data={"height": 7})
    again = recount(published)
    assert not again.same
    assert again.value.exact == 28
    assert {each.facts.pk: each.kind for each in again.differences} == {
        lamps[0].pk: "changed", lamps[1].pk: "left", lamps[3].pk: "came",
    }  # fmt: skip
    assert [entry.actor_name for entry in again.differences[0].entries] == [str(writer)]


def test_as_it_was_known_then_it_stays_the_same(lamps: list[Item], writer: User) -> None:
    declare("metres", **LAMPS, sum="data.height")
    published = publish("metres", actor=writer)
    Item.objects.filter(pk=lamps[0].pk).update(data={"height": 9}, state="broken")
    Item.objects.filter(pk=lamps[0].pk).update(data={"height": 10})
    lamps[1].delete()
    Item.objects.create(register=lamps[0].register, code="E", title="新", data={"height": 100})
    assert recount(published).value.exact == 10 + 12 + 100
    then = recount(published, then=True)
    assert then.same
    assert then.value.exact == 32


def test_a_calculated_figure_freezes_its_parts(lamps: list[Item], writer: User) -> None:
    declare("high", of="items", where={"register": "lamp", "data.height": "12"})
    declare("low", of="items", where={"register": "lamp", "data.height": "8"})
    declare("both", add=["high", "low"])
    published = publish("both", actor=writer)
    assert [(part.figure.code, part.text, part.rows) for part in published.parts.order_by("pk")] == [
        ("high", "2", 2), ("low", "1", 1),
    ]  # fmt: skip


def test_the_past_is_read_by_the_same_code(lamps: list[Item]) -> None:
    declare("lamps", **LAMPS)
    before = timezone.now()
    Item.objects.filter(register__code="lamp").exclude(pk=lamps[0].pk).delete()
    assert counted("lamps").exact == 1
    with as_of(before):
        assert counted("lamps").exact == 4
        assert Item.objects.get(pk=lamps[3].pk).title == "路灯 D"
    assert counted("lamps").exact == 1


def test_what_a_process_keeps_in_memory_is_never_of_the_past(lamps: list[Item]) -> None:
    before = timezone.now()
    Item.objects.filter(pk=lamps[0].pk).update(title="现在")
    kept = Kept(lambda: Item.objects.count(), lambda: Item.objects.get(pk=lamps[0].pk).title)
    with as_of(before):
        assert Item.objects.get(pk=lamps[0].pk).title == "路灯 A"
        assert kept.get() == "现在"
        assert catalogue().ledgers == {}
        assert Item.objects.get(pk=lamps[0].pk).title == "路灯 A"
    Kept.everything.remove(kept)
