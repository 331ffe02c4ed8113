"""Against a real SMTP server that takes, refuses and stays silent."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from email import message_from_bytes
from email.header import decode_header, make_header
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from huying.integrations.email.channel import Email
from huying.notices.channels import ChannelError, Message


class Post:
    """Refuses two mailboxes, one for now and one for good."""

    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address.startswith("nobody"):
            return "550 no such mailbox"
        if address.startswith("full"):
            return "452 mailbox full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(message_from_bytes(envelope.content))
        return "250 taken"


@pytest.fixture
def post(settings: Any) -> Iterator[Post]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", port, False
    settings.DEFAULT_FROM_EMAIL = "呼应 <noreply@weidong.example>"
    handler = Post()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler
    controller.stop()


def message(address: str = "li@example.org", **fields: str) -> Message:
    return Message(
        "huying-7", address, fields.get("subject", "诉求 261118000001 的进展"), "已派到城市管理局。"
    )


def test_a_mail_arrives_with_its_words_and_a_number_of_its_own(post: Post) -> None:
    sent = Email().send(message())
    (mail,) = post.mails
    assert str(make_header(decode_header(mail["Subject"]))) == "诉求 261118000001 的进展"
    assert mail.get_payload(decode=True).decode().strip() == "已派到城市管理局。"
    assert mail["Message-ID"] == sent.reference == "<huying-7@weidong.example>"
    assert mail["Auto-Submitted"] == "auto-generated"


def test_a_subject_of_two_lines_adds_no_header(post: Post) -> None:
    Email().send(message(subject="甲\nBcc: all@example.org"))
    assert post.mails[0]["Bcc"] is None


@pytest.mark.parametrize(
    ("address", "temporary", "wrong"),
    [("nobody@example.org", False, True), ("full@example.org", True, False), ("not an address", False, True)],
)
def test_a_refused_mailbox_is_told_apart_from_a_full_one(
    post: Post, address: str, temporary: bool, wrong: bool
) -> None:
    with pytest.raises(ChannelError) as refused:
        Email().send(message(address))
    assert (refused.value.temporary, refused.value.wrong_address) == (temporary, wrong)


def test_a_server_that_is_away_is_tried_again(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", 9, False
    settings.DEFAULT_FROM_EMAIL = "noreply@weidong.example"
    with pytest.raises(ChannelError) as refused:
        Email().send(message())
    assert refused.value.temporary


def test_without_a_server_it_says_why(settings: Any) -> None:
    settings.EMAIL_HOST = ""
    assert "HUYING_SMTP_HOST" in Email().why_not()
