"""Both sides sign alike: HMAC-SHA256 with the shared secret over method, path, moment, a number used once and body."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
import time

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Refusal
from huying.integrations.hotline.models import CitySystem, Nonce

WINDOW_SECONDS = 300
KEY, TIMESTAMP, NONCE, SIGNATURE = (
    "X-Huying-Key",
    "X-Huying-Timestamp",
    "X-Huying-Nonce",
    "X-Huying-Signature",
)


class BadSignature(Refusal):
    """Who sent this is not proven."""

    status = 401


class Replayed(Refusal):
    """This very request was here before."""

    status = 409


def signature(secret: str, method: str, path: str, timestamp: str, nonce: str, body: bytes) -> str:
    """64 hexadecimal digits. `path` includes the query, as in the request line."""
    text = "\n".join((method.upper(), path, timestamp, nonce, hashlib.sha256(body).hexdigest()))
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def signed_headers(key_id: str, secret: str, method: str, path: str, body: bytes) -> dict[str, str]:
    """The four headers of a request that leaves now."""
    timestamp, nonce = str(int(time.time())), secrets.token_urlsafe(18)
    return {
        KEY: key_id,
        TIMESTAMP: timestamp,
        NONCE: nonce,
        SIGNATURE: signature(secret, method, path, timestamp, nonce, body),
    }


def require_headers(request: HttpRequest) -> None:
    """Refuse what is not even meant to be signed, before its body is read."""
    if not all(request.headers.get(name) for name in (KEY, TIMESTAMP, NONCE, SIGNATURE)):
        raise BadSignature(
            _("缺少签名。请带上 %s 四个请求头。") % "、".join((KEY, TIMESTAMP, NONCE, SIGNATURE))
        )


def require_signature(request: HttpRequest) -> CitySystem:
    """The city system that signed this request. Raises BadSignature or Replayed, saying what to look at."""
    key_id = request.headers.get(KEY, "")
    timestamp, nonce = request.headers.get(TIMESTAMP, ""), request.headers.get(NONCE, "")
    given = request.headers.get(SIGNATURE, "")
    require_headers(request)
    if len(nonce) > 80 or not nonce.isascii() or not nonce.isprintable():
        raise BadSignature(_("随机数须是 80 个以内的可见字符。"))
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        raise BadSignature(_("时间戳须是 Unix 秒数。"))
    now = timezone.now()
    system = CitySystem.objects.filter(key_id=key_id[:60]).first() if "\0" not in key_id else None
    # The same answer for an unknown key and a wrong signature: nobody learns which keys there are.
    wrong = BadSignature(
        _(
            "签名不对。请核对密钥编号、密钥，以及签名原文：方法、路径、时间戳、随机数、正文的 SHA-256，各占一行。"
        )
    )
    if system is None:
        raise wrong
    path = request.get_full_path()
    expected = [
        signature(secret, request.method or "", path, timestamp, nonce, request.body)
        for secret in system.secrets(now)
    ]
    if not any(hmac.compare_digest(one.encode(), given.encode("utf-8", "replace")) for one in expected):
        raise wrong
    if abs(now.timestamp() - int(timestamp)) > WINDOW_SECONDS:
        raise BadSignature(
            _("请求时间和本系统相差超过 5 分钟。请校准服务器时间（本系统现在是 %s）后重新签名发送。")
            % timezone.localtime(now).isoformat(timespec="seconds")
        )
    until = dt.datetime.fromtimestamp(int(timestamp) + WINDOW_SECONDS, dt.UTC)
    try:
        with transaction.atomic():
            Nonce.objects.create(system=system, nonce=nonce, until=until)
    except IntegrityError:
        raise Replayed(_("这个请求已经收到过（随机数重复）。如需重发，请换一个随机数重新签名。")) from None
    return system
