"""A refusal that no form caught becomes a page that says what to do, not an "error"."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from huying.core.errors import Refusal

# The error pages there are; other refusals of what was sent look like a bad request.
_PAGES = {403: "403.html", 409: "409.html"}


class RefusalMiddleware:
    """Answers a Refusal with its own status and sentence."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Refusal):
            return None
        page = _PAGES.get(exception.status, "400.html")
        return render(
            request, page, {"exception": str(exception), "sentence": str(exception)}, status=exception.status
        )
