"""Ranks: exact scores, ties that share a place, few rounds without one, tables that stay as they were published."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest

from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.testing import make_user
from huying.inspections.campaigns.models import Ranking
from huying.inspections.campaigns.ranking import (
    Place,
    _ranked,
    _rounded,
    compute,
    corrections,
    publish_ranking,
    published_places,
)
from huying.inspections.campaigns.rules import RankingRules
from huying.inspections.models import Round
from huying.inspections.occurrences import period_of
from huying.inspections.rounds.sites import lies_in, site_for
from huying.inspections.rounds.tests.conftest import Night, make_night, night

__all__ = ["make_night", "night"]

WEEK = period_of("week", dt.date(2026, 11, 4))
RULES = RankingRules(
    "x", "x", of="subdistrict", every="week", weights={"heating-night": 1}, at_least=2, first=1, last=1
)


def ranked(*scores: int | None, rules: RankingRules = RULES, rounds: int = 9) -> list[tuple[str, int, str]]:
    places = [Place(chr(65 + n), chr(65 + n), rounds, score, 0, {}, score) for n, score in enumerate(scores)]
    return [(place.code, place.rank, place.mark) for place in _ranked(rules, places)]


def test_equal_scores_share_a_rank_and_the_next_is_left_out() -> None:
    assert ranked(9000, 9500, 9500, 8000) == [
        ("B", 1, "first"),
        ("C", 1, "first"),
        ("A", 3, ""),
        ("D", 4, "last"),
    ]


def test_nobody_is_criticised_where_all_are_equal() -> None:
    assert [mark for _code, _rank, mark in ranked(9000, 9000)] == ["first", "first"]


def test_too_few_rounds_are_no_rank() -> None:
    assert ranked(9000, 8000, rounds=1) == [("A", 0, ""), ("B", 0, "")]


def test_a_place_without_rounds_has_neither_score_nor_rank() -> None:
    assert ranked(9000, None) == [("A", 1, "first"), ("B", 0, "")]


@pytest.mark.parametrize(
    ("value", "hundredths"),
    [(Fraction(1, 3), 33), (Fraction(2, 3), 67), (Fraction(5, 1000), 1), (Fraction(100), 10000)],
)
def test_scores_are_rounded_half_up(value: Fraction, hundredths: int) -> None:
    assert _rounded(value) == hundredths


def add_round(stage: Night, tenths: int, day: dt.date = WEEK.first) -> Round:
    return Round.objects.create(
        version=stage.version, item=stage.station, place_title="站", made_by=stage.inspector, tenths=tenths, day=day,
        ended_at=dt.datetime(day.year, day.month, day.day, 12, tzinfo=dt.UTC),
        **lies_in(site_for("item", stage.station.pk)),
    )  # fmt: skip


def test_the_score_of_a_street_is_the_mean_of_its_rounds_of_the_period(night: Night) -> None:
    for tenths in (905, 800, 1000):
        add_round(night, tenths)
    add_round(night, 0, WEEK.last + dt.timedelta(days=1))
    place = next(place for place in compute(RULES, WEEK) if place.rank)
    assert (place.code, place.rounds, place.points) == (night.district.east.code, 3, "90.17")


@pytest.fixture
def ranking(night: Night) -> Ranking:
    return Ranking.objects.create(
        code="nights", title="夜查排名",
        declaration={
            "ranking": "nights", "title": "夜查排名", "of": "subdistrict", "every": "weekly",
            "score": {"heating-night": 1}, "at_least": 1, "first": 1, "last": 1,
        },
    )  # fmt: skip


def test_a_published_table_stays_and_corrections_stand_beside(night: Night, ranking: Ranking) -> None:
    add_round(night, 900)
    table = publish_ranking(ranking, WEEK, actor=make_user("supervisor"))
    add_round(night, 700)
    assert published_places(table)[0].points == "90.00"
    (correction,) = corrections(table, compute(ranking.rules, WEEK))
    assert (correction.published.points, correction.now.points) == ("90.00", "80.00")
    with pytest.raises(Conflict, match="已经公布"):
        publish_ranking(ranking, WEEK, actor=make_user("supervisor"))


def test_nothing_is_published_before_its_time_or_by_anybody(night: Night, ranking: Ranking) -> None:
    with pytest.raises(Refusal, match="没有可以公布的"):
        publish_ranking(ranking, WEEK, actor=make_user("supervisor"))
    with pytest.raises(Refusal, match="还没有过完"):
        publish_ranking(ranking, period_of("week", dt.date.today()), actor=make_user("supervisor"))
    with pytest.raises(NotAllowed):
        publish_ranking(ranking, WEEK, actor=make_user("clerk", department=night.district.urban))
