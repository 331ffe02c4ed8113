"""Things are added, changed and verified; their history says what each value was."""

from __future__ import annotations

import re
import threading
import uuid
from typing import Any

import pytest
from django.db import connections
from hypothesis import given, settings
from hypothesis import strategies as st

from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.journal import entries_of
from huying.core.search import search_q
from huying.core.testing import MiniDistrict, make_department, make_district, make_user
from huying.people.models import User
from huying.registry import actions, policy
from huying.registry.models import LABEL_LENGTH, Item, Register, Verification, new_label
from huying.registry.rules import read_register

from .conftest import LAMPS

KIND = {"kind": "单臂灯"}


def add(
    register: Register, actor: User | None, point: tuple[float, float] | None = None, **more: Any
) -> Item:
    lng, lat = point or MiniDistrict.in_east
    values = {"title": "东安路1号灯杆", "lng": lng, "lat": lat} | more.pop("values", {})
    return actions.add_item(register, actor=actor, values=values, data=more.pop("data", KIND), **more)


class TestAdding:
    def test_a_thing_takes_the_next_number_and_a_part_code(self, lamps: Register, admin: User) -> None:
        first, second = add(lamps, admin), add(lamps, admin)
        assert (first.code, second.code) == ("LD-0001", "LD-0002")
        assert first.part_code == "4104030137000001"
        assert second.part_code == "4104030137000002"

    def test_it_lies_in_the_smallest_area_around_its_point(
        self, lamps: Register, admin: User, district: MiniDistrict
    ) -> None:
        item = add(lamps, admin)
        assert item.area == district.grid_of("东风社区", 2)
        assert item.area_path == item.area.path

    def test_who_the_register_names_is_filled_in(
        self, lamps: Register, admin: User, district: MiniDistrict
    ) -> None:
        assert add(lamps, admin).supervisor == district.urban

    def test_a_number_that_is_taken_is_refused(self, lamps: Register, admin: User) -> None:
        add(lamps, admin, code="LD-0007")
        with pytest.raises(Refusal, match="已经有了") as refused:
            add(lamps, admin, code="LD-0007")
        assert refused.value.field == "code"
        assert Item.objects.count() == 1

    def test_numbers_go_on_after_the_highest(self, lamps: Register, admin: User) -> None:
        add(lamps, admin, code="LD-0041")
        assert add(lamps, admin).code == "LD-0042"

    def test_its_history_begins(self, lamps: Register, admin: User) -> None:
        entry = entries_of(add(lamps, admin)).get()
        assert (entry.code, entry.actor_id) == ("item.added", admin.pk)

    def test_a_search_finds_it_but_never_by_a_personal_field(self, lamps: Register, admin: User) -> None:
        item = add(lamps, admin, data={**KIND, "guard": "郭守灯"})

        def found(words: str) -> list[Item]:
            return list(Item.objects.filter(search_q(words, vector="search", text="words")))

        assert found("单臂") == found("灯杆") == found("4104030137000001") == [item]
        assert found("郭守灯") == []

    def test_a_clerk_adds_only_what_is_their_departments(
        self, lamps: Register, district: MiniDistrict
    ) -> None:
        clerk = make_user("clerk", department=district.water)
        with pytest.raises(NotAllowed):
            add(lamps, clerk)
        assert add(lamps, clerk, values={"owner_id": district.water.pk}).owner == district.water

    def test_a_street_adds_nothing_outside_its_area(self, lamps: Register, district: MiniDistrict) -> None:
        worker = make_user("grid-worker", area=district.west)
        with pytest.raises(NotAllowed):
            actions.add_omitted_item(
                lamps, actor=worker, values={"title": "漏报", "lng": district.in_east[0], "lat": district.in_east[1]},
                data=KIND,
            )  # fmt: skip

    def test_labels_are_not_to_be_confused(self) -> None:
        labels = {new_label() for _number in range(500)}
        assert len(labels) == 500
        assert all(re.fullmatch(rf"[2-9BCDFGHJKMNPQRSTVWXYZ]{{{LABEL_LENGTH}}}", label) for label in labels)


class TestChanging:
    def test_the_history_says_what_it_was_and_is(self, lamps: Register, admin: User) -> None:
        item = add(lamps, admin)
        changes = actions.change_item(
            item, actor=admin, values={"title": "东安路2号灯杆"}, data={**KIND, "height": 9}
        )
        assert changes == {"title": ["东安路1号灯杆", "东安路2号灯杆"], "height": [None, 9]}
        entry = entries_of(item).get(code="item.changed")
        assert entry.data["changes"] == changes
        item.refresh_from_db()
        assert (item.title, item.data["height"], item.version) == ("东安路2号灯杆", 9, 2)

    def test_of_a_personal_field_it_says_only_that_it_changed(self, lamps: Register, admin: User) -> None:
        item = add(lamps, admin)
        actions.change_item(item, actor=admin, data={**KIND, "guard": "郭守灯"})
        assert "郭守灯" not in str(entries_of(item).get(code="item.changed").data)

    def test_nothing_is_written_when_nothing_differs(self, lamps: Register, admin: User) -> None:
        item = add(lamps, admin)
        assert actions.change_item(item, actor=admin, values={"title": item.title}, data=dict(KIND)) == {}
        assert entries_of(item).count() == 1

    def test_who_saw_an_older_version_is_told(self, lamps: Register, admin: User) -> None:
        item = add(lamps, admin)
        actions.change_item(item, actor=admin, values={"title": "甲"}, seen_version=1)
        with pytest.raises(Conflict, match="刚才被别人改过"):
            actions.change_item(item, actor=admin, values={"title": "乙"}, seen_version=1)

    def test_an_unknown_state_is_refused(self, lamps: Register, admin: User) -> None:
        with pytest.raises(Refusal, match="没有"):
            actions.set_item_state(add(lamps, admin), state="lost", actor=admin)

    def test_nobody_gives_away_what_they_may_not_take(self, lamps: Register, district: MiniDistrict) -> None:
        clerk = make_user("clerk", department=district.water)
        item = add(lamps, clerk, values={"owner_id": district.water.pk})
        other = make_department("power", title="供电公司")
        with pytest.raises(NotAllowed):
            actions.change_item(item, actor=clerk, values={"owner_id": other.pk})
        item.refresh_from_db()
        assert item.owner == district.water


