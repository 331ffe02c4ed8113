"""Answers to a phone that may have lost its network: a script is told where to go on, a plain form is sent there."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse

from huying.core.toasts import toast


def accepted(request: HttpRequest, url: str, words: str) -> HttpResponse:
    """The form has arrived. Only this answer lets the phone throw away what it kept."""
    toast(request, words)
    if request.headers.get("X-Work"):
        return JsonResponse({"url": url})
    return HttpResponseRedirect(url)
