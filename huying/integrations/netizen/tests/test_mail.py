"""Mail in, over a real IMAP server; the answer out, in the thread."""

from __future__ import annotations

import io
import ssl
from email.message import EmailMessage
from typing import Any

import pytest
from django.core import mail as outbox
from django.test import Client
from django.urls import reverse
from PIL import Image

from huying.cases.models import Case, Channel, Report, Status
from huying.cases.tests.conftest import Loop, fresh
from huying.core.models import JournalEntry
from huying.integrations.netizen import fetching
from huying.integrations.netizen.actions import release_reply, try_reply_again
from huying.integrations.netizen.fetching import fetch
from huying.integrations.netizen.jobs import send_due_replies
from huying.integrations.netizen.mail import read_mail, text_of_html
from huying.integrations.netizen.models import Mailbox, Message
from huying.integrations.netizen.sending import reference_of, send_reply
from huying.integrations.netizen.tests.conftest import ImapServer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _ledger(loop: Loop) -> None:
    """The snapshot ledger takes messages too."""


def letter(
    number: str = "<a@qq.example>", words: str = "建设路路灯坏了一周，没人修", **headers: str
) -> EmailMessage:
    message = EmailMessage()
    message["From"] = headers.pop("From", "李小明 <li@qq.example>")
    message["To"] = "ly@weidong.example"
    message["Subject"] = headers.pop("Subject", "路灯坏了")
    message["Date"] = "Fri, 20 Nov 2026 09:30:00 +0800"
    message["Message-ID"] = number
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(words)
    return message


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (9, 9), "blue").save(out, "JPEG")
    return out.getvalue()


def test_a_letter_becomes_a_message_and_leaves_the_inbox(mailbox: Mailbox, imap: ImapServer) -> None:
    message = letter()
    message.add_attachment(jpeg(), maintype="image", subtype="jpeg", filename="灯.jpg")
    message.add_attachment(b"no picture", maintype="image", subtype="png", filename="x.png")
    imap.put(message.as_bytes())
    assert fetch(mailbox) == {"new": 1}
    report = Report.objects.get()
    assert report.channel == Channel.NETIZEN
    assert report.words == "建设路路灯坏了一周，没人修"
    assert report.files.count() == 1
    assert (imap.count("INBOX"), imap.count("Huying")) == (0, 1)


def test_the_senders_address_lies_sealed_and_nowhere_else(mailbox: Mailbox, imap: ImapServer) -> None:
    imap.put(letter().as_bytes())
    fetch(mailbox)
    message = Message.objects.get()
    assert message.sender_address() == "li@qq.example"
    everything = (
        str(list(Message.objects.values()))
        + str(list(JournalEntry.objects.values()))
        + str(list(Report.objects.values()))
    )
    assert "li@qq.example" not in everything


def test_the_same_letter_again_is_one_message(mailbox: Mailbox, imap: ImapServer) -> None:
    for _time in range(2):
        imap.put(letter().as_bytes())
        fetch(mailbox)
    assert Case.objects.count() == 1
    assert imap.count("INBOX") == 0


def test_a_letter_stays_when_it_could_not_be_kept(
    mailbox: Mailbox, imap: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    imap.put(letter().as_bytes())
    with monkeypatch.context() as patch:
        patch.setattr(fetching, "take_mail", lambda *_a: 1 / 0)
        assert fetch(mailbox) == {"failed": 1}
    assert imap.count("INBOX") == 1
    assert fetch(mailbox) == {"new": 1}


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"From": "MAILER-DAEMON@qq.example"},
        {"From": "no-reply@shop.example"},
        {"X_Autoreply": "yes"},
        {"From": "ly@weidong.example"},
    ],
)
def test_what_nobody_wrote_is_no_message(mailbox: Mailbox, imap: ImapServer, headers: dict[str, str]) -> None:
    imap.put(letter(**headers).as_bytes())
    assert fetch(mailbox) == {"passed over": 1}
    assert not Case.objects.exists()
    assert imap.count("INBOX") == 0


def test_a_second_letter_in_the_thread_adds_its_words(mailbox: Mailbox, imap: ImapServer) -> None:
    imap.put(letter().as_bytes())
    fetch(mailbox)
    imap.put(letter("<b@qq.example>", "现在两盏都不亮", In_Reply_To="<a@qq.example>").as_bytes())
    imap.put(
        letter("<c@163.example>", "我家也黑", In_Reply_To="<a@qq.example>", From="x@163.example").as_bytes()
    )
    assert fetch(mailbox) == {"added": 1, "new": 1}
    assert Case.objects.count() == 2


def test_a_wrong_password_is_said_on_the_mailbox(mailbox: Mailbox) -> None:
    mailbox.password = "wrong"
    mailbox.save()
    fetch(mailbox)
    mailbox.refresh_from_db()
    assert "核对登录名" in mailbox.problem
    assert "wrong" not in str(Mailbox.objects.values())


def test_a_certificate_that_nobody_vouches_for_is_refused(mailbox: Mailbox, imap: ImapServer) -> None:
    Mailbox.objects.update(security="starttls")
    mailbox.refresh_from_db()
    imap.put(letter().as_bytes())
    fetch(mailbox)
    mailbox.refresh_from_db()
    assert "证书" in mailbox.problem
    assert not Case.objects.exists()


