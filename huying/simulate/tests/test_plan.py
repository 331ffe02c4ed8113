"""What is drawn before the start."""

from __future__ import annotations

import random
from typing import Any

import pytest
from huying_client import Area, Category, Ledger, Me

from huying.simulate.meter import Meter, kind_of, quantile
from huying.simulate.plan import fill, make_plan, run_of
from huying.simulate.world import Person, World, offered


def person(*rights: tuple[str, str, str]) -> Person:
    held = [{"verb": verb, "area": area, "department": department} for verb, area, department in rights]
    return Person(Me("somebody", "某人", "", held), site=None)  # type: ignore[arg-type]


def ledger(code: str, channels: list[str], **more: Any) -> Ledger:
    facts = {
        "contact": "optional",
        "stages": [],
        "item_required": False,
        "fields": [],
        "handling_form": [],
    } | more
    return Ledger(code=code, title=code, active=True, channels=channels, **facts)


def world(*people: Person) -> World:
    lamp = Category("lamp", "路灯不亮", "event", "2 days", False)
    return World(
        people=list(people), ledgers={"snapshot": ledger("snapshot", ["portal", "hotline", "field"])},
        categories={"snapshot": [lamp]}, portal={"路灯不亮": "7"}, paths={"grid": "district/street/grid/"},
        places=[Area("grid", "第1网格", "grid", "administrative", "district/street/grid/", 113.3, 33.7)],
    )  # fmt: skip


def test_the_same_seed_gives_the_same_plan_and_another_seed_another() -> None:
    here = world(person(("desk.agent", "", ""), ("report.create", "", "")))
    plan = make_plan(here, per_minute=60, minutes=2, seed=4, run="a")
    assert plan == make_plan(here, per_minute=60, minutes=2, seed=4, run="a")
    assert plan != make_plan(here, per_minute=60, minutes=2, seed=5, run="a")
    assert all(one.tag.startswith(run_of(plan)) and one.tag in one.words for one in plan)


def test_a_second_play_of_a_seed_sends_the_same_things_as_new_matters() -> None:
    one, two = (make_plan(world(), per_minute=60, minutes=2, seed=4) for _play in range(2))
    assert [(a.at_s, a.phone, a.unsolved) for a in one] == [(a.at_s, a.phone, a.unsolved) for a in two]
    assert not {a.client_id for a in one} & {a.client_id for a in two}
    assert run_of(one) != run_of(two)


def test_arrivals_keep_to_the_rate_and_the_time() -> None:
    plan = make_plan(world(), per_minute=120, minutes=10, seed=1)
    assert 1000 < len(plan) < 1400
    moments = [one.at_s for one in plan]
    assert moments == sorted(moments) and moments[-1] < 600


def test_a_channel_that_nobody_plays_is_left_out() -> None:
    assert {one.channel for one in make_plan(world(), per_minute=60, minutes=2, seed=1)} == {"portal"}
    with pytest.raises(ValueError, match="no channel"):
        make_plan(world(), per_minute=60, minutes=2, seed=1, mix={"field": 1})


def test_residents_leave_out_a_title_that_two_ledgers_share() -> None:
    here = world()
    here.ledgers["other"] = ledger("other", ["portal"])
    here.categories["other"] = [Category("dark", "路灯不亮", "event", "1 day", False)]
    with pytest.raises(ValueError, match="no channel"):
        make_plan(here, per_minute=60, minutes=2, seed=1, mix={"portal": 1})


def test_a_right_reaches_into_its_area_and_department_only() -> None:
    clerk = person(("case.take_up", "street", "water"))
    assert clerk.may("case.take_up", department="water", path="district/street/grid/")
    assert not clerk.may("case.take_up", department="gas", path="district/street/grid/")
    assert not clerk.may("case.take_up", department="water", path="district/other/")
    assert world(clerk).sees_all("case.take_up") is None


def test_required_fields_are_filled_and_none_that_asks_for_more() -> None:
    def field(code: str, kind: str, **more: Any) -> dict[str, Any]:
        return {"code": code, "type": kind, "required": True, "when": "", "choices": [], "unit": ""} | more

    fields = [
        field("spot", "choice", choices=["没有", "当场处置"]), field("warm", "number", unit="°C"),
        field("after", "photo", when="spot == '当场处置'"), field("note", "text", required=False),
    ]  # fmt: skip
    for seed in range(20):
        filled = fill(fields, random.Random(seed))
        assert filled == {"spot": "没有", "warm": filled["warm"]} and 18 <= filled["warm"] <= 22


def test_the_form_s_choices_are_read_and_a_title_offered_twice_is_not_used() -> None:
    form = """<select class="input" name="category_other" aria-label="x"><option value="">请选择</option>
    <optgroup label="a"><option value="1">停暖</option><option value="2">其他</option></optgroup>
    <optgroup label="b"><option value="3">A &amp; B</option><option value="4">其他</option></optgroup></select>"""
    assert offered(form) == {"停暖": "1", "A & B": "3"}
    assert offered("<p>no form</p>") == {}


def test_requests_of_a_kind_are_counted_together_with_nearest_rank_quantiles() -> None:
    meter = Meter()
    for millisecond in range(1, 101):
        meter.note(kind_of("GET", f"/api/v1/cases/{millisecond}"), millisecond / 1000, 200)
    meter.note("POST /report/", 1.0, 0)
    first, second = meter.kinds()
    assert first.name == "GET /api/v1/cases/{number}"
    assert (first.count, round(first.median_ms), round(first.p95_ms), round(first.p99_ms)) == (
        100,
        50,
        95,
        99,
    )
    assert (first.failures, second.failures) == (0, 1)
    assert quantile([], 0.5) == 0.0
    assert kind_of("GET", "/t/123/secret/rating/") == "GET /t/{number}/{secret}/rating/"
