"""The hotline agent's screen: what is known appears, what is typed is kept, a call becomes a report."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from huying.cases.models import Case, Channel, Report
from huying.core.testing import AS_PART, AccessSuite, grant_role, make_user

from .conftest import SNAPSHOT, Loop, fresh, make_ledger

HOTLINE = (
    SNAPSHOT.replace("ledger: snapshot", "ledger: hotline").replace("随手拍", "热线工单")
    + """
channels: [hotline, desk]
contact: required
fields:
  wish: {type: choice, title: {zh: 诉求性质}, of: [求助, 投诉], required: true}
"""
)


class TestAgentPage(AccessSuite):
    url = "desk:agent"
    role = "agent"


class TestCaller(AccessSuite):
    url = "desk:agent-caller"
    role = "agent"
    method = "post"


class TestNearby(TestCaller):
    url = "desk:agent-nearby"


class TestFields(AccessSuite):
    url = "desk:agent-fields"
    role = "agent"
    part = True

    def prepare(self) -> None:
        make_ledger(HOTLINE, Loop(self.district).topics)


@pytest.fixture
def hotline(loop: Loop) -> Any:
    return make_ledger(HOTLINE, loop.topics)


@pytest.fixture
def desk(loop: Loop, hotline: Any, client: Client) -> Client:
    client.force_login(loop.agent)
    return client


def call(loop: Loop, **changes: Any) -> dict[str, Any]:
    lng, lat = loop.district.in_compound
    return {
        "phone": "138 1234 5678",
        "name": "王小明",
        "words": "建设路路灯不亮",
        "ledger": "hotline",
        "category": "lighting-dark",
        "address": "东苑小区",
        "detail": "3号楼2单元",
        "lng": lng,
        "lat": lat,
        "client_id": str(uuid.uuid4()),
        "f-wish": "求助",
        **changes,
    }


def test_a_call_becomes_a_report_and_its_number_is_read_out(loop: Loop, desk: Client) -> None:
    answer = desk.post(reverse("desk:agent"), call(loop))
    report = Report.objects.get()
    assert (report.channel, report.phone, report.fields, report.reported_by) == (
        Channel.HOTLINE, "13812345678", {"wish": "求助"}, loop.agent,
    )  # fmt: skip
    assert report.address == "东苑小区 3号楼2单元"
    assert report.case.compound == loop.district.compound
    page = desk.get(answer.url).content.decode()
    assert report.number in page
    assert 'data-draft-done="agent"' in page
    assert "王小明" not in page, "the next call starts fresh"


def test_a_refused_call_keeps_what_was_typed(loop: Loop, desk: Client) -> None:
    answer = desk.post(reverse("desk:agent"), call(loop, phone="12", category="", **{"f-wish": ""}))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "建设路路灯不亮" in page and "王小明" in page and "3号楼2单元" in page
    assert answer.context["form"].errors["category"]
    assert answer.context["declared"].errors["wish"]
    wrong_phone = desk.post(reverse("desk:agent"), call(loop, phone="12"))
    assert wrong_phone.context["form"].errors["phone"]
    assert not Report.objects.exists()


def test_the_same_call_sent_twice_is_one_report(loop: Loop, desk: Client) -> None:
    data = call(loop)
    desk.post(reverse("desk:agent"), data)
    desk.post(reverse("desk:agent"), data)
    assert Report.objects.count() == 1


def test_a_known_matter_is_joined(loop: Loop, desk: Client) -> None:
    case = loop.handling()
    answer = desk.post(reverse("desk:agent"), call(loop, follows=case.number))
    assert fresh(case).reports_count == 2
    assert Case.objects.count() == 1
    assert case.title in desk.get(answer.url).content.decode()


def test_joining_a_case_that_just_ended_is_refused_in_words(loop: Loop, desk: Client) -> None:
    answer = desk.post(reverse("desk:agent"), call(loop, follows=loop.closed().number))
    assert answer.status_code == 422
    assert "请去掉并入，另立一件" in answer.content.decode()


def test_earlier_cases_of_the_phone_appear_masked(loop: Loop, desk: Client) -> None:
    case = loop.reported(name="王小明", phone="13812345678")
    part = desk.post(reverse("desk:agent-caller"), {"phone": "138 1234 5678"}).content.decode()
    assert case.title in part
    assert "王** 138****5678" in part
    assert "王小明" not in part
    assert "第一次来电" in desk.post(reverse("desk:agent-caller"), {"phone": "13900000000"}).content.decode()


def test_earlier_cases_elsewhere_stay_unseen(loop: Loop, hotline: Any, client: Client) -> None:
    case = loop.reported(name="王小明", phone="13812345678")
    west = make_user()
    grant_role(west, "agent", area=loop.district.west)
    client.force_login(west)
    assert (
        case.title not in client.post(reverse("desk:agent-caller"), {"phone": "13812345678"}).content.decode()
    )


def test_categories_are_suggested_with_their_words(loop: Loop, desk: Client) -> None:
    part = desk.post(
        reverse("desk:agent-guess"), {"ledger": "hotline", "words": "门口路灯坏了"}
    ).content.decode()
    assert 'data-guess="lighting-dark"' in part
    assert "路灯坏" in part


def test_known_cases_nearby_appear_with_the_same_matter_first(loop: Loop, desk: Client) -> None:
    order, lamp = loop.reported(category="street-order"), loop.reported()
    lng, lat = loop.district.in_compound
    part = desk.post(
        reverse("desk:agent-nearby"),
        {"lng": lng, "lat": lat, "ledger": "hotline", "category": "lighting-dark"},
    ).content.decode()
    assert part.index(lamp.number) < part.index(order.number)
    assert "可能同一件" in part


def test_another_ledger_brings_its_own_fields(loop: Loop, desk: Client) -> None:
    for ledger, asked in (("hotline", True), ("snapshot", False)):
        fields = desk.get(reverse("desk:agent-fields"), {"ledger": ledger}, headers=AS_PART).content.decode()
        assert ("诉求性质" in fields) is asked


def test_the_hotlines_own_ledger_stands_first(loop: Loop, desk: Client) -> None:
    form = desk.get(reverse("desk:agent")).context["form"]
    assert form.chosen.code == "hotline"
    assert [code for code, _title in form.fields["ledger"].choices] == ["hotline", "snapshot"]


def test_without_a_ledger_for_calls_it_says_what_to_do(district: Any, client: Client) -> None:
    client.force_login(make_user("agent"))
    assert "没有台账接受来电登记" in client.get(reverse("desk:agent")).content.decode()


def test_the_caller_chooses_how_to_hear(loop: Loop, desk: Client) -> None:
    desk.post(reverse("desk:agent"), call(loop, tell_by="email", email="wang@example.com"))
    report = Report.objects.get()
    assert (report.tell_by, report.email) == ("email", "wang@example.com")


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"tell_by": "email"}, "email"),
        ({"tell_by": "sms", "phone": ""}, "phone"),
        ({"email": "wang@"}, "email"),
        ({"tell_by": "pigeon"}, "tell_by"),
    ],
)
def test_a_way_to_hear_without_its_address_is_refused_beside_its_field(
    loop: Loop, desk: Client, said: dict[str, str], field: str
) -> None:
    answer = desk.post(reverse("desk:agent"), call(loop, **said))
    assert answer.status_code == 422 and field in answer.context["form"].errors
    assert not Report.objects.exists()


def test_nobody_has_to_ask_how_the_caller_wants_to_hear(loop: Loop, desk: Client) -> None:
    desk.post(reverse("desk:agent"), call(loop))
    assert Report.objects.get().tell_by == ""
