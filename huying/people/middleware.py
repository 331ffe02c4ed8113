"""A session ends after the set hours without a click, not after the set hours of work."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

RENEW_AFTER_SECONDS = 300
_SEEN = "seen_at"


class SessionRenewalMiddleware:
    """Push the session's end back at most every five minutes: one write then, instead of one per page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # Only a request that looked at its user: a page that didn't shall not pay for the session.
        if getattr(getattr(request, "_cached_user", None), "is_authenticated", False):
            now = int(time.time())
            if now - request.session.get(_SEEN, 0) >= RENEW_AFTER_SECONDS:
                request.session[_SEEN] = now
        return response
