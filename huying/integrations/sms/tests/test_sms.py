from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from huying.integrations.sms.channel import Sms
from huying.integrations.sms.gateway import GatewayError, check_gateway, read_gateway
from huying.integrations.sms.tests.conftest import Stub
from huying.notices.channels import ChannelError, Message

MESSAGE = Message("huying-7", "138 0000 1111", "", "已派到“城管局”，{due} 前办结。")


@pytest.fixture
def gateway(stub: Stub, settings: Any) -> dict[str, Any]:
    """A declaration over the stub; `use` puts it into force."""
    settings.SMS_KEY, settings.SMS_SECRET = "weidong", "s3cret"
    return {
        "url": f"{stub.url}/v1/send",
        "body": {"mobile": "{phone}", "content": "【呼应】{words}", "id": "{id}", "list": [{"k": "{key}"}]},
        "success": "status == 200 && body.code == 0",
        "wrong_number": "body.code == 1004",
        "retry": "body.code == 1009",
        "reference": "body.msgid",
    }


def use(settings: Any, declaration: dict[str, Any]) -> Sms:
    settings.SMS_GATEWAY = check_gateway(declaration)
    return Sms()


def test_a_message_is_sent_as_declared(gateway: Any, stub: Stub, settings: Any) -> None:
    assert use(settings, gateway).send(MESSAGE).reference == "m-1"
    (asked,) = stub.asked
    assert asked["method"] == "POST"
    assert json.loads(asked["body"]) == {
        "mobile": "13800001111", "content": "【呼应】已派到“城管局”，{due} 前办结。", "id": "huying-7",
        "list": [{"k": "weidong"}],
    }  # fmt: skip


def test_a_form_is_signed_in_a_header(gateway: Any, stub: Stub, settings: Any) -> None:
    gateway |= {
        "format": "form", "body": {"to": "{phone}", "text": "{words}"},
        "sign": {"header": "X-Sign", "text": "{path}\n{body}", "encoding": "base64"},
    }  # fmt: skip
    use(settings, gateway).send(MESSAGE)
    (asked,) = stub.asked
    assert parse_qs(asked["body"])["to"] == ["13800001111"]
    mac = hmac.new(b"s3cret", f"/v1/send\n{asked['body']}".encode(), hashlib.sha256)
    assert asked["headers"]["x-sign"] == base64.b64encode(mac.digest()).decode()


def test_a_signature_may_be_a_field_of_the_address(gateway: Any, stub: Stub, settings: Any) -> None:
    gateway |= {
        "method": "GET",
        "body": {"to": "{phone}", "at": "1"},
        "sign": {"field": "sign", "digest": "md5"},
    }
    use(settings, gateway).send(MESSAGE)
    (asked,) = stub.asked
    mac = hmac.new(b"s3cret", b"at=1&to=13800001111", hashlib.md5)
    assert asked["query"] == {"to": "13800001111", "at": "1", "sign": mac.hexdigest()}


@pytest.mark.parametrize(
    ("answer", "temporary", "wrong"),
    [
        ((200, {"code": 1004}), False, True),
        ((200, {"code": 1009}), True, False),
        ((200, {"code": 7}), False, False),
        ((503, "busy"), True, False),
        ((200, "not json"), False, False),
        ((302, ""), False, False),
    ],
)
def test_what_the_gateway_answers_decides(
    gateway: Any, stub: Stub, settings: Any, answer: Any, temporary: bool, wrong: bool
) -> None:
    stub.answers = [answer]
    with pytest.raises(ChannelError) as refused:
        use(settings, gateway).send(MESSAGE)
    assert (refused.value.temporary, refused.value.wrong_address) == (temporary, wrong)


def test_a_landline_gets_no_short_message(gateway: Any, stub: Stub, settings: Any) -> None:
    with pytest.raises(ChannelError) as refused:
        use(settings, gateway).send(Message("k", "0375-3991234", "", "好"))
    assert refused.value.wrong_address
    assert not stub.asked


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"url": "ftp://x"}, "url"),
        ({"methode": "POST"}, "unknown key methode"),
        ({"success": "status =="}, "success"),
        ({"body": {"to": "{fone}"}}, "{fone}"),
        ({"sign": {"header": "X", "digest": "crc"}}, "sign"),
        ({"format": "xml"}, "format"),
    ],
)
def test_a_wrong_declaration_is_refused_with_what_was_expected(gateway: Any, change: Any, told: str) -> None:
    with pytest.raises(GatewayError, match=told.replace("{", r"\{")):
        check_gateway(gateway | change)


def test_the_file_is_named_when_it_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(GatewayError, match=r"sms\.yaml"):
        read_gateway(tmp_path / "sms.yaml")
    (tmp_path / "sms.yaml").write_text(
        "url: https://x.example/\nbody: {to: '{phone}'}\nsuccess: status == 200\n"
    )
    assert read_gateway(tmp_path / "sms.yaml").method == "POST"
