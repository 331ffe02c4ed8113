"""What a programme may say, and when a target is called what."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from huying.targets.programmes.progress import (
    Light,
    Progress,
    Status,
    light_of,
    plain,
    rounded,
    status_of,
    whole,
)
from huying.targets.programmes.rules import by_month, months_gone, read_programme

JAN, DEC = dt.date(2023, 1, 1), dt.date(2023, 12, 31)


def programme(**target: Any) -> dict[str, Any]:
    spec = {"code": "covers", "title": "更换窨井盖", "owner": "urban-management", "unit": "处", "target": 600}
    return {
        "programme": "livelihood", "title": "民生实事", "kind": "民生实事", "year": 2023,
        "promises": [{"code": "one", "title": "一件", "measures": [{**spec, "entered": "with evidence", **target}]}],
    }  # fmt: skip


def problems(**target: Any) -> list[str]:
    return [str(each.sentence) for each in read_programme(programme(**target))[1]]


def test_a_programme_is_read_with_its_promises() -> None:
    rules, wrong = read_programme(programme(plan={1: 10, 6: 300}, last_year=412))
    measure = rules.promises[0].measures[0]
    assert not wrong and (rules.first, rules.last) == (JAN, DEC)
    assert measure.amount == 600 and measure.plan == {1: Decimal(10), 6: Decimal(300)}
    assert measure.last_year == {12: Decimal(412)}


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ({"counted": "figure covers"}, "二选一"), ({"entered": "by heart"}, "with evidence"),
        ({"target": 0}, "大于 0"), ({"plan": {13: 1}}, "月份写 1 到 12"), ({"due": "soon"}, "不是日期"),
        ({"entry": {"sum": "teeth"}}, "teeth"), ({"owner": ""}, "责任单位"), ({"show": "points"}, "percent"),
        ({"tagret": 1}, "target"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(target: dict[str, Any], said: str) -> None:
    assert any(said in problem for problem in problems(**target))


def test_half_a_year_is_six_twelfths() -> None:
    assert months_gone(JAN, DEC, dt.date(2023, 6, 30)) == Fraction(1, 2)
    assert months_gone(JAN, DEC, DEC) == 1
    assert months_gone(JAN, DEC, dt.date(2022, 12, 31)) == 0
    assert months_gone(JAN, DEC, dt.date(2023, 11, 28)) == Fraction(10, 12) + Fraction(28, 30) / 12


def test_a_plan_by_months_holds_from_the_end_of_its_month() -> None:
    plan = {3: Decimal(30), 6: Decimal(60)}
    assert by_month(plan, dt.date(2023, 3, 30), year=2023) is None
    assert by_month(plan, dt.date(2023, 3, 31), year=2023) == 30
    assert by_month(plan, dt.date(2023, 6, 29), year=2023) == 30
    assert by_month(plan, dt.date(2024, 1, 1), year=2023) == 60


def status(value: int | None, **more: Any) -> Status:
    said: dict[str, Any] = {
        "value": None if value is None else Fraction(value), "amount": Fraction(100), "planned": None,
        "on": dt.date(2023, 11, 28), "due": DEC, "closed": False, "started": value is not None,
    }  # fmt: skip
    return status_of(**{**said, **more})


def test_the_status_follows_the_rule_in_its_order() -> None:
    assert status(100) == Status.DONE
    assert status(139) == Status.DONE
    assert status(80) == Status.CLOSING
    assert status(79) == Status.IN_PROGRESS
    assert status(79, planned=Fraction(90)) == Status.BEHIND
    assert status(80, on=dt.date(2024, 1, 1)) == Status.BEHIND
    assert status(None) == Status.NOT_STARTED
    assert status(None, amount=None, closed=True) == Status.DONE
    assert status(None, amount=None, started=True) == Status.IN_PROGRESS


def test_what_is_to_stay_low_is_only_kept_at_the_end() -> None:
    assert status(90, lower_is_better=True) == Status.IN_PROGRESS
    assert status(90, lower_is_better=True, on=DEC) == Status.DONE
    assert status(101, lower_is_better=True) == Status.BEHIND


def test_a_light_is_yellow_within_the_threshold_and_red_beyond() -> None:
    def light(value: int, state: Status = Status.BEHIND, on: dt.date = dt.date(2023, 6, 30)) -> Light:
        return light_of(state, value=Fraction(value), planned=Fraction(100), on=on, due=DEC)

    assert light(100, Status.IN_PROGRESS) == Light.BLUE
    assert light(90) == Light.YELLOW
    assert light(89) == Light.RED
    assert light(90, on=dt.date(2024, 1, 1)) == Light.RED


def test_rounding_is_half_up() -> None:
    assert rounded(Fraction(1217, 1178) * 100, 2) == "103.31"
    assert rounded(Fraction(836, 600) * 100, 0) == "139"
    assert rounded(Fraction(229, 82) * 100, 0) == "279"
    assert rounded(Fraction(1, 2), 0) == "1" and rounded(Fraction(-1, 2), 0) == "-1"
    assert plain(Fraction(150)) == "150" and plain(Fraction(301, 2)) == "150.5"


def part(state: Status, **more: Any) -> Progress:
    said: dict[str, Any] = {
        "on": DEC, "value": Fraction(1), "amount": Fraction(2), "planned": None, "last_year": None, "status": state,
        "light": Light.BLUE, "source": "entered", "as_of": None, "rows_url": "",
    }  # fmt: skip
    return Progress(**{**said, **more})


def test_a_promise_is_done_when_all_its_measures_are() -> None:
    assert whole([part(Status.DONE), part(Status.DONE)])[0] == Status.DONE
    assert whole([part(Status.DONE), part(Status.CLOSING)])[0] == Status.CLOSING
    assert whole([part(Status.DONE), part(Status.BEHIND)])[0] == Status.BEHIND
    assert whole([part(Status.DONE), part(Status.NOT_STARTED)])[0] == Status.IN_PROGRESS
    assert whole([part(Status.DONE), part(Status.DONE, light=Light.RED)])[1] == Light.RED


def test_improvement_is_what_fell() -> None:
    pm10 = part(Status.DONE, value=Fraction(134), last_year=Fraction(153), lower_is_better=True, decimals=2)
    assert (pm10.improvement_words, pm10.change_words) == ("+12.42%", "-12.42%")
