"""What is printed, and whether a count can be printed like it."""

from __future__ import annotations

from fractions import Fraction

import pytest

from huying.figures.statements.comparing import Stated, half_up, step_of, written


@pytest.mark.parametrize(
    ("value", "step"), [("300", 100), ("836", 1), ("50000", 10000), ("99.46", "0.01"), ("28000000", 1000000), ("0", 1)]
)  # fmt: skip
def test_the_step_is_the_place_of_the_last_digit(value: str, step: str | int) -> None:
    assert step_of(Fraction(value)) == Fraction(step)


@pytest.mark.parametrize(
    ("stated", "counted", "agrees"),
    [
        (Stated(Fraction(229)), 229, True),
        (Stated(Fraction(229)), 230, False),
        (Stated(Fraction(300), bound="at least"), 300, True),  # 300余: three hundred and some
        (Stated(Fraction(300), bound="at least"), 399, True),
        (Stated(Fraction(300), bound="at least"), 400, False),  # somebody with 400 would have said so
        (Stated(Fraction(300), bound="at least"), 299, False),
        (Stated(Fraction(10000), bound="at least"), 12938, True),  # 1万余
        (Stated(Fraction(125000), bound="at least"), 126000, False),  # 12.5万余
        (Stated(Fraction(100), bound="at most"), 98, True),  # 近百
        (Stated(Fraction(100), bound="at most"), 101, False),
        (Stated(Fraction(100), bound="at most"), 80, False),
        (Stated(Fraction(4100), bound="about"), 4000, True),  # 左右
        (Stated(Fraction(4100), bound="about"), 4500, False),
        (Stated(Fraction(18000), bound="rounded", step=Fraction(1000)), 17500, True),  # 1.8万: two digits
        (Stated(Fraction(18000), bound="rounded", step=Fraction(1000)), 18499, True),
        (Stated(Fraction(18000), bound="rounded", step=Fraction(1000)), 18500, False),
        (Stated(Fraction(23496), scale="wan"), 234_960_000, True),
    ],
)  # fmt: skip
def test_a_count_agrees_within_what_was_printed(stated: Stated, counted: int, agrees: bool) -> None:
    assert stated.agrees(Fraction(counted)) is agrees


def test_a_percentage_is_rounded_half_up_to_its_step() -> None:
    satisfied = Stated(Fraction("99.46"), "percent", "rounded", Fraction("0.01"))
    assert satisfied.agrees(Fraction(11824, 11888))
    assert not satisfied.agrees(Fraction(11823, 11888))
    assert Stated(Fraction(128), "percent", "rounded", Fraction(1)).agrees(Fraction(1285, 1000)) is False
    assert Stated(Fraction(129), "percent", "rounded", Fraction(1)).agrees(Fraction(1285, 1000))


def test_the_difference_is_told_in_the_printed_scale() -> None:
    assert Stated(Fraction(280), "percent").difference(Fraction(229, 82)) == Fraction(22900, 82) - 280
    assert half_up(Fraction(-5, 2), Fraction(1)) == -3
    assert written(Fraction(24701, 2)) == "12,350.5"


def test_no_whole_target_makes_229_places_280_percent() -> None:
    assert list(Stated(Fraction(280), "percent", "rounded", Fraction(1)).bases(Fraction(229))) == []
    assert list(Stated(Fraction(139), "percent", "rounded", Fraction(1)).bases(Fraction(836))) == [
        600,
        601,
        602,
        603,
    ]
    # 82 gives 279.27 %; a base at exactly half a step up would be printed one higher.
    assert 82 in Stated(Fraction(279), "percent", "rounded", Fraction(1)).bases(Fraction(229))
