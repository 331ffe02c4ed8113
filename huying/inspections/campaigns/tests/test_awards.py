"""Awards matched by the district: 100 % of the province's, 50 % of the city's, by the rule of that day."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.testing import MiniDistrict, district, make_user
from huying.inspections.campaigns.awards import matched, record_award
from huying.inspections.campaigns.models import Campaign

__all__ = ["district"]


@pytest.fixture
def campaign(db: None) -> Campaign:
    return Campaign.objects.create(
        code="rural", title="人居环境",
        declaration={
            "campaign": "rural", "title": "人居环境",
            "awards": {"match": [
                {"from": "2022-01-01", "province": "100%", "city": "50%"},
                {"from": "2023-01-01", "province": "80%", "city": "33.3%"},
            ]},
        },
    )  # fmt: skip


def record(campaign: Campaign, district: MiniDistrict, **more: Any) -> Any:
    said: dict[str, Any] = {
        "level": "province", "title": "先进村", "awarded_on": dt.date(2022, 7, 1), "amount": Decimal("50000"),
        "area": district.east, "words": "豫农办〔2022〕1号", "actor": make_user("supervisor"),
    }  # fmt: skip
    return record_award(campaign, **{**said, **more})


def test_the_province_is_matched_in_full_and_the_city_by_half(
    campaign: Campaign, district: MiniDistrict
) -> None:
    assert record(campaign, district).matched == Decimal("50000")
    assert record(campaign, district, level="city").matched == Decimal("25000")


def test_the_rule_of_the_day_of_the_award_holds(campaign: Campaign, district: MiniDistrict) -> None:
    award = record(campaign, district, level="city", awarded_on=dt.date(2023, 1, 1), amount=Decimal("100.01"))
    assert (award.percent, award.matched, award.rule_since) == (
        Decimal("33.3"),
        Decimal("33.3"),
        dt.date(2023, 1, 1),
    )


def test_before_the_rule_there_is_nothing_to_match(campaign: Campaign, district: MiniDistrict) -> None:
    with pytest.raises(Refusal, match="没有省级奖励的匹配规则"):
        record(campaign, district, awarded_on=dt.date(2021, 12, 31))


def test_half_a_fen_is_rounded_up() -> None:
    assert matched(Decimal("0.01"), Fraction(1, 2)) == Decimal("0.01")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"amount": Decimal(0)}, "大于 0"), ({"title": " "}, "请写奖项"), ({"words": ""}, "文号"),
        ({"area": None}, "选一个获奖的"),
        ({"awarded_on": dt.date(2199, 1, 1)}, "今天以后"), ({"level": "moon"}, "级别"),
    ],
)  # fmt: skip
def test_an_award_says_what_it_is(
    campaign: Campaign, district: MiniDistrict, more: dict[str, Any], words: str
) -> None:
    with pytest.raises(Refusal, match=words):
        record(campaign, district, **more)


def test_the_same_award_is_recorded_once_and_not_by_anybody(
    campaign: Campaign, district: MiniDistrict
) -> None:
    record(campaign, district)
    with pytest.raises(Conflict, match="已经记过"):
        record(campaign, district)
    with pytest.raises(NotAllowed):
        record(campaign, district, title="别的奖", actor=make_user("checker"))
