"""Relations hold or fail by the rows; what was told and counts otherwise now is found at night."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from huying.core.testing import AccessSuite
from huying.figures import commands
from huying.figures.changed import latest_changes, recount_published
from huying.figures.checking import failing_checks, outcomes
from huying.figures.models import CheckList
from huying.figures.publishing import publish
from huying.figures.tests.conftest import declare
from huying.people.models import User
from huying.registry.models import Item

pytestmark = pytest.mark.django_db
LAMPS = {"of": "items", "where": {"register": "lamp"}}


@pytest.fixture
def heights(lamps: list[Item]) -> None:
    declare("lamps", **LAMPS)
    declare("high", of="items", where={"register": "lamp", "data.height": "12"})
    declare("low", of="items", where={"register": "lamp", "data.height": "8"})


def relate(*rows: dict[str, Any]) -> None:
    CheckList.objects.create(
        code="all", title="全部", declaration={"checks": "all", "title": "全部", "list": list(rows)}
    )


def test_a_sum_that_does_not_come_out_says_by_how_much(heights: None) -> None:
    relate({"code": "all-lamps", "title": "高的加低的等于全部", "sum": ["high", "low"], "equals": "lamps"})
    (found,) = outcomes()
    assert (found.holds, found.difference) == (False, -1)
    assert found.sentence == "“high”2 + “low”1不等于“lamps”4，差 1。"
    assert [each.check.code for each in failing_checks(["low"])] == ["all-lamps"]
    assert failing_checks(["other"]) == []
    Item.objects.filter(data={}).update(data={"height": 8})
    assert outcomes()[0].holds and outcomes()[0].sentence == "“high”2 + “low”2等于“lamps”4。"


def test_relations_may_be_equal_within_bounds_or_at_most(heights: None) -> None:
    relate(
        {"code": "near", "same": ["high", "low"], "within": 1},
        {"code": "same", "same": ["high", "low"]},
        {"code": "most", "at_most": ["low", "high", "lamps"]},
        {"code": "least", "at_most": ["lamps", "high"]},
        {"code": "gone", "same": ["high", "left-the-pack"]},
    )
    found = {each.check.code: each for each in outcomes()}
    assert {code: each.holds for code, each in found.items()} == {
        "near": True, "same": False, "most": True, "least": False, "gone": False,
    }  # fmt: skip
    assert found["least"].difference == Fraction(2)
    assert found["least"].sentence == "“lamps”4大于“high”2，多 2。"
    assert "left-the-pack" in found["gone"].sentence
    assert [each.holds for each in outcomes()][:3] == [False, False, False]


def test_the_page_has_those_that_fail_first_with_both_sides_open(
    heights: None, writer: User, client: Client
) -> None:
    relate(
        {"code": "fine", "same": ["low", "low"]},
        {"code": "wrong", "same": ["high", "low"], "note": "看 2 号"},
    )
    client.force_login(writer)
    page = client.get(reverse("figures:checks")).content.decode()
    assert 'data-failing="1"' in page and "看 2 号" in page
    assert page.index('data-check="wrong"') < page.index('data-check="fine"')
    assert reverse("figures:figure", args=["high"]) in page


def test_what_was_told_and_has_changed_is_found_at_night(
    heights: None, lamps: list[Item], writer: User, client: Client
) -> None:
    publish("low", actor=writer)
    found = publish("high", actor=writer, purpose="月报")
    assert recount_published() == []
    lamps[1].delete()
    (changed,) = recount_published()
    assert (changed.published, changed.text, changed.rows) == (found, "1", 1)
    assert latest_changes() == [changed]
    client.force_login(writer)
    page = client.get(reverse("figures:checks")).content.decode()
    assert "数字变动" in page and "月报" in page and found.get_absolute_url() in page


class TestChecks(AccessSuite):
    url = "figures:checks"
    role = "leader"


def test_the_command_line_lists_values_and_what_fails(
    heights: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.show() == 0
    lines = [line.split()[:2] for line in capsys.readouterr().out.splitlines()]
    assert lines == [["high", "2"], ["lamps", "4"], ["low", "1"]]
    assert commands.check() == 0
    relate({"code": "same", "same": ["high", "low"]})
    assert commands.check() == 1
    assert "same: “high”2不等于“low”1，差 1。" in capsys.readouterr().out
