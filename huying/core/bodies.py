"""A form counts only when all of it has arrived.

Django reads a multipart body up to where it ends, wherever that is: of a report whose connection broke off, or whose
client stopped, it makes a smaller report without its photos. Here the body is watched while it is read. It is whole
when it is as long as `Content-Length` says and, in multipart, when the last boundary (RFC 2046, 5.1.1) was among it.
This goes for every form there is, before its view is called; what can't be read at all is refused here too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.http import parse_header_parameters
from django.utils.translation import gettext as _

from huying.core.errors import Refusal
from huying.core.refusals import Unreadable, answer_refusal

_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


class TooLarge(Refusal):
    """More was sent than is taken in at once."""

    status = 413


class CutOff(Refusal):
    """The form ended before its end."""

    status = 400


class Watched:
    """A body on its way: reads like the stream it is made from, and knows how much came and how it ended."""

    def __init__(self, stream: Any, *, length: int, last: bytes) -> None:
        self._stream = stream
        self._missing, self._last = length, last
        self._seen, self._tail = not last, b""

    def read(self, *size: int) -> bytes:
        return self._noted(self._stream.read(*size))

    def readline(self, *size: int) -> bytes:
        return self._noted(self._stream.readline(*size))

    def close(self) -> None:
        self._stream.close()

    def is_whole(self) -> bool:
        """Whether everything that was announced has been read."""
        return self._missing == 0 and self._seen

    def _noted(self, data: bytes) -> bytes:
        self._missing -= len(data)
        if not self._seen:
            # The boundary may lie across two reads.
            window = self._tail + data
            self._seen = self._last in window
            self._tail = window[-len(self._last) + 1 :]
        return data


class WholeFormMiddleware:
    """Answers a form that broke off on its way, or that nobody can read, instead of its view. Before CSRF's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method == "POST" and request.content_type in _FORMS:
            stream = Watched(request._stream, length=_length(request), last=_last_boundary(request))
            request._stream = cast(BinaryIO, stream)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: object) -> HttpResponse | None:
        stream = getattr(request, "_stream", None)
        if not isinstance(stream, Watched):
            return None
        refusal = _unreadable(request)
        if refusal is None and not stream.is_whole():
            refusal = CutOff(_("内容没有收全，什么也没有保存。请检查网络后再提交一次。"))
        if refusal is None:
            return None
        response = answer_refusal(request, refusal)
        if isinstance(refusal, CutOff) and request.headers.get("X-Work"):
            response.status_code = 408  # what the outbox of a phone sends again by itself
        return response


def _unreadable(request: HttpRequest) -> Refusal | None:
    """Read the whole form; why it can't be read."""
    try:
        request.POST  # noqa: B018  read here
    except UnreadablePostError:
        return CutOff(_("内容没有收全，什么也没有保存。请检查网络后再提交一次。"))
    except RequestDataTooBig:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024**2
        return TooLarge(_("文字太多，一次最多 %d MB。请分几次提交。") % most)
    except (TooManyFieldsSent, TooManyFilesSent):
        return Unreadable(_("一次提交的项目太多。请分几次提交。"))
    except (MultiPartParserError, BadRequest, LookupError):
        # LookupError: an encoding that is none for texts.
        return Unreadable(_("提交的内容读不出来。请返回后再提交一次。"))
    return None


def _length(request: HttpRequest) -> int:
    text = request.META.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isascii() and text.isdigit() else 0


def _last_boundary(request: HttpRequest) -> bytes:
    """The last boundary of a multipart body that is not empty; nothing for any other body."""
    if request.content_type != "multipart/form-data" or not _length(request):
        return b""
    _type, options = parse_header_parameters(request.META.get("CONTENT_TYPE", ""))
    boundary = options.get("boundary", "")
    return f"--{boundary}--".encode() if boundary else b""
