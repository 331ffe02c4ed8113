"""The daily report: its numbers are the lists they open; the meeting's decisions are cases."""

from __future__ import annotations

import datetime as dt
import io
import uuid
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from python_calamine import CalamineWorkbook

from huying.cases import daily, policy
from huying.cases.actions.meeting import Resolution, record_meeting
from huying.cases.filters import CaseFilter
from huying.cases.models import Case, Meeting
from huying.cases.tests.conftest import Loop
from huying.core.errors import NotAllowed, Refusal
from huying.core.testing import AccessSuite, grant_role, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def today() -> dt.date:
    return timezone.localdate()


def report(loop: Loop, day: dt.date) -> daily.DailyReport:
    cases = policy.cases_for(loop.supervisor)
    return daily.report_on(cases, loop.topics["lighting"], day)


def test_new_solved_and_open_are_counted_of_the_topic_only(loop: Loop, today: dt.date) -> None:
    loop.filed()
    loop.handled()
    loop.report(category="street-order")
    found = report(loop, today)
    assert {name: one.value for name, one in found.numbers.items()} == {
        "new": 2, "solved": 1, "open": 1, "late": 0,
    }  # fmt: skip
    assert found.share() == (2, 3)


def test_every_number_opens_exactly_its_rows(loop: Loop, today: dt.date) -> None:
    loop.filed()
    handled = loop.handled()
    Case.objects.filter(pk=handled.pk).update(handling={"cause": "滤网堵塞"})
    found = report(loop, today)
    rows = [*found.by_cause(), *found.by_building(), *found.by_station()]
    counted = [*found.numbers.values(), *(cell for row in rows for cell in row.cells)]
    opened = [one for one in counted if one.url]
    assert len(opened) >= 6
    for one in opened:
        query = {name: values[0] for name, values in parse_qs(urlsplit(one.url).query).items()}
        listed = CaseFilter.from_query(query)
        assert not listed.mistakes
        assert listed.apply(policy.cases_for(loop.supervisor)).count() == one.value
    assert {row.title: row.solved.value for row in found.by_cause()}["滤网堵塞"] == 1


def test_a_past_day_stands_as_it_was_at_its_end(loop: Loop, today: dt.date) -> None:
    case = loop.handled()
    Case.objects.filter(pk=case.pk).update(reported_at=timezone.now() - dt.timedelta(days=2))
    yesterday = report(loop, today - dt.timedelta(days=1))
    assert yesterday.numbers["open"].value == 1 and yesterday.numbers["solved"].value == 0
    assert report(loop, today).numbers["open"].value == 0
    season = report(loop, today).season()
    assert [waiting for *_rest, waiting in season] == [1, 1, 0]
    assert report(loop, today - dt.timedelta(days=30)).numbers["open"].value == 0


def test_the_page_compares_exports_and_prints(loop: Loop, client: Client, today: dt.date) -> None:
    loop.filed()
    client.force_login(loop.supervisor)
    assert client.get("/desk/daily/lighting/").status_code == 302
    page = client.get(f"/desk/daily/lighting/{today}/").content.decode()
    assert "照明日报" in page and "前一天 0" in page
    sheet = client.get(f"/desk/daily/lighting/{today}/?export=xlsx")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(b"".join(sheet.streaming_content))).get_sheet_by_index(0)
    assert rows.to_python()[0] == ["分组", "名称", "新增", "解决", "未解决"]
    for wrong in (
        "lighting/nonsense",
        "nonsense/2026-01-01",
        "lighting/2999-01-01",
        "lighting-dark/2026-01-01",
    ):
        assert client.get(f"/desk/daily/{wrong}/").status_code == 404


def test_an_empty_day_says_so(loop: Loop, client: Client) -> None:
    client.force_login(loop.supervisor)
    page = client.get("/desk/daily/lighting/2020-02-29/").content.decode()
    assert "这一天没有新增、解决和未解决的" in page


