"""A figure is counted by its declaration, exactly, and told apart by its dimensions."""

from __future__ import annotations

from fractions import Fraction

import pytest

from huying.figures.counting import Asked, count, counted, figure, groups
from huying.figures.rules import read_checks, read_figure
from huying.figures.tests.conftest import declare
from huying.places.rounding import Show, parse_show
from huying.registry.models import Item

LAMPS = {"of": "items", "where": {"register": "lamp"}}


@pytest.mark.parametrize(
    ("show", "value", "written"),
    [
        ("percent, 2 decimals", Fraction(11824, 11888), "99.46%"),
        ("percent", Fraction(1, 200), "1%"),  # half up
        ("2 decimals", Fraction(-1, 8), "-0.13"),  # half away from nought
        ("yi, 2 decimals", Fraction(12054000000), "120.54亿"),
        ("wan", Fraction(4999), "0万"),
        ("per mille, 1 decimal", Fraction(1, 300), "3.3‰"),
    ],
)
def test_a_value_is_rounded_once_half_up(show: str, value: Fraction, written: str) -> None:
    assert parse_show(show).write(value) == written


def test_nothing_to_divide_by_is_a_dash() -> None:
    assert Show("percent").write(None) == "—"


@pytest.mark.parametrize(
    ("declaration", "key"),
    [
        ({"title": "数"}, "figure"),
        ({"title": "数", "of": "items", "add": ["a", "b"]}, "add"),
        ({"title": "数", "of": "items", "sum": "a", "mean": "b"}, "mean"),
        ({"title": "数", "of": "items", "show": "two decimals"}, "show"),
        ({"title": "数", "of": "items", "in": "next year"}, "in"),
        ({"title": "数", "divide": ["a"]}, "divide"),
        ({"title": "数", "of": "items", "visible": "all"}, "visible"),
        ({"of": "items"}, "title"),
    ],
)
def test_a_mistake_is_named_with_its_key(declaration: dict[str, object], key: str) -> None:
    _rules, problems = read_figure({"figure": "a", **declaration})
    assert [problem.keys[0] for problem in problems] == [key]


def test_a_relation_says_what_it_compares() -> None:
    rows = [
        {"code": "a", "sum": ["x", "y"], "equals": "z"},
        {"code": "b", "same": ["x", "y"], "within": "0.5"},
        {"code": "c", "sum": ["x", "y"]},
    ]
    checks, problems = read_checks({"checks": "all", "list": rows})
    assert [(check.way, check.within) for check in checks] == [("sum", 0), ("same", Fraction(1, 2))]
    assert [problem.keys for problem in problems] == [("list", 2)]


@pytest.mark.django_db
def test_rows_sums_means_and_kinds_are_counted(lamps: list[Item]) -> None:
    declare("lamps", **LAMPS, unit="盏")
    declare("metres", **LAMPS, sum="data.height")
    declare("mean-height", **LAMPS, mean="data.height", show="2 decimals")
    declare("heights", **LAMPS, distinct="data.height")
    declare("tall", **LAMPS, count={"data.height": "10.."})
    assert counted("lamps").text == "4 盏"
    assert counted("metres").exact == 32
    assert counted("mean-height").text == "10.67"  # of the three that have a height
    assert counted("heights").exact == 2
    assert (counted("tall").numerator, counted("tall").denominator, counted("tall").text) == (2, 4, "50.00%")


@pytest.mark.django_db
def test_figures_are_calculated_from_figures(lamps: list[Item]) -> None:
    declare("high", **{**LAMPS, "where": {"register": "lamp", "data.height": "12"}})
    declare("low", **{**LAMPS, "where": {"register": "lamp", "data.height": "8"}})
    declare("both", add=["high", "low"])
    declare("more", subtract=["high", "low"])
    declare("ratio", divide=["high", "low"], show="1 decimal")
    assert counted("both").exact == 3
    assert counted("more").exact == 1
    assert counted("ratio").text == "2.0"
    assert [part.rules.code for part in counted("both").parts] == ["high", "low"]


@pytest.mark.django_db
def test_the_groups_of_a_figure_add_up_to_it(lamps: list[Item]) -> None:
    declare("lamps", **LAMPS, by=["subdistrict", "department"])
    found = groups(figure("lamps"), "subdistrict")
    assert sorted((group.title, group.value.exact) for group in found) == [
        ("东安路街道", 3),
        ("西环路街道", 1),
    ]
    for group in found:
        assert count(figure("lamps"), group.value.asked).exact == group.value.exact


@pytest.mark.django_db
def test_an_asked_area_narrows_the_rows(lamps: list[Item]) -> None:
    declare("lamps", **LAMPS)
    east = lamps[0].area_path.split("/")[1]
    assert counted("lamps", Asked(where={"area": (east,)})).exact == 3
