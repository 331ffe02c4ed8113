"""An SMS gateway as its operator declares it: one YAML file instead of one program per provider.

    url: https://sms.example.cn/v1/send
    method: POST                       # GET puts the body into the address
    format: json                       # or form
    headers: {X-Key: "{key}"}
    body: {mobile: "{phone}", content: "【卫东呼应】{words}", id: "{id}"}
    sign: {header: X-Signature, text: "{timestamp}\n{body}", digest: sha256, encoding: hex}
    success: "status == 200 && body.code == 0"
    wrong_number: "body.code == 1004"  # never again to this number
    retry: "status >= 500 || body.code == 1009"
    reference: body.msgid              # where the provider's own number stands

The expressions are CEL over `status` (a number), `body` (the answer read as JSON, else {}) and `text`. Names that can
be filled in: phone, words, id (the same at every try: give it to the provider if it knows how to drop doubles), key,
secret, timestamp (seconds), milliseconds, and in `sign.text` also body and path.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import yaml

from huying.core import expressions

NAMES = ("phone", "words", "id", "key", "secret", "timestamp", "milliseconds")
_KEYS = {
    "url",
    "method",
    "format",
    "headers",
    "body",
    "sign",
    "success",
    "wrong_number",
    "retry",
    "reference",
}
_SIGN_KEYS = {"header", "field", "text", "digest", "encoding"}
_BRACES = re.compile(r"\{(\w+)\}")


class GatewayError(ValueError):
    """The declaration cannot be used; the message says what was expected."""


@dataclass(frozen=True)
class Gateway:
    """A checked declaration."""

    url: str
    success: str
    method: str = "POST"
    format: str = "json"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    sign: Mapping[str, str] = field(default_factory=dict)
    wrong_number: str = ""
    retry: str = ""
    reference: str = ""


def read_gateway(file: Path) -> Gateway:
    """Read and check the declaration. GatewayError names the file and what is wrong."""
    try:
        said = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise GatewayError(f"{file}: {error}") from None
    try:
        return check_gateway(said)
    except GatewayError as error:
        raise GatewayError(f"{file}: {error}") from None


def check_gateway(said: Any) -> Gateway:
    """A declaration as a Gateway, or GatewayError."""
    if not isinstance(said, dict):
        raise GatewayError("expected keys and values, beginning with url:")
    if unknown := set(said) - _KEYS:
        raise GatewayError(f"unknown key {sorted(unknown)[0]}; known are {', '.join(sorted(_KEYS))}")
    if urlsplit(str(said.get("url", ""))).scheme not in ("http", "https"):
        raise GatewayError("url: an address like https://sms.example.cn/send")
    if said.get("method", "POST") not in ("GET", "POST", "PUT"):
        raise GatewayError("method: GET, POST or PUT")
    if said.get("format", "json") not in ("json", "form"):
        raise GatewayError("format: json or form")
    if not isinstance(said.get("body"), dict):
        raise GatewayError("body: the fields that the gateway wants, with {phone} and {words} in them")
    for key in ("success", "wrong_number", "retry"):
        if key == "success" or said.get(key):
            try:
                expressions.check(str(said.get(key, "")))
            except expressions.BadExpression as error:
                raise GatewayError(f"{key}: {error}") from None
    sign = said.get("sign") or {}
    if sign and (
        set(sign) - _SIGN_KEYS
        or bool(sign.get("header")) == bool(sign.get("field"))
        or sign.get("digest", "sha256") not in ("sha1", "sha256", "md5")
        or sign.get("encoding", "hex") not in ("hex", "base64")
    ):
        raise GatewayError("sign: {header or field, text, digest: sha256/sha1/md5, encoding: hex/base64}")
    for text in _texts([said.get("headers") or {}, said["body"]]):
        for name in _BRACES.findall(text):
            if name not in NAMES:
                raise GatewayError(f"{{{name}}} cannot be filled in; known are {', '.join(NAMES)}")
    return Gateway(**{**said, "sign": sign, "headers": said.get("headers") or {}})


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [value] if isinstance(value, str) else []


def fill(value: Any, values: Mapping[str, str]) -> Any:
    """The names in braces replaced, in texts at any depth. Nothing else in a text has a meaning."""
    if isinstance(value, str):
        return _BRACES.sub(lambda match: values.get(match[1], match[0]), value)
    if isinstance(value, Mapping):
        return {key: fill(each, values) for key, each in value.items()}
    return [fill(each, values) for each in value] if isinstance(value, list) else value


@dataclass(frozen=True)
class Request:
    """What is sent to the gateway."""

    method: str
    url: str
    content: bytes
    headers: dict[str, str]


def request(gateway: Gateway, *, phone: str, words: str, id: str, key: str, secret: str) -> Request:
    """The signed request for one message."""
    now = time.time()
    values = {
        "phone": phone, "words": words, "id": id, "key": key, "secret": secret,
        "timestamp": str(int(now)), "milliseconds": str(int(now * 1000)),
    }  # fmt: skip
    body, headers = fill(gateway.body, values), fill(dict(gateway.headers), values)
    if gateway.sign.get("field"):
        # Signed over the fields as they stand, in the order of their names: how most gateways with a form do it.
        plain = "&".join(f"{name}={body[name]}" for name in sorted(body))
        body = {**body, gateway.sign["field"]: _signature(gateway, secret, values, plain)}
    encoded = (
        urlencode(body)
        if gateway.format == "form" or gateway.method == "GET"
        else json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    )
    if gateway.sign.get("header"):
        headers[gateway.sign["header"]] = _signature(gateway, secret, values, encoded)
    if gateway.method == "GET":
        joint = "&" if urlsplit(gateway.url).query else "?"
        return Request("GET", f"{gateway.url}{joint}{encoded}", b"", headers)
    kind = (
        "application/x-www-form-urlencoded" if gateway.format == "form" else "application/json; charset=utf-8"
    )
    return Request(gateway.method, gateway.url, encoded.encode(), {"Content-Type": kind, **headers})


def _signature(gateway: Gateway, secret: str, values: Mapping[str, str], body: str) -> str:
    path = urlsplit(gateway.url).path
    text = fill(gateway.sign.get("text", "{body}"), {**values, "body": body, "path": path})
    mac = hmac.new(secret.encode(), text.encode(), getattr(hashlib, gateway.sign.get("digest", "sha256")))
    return (
        base64.b64encode(mac.digest()).decode()
        if gateway.sign.get("encoding") == "base64"
        else mac.hexdigest()
    )


def at(path: str, facts: Any) -> str:
    """What stands at `body.data.0.id`; empty when nothing does."""
    for part in path.split(".") if path else ():
        if isinstance(facts, Mapping) and part in facts:
            facts = facts[part]
        elif isinstance(facts, list) and part.isdigit() and int(part) < len(facts):
            facts = facts[int(part)]
        else:
            return ""
    return "" if isinstance(facts, dict | list) or facts is None else str(facts)
