"""The demonstration answers, from its rows, with the figures that the papers printed."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db.models import Q

from huying.cases.demonstration.replay import replay
from huying.cases.models import (
    OPEN,
    Assistance,
    Callback,
    Case,
    Channel,
    Extension,
    LookBack,
    Notice,
    Report,
    Status,
)
from huying.cases.suggest import responsible_for
from huying.core import journal
from huying.papers.models import Paper

# A whole year is made first: this runs with the long walks.
pytestmark = [
    pytest.mark.django_db, pytest.mark.schema, pytest.mark.usefixtures("demonstration"),
    pytest.mark.xdist_group("demonstration"),
]  # fmt: skip
HEATING = Q(topic__code="heating") | Q(topic__parent__code="heating")


def hotline_of_2023() -> Any:
    return Case.objects.filter(
        channel=Channel.HOTLINE, ledger__code="hotline", reported_at__date__range=("2023-01-01", "2023-11-28")
    )


def test_11888_hotline_cases_were_accepted() -> None:  # 000-54
    assert hotline_of_2023().accepted().count() == 11_888


def test_all_of_them_are_closed() -> None:  # 000-55
    assert hotline_of_2023().filter(status=Status.CLOSED).count() == 11_888


def test_99_46_percent_are_satisfied() -> None:  # 000-56
    asked = Callback.objects.filter(case__in=hotline_of_2023(), answered=True)
    satisfied = asked.filter(grade__gte=Callback.SATISFIED_FROM).count()
    assert (satisfied, asked.count()) == (11_824, 11_888)
    assert f"{satisfied / asked.count():.2%}" == "99.46%"


def test_657_calls_were_about_heating_in_november() -> None:  # 000-57
    assert hotline_of_2023().filter(HEATING, reported_at__date__gte="2023-11-01").count() == 657


def test_that_is_39_percent_of_the_month() -> None:  # 000-58
    month = hotline_of_2023().filter(reported_at__date__gte="2023-11-01").count()
    assert month == 1_685
    assert f"{657 / month:.0%}" == "39%"


def test_597_calls_and_148_messages_came_in_a_first_quarter_and_all_are_closed() -> None:  # 001-40 to 001-42
    quarter = Case.objects.filter(reported_at__date__range=("2020-01-01", "2020-03-31"))
    assert quarter.filter(channel=Channel.HOTLINE).count() == 597
    assert quarter.filter(channel=Channel.NETIZEN).count() == 148
    assert quarter.exclude(status=Status.CLOSED).count() == 0


def test_the_case_of_the_paper_is_there() -> None:
    case = Case.objects.get(
        address="东城国际小区4号楼", reported_at__date="2023-11-23", reports__name="王女士"
    )
    assert case.topic is not None and case.topic.code == "heating-cold"
    assert case.area_path.startswith("410403/410403001/410403001005/")  # 葡萄园社区
    assert case.closed_at is not None and case.closed_at.date() == dt.date(2023, 11, 24)
    assert not case.overdue


def test_the_responsible_are_those_whom_the_product_would_name() -> None:
    # What a campaign finds is handed to whoever the campaign names.
    cases = Case.objects.filter(hops=1, reported_at__year=2023).exclude(channel=Channel.INSPECTION)
    cases = cases.select_related("ledger", "category__topic", "topic__parent", "department", "item")
    for case in cases.order_by("pk")[::400]:
        found = responsible_for(case, dt.date(2023, 6, 1))
        assert (case.department, case.why) == (found.department, found.why)


def test_every_journal_chain_holds() -> None:
    assert list(journal.verify()) == []


def test_open_cases_are_in_every_status() -> None:
    found = set(Case.objects.open().values_list("status", flat=True))
    assert found == {status.value for status in OPEN}


def test_nothing_open_is_older_than_the_last_weeks() -> None:
    oldest = Case.objects.open().order_by("reported_at").values_list("reported_at", flat=True)[0]
    assert oldest > dt.datetime.now(dt.UTC) - dt.timedelta(days=47)


def test_the_present_shows_what_staff_must_decide() -> None:
    assert Case.objects.filter(needs_arbitration=True).exists()
    assert Case.objects.exclude(parked_at=None).exists()
    assert Extension.objects.filter(state=Extension.State.ASKED).exists()
    assert Assistance.objects.filter(done_at=None).exists()
    assert Paper.objects.filter(kind=Paper.Kind.SUPERVISION_LETTER).exists()
    assert Report.objects.filter(followed=True).exists()
    assert LookBack.objects.get().tasks.filter(done_at=None).exists()
    assert Notice.objects.filter(report__isnull=False).exists()
    assert Case.objects.filter(status=Status.MERGED).exists()


def test_snapshots_have_a_picture_before_and_after() -> None:
    closed = Case.objects.filter(ledger__code="snapshot", status=Status.CLOSED)
    assert closed.exists()
    assert not closed.exclude(files__role="before").exclude(files__role="reported").exists()
    assert not closed.exclude(files__role="after").exists()


def test_no_slot_of_a_text_was_left_empty() -> None:
    assert not Case.objects.filter(
        Q(words__contains="{") | Q(title__contains="{") | Q(answer__contains="{")
    ).exists()


def test_it_says_how_far_it_is(demonstration: list[str]) -> None:
    assert any("89%" in line for line in demonstration)


def test_a_second_replay_adds_nothing() -> None:
    before = Case.objects.count()
    replay(lambda line: None)
    assert Case.objects.count() == before