class TestVerifying:
    def test_right_as_it_is(self, lamps: Register, admin: User, district: MiniDistrict) -> None:
        item = add(lamps, admin)
        seen = actions.verify_item(item, actor=make_user("grid-worker", area=district.east), data=KIND)
        assert (seen.outcome, seen.corrected) == (Verification.Outcome.RIGHT, 0)
        item.refresh_from_db()
        assert item.verified_at == seen.at

    def test_corrections_are_counted_one_by_one(self, lamps: Register, admin: User) -> None:
        item = add(lamps, admin)
        seen = actions.verify_item(
            item,
            actor=admin,
            values={"address": "东安路与建设路交叉口"},
            data={"kind": "双臂灯", "height": 8},
        )
        assert (seen.outcome, seen.corrected) == (Verification.Outcome.CORRECTED, 3)
        assert seen.corrections["kind"] == ["单臂灯", "双臂灯"]

    def test_what_is_not_there_is_retired_and_kept(self, lamps: Register, admin: User) -> None:
        item = add(lamps, admin)
        with pytest.raises(Refusal):
            actions.verify_item(item, actor=admin, gone=True)
        actions.verify_item(item, actor=admin, gone=True, words="已拆除")
        item.refresh_from_db()
        assert item.retired

    def test_what_was_left_out_is_added_on_the_spot(self, lamps: Register, district: MiniDistrict) -> None:
        worker = make_user("grid-worker", area=district.east)
        lng, lat = district.in_east
        once = uuid.uuid4()
        for _time in range(2):
            seen = actions.add_omitted_item(
                lamps,
                actor=worker,
                values={"title": "漏报的灯", "lng": lng, "lat": lat},
                data=KIND,
                client_id=once,
            )
        assert seen.outcome == Verification.Outcome.OMITTED
        assert seen.item.origin == Item.Origin.SPOT
        assert Item.objects.count() == 1

    def test_the_same_form_twice_is_one_verification(self, lamps: Register, admin: User) -> None:
        item, once = add(lamps, admin), uuid.uuid4()
        first = actions.verify_item(item, actor=admin, data={"kind": "双臂灯"}, client_id=once)
        assert actions.verify_item(item, actor=admin, data={"kind": "双臂灯"}, client_id=once) == first
        assert entries_of(item).filter(code="item.verified").count() == 1


class TestWhoSees:
    def test_a_street_sees_its_own(self, lamps: Register, admin: User, district: MiniDistrict) -> None:
        here, there = add(lamps, admin), add(lamps, admin, district.in_west)
        leader = make_user("supervisor", area=district.east)
        assert list(policy.items_for(leader)) == [here]
        assert policy.may(leader, policy.VIEW, here)
        assert not policy.may(leader, policy.VIEW, there)

    def test_a_department_sees_what_it_owns_keeps_or_supervises(
        self, lamps: Register, admin: User, district: MiniDistrict
    ) -> None:
        clerk = make_user("clerk", department=district.water)
        mine = [
            add(lamps, admin, values={f"{part}_id": district.water.pk})
            for part in ("owner", "keeper", "supervisor")
        ]
        add(lamps, admin)
        assert list(policy.items_for(clerk)) == mine

    def test_a_stranger_sees_nothing(self, lamps: Register, admin: User) -> None:
        add(lamps, admin)
        assert not policy.items_for(make_user()).exists()


@pytest.mark.django_db(transaction=True)
def test_racers_draw_different_numbers(transactional_db: None) -> None:
    make_district()
    register = Register.objects.create(code="lamp", title="路灯", declaration=LAMPS)
    start = threading.Barrier(6)
    made: list[Item] = []

    def run() -> None:
        start.wait()
        made.append(add(register, None))
        connections.close_all()

    threads = [threading.Thread(target=run) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(item.code for item in made) == [f"LD-{number:04}" for number in range(1, 7)]
    assert len({item.part_code for item in made}) == 6


@settings(max_examples=30, deadline=None)
@given(st.text(min_size=0, max_size=40))
def test_any_words_can_stand_in_a_numbering(words: str) -> None:
    """A numbering that is none is a mistake that is said, never an error."""
    rules, problems = read_register({**LAMPS, "numbered": words})
    assert problems or not rules.numbered or rules.numbered.endswith("00")
