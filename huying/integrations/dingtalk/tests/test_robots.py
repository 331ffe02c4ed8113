"""Both kinds of group robot, against a stub."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from huying.integrations.dingtalk.channel import DingTalk, signed
from huying.integrations.sms.tests.conftest import Stub, stub
from huying.integrations.wecom.channel import LONGEST_BYTES, WeCom
from huying.notices.channels import ChannelError, Message

__all__ = ["stub"]


def message(stub: Stub, words: str = "**催办** 1", **fields: str) -> Message:
    return Message("k", f"{stub.url}/robot?key=1", "催办", words, **fields)


def test_wecom_gets_markdown_cut_to_its_bytes(stub: Stub) -> None:
    WeCom().send(message(stub, "好" * 3000))
    content = json.loads(stub.asked[0]["body"])
    assert content["msgtype"] == "markdown"
    assert LONGEST_BYTES - 3 < len(content["markdown"]["content"].encode()) <= LONGEST_BYTES


def test_dingtalk_gets_title_text_and_a_signature(stub: Stub) -> None:
    DingTalk().send(message(stub, secret="SECabc"))
    (asked,) = stub.asked
    assert json.loads(asked["body"])["markdown"] == {"title": "催办", "text": "**催办** 1"}
    timestamp = asked["query"]["timestamp"]
    mac = hmac.new(b"SECabc", f"{timestamp}\nSECabc".encode(), hashlib.sha256).digest()
    assert asked["query"]["sign"] == base64.b64encode(mac).decode()
    assert asked["query"]["key"] == "1"


def test_the_signature_is_dingtalks_own_formula() -> None:
    url = signed("https://oapi.dingtalk.com/robot/send?access_token=x", "this is secret", now=1594281590.123)
    assert "&timestamp=1594281590123&sign=" in url
    assert "+" not in url.partition("sign=")[2]


@pytest.mark.parametrize(
    ("robot", "answer", "temporary", "gone"),
    [
        (WeCom(), (200, {"errcode": 45009, "errmsg": "api freq out of limit"}), True, False),
        (WeCom(), (200, {"errcode": 93000, "errmsg": "invalid webhook url"}), False, True),
        (WeCom(), (200, "<html>"), False, False),
        (WeCom(), (502, ""), True, False),
        (DingTalk(), (200, {"errcode": 410100, "errmsg": "send too fast"}), True, False),
        (DingTalk(), (200, {"errcode": 310000, "errmsg": "sign not match"}), False, False),
        (DingTalk(), (200, {"errcode": 300001, "errmsg": "token is not exist"}), False, True),
    ],
)
def test_the_error_code_decides(stub: Stub, robot: Any, answer: Any, temporary: bool, gone: bool) -> None:
    stub.answers = [answer]
    with pytest.raises(ChannelError) as refused:
        robot.send(message(stub))
    assert (refused.value.temporary, refused.value.wrong_address) == (temporary, gone)


def test_robots_say_how_much_they_take() -> None:
    assert (WeCom.per_minute, DingTalk.per_minute) == (20, 20)
    assert WeCom.reaches == DingTalk.reaches == "group"
