"""双随机: who is drawn and who goes is decided by fate, weighed by facts, and can be drawn again by anybody."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.db import connections
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.journal import entries_of
from huying.core.testing import make_district, make_user
from huying.inspections.actions import draw
from huying.inspections.draws import InspectorFact, PlaceFact, draw_again, draw_places, kept_facts
from huying.inspections.models import Draw, Plan
from huying.inspections.occurrences import period_of
from huying.inspections.places import inspectors_of, places_of
from huying.inspections.plans import DrawRules, PlanRules
from huying.people.models import Department, User
from huying.registry.models import Item

BOTH = DrawRules(number=3, by=("risk", "time since last visit"), inspectors=1)
PLACES = [PlaceFact(f"p{number}", risk=number % 3, days=number * 10, units=("a",)) for number in range(10)]
PEOPLE = [InspectorFact("wang", "a"), InspectorFact("li", "b"), InspectorFact("zhao", "b")]


def test_the_same_seed_draws_the_same() -> None:
    once = draw_places(BOTH, "2026-11", "f00d", PLACES, PEOPLE)
    assert once == draw_places(BOTH, "2026-11", "f00d", PLACES[::-1], PEOPLE[::-1])
    assert once.places == ("p5", "p7", "p8")  # fixed: an update of Python that draws otherwise is noticed
    assert once != draw_places(BOTH, "2026-12", "f00d", PLACES, PEOPLE)


def test_nobody_is_sent_to_the_unit_that_he_works_for() -> None:
    drawn = draw_places(DrawRules(number=10, inspectors=2), "2026-11", "1", PLACES, PEOPLE)
    assert all(sorted(going) == ["li", "zhao"] for going in drawn.inspectors.values())


def test_the_work_is_shared_among_the_inspectors() -> None:
    places = [PlaceFact(f"p{number:02}", units=("c",)) for number in range(30)]
    drawn = draw_places(DrawRules(number=30, inspectors=1), "2026-11", "1", places, PEOPLE)
    assert sorted(sum(going == [name] for going in drawn.inspectors.values()) for name in ("wang", "li", "zhao")) == [
        10, 10, 10,
    ]  # fmt: skip


def test_too_few_inspectors_are_told() -> None:
    with pytest.raises(Refusal, match="能去的只有 2 个"):
        draw_places(DrawRules(number=1, inspectors=3), "2026-11", "1", PLACES, PEOPLE)


def test_no_place_is_told() -> None:
    with pytest.raises(Refusal, match="没有可抽的地方"):
        draw_places(BOTH, "2026-11", "1", [], PEOPLE)


def share_of_first(rules: DrawRules, heavy: PlaceFact, light: PlaceFact) -> float:
    first = [draw_places(rules, "2026", str(seed), [heavy, light]).places[0] for seed in range(3000)]
    return first.count(heavy.key) / len(first)


def test_weight_is_risk_times_days() -> None:
    heavy, light = PlaceFact("h", risk=3, days=20), PlaceFact("l", risk=2, days=10)
    assert share_of_first(
        DrawRules(number=1, by=("risk", "time since last visit")), heavy, light
    ) == pytest.approx(3 / 4, abs=0.03)
    assert share_of_first(DrawRules(number=1, by=("risk",)), heavy, light) == pytest.approx(3 / 5, abs=0.03)
    assert share_of_first(DrawRules(number=1), heavy, light) == pytest.approx(1 / 2, abs=0.03)


def test_a_place_where_nobody_ever_was_waits_like_the_longest() -> None:
    rules = DrawRules(number=1, by=("time since last visit",))
    assert share_of_first(rules, PlaceFact("h"), PlaceFact("l", days=90)) == pytest.approx(1 / 2, abs=0.03)


facts = st.lists(
    st.builds(
        PlaceFact, st.text("abcdefgh", min_size=1, max_size=6), st.integers(0, 50), st.none() | st.integers(0, 900),
        st.lists(st.sampled_from(["a", "b", "c"]), unique=True, max_size=2).map(tuple),
    ),
    min_size=1, max_size=30, unique_by=lambda fact: fact.key,
)  # fmt: skip


@given(facts, st.integers(1, 40), st.integers(0, 10**9))
def test_places_are_drawn_once_and_again_from_what_is_kept(
    places: list[PlaceFact], number: int, seed: int
) -> None:
    people = [InspectorFact(f"{unit}{one}", unit) for unit in "abc" for one in range(2)]
    rules = DrawRules(number=number, by=("risk",), inspectors=2)
    drawn = draw_places(rules, "2026-W47", str(seed), places, people)
    assert len(set(drawn.places)) == len(drawn.places) == min(number, len(places))
    assert set(drawn.places) <= {fact.key for fact in places} and set(drawn.inspectors) == set(drawn.places)
    units, works = {fact.key: fact.units for fact in places}, {one.username: one.unit for one in people}
    for place, going in drawn.inspectors.items():
        assert len(set(going)) == 2 and not {works[name] for name in going} & set(units[place])
    kept = {"tenths": 0, "number": number, "by": ["risk"], "risk": "", "inspectors": 2}
    assert draw_again(kept, "2026-W47", str(seed), kept_facts(places, people)) == drawn


# -- on record -----------------------------------------------------------------------------------------------

pytestmark = pytest.mark.django_db


def this_month() -> str:
    return period_of("month", timezone.localdate()).name


def test_a_draw_is_kept_with_its_facts_and_can_be_checked(plan: Plan, supervisor: User) -> None:
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    drawn = draw(plan, this_month(), actor=supervisor, visited={"lamp/A": yesterday}, risks={"lamp/B": 4})
    drawn = Draw.objects.get(pk=drawn.pk)
    assert [fact["key"] for fact in drawn.facts["places"]] == ["lamp/A", "lamp/B", "lamp/C"]  # D is retired
    assert [(fact["risk"], fact["days"]) for fact in drawn.facts["places"]] == [(1, 1), (4, None), (1, None)]
    assert len(drawn.chosen) == 2 and drawn.holds()
    for place, going in drawn.inspectors.items():
        assert going == (["clerk-lighting"] if place == "lamp/C" else ["clerk-market"])
    drawn.chosen = drawn.chosen[::-1]
    assert not drawn.holds()
    (entry,) = entries_of(plan)
    assert (entry.code, entry.data["period"], entry.data["places"]) == ("inspections.drawn", this_month(), 3)


def test_a_field_of_the_item_may_be_the_risk(plan: Plan, supervisor: User) -> None:
    plan.declaration = plan.declaration | {"draw": plan.declaration["draw"] | {"risk": "height"}}
    drawn = draw(plan, this_month(), actor=supervisor)
    assert [fact["risk"] for fact in drawn.facts["places"]] == [8, 12, 12]


def test_a_period_is_drawn_once(plan: Plan, supervisor: User) -> None:
    draw(plan, this_month(), actor=supervisor)
    with pytest.raises(Conflict, match=supervisor.name):
        draw(plan, this_month(), actor=supervisor)


def test_the_past_and_what_is_no_period_are_not_drawn(plan: Plan, supervisor: User) -> None:
    with pytest.raises(Refusal, match="已经过去"):
        draw(plan, "2020-01", actor=supervisor)
    with pytest.raises(Refusal, match="没有“soon”这个时段"):
        draw(plan, "soon", actor=supervisor)


def test_a_plan_without_a_draw_is_not_drawn(plan: Plan, supervisor: User) -> None:
    plan.declaration = {key: value for key, value in plan.declaration.items() if key != "draw"}
    with pytest.raises(Refusal, match="不抽查"):
        draw(plan, this_month(), actor=supervisor)


def test_whoever_may_not_draw_is_told(plan: Plan) -> None:
    with pytest.raises(NotAllowed):
        draw(plan, this_month(), actor=make_user("clerk"))


@pytest.mark.parametrize(
    ("where", "keys"),
    [
        ({"height": ["12"]}, ["lamp/B", "lamp/C"]),
        ({"solar": ["true"]}, ["lamp/B"]),
        ({"owner": ["market"]}, ["lamp/C"]),
        ({"state": ["in use"], "height": ["8", "12"]}, ["lamp/A", "lamp/B", "lamp/C"]),
        ({"colour": ["red"]}, []),
    ],
)
def test_a_plan_goes_where_its_filter_says(
    lamps: list[Item], where: dict[str, list[str]], keys: list[str]
) -> None:
    rules = PlanRules(
        "p", "p", registers=("lamp",), where={name: tuple(wanted) for name, wanted in where.items()}
    )
    assert [place.key for place in places_of(rules)] == keys


def test_areas_and_departments_are_visited_too(lamps: list[Item]) -> None:
    villages = places_of(PlanRules("p", "p", area_level="village"))
    assert [(place.kind, place.title) for place in villages] == [("area", "西沟村")]
    (market,) = places_of(PlanRules("p", "p", at_departments=("market",)))
    assert (market.key, market.units) == ("market", {"market"})


def test_people_of_the_departments_go_or_who_holds_the_post(plan: Plan) -> None:
    make_user("head", department=Department.objects.get(code="market"))  # reads rounds, makes none
    assert {user.username for user in inspectors_of(plan.rules)} == {"clerk-lighting", "clerk-market"}
    assert not inspectors_of(PlanRules("p", "p", by_post="grid-chief"))


@pytest.mark.django_db(transaction=True)
def test_of_two_who_draw_at_once_one_wins() -> None:
    make_district()
    market = Department.objects.create(code="market", title="市场局", kind="district-department")
    declared = {
        "plan": "p", "title": "甲", "does": {"standard": "s"}, "at": {"departments": ["market"]}, "by": ["police"],
        "every": "monthly", "draw": {"number": 1},
    }  # fmt: skip
    plan = Plan.objects.create(code="p", title="甲", declaration=declared)
    actor = make_user("supervisor", department=market)
    start, results = threading.Barrier(4), []

    def run() -> None:
        try:
            start.wait()
            results.append(draw(plan, this_month(), actor=actor))
        except Conflict as conflict:
            results.append(conflict)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _one in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "Conflict", "Conflict", "Draw"]
    assert Draw.objects.count() == 1 and len(entries_of(plan)) == 1
