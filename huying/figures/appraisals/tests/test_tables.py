"""A table is announced with its rows frozen, appealed against, decided by another, published with its correction."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from typing import Any

import pytest
from django.utils import timezone

from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.testing import MiniDistrict, grant_role, make_department, make_user
from huying.figures.appraisals.actions import (
    add_entry,
    announce_table,
    appeal_line,
    corrected_lines,
    decide_appeal,
    lines_of,
    publish_table,
    withdraw_entry,
)
from huying.figures.appraisals.counting import compute
from huying.figures.appraisals.exports import workbook
from huying.figures.appraisals.models import Appraisal
from huying.figures.models import PublishedFigure
from huying.figures.tests.conftest import declare, lamps
from huying.inspections.occurrences import Period, period_of
from huying.people.models import User
from huying.registry.models import Item

__all__ = ["lamps"]
pytestmark = pytest.mark.django_db
RULES: dict[str, Any] = {
    "appraisal": "lit",
    "title": "亮灯考核",
    "of": "department",
    "every": "month",
    "appeals": "within 5 work days",
    "parts": [
        {
            "code": "lit",
            "title": "亮灯率",
            "figure": "lit",
            "formula": "p / 2",
            "points": 50,
            "least": 0,
            "most": 50,
        }
    ],
    "bonus": [{"code": "award", "title": "表彰", "points": 2, "evidence": False}],
    "penalty": [{"code": "exposed", "title": "曝光", "points": 3}],
}


@pytest.fixture
def appraisal(lamps: list[Item]) -> Appraisal:
    """Three of four lamps of the lighting bureau are lit; another bureau has one dark lamp."""
    Item.objects.filter(pk=lamps[0].pk).update(state="out")
    other = make_department("parks", title="园林中心")
    Item.objects.create(register=lamps[0].register, code="P", title="P", keeper=other, state="out")
    declare("lit", of="items", where={"register": "lamp"}, count={"state": "in use"}, by=["department"])
    return Appraisal.objects.create(code="lit", title="亮灯考核", declaration=RULES)


@pytest.fixture
def supervisor(district: MiniDistrict) -> User:
    user = make_user("supervisor")
    grant_role(user, "supervisor")
    return user


@pytest.fixture
def clerk(appraisal: Appraisal) -> User:
    """Of the lighting bureau."""
    user = make_user("clerk", department=Item.objects.get(code="A").keeper)
    grant_role(user, "clerk")
    return user


@pytest.fixture
def last_month() -> Period:
    today = timezone.localdate()
    return period_of("month", today.replace(day=1) - dt.timedelta(days=1))


def test_each_units_numbers_open_its_rows(appraisal: Appraisal, last_month: Period) -> None:
    lines, missing = compute(appraisal, last_month)
    assert not missing
    assert (lines[0].unit, str(lines[0].score), lines[0].rank) == ("lighting", "37.50", 1)
    step = lines[0].steps[0]
    assert (step.n, step.d, step.written) == (3, 4, "75 ÷ 2")
    assert "department=lighting" in step.url


def test_announced_it_stays_whatever_happens_to_the_rows(
    appraisal: Appraisal, supervisor: User, last_month: Period
) -> None:
    table = announce_table(appraisal, last_month, actor=supervisor)
    Item.objects.update(state="in use")
    assert str(lines_of(table)[0].score) == "37.50"
    assert PublishedFigure.objects.get(token=table.figures["lit"]).rows == 5
    with pytest.raises(Conflict):
        announce_table(appraisal, last_month, actor=supervisor)


def test_a_period_that_runs_is_not_announced(appraisal: Appraisal, supervisor: User) -> None:
    with pytest.raises(Refusal, match="还没有过完"):
        announce_table(appraisal, period_of("month", timezone.localdate()), actor=supervisor)


def test_an_appeal_that_is_accepted_stands_beside_what_was_announced(
    appraisal: Appraisal, supervisor: User, clerk: User, last_month: Period
) -> None:
    table = announce_table(appraisal, last_month, actor=supervisor)
    appeal = appeal_line(
        table, unit="lighting", part="lit", words="A 灯当天在换线，不应当算作不亮。", actor=clerk
    )
    with pytest.raises(Refusal, match="申诉期内"):
        publish_table(table, actor=supervisor)
    after = timezone.now() + dt.timedelta(days=30)
    with pytest.raises(Refusal, match="没有裁定"):
        publish_table(table, actor=supervisor, at=after)
    decide_appeal(appeal, accepted=True, points="50", reason="核实属实", actor=supervisor)
    published = publish_table(table, actor=supervisor, at=after)
    assert published.published_at == after
    assert str(lines_of(published)[0].score) == "37.50"
    first = corrected_lines(published)[0]
    assert (first.unit, str(first.score)) == ("lighting", "50.00")


def test_nobody_decides_on_the_own_appeal_or_appeals_for_others(
    appraisal: Appraisal, supervisor: User, clerk: User, last_month: Period
) -> None:
    table = announce_table(appraisal, last_month, actor=supervisor)
    with pytest.raises(NotAllowed):
        appeal_line(table, unit="parks", part="lit", words="园林中心的灯也是亮的，请核实。", actor=clerk)
    grant_role(clerk, "supervisor")
    appeal = appeal_line(
        table, unit="lighting", part="lit", words="A 灯当天在换线，不应当算作不亮。", actor=clerk
    )
    with pytest.raises(NotAllowed):
        decide_appeal(appeal, accepted=True, points="50", reason="我说了算", actor=clerk)


def test_after_the_time_for_appeals_there_is_none(
    appraisal: Appraisal, supervisor: User, clerk: User, last_month: Period
) -> None:
    table = announce_table(appraisal, last_month, actor=supervisor)
    late = timezone.now() + dt.timedelta(days=40)
    with pytest.raises(Refusal, match="申诉期已过"):
        appeal_line(
            table, unit="lighting", part="lit", words="A 灯当天在换线，不应当算作不亮。", actor=clerk, at=late
        )


def test_points_are_given_and_taken_with_their_reason(
    appraisal: Appraisal, supervisor: User, last_month: Period
) -> None:
    add_entry(
        appraisal, last_month, unit="lighting", item="award", words="市里表彰亮化工程", actor=supervisor
    )
    with pytest.raises(Refusal, match="证明材料"):
        add_entry(
            appraisal, last_month, unit="lighting", item="exposed", words="被电视台曝光", actor=supervisor
        )
    (line, *_rest), _missing = compute(appraisal, last_month)
    assert str(line.score) == "39.50"
    withdraw_entry(appraisal.entries.get(), words="登记重了", actor=supervisor)
    (line, *_rest), _missing = compute(appraisal, last_month)
    assert str(line.score) == "37.50"


def test_the_spreadsheet_holds_formulas(appraisal: Appraisal, last_month: Period) -> None:
    lines, _missing = compute(appraisal, last_month)
    sheet = (
        zipfile.ZipFile(io.BytesIO(workbook(appraisal.rules, lines)))
        .read("xl/worksheets/sheet1.xml")
        .decode()
    )
    assert "<f>B2/C2*100</f><v>75" in sheet
    assert "<f>MIN(50,MAX(0,(D2/2)))</f><v>37.5" in sheet
    assert "<f>ROUND(E2+F2,2)</f><v>37.5" in sheet
