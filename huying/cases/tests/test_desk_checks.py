"""The checker's desk: what waits for other eyes, how it is looked at, how it is struck off."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from huying.cases import actions
from huying.cases.models import CaseFile, Status
from huying.cases.tests.conftest import Loop, fresh
from huying.cases.views.desk.checks import distance_m
from huying.core.models import StoredFile
from huying.core.testing import AccessSuite, make_user

pytestmark = pytest.mark.django_db


class TestDesk(AccessSuite):
    url = "desk:checks"
    role = "checker"

    def prepare(self) -> None:
        self.case = Loop(self.district).handled()

    def row_in_east(self) -> str:
        return self.case.number


class TestOneCase(AccessSuite):
    role = "checker"
    shows_area = True

    def prepare(self) -> None:
        self.case = Loop(self.district).handled()

    def address(self) -> str:
        return reverse("desk:check", args=[self.case.number])


class TestStrikingOff(AccessSuite):
    url = "desk:close-many"
    role = "dispatcher"
    method = "post"

    def prepare(self) -> None:
        self.case = Loop(self.district).checked()

    def test_it_strikes_off_what_the_reader_may(self) -> None:
        for area, status in ((self.district.west, Status.CHECKED), (self.district.east, Status.CLOSED)):
            self.client.force_login(self.person(area))
            self.client.post(self.address(), {"selected": [self.case.pk]})
            assert fresh(self.case).status == status


def test_a_checker_sees_what_was_done_and_both_decisions(loop: Loop, client: Client) -> None:
    case = loop.handled()
    client.force_login(loop.checker)
    page = client.get(reverse("desk:check", args=[case.number])).content.decode()
    assert "换了灯泡和镇流器" in page
    for verb in ("check", "rework"):
        assert reverse("desk:act", args=[case.number, verb]) in page


def test_who_handled_it_is_told_that_others_check(loop: Loop, client: Client) -> None:
    case = loop.handled()
    client.force_login(loop.checker)
    case.handled_by = loop.checker
    case.save(update_fields=["handled_by"])
    page = client.get(reverse("desk:check", args=[case.number])).content.decode()
    assert "要由其他人核查" in page
    assert reverse("desk:act", args=[case.number, "check"]) not in page


@pytest.mark.parametrize(("lng_away", "far"), [(0.0002, False), (0.01, True)])
def test_a_photo_taken_elsewhere_is_pointed_out(
    loop: Loop, client: Client, lng_away: float, far: bool
) -> None:
    case = loop.handled()
    photo = StoredFile.objects.create(
        kind="photo", file="files/x.jpg", sha256="a" * 64, size=1, lng=case.lng + lng_away, lat=case.lat
    )
    CaseFile.objects.create(case=case, file=photo, role=CaseFile.Role.AFTER)
    client.force_login(loop.checker)
    answer = client.get(reverse("desk:check", args=[case.number]))
    assert answer.context["distance"]["far"] is far
    assert "照片的拍摄地点距案件位置" in answer.content.decode()


def test_a_hundredth_of_a_degree_is_about_a_kilometre() -> None:
    assert distance_m(113.3, 33.7, 113.31, 33.7) == pytest.approx(925, abs=2)


def test_a_case_that_came_back_from_rework_is_marked(loop: Loop, client: Client) -> None:
    case = loop.handled()
    actions.send_back_for_rework(case, reason="灯还是不亮", actor=loop.checker)
    client.force_login(loop.checker)
    assert case.number in client.get("/desk/checks/", {"view": "sent-back"}).content.decode()
    actions.report_handled(fresh(case), actor=loop.clerk, answer="重新接了线")
    assert case.number in client.get("/desk/checks/", {"view": "again"}).content.decode()


def test_a_dispatcher_finds_only_what_is_to_be_struck_off(loop: Loop, client: Client) -> None:
    handled, checked = loop.handled(), loop.checked()
    client.force_login(loop.dispatcher)
    page = client.get("/desk/checks/").content.decode()
    assert checked.number in page
    assert handled.number not in page


def test_a_closed_gate_keeps_a_case_and_says_why(loop: Loop, client: Client) -> None:
    case = loop.checked()
    case.checks.all().delete()
    client.force_login(loop.dispatcher)
    page = client.post(reverse("desk:close-many"), {"selected": [case.pk]}, follow=True).content.decode()
    assert "还没有通过核查" in page
    assert fresh(case).status == Status.CHECKED


def test_it_is_a_page_for_those_who_neither_check_nor_close(loop: Loop, client: Client) -> None:
    client.force_login(make_user("agent"))
    assert client.get("/desk/checks/").status_code == 403


def test_more_rows_cost_no_more_queries(
    loop: Loop, client: Client, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in production, where what is kept in memory is compared with the database once a second.
    monkeypatch.setattr("huying.places.fresh.CHECK_EVERY_SECONDS", 60)
    for _each in range(6):
        loop.handled()
    client.force_login(loop.checker)
    client.get("/desk/checks/")
    with django_assert_max_num_queries(6):
        client.get("/desk/checks/")
