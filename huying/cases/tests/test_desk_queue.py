"""The dispatcher's queue: its tabs, its reasons, and several cases at once."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from huying.cases import actions
from huying.cases.models import Case, Status
from huying.cases.suggest import responsible_for, responsible_for_many
from huying.core.testing import AS_PART, AccessSuite, grant_role, make_duty, make_user
from huying.people.models import Duty

from .conftest import Loop, fresh
from .test_desk_cases import sheet


class TestQueuePage(AccessSuite):
    url = "desk:queue"
    role = "dispatcher"

    def prepare(self) -> None:
        self.case = Loop(self.district).filed()

    def row_in_east(self) -> str:
        return self.case.number


class TestQueuePoints(TestQueuePage):
    url = "desk:queue-points"


class TestQueueTabs(AccessSuite):
    url = "desk:queue-tabs"
    role = "dispatcher"
    part = True


class TestBulkDispatch(AccessSuite):
    url = "desk:queue-dispatch"
    role = "dispatcher"
    method = "post"


class TestBulkMerge(TestBulkDispatch):
    url = "desk:queue-merge"


class TestBulkUrge(TestBulkDispatch):
    url = "desk:queue-urge"


class TestIntakePage(AccessSuite):
    url = "desk:intake"
    role = "agent"

    def prepare(self) -> None:
        self.case = Loop(self.district).reported()

    def row_in_east(self) -> str:
        return self.case.number


class TestBulkFile(AccessSuite):
    url = "desk:intake-file"
    role = "agent"
    method = "post"


@pytest.fixture
def desk(loop: Loop, client: Client) -> Client:
    client.force_login(loop.dispatcher)
    return client


def numbers(answer: Any) -> list[str]:
    return [row["object"].number for row in answer.context["rows"]]


def said(answer: Any) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def test_each_tab_holds_its_cases_and_counts_them(loop: Loop, desk: Client, time_of: Any) -> None:
    time_of(2026, 11, 18, 9)
    late = loop.handling()
    time_of(2026, 11, 25, 9)
    desk.force_login(loop.dispatcher)
    reported, filed = loop.reported(), loop.filed()
    disputed = loop.dispatched()
    for _n in range(2):
        actions.return_case(fresh(disputed), reason="不归本单位管理", actor=loop.clerk)
        if fresh(disputed).needs_arbitration:
            break
        actions.dispatch_case(
            fresh(disputed), department=loop.district.urban, actor=loop.dispatcher, note="再看看"
        )
    for tab, expected in {
        "new": [reported], "dispatch": [filed], "arbitrate": [disputed], "overdue": [late], "near": [],
        "open": [reported, filed, disputed, late],
    }.items():  # fmt: skip
        answer = desk.get(reverse("desk:queue"), {"tab": tab})
        assert set(numbers(answer)) == {case.number for case in expected}, tab
    counted = desk.get(reverse("desk:queue-tabs"), headers=AS_PART).context["tabs"]
    assert {tab["code"]: tab["count"].number for tab in counted} == {
        "new": 1, "dispatch": 1, "arbitrate": 1, "near": 0, "overdue": 1, "open": 4,
    }  # fmt: skip


def test_filters_narrow_list_counts_and_map_alike(loop: Loop, desk: Client) -> None:
    lamp, order = loop.filed(), loop.filed(category="street-order")
    wanted = {"topic": "lighting", "tab": "dispatch"}
    assert numbers(desk.get(reverse("desk:queue"), wanted)) == [lamp.number]
    tabs = desk.get(reverse("desk:queue-tabs"), wanted, headers=AS_PART).context["tabs"]
    assert next(tab["count"].number for tab in tabs if tab["code"] == "dispatch") == 1
    points = desk.get(reverse("desk:queue-points"), wanted).json()["points"]
    assert [point["number"] for point in points] == [lamp.number]
    assert order.number not in str(points)


def test_a_row_says_who_should_have_it_and_why(loop: Loop, desk: Client) -> None:
    make_duty("lighting", loop.district.east, loop.district.streets["east"])
    loop.filed()
    page = desk.get(reverse("desk:queue")).content.decode()
    assert "东安路街道办事处" in page
    assert "在东安路街道，「路灯不亮」由东安路街道办事处负责。" in page


def test_many_suggestions_are_the_same_as_each_alone(loop: Loop, django_assert_max_num_queries: Any) -> None:
    make_duty("lighting", loop.district.east, loop.district.streets["east"])
    make_duty("lighting-dark", loop.district.grid_of("东苑社区", 1), loop.district.water)
    make_duty("street-order", loop.district.compound, loop.district.urban)
    cases = [
        loop.filed(), loop.filed(category="street-order"), loop.filed(point=loop.district.in_west),
        loop.filed(point=loop.district.in_east), loop.filed(point=loop.district.outside),
    ]  # fmt: skip
    cases = [fresh(case) for case in cases]
    many = responsible_for_many(cases)
    for case in cases:
        assert many[case.pk] == responsible_for(fresh(case)), case.title
    Duty.objects.all().delete()


def test_marked_cases_each_go_to_their_own_department(loop: Loop, desk: Client) -> None:
    make_duty("street-order", loop.district.root, loop.district.water)
    lamp, order = loop.filed(), loop.filed(category="street-order")
    answer = desk.post(reverse("desk:queue-dispatch"), {"selected": [lamp.pk, order.pk]})
    assert (fresh(lamp).department, fresh(order).department) == (loop.district.urban, loop.district.water)
    assert said(answer) == "派出 2 件。"


def test_what_is_not_certain_stays_and_is_named(loop: Loop, desk: Client) -> None:
    for department in (loop.district.water, loop.district.urban):
        make_duty("lighting-dark", loop.district.east, department)
    sure = loop.filed(point=loop.district.in_west)
    rivals, nobody = loop.filed(), loop.filed(category="street-order", words="小贩占道经营")
    returned = loop.dispatched(point=loop.district.in_west)
    actions.return_case(returned, reason="不归本单位管理", actor=loop.clerk)
    early = loop.reported()
    marked = [sure, rivals, nobody, returned, early]
    answer = desk.post(reverse("desk:queue-dispatch"), {"selected": [case.pk for case in marked]})
    assert [fresh(case).status for case in marked] == [
        Status.DISPATCHED, Status.FILED, Status.FILED, Status.FILED, Status.REPORTED,
    ]  # fmt: skip
    words = said(answer)
    assert words.startswith("派出 1 件；4 件没有派：")
    assert "小贩占道经营" in words
    assert "退过单" in words


def test_cases_elsewhere_are_not_touched(loop: Loop, client: Client) -> None:
    case = loop.filed()
    west = make_user()
    grant_role(west, "dispatcher", area=loop.district.west)
    client.force_login(west)
    client.post(reverse("desk:queue-dispatch"), {"selected": [case.pk, "x", "99999999999999999999"]})
    assert fresh(case).status == Status.FILED


def test_merging_shows_the_cases_first_and_then_joins_them(loop: Loop, desk: Client) -> None:
    first, second = loop.filed(), loop.reported()
    shown = desk.post(reverse("desk:queue-merge"), {"selected": [first.pk, second.pk]})
    assert shown.status_code == 200
    assert shown.context["main"] == first, "the one that is further on its way"
    assert Case.objects.filter(status=Status.MERGED).count() == 0
    answer = desk.post(
        reverse("desk:queue-merge"), {"selected": [first.pk, second.pk], "main": first.pk, "confirmed": "1"}
    )
    assert fresh(second).merged_into_id == first.pk
    assert "已把 1 件并入" in said(answer)


def test_one_case_cannot_be_merged(loop: Loop, desk: Client) -> None:
    assert "两个以上" in said(desk.post(reverse("desk:queue-merge"), {"selected": [loop.filed().pk]}))


def test_marked_cases_are_urged_and_the_others_named(loop: Loop, desk: Client) -> None:
    running, waiting = loop.handling(), loop.reported()
    answer = desk.post(reverse("desk:queue-urge"), {"selected": [running.pk, waiting.pk]})
    assert fresh(running).urges == 1
    assert said(answer).startswith("催办 1 件；1 件没有催办：")


def test_nothing_marked_is_said(loop: Loop, desk: Client) -> None:
    assert "没有选中案件" in said(desk.post(reverse("desk:queue-dispatch")))


def test_marked_cases_are_filed(loop: Loop, desk: Client) -> None:
    case, gone = loop.reported(), loop.filed()
    answer = desk.post(reverse("desk:intake-file"), {"selected": [case.pk, gone.pk]})
    assert fresh(case).status == Status.FILED
    assert said(answer) == "受理 1 件。"


def test_the_sheet_has_the_rows_of_the_tab_with_their_suggestions(loop: Loop, desk: Client) -> None:
    case = loop.filed()
    loop.reported()
    rows = sheet(desk.get(reverse("desk:queue") + "?tab=dispatch&export=xlsx"))
    assert len(rows) == 2
    assert case.title in rows[1]
    assert "城市管理局" in rows[1]


@pytest.mark.usefixtures("kept_for_long")
@pytest.mark.parametrize("rows", [1, 12])
def test_its_queries_do_not_grow_with_its_rows(
    loop: Loop, desk: Client, django_assert_max_num_queries: Any, rows: int
) -> None:
    for _n in range(rows):
        loop.filed()
    wanted = {"topic": "lighting", "ledger": "snapshot", "area": loop.district.east.code}
    desk.get(reverse("desk:queue"), wanted)
    with django_assert_max_num_queries(12):
        assert len(numbers(desk.get(reverse("desk:queue"), wanted))) == rows
