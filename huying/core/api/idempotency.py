"""`Idempotency-Key`: the same request sent again is answered again, not done again.

The key is written in the transaction of the change. Of two at once the second waits for the first at the unique
index, and then reads its answer. Only what succeeded is kept, sealed: after a refusal the same key may be used again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Refusal
from huying.core.models import IdempotencyKey
from huying.core.secrets import fingerprint

KEEP = timedelta(days=3)
_CLAIM = """
INSERT INTO core_idempotencykey (client, key, request, content_type, body, made_at)
VALUES (%s, %s, %s, '', '', now()) ON CONFLICT (client, key) DO NOTHING RETURNING id
"""
Respond = Callable[[HttpRequest, Refusal], HttpResponse]


def _client(request: HttpRequest) -> str:
    credential = request.headers.get("Authorization") or request.COOKIES.get("sessionid", "")
    return fingerprint(f"{credential}")


def _said(request: HttpRequest) -> str:
    # Uploaded files are not read twice; their form's length stands for them.
    multipart = (request.content_type or "").startswith(("multipart/", "application/x-www-form-urlencoded"))
    body = request.META.get("CONTENT_LENGTH", "").encode() if multipart else request.body
    return hashlib.sha256(b"\0".join((str(request.method).encode(), request.path.encode(), body))).hexdigest()


def once(respond: Respond) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Decorator of a view: honours the header on POST, PUT, PATCH and DELETE. `respond` words a refusal."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            key = request.headers.get("Idempotency-Key", "")
            if not key or request.method in ("GET", "HEAD", "OPTIONS"):
                return view(request, *args, **kwargs)
            if len(key) > 80 or not key.isascii() or not key.isprintable():
                return respond(request, Refusal(_("Idempotency-Key 最长 80 个可见的 ASCII 字符。")))
            with transaction.atomic():
                client, said = _client(request), _said(request)
                with connection.cursor() as cursor:
                    cursor.execute(_CLAIM, [client, key, said])
                    won = cursor.fetchone()
                if won is None:
                    return _again(request, client, key, said, respond)
                response = view(request, *args, **kwargs)
                if response.status_code >= 400:
                    transaction.set_rollback(True)
                else:
                    IdempotencyKey.objects.filter(pk=won[0]).update(
                        status=response.status_code,
                        content_type=response.get("Content-Type", ""),
                        body=response.content.decode(),
                    )
                return response

        return answered

    return decorate


def _again(request: HttpRequest, client: str, key: str, said: str, respond: Respond) -> HttpResponse:
    known = IdempotencyKey.objects.get(client=client, key=key)
    if known.request != said:
        return respond(request, Refusal(_("这个 Idempotency-Key 已经用于另一个请求，请换一个。")))
    response = HttpResponse(known.body.open(), status=known.status or 200, content_type=known.content_type)
    response["Idempotent-Replayed"] = "true"
    return response


def forget_keys() -> None:
    """Delete the answers of keys that nobody will send again."""
    IdempotencyKey.objects.filter(made_at__lt=timezone.now() - KEEP).delete()
