"""`POST /api/hotline/orders`: the city's door. Every answer is JSON; every error says what to do, in two languages."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, OperationalError, transaction
from django.http import HttpRequest, JsonResponse, RawPostDataException, UnreadablePostError
from django.utils import timezone, translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from huying.core.errors import Refusal
from huying.core.refusals import is_collision
from huying.integrations.hotline.actions import Received, receive_message
from huying.integrations.hotline.messages import Unreadable, read_message
from huying.integrations.hotline.models import CitySystem, Exchange, Order
from huying.integrations.hotline.signing import require_headers, require_signature

log = logging.getLogger(__name__)
Result = TypeVar("Result")
_TITLES = {
    400: "Bad request",
    401: "Signature required",
    403: "Not allowed",
    409: "Conflict",
    413: "Too large",
    422: "Refused",
    503: "Try again later",
}
_LATER = ("本系统暂时不能处理，请稍后用同样的内容重新发送。", "Try again later with the same contents.")
_TOO_LARGE = (
    "请求超过 5 MB。照片请改用网址，或压缩后重新发送。",
    "The request is larger than 5 MB. Name photos by URL or make them smaller.",
)

_NOT_JSON = (
    "请用 Content-Type: application/json 发送 JSON 正文。",
    "Send a JSON body with Content-Type: application/json.",
)


class _Both(Exception):
    """A refusal in Chinese and English."""

    def __init__(self, status: int, zh: str, en: str, errors: list[tuple[str, str]] | None = None) -> None:
        super().__init__(zh)
        self.status, self.zh, self.en, self.errors = status, zh, en, errors or []


@csrf_exempt
@never_cache
@require_POST
def orders(request: HttpRequest) -> JsonResponse:
    """Take in one message about one order; the answer is its receipt."""
    started, system, received = time.monotonic(), None, None
    number = ""
    try:
        _told_twice(lambda: require_headers(request))
        body = _body(request)
        system = _told_twice(lambda: require_signature(request))
        message = _told_twice(lambda: read_message(body))
        number = message.number
        known = system
        received = _told_twice(lambda: receive_message(known, message))
        status = 201 if received.outcome == "created" else 200
        answer = JsonResponse(received.receipt(), status=status, json_dumps_params={"ensure_ascii": False})
    except _Both as refusal:
        answer = _problem(refusal)
    _note(system, received, number, answer, time.monotonic() - started)
    return answer


def _body(request: HttpRequest) -> bytes:
    try:
        return request.body
    except RequestDataTooBig:
        raise _Both(413, *_TOO_LARGE) from None
    except RawPostDataException:
        raise _Both(400, *_NOT_JSON) from None
    except (UnreadablePostError, OSError):
        raise _Both(400, "请求没有传完整，请重新发送。", "The request broke off. Send it again.") from None


def _told_twice(work: Callable[[], Result]) -> Result:
    """Do the work; what it refuses is said in Chinese and in English. Whatever stumbles asks for another try."""
    try:
        with translation.override("zh-hans"):
            return work()
    except Refusal as refusal:
        zh = str(refusal)
        errors = refusal.errors if isinstance(refusal, Unreadable) else []
        if not errors and refusal.field:
            errors = [(refusal.field, zh)]
        raise _Both(refusal.status, zh, _english(work, zh), errors) from None
    except OperationalError as error:
        if not is_collision(error):
            log.exception("the exchange lost its database")
        raise _Both(503, *_LATER) from None
    except Exception:
        log.exception("the exchange stumbled")
        raise _Both(503, *_LATER) from None


def _english(work: Callable[[], object], zh: str) -> str:
    """The same sentence in English, from the catalogue; a sentence with values in it is refused once more."""
    with translation.override("en"):
        said = translation.gettext(zh)
        if said != zh:
            return said
        try:
            with transaction.atomic():
                work()
                transaction.set_rollback(True)
        except Refusal as refusal:
            return str(refusal)
        except Exception:
            log.exception("the exchange stumbled over a refusal")
    return zh


def _problem(refusal: _Both) -> JsonResponse:
    body = {
        "type": "about:blank",
        "title": _TITLES.get(refusal.status, "Refused"),
        "status": refusal.status,
        "detail": refusal.zh,
        "detail_en": refusal.en,
        "errors": [{"field": field, "detail": detail} for field, detail in refusal.errors],
    }
    answer = JsonResponse(
        body, status=refusal.status, content_type="application/problem+json", json_dumps_params={"ensure_ascii": False}
    )  # fmt: skip
    if refusal.status == 503:
        answer["Retry-After"] = "60"
    return answer


def _note(
    system: CitySystem | None, received: Received | None, number: str, answer: JsonResponse, seconds: float
) -> None:
    """Put what passed on the log of the order. What nobody signed is not kept: anyone could fill a disk with it."""
    if system is None:
        return
    try:
        order = (
            received.order
            if received
            else Order.objects.filter(system=system, number=number).first()
            if number
            else None
        )
        Exchange.objects.create(
            system=system, order=order, incoming=True, at=timezone.now(), seconds=round(seconds, 3),
            what=(received.outcome if received else number)[:60] or "-", status=answer.status_code,
            answer="" if received else answer.content.decode()[:500],
        )  # fmt: skip
    except DatabaseError:
        log.exception("the exchange could not be noted")
