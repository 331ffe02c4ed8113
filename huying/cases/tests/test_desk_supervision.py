"""The supervisor's desk: the ladder at a glance, letters, bulletins, and what waits for a decision."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from huying.cases import actions
from huying.cases.models import Case, Extension, Request
from huying.cases.tests.conftest import Loop, fresh
from huying.core.testing import AccessSuite, make_user
from huying.papers.models import Paper

pytestmark = pytest.mark.django_db
DESK = "/desk/supervision/"


def late(loop: Loop, hours: int = 30, **fields: Any) -> Case:
    """A case that is past its deadline."""
    case = loop.handling(**fields)
    Case.objects.filter(pk=case.pk).update(due_at=timezone.now() - dt.timedelta(hours=hours))
    return fresh(case)


class TestDesk(AccessSuite):
    url = "desk:supervision"
    role = "supervisor"

    def prepare(self) -> None:
        self.case = late(Loop(self.district))

    def row_in_east(self) -> str:
        return self.case.number


class TestUrging(AccessSuite):
    url = "desk:urge-many"
    role = "supervisor"
    method = "post"

    def prepare(self) -> None:
        self.case = late(Loop(self.district))

    def test_it_urges_only_in_the_readers_area(self) -> None:
        for area, urges in ((self.district.west, 0), (self.district.east, 1)):
            self.client.force_login(self.person(area))
            self.client.post(self.address(), {"selected": [self.case.pk]})
            assert fresh(self.case).urges == urges


class TestLetters(AccessSuite):
    url = "desk:letters"
    role = "clerk"

    def prepare(self) -> None:
        loop = Loop(self.district)
        case = loop.filed()
        actions.dispatch_case(
            case, department=self.district.streets["east"], actor=loop.dispatcher, note="由街道办理"
        )
        actions.supervise_case(fresh(case), actor=loop.supervisor, colour="yellow")
        self.case = case

    def row_in_east(self) -> str:
        return self.case.number


class TestBulletin(AccessSuite):
    url = "desk:bulletin"
    role = "supervisor"

    def prepare(self) -> None:
        self.case = late(Loop(self.district))
        Case.objects.filter(pk=self.case.pk).update(listed_at=timezone.now())

    def row_in_east(self) -> str:
        return self.case.number


class TestRequests(AccessSuite):
    url = "desk:requests"
    role = "head"

    def prepare(self) -> None:
        loop = Loop(self.district)
        office = self.district.streets["east"]
        case = loop.filed()
        actions.dispatch_case(case, department=office, actor=loop.dispatcher, note="由街道办理")
        clerk = make_user("clerk", department=office)
        actions.take_up_case(case, actor=clerk)
        actions.ask_extension(case, reason="等待配件到货", actor=clerk)
        self.case = case

    def row_in_east(self) -> str:
        return self.case.number


def test_the_ladder_counts_each_rung_and_opens_it(loop: Loop, client: Client) -> None:
    late(loop)
    red = late(loop)
    actions.supervise_case(red, actor=loop.supervisor, colour="red")
    loop.handling()
    client.force_login(loop.supervisor)
    answer = client.get(DESK)
    counts = {tab["title"]: tab["count"] for tab in answer.context["tabs"]}
    assert (str(counts["已超期"]), str(counts["红色督办"]), str(counts["快到期"])) == ("2", "1", "0")
    for tab in answer.context["tabs"]:
        assert client.get(tab["url"]).context["total"].number == tab["count"]


def test_the_longest_overdue_case_stands_first(loop: Loop, client: Client) -> None:
    newer, older = late(loop, 2), late(loop, 200)
    client.force_login(loop.supervisor)
    rows = [row["object"].number for row in client.get(DESK).context["rows"]]
    assert rows == [older.number, newer.number]


def test_the_tables_put_the_worst_first_and_each_number_opens_its_rows(loop: Loop, client: Client) -> None:
    loop.handling()
    late(loop)
    client.force_login(loop.supervisor)
    for _title, rows in client.get(DESK).context["tables"]:
        for row in rows:
            for number in row["numbers"]:
                assert client.get(number.url).context["total"].number == number.value


def test_the_form_of_a_letter_shows_the_letter(loop: Loop, client: Client) -> None:
    case = late(loop)
    client.force_login(loop.supervisor)
    page = client.get(reverse("desk:act", args=[case.number, "supervise"])).content.decode()
    assert "预览督办函" in page
    assert "城市管理局：" in page
    client.post(
        reverse("desk:act", args=[case.number, "supervise"]), {"colour": "yellow", "words": "两日内修好"}
    )
    assert "两日内修好" in Paper.objects.get().body


def test_a_letter_past_its_reply_date_is_found(loop: Loop, client: Client) -> None:
    paper = actions.supervise_case(late(loop), actor=loop.supervisor, colour="blue")
    client.force_login(loop.supervisor)
    assert client.get("/desk/letters/", {"state": "late"}).context["total"].number == 0
    Paper.objects.filter(pk=paper.pk).update(reply_due_at=timezone.now() - dt.timedelta(hours=1))
    assert client.get("/desk/letters/", {"state": "late"}).context["total"].number == 1
    assert client.get(DESK).context["papers_late"] == 1


def test_the_bulletin_keeps_to_its_days_and_exports(loop: Loop, client: Client) -> None:
    case, earlier = late(loop), late(loop)
    Case.objects.filter(pk=case.pk).update(listed_at=timezone.now())
    Case.objects.filter(pk=earlier.pk).update(listed_at=timezone.now() - dt.timedelta(days=20))
    client.force_login(loop.supervisor)
    page = client.get("/desk/bulletin/").content.decode()
    assert case.number in page
    assert earlier.number not in page
    first = timezone.localdate() - dt.timedelta(days=30)
    both = client.get("/desk/bulletin/", {"first": f"{first}"})
    assert earlier.number in both.content.decode()
    book = client.get("/desk/bulletin/", {"first": f"{first}", "export": "xlsx"})
    assert b"".join(book.streaming_content).startswith(b"PK")


class TestDecisions:
    def ask(self, loop: Loop) -> Extension:
        return actions.ask_extension(loop.handling(), reason="等待配件到货", actor=loop.clerk)

    def shown(self, client: Client, user: Any, view: str = "extension") -> int:
        client.force_login(user)
        return client.get("/desk/requests/", {"view": view}).context["total"].number

    def test_an_extension_goes_to_the_head_first_and_then_to_the_arbiter(
        self, loop: Loop, client: Client
    ) -> None:
        extension = self.ask(loop)
        assert self.shown(client, loop.head) == 1
        assert self.shown(client, loop.arbiter) == 0
        actions.approve_extension(extension, actor=loop.head)
        assert self.shown(client, loop.head) == 0
        assert self.shown(client, loop.arbiter) == 1

    def test_it_shows_what_a_yes_would_change(self, loop: Loop, client: Client) -> None:
        extension = self.ask(loop)
        client.force_login(loop.head)
        page = client.get("/desk/requests/").content.decode()
        assert "批准后" in page
        assert reverse("desk:act", args=[extension.case.number, "approve_extension"]) in page

    def test_an_appeal_goes_to_two_different_people(self, loop: Loop, client: Client) -> None:
        case = loop.closed()
        Case.objects.filter(pk=case.pk).update(overdue=True)
        appeal = actions.appeal_overdue(fresh(case), reason="下雪封路，不能施工", actor=loop.clerk)
        assert self.shown(client, loop.supervisor, "appeal") == 1
        actions.review_appeal(appeal, actor=loop.supervisor)
        assert self.shown(client, loop.supervisor, "appeal") == 0
        assert self.shown(client, loop.arbiter, "appeal") == 1

    def test_an_exclusion_is_not_reviewed_by_who_asked(self, loop: Loop, client: Client) -> None:
        actions.ask_exclusion(loop.closed(), reason="诉求没有法律依据", actor=loop.arbiter)
        assert self.shown(client, loop.arbiter, "exclusion") == 0
        assert self.shown(client, loop.supervisor, "exclusion") == 1

    def test_a_decided_request_is_gone(self, loop: Loop, client: Client) -> None:
        extension = self.ask(loop)
        actions.refuse_request(extension, actor=loop.head, words="请先派人到场看一看")
        assert self.shown(client, loop.head) == 0
        extension.refresh_from_db()
        assert extension.state == Request.State.REFUSED


def test_more_rows_cost_no_more_queries(
    loop: Loop, client: Client, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in production, where what is kept in memory is compared with the database once a second.
    monkeypatch.setattr("huying.places.fresh.CHECK_EVERY_SECONDS", 60)
    for _each in range(6):
        late(loop)
    client.force_login(loop.supervisor)
    client.get(DESK)
    with django_assert_max_num_queries(15):
        client.get(DESK)
