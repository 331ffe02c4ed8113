"""Relations between printed numbers."""

from __future__ import annotations

from fractions import Fraction

import pytest

from huying.figures.statements.comparing import Stated
from huying.figures.statements.relations import check_rule, codes_of, holds

SAID = {
    "000-21": Stated(Fraction(229)), "000-22": Stated(Fraction(280), "percent", "rounded", Fraction(1)),
    "000-23": Stated(Fraction(607)), "000-24": Stated(Fraction(836)),
    "001-23": Stated(Fraction(34)), "001-30": Stated(Fraction(21)), "001-31": Stated(Fraction(14)),
    "004-13": Stated(Fraction(39847), "wan"), "004-14": Stated(Fraction(253), "percent"),
    "003-34": Stated(Fraction(23496), "wan"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "outcome"),
    [
        ("{000-21} + {000-23} = {000-24}", True),
        ("{001-30} + {001-31} <= {001-23}", False),
        ("{004-13} / (1 + {004-14}) >= {003-34}", False),
        ("whole_base({000-21}, {000-22})", False),
        ("2 * {001-30} >= 42", True),
    ],
)
def test_a_relation_is_judged_exactly(rule: str, outcome: bool) -> None:
    assert holds(rule, SAID.__getitem__) is outcome


def test_a_difference_may_be_tolerated() -> None:
    assert not holds("{000-21} = 230", SAID.__getitem__)
    assert holds("{000-21} = 230", SAID.__getitem__, Fraction(1))


def test_the_codes_of_a_relation_keep_their_order() -> None:
    assert codes_of("{000-21} + {000-23} = {000-24}") == ("000-21", "000-23", "000-24")


@pytest.mark.parametrize(
    "rule",
    ["1 = 1", "{a} + {b}", "{a} = {b} = {c}", "__import__('os')", "open({a})", "{a} ** 2 = {b}", "{a} =", "{a}.x = 1"],
)  # fmt: skip
def test_what_is_no_relation_is_refused_with_a_sentence(rule: str) -> None:
    with pytest.raises(ValueError):
        check_rule(rule)