def test_letters_come_through_tls(
    mailbox: Mailbox, imap: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    Mailbox.objects.update(security="starttls")
    mailbox.refresh_from_db()
    real = ssl.create_default_context
    monkeypatch.setattr(ssl, "create_default_context", lambda: real(cafile=str(imap.certificate)))
    imap.put(letter().as_bytes())
    assert fetch(mailbox) == {"new": 1}


def test_a_server_that_is_not_there_is_said(db: None) -> None:
    mailbox = Mailbox.objects.create(
        title="x", address="a@b.example", host="127.0.0.1", port=1, security="tls", username="a", password="b"
    )
    fetch(mailbox)
    mailbox.refresh_from_db()
    assert "连接不上" in mailbox.problem


class TestReading:
    """Letters as they really look."""

    def test_gbk_without_a_word_about_it(self) -> None:
        raw = "From: li@qq.example\r\nSubject: =?gb2312?B?wrfLuw==?=\r\n\r\n路灯坏了，請修".encode("gbk")
        assert read_mail(raw).words == "路灯坏了，請修"

    def test_gb2312_with_more_characters_than_it_has(self) -> None:
        raw = b"From: l@q.example\r\nContent-Type: text/plain; charset=gb2312\r\n\r\n" + "镕喆路灯".encode(
            "gb18030"
        )
        assert read_mail(raw).words == "镕喆路灯"

    def test_html_is_read_without_what_is_hidden(self) -> None:
        html = "<style>p{}</style><p>路灯<b>坏</b>了&amp;没人修<br>一周<script>alert(1)</script></p>"
        assert text_of_html(html) == "路灯坏了&没人修\n一周"

    def test_the_quoted_letter_below_is_left_out(self) -> None:
        words = "还没修\n\n------------------ 原始邮件 ------------------\n发件人: 某"
        assert read_mail(letter(words=words).as_bytes()).words == "还没修"

    @pytest.mark.parametrize(
        "raw",
        [
            b"", b"\0\xff\xfe", b"Content-Type: multipart/mixed\r\n\r\n--", b"From: <<<\r\nDate: yesterday\r\n\r\nx",
            b"Content-Type: text/plain; charset=nonsense\r\nFrom: a@b\r\n\r\n\xff",
            b"Content-Transfer-Encoding: base64\r\n\r\n!!!",
            b"Message-ID: [<x>\r\nFrom: a@b.example\r\n\r\nx", b"From: =?utf-8?q?=FF?= <a@b>\r\n\r\nx",
        ],
        ids=range(8),
    )  # fmt: skip
    def test_nonsense_is_never_an_error(self, raw: bytes) -> None:
        read_mail(raw)


def answered(loop: Loop, mailbox: Mailbox, imap: ImapServer) -> Message:
    """A message whose case is closed."""
    from huying.integrations.hotline.tests.test_orders import close

    imap.put(letter().as_bytes())
    fetch(mailbox)
    close(loop, Case.objects.get())
    return Message.objects.select_related("mailbox", "report__case").get()


ANSWER = "您反映的建设路路灯不亮，11月21日已到场核实，是镇流器坏了，当天更换，现已恢复照明。"


def test_the_answer_goes_back_in_the_thread_once(
    loop: Loop, mailbox: Mailbox, imap: ImapServer, mailoutbox: list[Any]
) -> None:
    message = answered(loop, mailbox, imap)
    release_reply(message, text=ANSWER, actor=loop.dispatcher)
    message = Message.objects.select_related("mailbox", "report__case").get()
    assert send_reply(message)
    assert not send_reply(message)
    send_due_replies.func(0)
    sent = outbox.outbox[0]
    assert len(outbox.outbox) == 1
    assert (sent.to, sent.subject, sent.body) == (["li@qq.example"], "Re: 路灯坏了", ANSWER)
    assert sent.extra_headers["In-Reply-To"] == "<a@qq.example>"
    assert Message.objects.get().reply_state == Message.Reply.SENT


def test_a_letter_in_reply_to_our_answer_finds_its_message(
    loop: Loop, mailbox: Mailbox, imap: ImapServer
) -> None:
    imap.put(letter().as_bytes())
    fetch(mailbox)
    reference = reference_of(Message.objects.select_related("mailbox").get())
    imap.put(letter("<d@qq.example>", "谢谢，还差一盏", In_Reply_To=reference).as_bytes())
    assert fetch(mailbox) == {"added": 1}


def test_an_answer_that_fails_is_tried_again_and_then_shown(
    loop: Loop, mailbox: Mailbox, imap: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = answered(loop, mailbox, imap)
    release_reply(message, text=ANSWER, actor=loop.dispatcher)
    monkeypatch.setattr(
        "huying.integrations.netizen.sending.EmailMessage.send",
        lambda _self: (_ for _ in ()).throw(OSError("no")),
    )
    assert not send_reply(Message.objects.select_related("mailbox", "report__case").get())
    assert Message.objects.get().reply_state == Message.Reply.RELEASED
    Message.objects.update(tries=11, next_try_at=Message.objects.get().released_at)
    send_reply(Message.objects.select_related("mailbox", "report__case").get())
    assert Message.objects.get().reply_state == Message.Reply.FAILED
    try_reply_again(Message.objects.get(), actor=loop.dispatcher)
    assert Message.objects.get().reply_state == Message.Reply.RELEASED


def test_no_answer_leaves_before_the_case_is_closed(
    mailbox: Mailbox, imap: ImapServer, loop: Loop, client: Client
) -> None:
    imap.put(letter().as_bytes())
    fetch(mailbox)
    client.force_login(loop.dispatcher)
    url = reverse("netizen:message", args=[Message.objects.get().pk])
    assert client.post(url, {"reply": ANSWER, "seen": "1"}).status_code == 422
    assert Message.objects.get().reply_state == Message.Reply.NONE
    assert fresh(Case.objects.get()).status == Status.REPORTED
