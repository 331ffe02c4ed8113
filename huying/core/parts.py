"""Parts of pages: an address that answers with a fragment leads whoever opens it directly to the whole page."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import patch_vary_headers

View = Callable[..., HttpResponse]
ASKED_BY = ("HX-Request", "X-Part")
"""The headers by which a script of the page says that it asks."""


def asked_as_part(request: HttpRequest) -> bool:
    """Whether a script of the page asks and puts the answer into it; going back in the history asks for the whole."""
    if request.headers.get("HX-History-Restore-Request"):
        return False
    return any(request.headers.get(name) for name in ASKED_BY)


def part_of(page: str) -> Callable[[View], View]:
    """A view that answers with a part of `page` (a URL name with the same arguments), with the query both share."""

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if asked_as_part(request):
                response = view(request, *args, **kwargs)
            else:
                query = request.META.get("QUERY_STRING", "")
                response = redirect(reverse(page, args=args, kwargs=kwargs) + (f"?{query}" if query else ""))
            patch_vary_headers(response, ASKED_BY)
            return response

        return answer

    return decorate
