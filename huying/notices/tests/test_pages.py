"""The delivery log, the robots, and one's own preferences."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from huying.core.testing import AccessSuite, MiniDistrict, make_user
from huying.notices import texts
from huying.notices.models import Delivery, Preference, Robot
from huying.notices.tests.conftest import Pigeon, delivery

SECRET = "https://qyapi.example.org/cgi-bin/webhook/send?key=top-secret"


def make_robot(area: Any, **fields: Any) -> Robot:
    return Robot.objects.create(
        **{"title": "东街值班群", "channel": "email", "address": SECRET, "area": area, **fields}
    )


class TestDeliveries(AccessSuite):
    url = "notices:deliveries"
    role = "administrator"

    def prepare(self) -> None:
        user = make_user(department=self.district.streets["east"], name="东街的人")
        delivery(user).save()

    def row_in_east(self) -> str:
        return "东街的人"


class TestDelivery(AccessSuite):
    url = "notices:delivery"
    role = "administrator"
    shows_area = True

    def prepare(self) -> None:
        row = delivery(make_user(department=self.district.streets["east"]), state="failed")
        row.save()
        self.row = row

    def address(self) -> str:
        return reverse(self.url, args=[self.row.pk])


class TestRetry(TestDelivery):
    url = "notices:retry"
    method = "post"


class TestRobots(AccessSuite):
    url = "notices:robots"
    role = "administrator"

    def prepare(self) -> None:
        make_robot(self.district.east)

    def row_in_east(self) -> str:
        return "东街值班群"


class TestRobot(AccessSuite):
    url = "notices:robot"
    role = "administrator"
    shows_area = True

    def prepare(self) -> None:
        self.robot = make_robot(self.district.east)

    def address(self) -> str:
        return reverse(self.url, args=[self.robot.pk])


class TestTestRobot(TestRobot):
    url = "notices:test-robot"
    method = "post"


class TestAddRobot(AccessSuite):
    url = "notices:add-robot"
    role = "administrator"


def test_an_administrator_of_a_street_does_not_see_what_residents_were_told(
    district: MiniDistrict, client: Client
) -> None:
    Delivery.objects.create(
        code="reporter.closed",
        to_kind="report",
        to_id=1,
        to_name="261118000001 李**",
        channel="sms",
        words="x",
    )
    page = reverse("notices:deliveries")
    client.force_login(make_user("administrator", area=district.east))
    assert "261118000001" not in client.get(page).content.decode()
    client.force_login(make_user("administrator"))
    assert "261118000001" in client.get(page).content.decode()


def test_a_robots_address_is_sealed_and_never_shown_again(district: MiniDistrict, client: Client) -> None:
    client.force_login(make_user("administrator"))
    data = {
        "title": "群",
        "channel": "dingtalk",
        "address": SECRET,
        "secret": "SECx",
        "area": district.east.code,
    }
    assert client.post(reverse("notices:add-robot"), data).status_code == 302
    robot = Robot.objects.get()
    page = reverse("notices:robot", args=[robot.pk])
    assert "top-secret" not in client.get(page).content.decode()
    with connection.cursor() as cursor:
        cursor.execute("SELECT address FROM notices_robot")
        assert "top-secret" not in cursor.fetchone()[0]
    changed = {**data, "title": "新群名", "address": "", "secret": "", "active": "on"}
    assert client.post(page, changed).status_code == 302
    robot = Robot.objects.get()
    assert (robot.title, robot.address.open(), robot.secret.open()) == ("新群名", SECRET, "SECx")


@pytest.mark.parametrize("address", ["javascript:alert(1)", "qyapi.weixin.qq.com", "file:///etc/passwd"])
def test_a_wrong_address_is_refused(district: MiniDistrict, client: Client, address: str) -> None:
    client.force_login(make_user("administrator"))
    data = {"title": "群", "channel": "wecom", "address": address, "area": district.east.code}
    assert client.post(reverse("notices:add-robot"), data).status_code == 422


def test_a_robot_that_nobody_would_speak_to_is_refused(district: MiniDistrict, client: Client) -> None:
    client.force_login(make_user("administrator"))
    answer = client.post(reverse("notices:add-robot"), {"title": "群", "channel": "wecom", "address": SECRET})
    assert answer.status_code == 422
    assert "至少选一个部门或一个区域" in answer.content.decode()


def test_a_test_message_goes_out_at_once(district: MiniDistrict, client: Client, pigeon: Pigeon) -> None:
    robot = make_robot(district.east)
    client.force_login(make_user("administrator"))
    client.post(reverse("notices:test-robot", args=[robot.pk]))
    assert [one.address for one in pigeon.said] == [SECRET]


def test_everybody_keeps_their_own_preferences(client: Client, db: None, pigeon: Pigeon) -> None:
    user = make_user("clerk")
    client.force_login(user)
    page = reverse("notices:preferences")
    assert "没有登记" in client.get(page).content.decode()
    data = {"mine": ["email", "sms"], "quiet_from": "21:00", "quiet_until": "08:00", "daily": "on"}
    assert client.post(page, data).status_code == 302
    own = Preference.objects.get(user=user)
    assert own.channels == {"mine": ["email", "sms"], "department": [], "news": []}
    assert client.post(page, {"quiet_from": "21:00"}).status_code == 422
    assert client.post(page, {"mine": ["wecom"]}).status_code == 422


@pytest.mark.parametrize(
    ("text", "length", "segments"),
    [("好" * 70, 70, 1), ("好" * 71, 71, 2), ("好" * 134, 134, 2), ("好" * 135, 135, 3), ("a" * 160, 160, 1),
     ("a" * 161, 161, 2), ("€" * 80, 160, 1), ("🚰" * 35, 70, 1), ("", 0, 1)],
)  # fmt: skip
def test_short_messages_are_counted_as_networks_do(text: str, length: int, segments: int) -> None:
    assert texts.sms_segments(text) == (length, segments)
