"""Messages by table and by form, and the pages."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from huying.cases.models import Case, Channel, Report
from huying.cases.tests.conftest import Loop
from huying.core.testing import AccessSuite
from huying.integrations.hotline.tests.test_orders import close
from huying.integrations.netizen.actions import BOARD, Incoming, take_message
from huying.integrations.netizen.models import Mailbox, Message
from huying.integrations.netizen.quality import warnings

GOOD = (
    "您反映的建设路路灯不亮，11月21日已到场核实，是镇流器坏了，当天下午更换完毕，现已恢复照明，"
    "今后每周巡查一次，欢迎您继续监督反映。"
)


class WithMessage(AccessSuite):
    """A message about a place in the east."""

    __test__ = False
    role = "dispatcher"

    def prepare(self) -> None:
        self.loop = Loop(self.district)
        self.message, _outcome = take_message(Incoming(BOARD, "EAST-7", "建设路路灯不亮"))
        east = self.district.grid_of("东苑社区")
        Case.objects.update(area=east, area_path=east.path)
        self.mailbox = Mailbox.objects.create(
            title="x",
            address="a@b.example",
            host="127.0.0.1",
            port=1,
            security="none",
            username="a",
            password="b",
        )


class TestMessages(WithMessage):
    __test__ = True
    url = "netizen:list"

    def row_in_east(self) -> str:
        return "EAST-7"


class TestMessage(WithMessage):
    __test__ = True
    shows_area = True

    def address(self) -> str:
        return reverse("netizen:message", args=[self.message.pk])


class TestPosted(TestMessage):
    method = "post"

    def address(self) -> str:
        return reverse("netizen:posted", args=[self.message.pk])


class TestAgain(TestPosted):
    def address(self) -> str:
        return reverse("netizen:again", args=[self.message.pk])


class TestAdd(WithMessage):
    __test__ = True
    url = "netizen:add"


class TestImport(WithMessage):
    __test__ = True
    url = "netizen:messages-import"


class TestMailboxes(WithMessage):
    __test__ = True
    role = "administrator"
    whole_district = True
    url = "netizen:mailboxes"


class TestMailbox(TestMailboxes):
    def address(self) -> str:
        return reverse("netizen:mailbox", args=[self.mailbox.pk])


class TestFetch(TestMailboxes):
    method = "post"

    def address(self) -> str:
        return reverse("netizen:fetch", args=[self.mailbox.pk])


@pytest.fixture
def desk(loop: Loop, client: Client) -> Client:
    client.force_login(loop.dispatcher)
    return client


def form(**fields: Any) -> dict[str, Any]:
    return {"platform": BOARD, "number": "7", "words": "建设路路灯不亮", "address": "建设路", **fields}


def test_a_clerk_copies_a_message_once(desk: Client) -> None:
    assert desk.post(reverse("netizen:add"), form(nickname="夜行人")).status_code == 302
    report = Report.objects.get()
    assert (report.channel, report.external_number) == (Channel.NETIZEN, "7")
    answer = desk.post(reverse("netizen:add"), form())
    assert answer.status_code == 422
    assert "已经登记过" in answer.content.decode()


def test_a_link_that_runs_scripts_is_refused(desk: Client) -> None:
    assert desk.post(reverse("netizen:add"), form(link="javascript:alert(1)")).status_code == 422


def test_an_answer_with_empty_phrases_is_released_only_on_a_second_look(loop: Loop, desk: Client) -> None:
    desk.post(reverse("netizen:add"), form())
    close(loop, Case.objects.get())
    message = Message.objects.get()
    url = reverse("netizen:message", args=[message.pk])
    page = desk.post(url, {"reply": "我们高度重视，将进一步加强监管，感谢您的关注。"}).content.decode()
    assert "没有提到地点「建设路」" in page
    assert Message.objects.get().reply_state == Message.Reply.NONE
    assert desk.post(url, {"reply": GOOD}).status_code == 302
    assert Message.objects.get().reply_state == Message.Reply.RELEASED
    desk.post(reverse("netizen:posted", args=[message.pk]))
    assert Message.objects.get().replied_at is not None


def test_a_good_answer_has_no_warnings(loop: Loop) -> None:
    case = loop.reported(address="建设路东苑小区门口")
    assert warnings(case, GOOD) == []
    assert len(warnings(case, "感谢您对我们工作的支持")) >= 4


def take_in(client: Client, text: str) -> str:
    file = io.BytesIO(text.encode())
    file.name = "m.csv"
    page = client.post(reverse("netizen:messages-import"), {"file": file}, follow=True)
    shown = page.content.decode()
    client.post(page.request["PATH_INFO"])
    return str(shown)


def test_a_table_of_messages_comes_in_once_and_is_corrected(desk: Client) -> None:
    table = "留言编号,留言内容,地点,答复期限\n1,路灯不亮,建设路,2030-01-02\n2,路灯坏,光明路,\n3,,,\n4,路灯,x,昨天\n"
    shown = take_in(desk, table)
    assert "新增 2" in shown
    assert "有误 2" in shown
    assert Message.objects.count() == 2
    assert "没有变化 2" in take_in(desk, table)
    shown = take_in(desk, table.replace("建设路", "建设路中段"))
    assert "地点：建设路 → 建设路中段" in shown
    assert Case.objects.get(reports__external_number="1").address == "建设路中段"
    assert Case.objects.count() == 2


def test_a_mailbox_without_encryption_is_for_this_machine_only(loop: Loop, client: Client) -> None:
    from huying.core.testing import make_user

    client.force_login(make_user("administrator"))
    fields = {
        "title": "x", "address": "a@b.example", "host": "mail.example", "port": 143, "security": "none",
        "username": "a", "folder": "INBOX", "done_folder": "Done", "active": "on", "new_password": "pw",
    }  # fmt: skip
    assert client.post(reverse("netizen:add-mailbox"), fields).status_code == 422
    assert client.post(reverse("netizen:add-mailbox"), {**fields, "security": "tls"}).status_code == 302
    assert Mailbox.objects.get().password.open() == "pw"
