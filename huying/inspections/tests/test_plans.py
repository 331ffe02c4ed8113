"""A plan is read, or every mistake in it is told at its key."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from huying.inspections.plans import DrawRules, Frequency, PlanRules, overlapping, parse_every, read_plan

RIGHT: dict[str, Any] = {
    "plan": "daily-disinfection",
    "title": {"zh": "公厕消杀", "en": "Disinfection"},
    "does": {"standard": "disinfection"},
    "at": {"register": ["public-toilet", "transfer-station"], "where": {"state": ["in use", "open"]}},
    "by": "post sanitation-worker of the item",
    "every": "6 per day, at least 2 hours apart",
    "hours": "06:00-22:00",
    "season": "11-15..03-15",
    "proof": ["scan", "place"],
    "missed": {
        "remind": "after 30 minutes", "open": {"ledger": "grid-finding", "category": "sanitation", "after": "2 missed"},
    },
    "from": "2026-01-01", "until": "2026-12-31",
}  # fmt: skip


def plan(**changes: Any) -> PlanRules:
    rules, problems = read_plan({key: value for key, value in (RIGHT | changes).items() if value is not None})
    assert problems == [], [str(problem.sentence) for problem in problems]
    return rules


def test_a_plan_is_read() -> None:
    rules = plan()
    assert rules.every == Frequency(6, "day", dt.timedelta(hours=2)) and rules.hours == (360, 1320)
    assert (rules.registers, rules.where) == (
        ("public-toilet", "transfer-station"),
        {"state": ("in use", "open")},
    )
    assert (rules.by_post, rules.by_departments, rules.proof) == ("sanitation-worker", (), ("scan", "place"))
    assert rules.remind_after == dt.timedelta(minutes=30) and rules.open_after == 2
    assert rules.opens is not None and rules.opens.category == "sanitation"
    assert rules.in_force(dt.date(2026, 12, 31)) and not rules.in_force(dt.date(2027, 1, 1))
    assert rules.in_season(dt.date(2026, 1, 1)) and not rules.in_season(dt.date(2026, 3, 16))


def test_a_declaration_is_read_once() -> None:
    assert PlanRules.from_declaration(RIGHT) is PlanRules.from_declaration(dict(RIGHT))
    with pytest.raises(ValueError, match="does"):
        PlanRules.from_declaration(RIGHT | {"does": None})


def test_several_departments_go_together() -> None:
    assert plan(by=["urban-management", "police", "market"]).by_departments == (
        "urban-management",
        "police",
        "market",
    )
    assert plan(by="department sanitation").by_departments == ("sanitation",)


def test_a_draw_takes_a_share_or_a_number() -> None:
    drawn = plan(
        every="monthly",
        hours=None,
        draw={"share": "10%", "by": ["risk", "time since last visit"], "inspectors": 2},
    )
    assert drawn.draw == DrawRules(tenths=100, by=("risk", "time since last visit"), inspectors=2)
    assert [drawn.draw.of(places) for places in (0, 1, 4, 5, 14, 15, 1384)] == [0, 1, 1, 1, 1, 2, 138]
    assert DrawRules(number=5).of(3) == 3


@pytest.mark.parametrize(
    ("text", "times", "unit", "minutes"),
    [
        ("6 per day, at least 2 hours apart", 6, "day", 120),
        ("2 per day, at least 90 minutes apart", 2, "day", 90),
        ("2 per day", 2, "day", 0),
        ("3 per week", 3, "week", 0),
        ("nightly", 1, "night", 0),
        ("daily", 1, "day", 0),
        ("weekly", 1, "week", 0),
        ("Monthly", 1, "month", 0),
        ("quarterly", 1, "quarter", 0),
        ("yearly", 1, "year", 0),
        ("per year", 1, "year", 0),
        ("1 per year", 1, "year", 0),
        ("2 a night", 2, "night", 0),
    ],
)
def test_a_frequency_is_read(text: str, times: int, unit: str, minutes: int) -> None:
    assert parse_every(text) == Frequency(times, unit, dt.timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("changes", "key", "words"),
    [
        ({"titel": "x"}, "titel", "title"),
        ({"title": None}, "title", "中文名称"),
        ({"does": None}, "does", "standard"),
        ({"at": None}, "at", "只写一种"),
        ({"at": {"register": ["a"], "areas": "grid"}}, "at", "只写一种"),
        ({"at": {"areas": "vilage"}}, "at.areas", "是不是“village”"),
        ({"at": {"areas": "grid", "where": {"a": "b"}}}, "at.where", "register"),
        ({"by": None}, "by", "谁去"),
        ({"by": "sanitation"}, "by", "谁去"),
        ({"every": None}, "every", "多久一次"),
        ({"every": "sometimes"}, "every", "多久一次"),
        ({"every": "6 per fortnight"}, "every", "多久一次"),
        ({"every": "0 per day"}, "every", "1 到 48"),
        ({"every": "1000 per day"}, "every", "1 到 48"),
        ({"every": "6 per day, at least 4 hours apart"}, "every", "至少要 1200 分钟"),
        ({"hours": "6 to 22"}, "hours", "06:00-22:00"),
        ({"hours": "22:00-06:00"}, "hours", "nightly"),
        ({"every": "nightly", "hours": "08:00-20:00"}, "hours", "中午"),
        ({"season": "winter"}, "season", "11-15..03-15"),
        ({"days": "workdays"}, "days", "是不是“work days”"),
        ({"proof": ["scan", "foto"]}, "proof.1", "是不是“photo”"),
        ({"unannounced": "perhaps"}, "unannounced", "true、false"),
        ({"until": "2025-12-31"}, "until", "前一个要早"),
        ({"from": "soon"}, "from", "2026-11-20"),
        ({"missed": {"remind": "30 minutes"}}, "missed.remind", "after 30 minutes"),
        ({"missed": {"open": {"category": "x"}}}, "missed.open", "ledger"),
        ({"missed": {"open": {"ledger": "x", "after": "often"}}}, "missed.open.after", "2 missed"),
        ({"every": "monthly", "draw": {"by": ["risk"]}}, "draw", "只写一个"),
        ({"every": "monthly", "draw": {"number": 3, "by": ["luck"]}}, "draw.by.0", "risk"),
        ({"every": "monthly", "draw": {"number": 3, "risk": "grade"}}, "draw.risk", "by"),
        ({"draw": {"number": 3}}, "every", "不按天"),
    ],
)
def test_a_mistake_is_told_at_its_key(changes: dict[str, Any], key: str, words: str) -> None:
    declared = {name: value for name, value in (RIGHT | changes).items() if value is not None}
    found = [(".".join(map(str, each.keys)), str(each.sentence)) for each in read_plan(declared)[1]]
    assert any(at == key and words in said for at, said in found), found


# -- plans for the same place ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "meet"),
    [
        ({}, True),
        ({"does": {"standard": "other"}}, False),
        ({"at": {"register": ["transfer-station"]}}, True),
        ({"at": {"register": ["road"]}}, False),
        ({"at": {"register": ["public-toilet"], "where": {"state": "closed"}}}, False),
        ({"at": {"register": ["public-toilet"], "where": {"kind": "A"}}}, True),
        ({"at": {"areas": "village"}}, False),
        ({"season": "03-15..05-01"}, True),
        ({"season": "03-16..11-14"}, False),
        ({"season": None}, True),
        ({"from": "2027-01-01", "until": None}, False),
        ({"from": "2026-12-31", "until": None}, True),
        ({"from": "2026-06-01", "until": "2026-08-31"}, False),  # only outside the other's season
    ],
)
def test_plans_that_meet_at_a_place_are_found(changes: dict[str, Any], meet: bool) -> None:
    one, other = plan(), plan(plan="second", **changes)
    assert overlapping([one, other]) == ([(one, other)] if meet else [])


def test_plans_of_areas_and_departments_meet_too() -> None:
    villages = [plan(plan=code, at={"areas": "village"}) for code in ("a", "b")]
    offices = [plan(plan=code, at={"departments": ["market", code]}) for code in ("c", "d")]
    assert [(one.code, other.code) for one, other in overlapping(villages + offices)] == [
        ("a", "b"),
        ("c", "d"),
    ]