def test_a_page_costs_the_same_however_many_cases(
    loop: Loop, client: Client, today: dt.date, django_assert_max_num_queries: Any
) -> None:
    for _ in range(4):
        loop.handling()
    client.force_login(loop.supervisor)
    client.get(f"/desk/daily/lighting/{today}/")
    with django_assert_max_num_queries(75):
        client.get(f"/desk/daily/lighting/{today}/")


def test_nobody_counts_beyond_their_area(loop: Loop, client: Client, today: dt.date) -> None:
    loop.filed()
    user = make_user()
    grant_role(user, "supervisor", area=loop.district.west)
    assert daily.report_on(policy.cases_for(user), loop.topics["lighting"], today).numbers["new"].value == 0


# --- the meeting --------------------------------------------------------------------------------------


def form(**changes: str) -> dict[str, str]:
    return {
        "client_id": str(uuid.uuid4()), "time": "00:00", "chair": "王主任", "attendees": "城管、热力",
        "minutes": "逐条过了今天的问题", "words_1": "建设路路灯全线检修", "category_1": "snapshot.lighting-dark",
        **changes,
    }  # fmt: skip


def test_decisions_become_cases_of_the_meeting(loop: Loop, client: Client, today: dt.date) -> None:
    client.force_login(loop.supervisor)
    data = form()
    for _ in range(2):
        assert client.post(f"/desk/daily/lighting/{today}/meeting/", data).status_code == 302
    meeting = Meeting.objects.get()
    case = meeting.decisions.get().case
    assert case.words == "建设路路灯全线检修" and case.channel == "desk"
    page = client.get(f"/desk/daily/lighting/{today}/").content.decode()
    assert "王主任" in page and case.number in page


def test_a_decision_goes_straight_to_its_department_where_the_recorder_may(loop: Loop) -> None:
    both = make_user("supervisor")
    grant_role(both, "dispatcher")
    category = loop.ledger.categories.get(code="lighting-dark")
    meeting = record_meeting(
        loop.topics["lighting"], held_at=timezone.now(), chair="王", attendees="李", minutes="检修全线路灯",
        resolutions=[Resolution("全线检修", category, loop.district.urban)], actor=both,
    )  # fmt: skip
    assert meeting.decisions.get().case.department == loop.district.urban


@pytest.mark.parametrize(
    "change",
    [{"minutes": "好"}, {"chair": ""}, {"time": "25:00"}, {"category_1": ""}, {"department_1": "没有这个局"}],
)
def test_a_wrong_form_keeps_what_was_typed(
    loop: Loop, client: Client, today: dt.date, change: dict[str, str]
) -> None:
    client.force_login(loop.supervisor)
    answer = client.post(f"/desk/daily/lighting/{today}/meeting/", form(**change))
    assert answer.status_code == 422 and "建设路路灯全线检修" in answer.content.decode()
    assert not Meeting.objects.exists() and not Case.objects.exists()


def test_who_may_not_record_is_refused(loop: Loop, client: Client, today: dt.date) -> None:
    about = {
        "held_at": timezone.now(), "chair": "x", "attendees": "x", "minutes": "逐条过了", "resolutions": [],
    }  # fmt: skip
    with pytest.raises(NotAllowed):
        record_meeting(loop.topics["lighting"], actor=loop.clerk, **about)
    with pytest.raises(Refusal):
        later = about | {"held_at": timezone.now() + dt.timedelta(days=1)}
        record_meeting(loop.topics["lighting"], actor=loop.supervisor, **later)
    client.force_login(loop.clerk)
    assert client.get(f"/desk/daily/lighting/{today}/meeting/").status_code == 403


class TestDailyPage(AccessSuite):
    url = "desk:daily"
    role = "supervisor"

    def prepare(self) -> None:
        Loop(self.district)

    def address(self) -> str:
        return f"/desk/daily/lighting/{timezone.localdate()}/"
