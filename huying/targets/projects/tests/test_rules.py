"""What the pack says about projects and war maps; months and their deadlines; lights."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest

from huying.targets.projects.months import due_at_of, due_day_of, months_between, parse_month, plus
from huying.targets.projects.rates import percent, share, wan
from huying.targets.projects.rules import WarMapRules, read_projects, read_war_map
from huying.targets.projects.tests.conftest import BOOK

ITEM = {"code": "a", "class": "x", "title": "事", "owner": "office", "deadline": "2022-11-30"}
MAP = {
    "war-map": "m",
    "title": "图",
    "near": "30 days",
    "classes": [{"code": "x", "title": "类"}],
    "items": [ITEM],
}


def test_a_sound_declaration_has_no_problems() -> None:
    rules, problems = read_projects(BOOK)
    assert not problems
    assert (rules.due_day, rules.visits_per_month, rules.meeting_before) == (5, 1, 10)
    assert rules.works["lane"].unit == "公里" and rules.grants["lane"].per_unit_wan == 20


@pytest.mark.parametrize(
    ("change", "keys"),
    [
        ({"update": {"due_day": 31}}, ("update", "due_day")),
        ({"works": [{"code": "lane", "title": "路"}]}, ("works", 0)),
        ({"lists": [{"code": "Bad code", "title": "单"}]}, ("lists", 0, "code")),
        ({"lists": [{"code": "x", "title": "单", "level": "national"}]}, ("lists", 0, "level")),
        (
            {"grants": [{"code": "x", "title": "补", "unit": "公里", "per_unit_wan": "-3"}]},
            ("grants", 0, "per_unit_wan"),
        ),
        ({"nonsense": 1}, ("nonsense",)),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(change: dict[str, object], keys: tuple[object, ...]) -> None:
    assert keys in [problem.keys for problem in read_projects({**BOOK, **change})[1]]


@pytest.mark.parametrize(
    ("row", "key"),
    [
        ({"class": "y"}, "class"), ({"deadline": "soon"}, "deadline"), ({"begins": "2023-01-01"}, "begins"),
        ({"code": "A B"}, "code"),
    ],
)  # fmt: skip
def test_a_task_of_the_war_map_needs_a_class_an_owner_and_a_deadline(row: dict[str, str], key: str) -> None:
    problems = read_war_map({**MAP, "items": [{**ITEM, **row}]})[1]
    assert ("items", 0, key) in [problem.keys for problem in problems]


@pytest.mark.parametrize(
    ("today", "progress", "done", "light"),
    [
        ("2022-12-01", 90, False, "overdue"), ("2022-12-01", 100, True, "done"), ("2022-07-01", 10, False, "behind"),
        ("2022-11-20", 99, False, "near"), ("2022-04-01", 40, False, "on time"), ("2022-11-30", 100, False, "near"),
    ],
)  # fmt: skip
def test_a_light_follows_its_rule(today: str, progress: int, done: bool, light: str) -> None:
    rules = WarMapRules.from_declaration(MAP)
    found = rules.light(
        done=done, progress=progress, begins_on=dt.date(2022, 3, 1), deadline=dt.date(2022, 11, 30),
        today=dt.date.fromisoformat(today),
    )  # fmt: skip
    assert found == light


def test_months_are_counted_over_the_turn_of_the_year() -> None:
    assert plus(dt.date(2021, 11, 1), 2) == dt.date(2022, 1, 1)
    assert plus(dt.date(2021, 1, 1), -1) == dt.date(2020, 12, 1)
    assert len(months_between(dt.date(2021, 1, 1), dt.date(2021, 11, 1))) == 11
    assert parse_month("2021-13") is None and parse_month("21-1") is None


@pytest.mark.django_db
def test_a_deadline_in_a_holiday_moves_to_the_next_working_day() -> None:
    # The fifth of October lies in the national holiday, the fifth of December 2026 is a Saturday.
    assert due_day_of(dt.date(2026, 9, 1), 5) == dt.date(2026, 10, 8)
    assert due_day_of(dt.date(2026, 11, 1), 5) == dt.date(2026, 12, 7)
    assert due_at_of(dt.date(2026, 7, 1), 5).isoformat() == "2026-08-06T00:00:00+08:00"


def test_shares_are_exact_and_rounded_once() -> None:
    assert percent(share(Decimal("1205400"), Decimal("1320000")), 1) == "91.3%"
    assert percent(share(527000, 485000), 1) == "108.7%"
    assert percent(share(118, 126), 0) == "94%" and percent(share(24, 26), 0) == "92%"
    assert share(1, 0) is None and percent(None) == "—" and share(1, 3) == Fraction(1, 3)
    assert wan(Decimal("5322300")) == "532.23 亿元" and wan(Decimal("85.50")) == "85.5 万元"
