"""A refusal that no form caught becomes a page that says what to do, not an "error"."""

from __future__ import annotations

from collections.abc import Callable

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from psycopg import errors

from huying.core.errors import Conflict, Refusal

# The error pages there are; other refusals of what was sent look like a bad request.
_PAGES = {status: f"{status}.html" for status in (403, 409, 413, 429)}

# What PostgreSQL says to the one of two transactions that has to begin again.
_COLLISIONS = (errors.DeadlockDetected, errors.SerializationFailure, errors.LockNotAvailable)


class Unreadable(Refusal):
    """What was sent holds what no text may hold."""

    status = 400


class RefusalPage(HttpResponse):
    """The page of a refusal. Whoever answers programs takes its sentence instead of the page."""

    def __init__(self, request: HttpRequest, refusal: Refusal) -> None:
        self.sentence = str(refusal)
        context = {"exception": self.sentence, "sentence": self.sentence}
        page = _PAGES.get(refusal.status, "400.html")
        super().__init__(render_to_string(page, context, request), status=refusal.status)


class RefusalMiddleware:
    """Answers a Refusal with its own status and sentence."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: object) -> HttpResponse | None:
        # No keyboard writes a NUL, and PostgreSQL stores none: refused here, once, for every field there is.
        if _holds_nul(request):
            return answer_refusal(request, Unreadable(_("内容里有无法保存的字符。请改成普通文字后再提交。")))
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, OperationalError) and is_collision(exception):
            exception = Conflict(_("刚才有人同时在处理，这一步没有保存。请返回后再试一次。"))
        if isinstance(exception, RawPostDataException):
            exception = Unreadable(_("请用 JSON 提交：Content-Type: application/json。"))
        return answer_refusal(request, exception) if isinstance(exception, Refusal) else None


def is_collision(error: OperationalError) -> bool:
    """Whether PostgreSQL ended this transaction because of another one: it may be tried again."""
    return isinstance(error.__cause__, _COLLISIONS)


def answer_refusal(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """A page with the sentence of a refusal and its status."""
    return RefusalPage(request, refusal)


def _holds_nul(request: HttpRequest) -> bool:
    """Whether path, query or form hold a NUL character. Files are looked at where they are taken in."""
    if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
        return True
    if request.method != "POST":
        return False
    return any("\0" in text for name, texts in request.POST.lists() for text in (name, *texts))
