"""Outgoing HTTP. Every request to another system goes through `send`.

An address that somebody typed must not reach into the network that the site stands in (cloud metadata,
databases, routers). So the name is resolved once, every address it has must be public, and the connection is
made to the very address that was checked: a second answer of the name server changes nothing. What the operator
configured is trusted.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import httpx
from django.conf import settings
from django.utils.translation import gettext as _


class OutboundError(Exception):
    """The request could not be made; `temporary` says whether trying again can help."""

    def __init__(self, message: str, *, temporary: bool) -> None:
        super().__init__(message)
        self.temporary = temporary


@dataclass(frozen=True)
class Answer:
    """What the other side answered; header names in lower case."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def temporary(self) -> bool:
        """Whether the same request may succeed later: the server is busy or broken, or asks to wait."""
        return self.status >= 500 or self.status in (408, 425, 429)

    def text(self) -> str:
        """The body as text, for showing: what is not UTF-8 is replaced."""
        return self.body.decode("utf-8", "replace")


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise OutboundError(_("找不到主机 %s。") % host, temporary=isinstance(error, OSError)) from None
    return list(dict.fromkeys(str(row[4][0]) for row in found))


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        # An IPv4 address in an IPv6 coat (mapped, 6to4, NAT64) reaches where the inner one reaches.
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is None and ip in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return inner.is_global and not inner.is_multicast
    return ip.is_global and not ip.is_multicast


def _checked_addresses(host: str, port: int, *, trusted: bool) -> list[str]:
    addresses = _addresses(host, port)
    if not trusted and host.lower() not in settings.TRUSTED_HOSTS:
        for address in addresses:
            if not _is_public(address):
                raise OutboundError(
                    _(
                        "不能访问内部网络的地址 %s。如果确实需要，请系统管理员把主机名加入 HUYING_TRUSTED_HOSTS。"
                    )
                    % host,
                    temporary=False,
                )
    return addresses


def send(
    method: str,
    url: str,
    *,
    content: bytes = b"",
    headers: Mapping[str, str] | None = None,
    timeout_s: float = 10,
    max_bytes: int = 5_000_000,
    trusted: bool = False,
) -> Answer:
    """Make one request and read the whole answer. Redirects are answers; they are not followed.

    `timeout_s` bounds the whole exchange, in seconds; `max_bytes` the answer's body. Raises OutboundError when
    there is no answer. Any status is an answer.
    """
    try:
        target = httpx.URL(url)
        host, port = target.host, target.port or (443 if target.scheme == "https" else 80)
    except (httpx.InvalidURL, UnicodeError, TypeError):
        raise OutboundError(_("网址不正确：%s") % url[:200], temporary=False) from None
    if target.scheme not in ("http", "https") or not host:
        raise OutboundError(_("网址须以 http:// 或 https:// 开头：%s") % url[:200], temporary=False)
    addresses = _checked_addresses(host, port, trusted=trusted)
    ends_at = time.monotonic() + timeout_s
    for last, address in ((address == addresses[-1], address) for address in addresses):
        request = httpx.Request(
            method,
            target.copy_with(host=address),
            content=content,
            headers={"User-Agent": "Huying", **(headers or {}), "Host": target.netloc.decode("ascii")},
            extensions={"sni_hostname": host, "timeout": httpx.Timeout(timeout_s).as_dict()},
        )
        try:
            return _exchange(request, ends_at, timeout_s, max_bytes)
        except httpx.TimeoutException:
            raise OutboundError(_("对方没有在 %d 秒内回答。") % timeout_s, temporary=True) from None
        except httpx.ConnectError as error:
            # A host with an IPv6 and an IPv4 address often listens on one of them only.
            if last:
                raise _unreachable(host, error) from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise _unreachable(host, error) from None
    raise OutboundError(_("找不到主机 %s。") % host, temporary=True)


def _unreachable(host: str, error: Exception) -> OutboundError:
    why = str(error)[:200] or type(error).__name__
    return OutboundError(_("连接不上 %(host)s：%(why)s") % {"host": host, "why": why}, temporary=True)


@cache
def _trust() -> ssl.SSLContext:
    """Whose certificates are believed; read once, because that takes longer than many an exchange."""
    return httpx.create_ssl_context(trust_env=False)


def _exchange(request: httpx.Request, ends_at: float, timeout_s: float, max_bytes: int) -> Answer:
    with httpx.Client(trust_env=False, follow_redirects=False, verify=_trust()) as client:
        response = client.send(request, stream=True)
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > max_bytes:
                raise OutboundError(_("对方的回答太大（超过 %d 字节）。") % max_bytes, temporary=False)
            if time.monotonic() > ends_at:
                raise OutboundError(_("对方没有在 %d 秒内答完。") % timeout_s, temporary=True)
        return Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, bytes(body))
