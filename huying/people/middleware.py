"""A session ends after the set hours without a click, not after the set hours of work."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from huying.core.toasts import toast

RENEW_AFTER_SECONDS = 300
_SEEN = "seen_at"
# What stays open to who has yet to set up a second factor: setting it up, leaving, the language, what belongs to pages.
_OPEN = (
    "/accounts/security/",
    "/accounts/confirmation/",
    "/accounts/logout/",
    "/i18n/",
    "/static/",
    "/healthz",
    "/readyz",
)


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


class SecondFactorMiddleware:
    """Who needs a second factor and has none sets one up before anything else.

    Programs with a token are not asked: a token has its own limits and its own end.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SECOND_FACTOR_ROLES and not request.path.startswith(_OPEN) and self._must(request):
            toast(request, _("您的岗位要求第二验证，请先设置一种，再继续工作。"), level=messages.WARNING)
            return redirect("mfa_index")
        return self.get_response(request)

    @staticmethod
    def _must(request: HttpRequest) -> bool:
        from huying.people.signing.factors import must_add_factor

        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return False
        return request.user.is_authenticated and must_add_factor(request, request.user)
