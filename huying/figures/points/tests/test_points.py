"""Points are counted from rows, agreed to by another, announced, appealed against, published, changed."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest
from django.utils import timezone

from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.figures.points.actions import (
    announce_points,
    appeal_points,
    decide_entry,
    decide_point_appeal,
    enter_points,
    publish_points,
    redeem_points,
    withdraw_redemption,
)
from huying.figures.points.counting import accounts_of, balance, members_of
from huying.figures.points.models import PointTable
from huying.figures.points.rules import PointRules, Rule, read_points
from huying.figures.points.scoring import Account, corrected, placed, score_line
from huying.figures.points.tests.conftest import RULES, Stage
from huying.packs.points import check_points

pytestmark = pytest.mark.django_db
EAST = "410403003"
LATER = dt.timedelta(days=40)


def points_of(stage: Stage) -> dict[str, Fraction]:
    members = members_of(stage.scheme.rules, stage.month)
    accounts, missing = accounts_of(stage.scheme, members, stage.month)
    assert missing == []
    return {member.user.username: account.total for member, account in zip(members, accounts, strict=True)}


def published(stage: Stage) -> PointTable:
    table = announce_points(stage.scheme, EAST, stage.month, actor=stage.supervisor)
    return publish_points(table, actor=stage.supervisor, at=timezone.now() + LATER)


# -- arithmetic ----------------------------------------------------------------------------------------------


def test_a_line_is_bounded_by_day_then_by_month() -> None:
    rule = Rule("x", "x", points=Fraction(2), day=Fraction(4), month=Fraction(7))
    days = {dt.date(2026, 10, day): [Fraction(2)] * count for day, count in ((1, 5), (2, 1), (3, 2))}
    line = score_line(rule, days)
    assert (line.rows, line.full, line.points) == (8, 16, 7)


def test_a_deduction_is_bounded_as_well() -> None:
    rule = Rule("x", "x", points=Fraction(-3), month=Fraction(4))
    assert score_line(rule, {dt.date(2026, 10, 1): [Fraction(-3)] * 2}).points == -4


def test_equal_sums_share_a_place_and_a_small_group_has_none() -> None:
    rules = PointRules.from_declaration(RULES)
    accounts = [Account(user, (), Fraction(total)) for user, total in ((1, 5), (2, 9), (3, 5), (4, 1))]
    assert [(each.user, each.place) for each in placed(rules, accounts)] == [(2, 1), (1, 2), (3, 2), (4, 4)]
    assert {each.place for each in placed(rules, accounts[:2])} == {None}


def test_a_correction_replaces_one_line() -> None:
    rules = PointRules.from_declaration(RULES)
    line = score_line(Rule("proven", "x", points=Fraction(2)), {dt.date(2026, 10, 1): [Fraction(2)]})
    assert corrected(rules, Account(1, (line,), Fraction(2)), {"proven": Fraction(8)}).total == 8


def test_mistakes_of_a_declaration_are_named_where_they_stand() -> None:
    wrong = RULES | {
        "who": {"role": "grid-workers"},
        "counted": [{"code": "a", "figure": "nothing", "points": 0, "most": {"week": 3}}],
    }
    keys = {keys for keys, _sentence in check_points(wrong, {}, ())}
    assert {
        ("who", "role"),
        ("counted", 0, "points"),
        ("counted", 0, "most", "week"),
        ("counted", 0, "figure"),
    } <= keys
    assert read_points(RULES)[1] == []


# -- counting ------------------------------------------------------------------------------------------------


def test_points_are_counted_from_rows_of_ones_own_and_of_the_month(stage: Stage) -> None:
    stage.reported(stage.ada, 3)
    stage.reported(stage.ada, 4, times=5)  # bounded by the day: 4
    stage.reported(stage.bo, 40)  # in another month
    stage.reported(stage.bo, 5, status="declined")
    assert points_of(stage) == {"ada": 6, "bo": 0, "cai": 0, "far": 0}


def test_an_announced_month_keeps_its_rows_and_does_not_change(stage: Stage) -> None:
    stage.reported(stage.ada, 3, times=2)
    table = announce_points(stage.scheme, EAST, stage.month, actor=stage.supervisor)
    stage.reported(stage.ada, 9)
    result = table.results.get(user=stage.ada)
    line = result.account().line("proven")
    assert line is not None and (line.points, len(line.keys)) == (4, 2)
    assert result.place == 1
    assert not table.results.filter(user=stage.far).exists()
    with pytest.raises(Conflict):
        announce_points(stage.scheme, EAST, stage.month, actor=stage.other)


# -- given by hand -------------------------------------------------------------------------------------------


def test_given_points_count_when_another_agrees(stage: Stage) -> None:
    entry = enter_points(
        stage.scheme,
        person=stage.ada,
        item="praise",
        on=stage.day(3),
        words="救了落水的孩子",
        actor=stage.head,
    )
    assert points_of(stage)["ada"] == 0
    for unfit in (stage.head, stage.west_head, stage.ada):
        with pytest.raises(NotAllowed):
            decide_entry(entry, approved=True, actor=unfit)
    decide_entry(entry, approved=True, actor=stage.supervisor)
    assert points_of(stage)["ada"] == 5
    with pytest.raises(Conflict):
        decide_entry(entry, approved=False, reason="看错了", actor=stage.other)


def test_an_exposure_needs_evidence_and_a_month_with_open_entries_is_not_announced(stage: Stage) -> None:
    with pytest.raises(Refusal) as refused:
        enter_points(
            stage.scheme,
            person=stage.ada,
            item="exposure",
            on=stage.day(3),
            words="被督查通报",
            actor=stage.head,
        )
    assert refused.value.field == "evidence"
    enter_points(
        stage.scheme, person=stage.ada, item="praise", on=stage.day(3), words="救了孩子", actor=stage.head
    )
    with pytest.raises(Refusal, match="没审批"):
        announce_points(stage.scheme, EAST, stage.month, actor=stage.supervisor)


# -- appeals -------------------------------------------------------------------------------------------------


def test_an_appeal_is_decided_by_somebody_who_did_not_announce(stage: Stage) -> None:
    stage.reported(stage.ada, 3)
    table = announce_points(stage.scheme, EAST, stage.month, actor=stage.supervisor)
    result = table.results.get(user=stage.ada)
    with pytest.raises(NotAllowed):
        appeal_points(result, line="proven", words="少数了一条记录", actor=stage.bo)
    appeal = appeal_points(result, line="proven", words="少数了一条记录", actor=stage.ada)
    with pytest.raises(NotAllowed):
        decide_point_appeal(appeal, accepted=True, points="4", reason="核对属实", actor=stage.supervisor)
    with pytest.raises(Refusal, match="申诉"):
        publish_points(table, actor=stage.supervisor, at=timezone.now() + LATER)
    decide_point_appeal(appeal, accepted=True, points="4", reason="核对属实", actor=stage.other)
    publish_points(table, actor=stage.supervisor, at=timezone.now() + LATER)
    result.refresh_from_db()
    assert (result.total, result.final) == ("2", "4")


# -- redeeming -----------------------------------------------------------------------------------------------


def test_only_published_points_are_redeemed_and_never_more_than_there_are(stage: Stage) -> None:
    stage.reported(stage.ada, 3, times=2)
    stage.reported(stage.ada, 4)
    with pytest.raises(Refusal, match="积分不够"):
        redeem_points(stage.scheme, person=stage.ada, reward="towels", actor=stage.head)
    published(stage)
    with pytest.raises(NotAllowed):
        redeem_points(stage.scheme, person=stage.ada, reward="towels", actor=stage.west_head)
    made = redeem_points(stage.scheme, person=stage.ada, reward="towels", actor=stage.head)
    assert balance(stage.scheme, stage.ada).left == 2
    with pytest.raises(Refusal, match="积分不够"):
        redeem_points(stage.scheme, person=stage.ada, reward="towels", actor=stage.supervisor)
    withdraw_redemption(made, words="发错了人", actor=stage.head)
    assert balance(stage.scheme, stage.ada).left == 6
