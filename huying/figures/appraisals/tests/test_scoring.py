"""Published scores of three places come out of their published inputs, exactly; and what a formula may be."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from huying.figures.appraisals import formula
from huying.figures.appraisals.rules import AppraisalRules, read_appraisal
from huying.figures.appraisals.scoring import Entry, Input, Line, packed, place, score_unit, unpacked

PACK = Path(__file__).parents[4] / "districts/weidong/appraisals"


def declared(name: str) -> AppraisalRules:
    return AppraisalRules.from_declaration(yaml.safe_load((PACK / f"{name}.yaml").read_text("utf-8")))


def percent(text: str) -> Input:
    """A rate that was published as a percentage."""
    return Input(Fraction(text), Fraction(100))


def points(rules: AppraisalRules, part: str, found: Input) -> str:
    step = score_unit(rules, "unit", "unit", {part: found}).step(part)
    assert step is not None
    return step.shown


def test_lianyungang_on_time_closing_comes_out_as_published() -> None:
    assert points(declared("lianyungang-2021"), "on-time", percent("89.82")) == "14.82"


@pytest.mark.parametrize(
    ("rate", "score"),
    [("87.5", "19.75"), ("83.33", "17.67"), ("75", "13.5"), ("71.43", "12.5"), ("50", "12.5")],
)
def test_lianyungang_satisfaction_comes_out_as_published(rate: str, score: str) -> None:
    assert points(declared("lianyungang-2021"), "satisfied", percent(rate)) == score


@pytest.mark.parametrize(("n", "d", "score"), [(5, 6, "17.67"), (5, 7, "12.5"), (7, 8, "19.75")])
def test_from_rows_the_rate_is_rounded_first_as_the_bulletin_does(n: int, d: int, score: str) -> None:
    assert points(declared("lianyungang-2021"), "satisfied", Input(Fraction(n), Fraction(d))) == score


@pytest.mark.parametrize(("rate", "score"), [("70.59", "12.8"), ("66.67", "12.5")])
def test_lianyungang_2022_has_another_threshold(rate: str, score: str) -> None:
    assert points(declared("lianyungang-2022"), "satisfied", percent(rate)) == score


def test_tianmen_rates_come_out_of_its_bulletin() -> None:
    rules = declared("tianmen")
    line = score_unit(
        rules,
        "city",
        "市",
        {
            "closing": Input(Fraction(911), Fraction(972)),
            "on-time": Input(Fraction(737), Fraction(972)),
            "filing": Input(Fraction(996), Fraction(1054)),
        },
    )
    assert [step.shown for step in line.steps] == ["94.5", "93.72", "75.82"]


def test_jinniu_adds_up_to_a_hundred_by_its_weights() -> None:
    rules = declared("jinniu")
    rates = {
        "handled": (9, 10),
        "in-time": (8, 10),
        "rework": (1, 10),
        "waiting": (1, 20),
        "extended": (0, 10),
    }
    line = score_unit(
        rules, "unit", "unit", {code: Input(Fraction(n), Fraction(d)) for code, (n, d) in rates.items()}
    )
    assert [step.shown for step in line.steps] == ["27", "16", "18", "19", "10"]
    assert str(line.score) == "90.00"
    best = score_unit(
        rules, "unit", "unit",
        {code: Input(Fraction(code in ("handled", "in-time")), Fraction(1)) for code in rates},
    )  # fmt: skip
    assert str(best.score) == "100.00"


BASE: dict[str, Any] = {
    "appraisal": "small", "title": "小考核", "of": "department",
    "parts": [{"code": "closing", "title": "办结率", "figure": "x", "formula": "p"}],
}  # fmt: skip


def rules_with(**more: Any) -> AppraisalRules:
    rules, problems = read_appraisal({**BASE, **more})
    assert not problems, problems
    return rules


def lines(rules: AppraisalRules, **rates: tuple[int, int]) -> list[Line]:
    return place(
        rules,
        [
            score_unit(rules, unit, unit, {"closing": Input(Fraction(n), Fraction(d))})
            for unit, (n, d) in rates.items()
        ],
    )


def test_equal_scores_share_a_place_and_the_next_is_left_out() -> None:
    found = lines(rules_with(), a=(1, 2), b=(2, 2), c=(2, 4), d=(1, 4))
    assert [(line.unit, line.rank) for line in found] == [("b", 1), ("a", 2), ("c", 2), ("d", 4)]


def test_small_numbers_have_a_score_but_no_place() -> None:
    found = lines(rules_with(at_least=3), a=(2, 2), b=(3, 4))
    assert [(line.unit, line.rank, line.why) for line in found] == [("b", 1, ""), ("a", 0, "few")]
    assert str(found[1].score) == "100.00"


def test_a_unit_without_demand_is_not_ranked() -> None:
    found = lines(rules_with(unranked="no demand"), a=(0, 0), b=(1, 2))
    assert [(line.unit, line.why, line.score is None) for line in found] == [
        ("b", "", False),
        ("a", "no demand", True),
    ]


def test_tiers_take_the_place_of_places() -> None:
    tiers = [{"title": "好", "from": 80}, {"title": "一般", "from": 0}]
    found = lines(rules_with(tiers=tiers), a=(1, 2), b=(4, 5))
    assert [(line.unit, line.rank, line.tier) for line in found] == [("b", 0, "好"), ("a", 0, "一般")]


def test_bonus_and_penalty_stay_within_their_bounds() -> None:
    rules = rules_with(
        bonus=[{"code": "award", "title": "表彰", "points": 2, "most": 3}],
        penalty=[{"code": "exposed", "title": "曝光", "points": 1}],
    )
    entries = [Entry("award", Fraction(2)), Entry("award", Fraction(2)), Entry("exposed", Fraction(-1))]
    line = score_unit(rules, "a", "a", {"closing": Input(Fraction(1), Fraction(2))}, entries=entries)
    assert (line.extra, str(line.score)) == (2, "52.00")


def test_a_line_is_the_same_after_it_was_frozen() -> None:
    rules = rules_with(bonus=[{"code": "award", "title": "表彰", "points": 2}])
    line = score_unit(
        rules,
        "a",
        "甲",
        {"closing": Input(Fraction(1), Fraction(3))},
        entries=[Entry("award", Fraction(2), "区里表彰")],
    )
    assert unpacked(packed(line)) == line


def test_per_head_needs_the_heads() -> None:
    rules = rules_with(
        parts=[{"code": "complaints", "figure": "x", "per_head": 10000, "formula": "30 - m"}],
        given={"population": {"a": 20000}},
    )
    one = score_unit(rules, "a", "a", {"complaints": Input(Fraction(5))})
    other = score_unit(rules, "b", "b", {"complaints": Input(Fraction(5))})
    assert (str(one.score), other.why) == ("27.50", "unknown")


@pytest.mark.parametrize(
    ("text", "shown", "value", "sheet"),
    [
        ("25 - 0.5 * (98 - p)", "25 − 0.5 × (98 − 80)", "16", "(25-(0.5*(98-A1)))"),
        ("p >= 90 ? 30 : p / 3", "80 ≥ 90 ? 30 : 80 ÷ 3", "80/3", "IF((A1>=90),30,(A1/3))"),
        ("max(0, min(p, 50)) - -1", "max(0, min(80, 50)) − −1", "51", "(MAX(0,MIN(A1,50))-(-1))"),
    ],
)
def test_a_formula_is_reckoned_written_out_and_put_into_a_spreadsheet(
    text: str, shown: str, value: str, sheet: str
) -> None:
    read = formula.read(text)
    names = {"p": Fraction(80)}
    assert (read.with_numbers(names), formula.plain(read.value(names))) == (shown, value)
    assert read.spreadsheet({"p": "A1"}) == sheet


@pytest.mark.parametrize(
    "text", ["", "1 +", "p p", "open('x')", "__import__", "(" * 60 + "1" + ")" * 60, "1 ** 2"]
)
def test_what_is_no_formula_is_said_or_names_nothing_known(text: str) -> None:
    _rules, problems = read_appraisal(
        {**BASE, "parts": [{"code": "closing", "figure": "x", "formula": text}]}
    )
    assert problems
