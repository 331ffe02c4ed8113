"""Answers to a phone that may have lost its network: a script is told where to go on, a plain form is sent there."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse

from huying.core.toasts import toast

OUTCOME = "huying.outcome"


def from_script(request: HttpRequest) -> bool:
    """Whether the phone's outbox asks, which reads JSON."""
    return bool(request.headers.get("X-Work"))


def accepted(request: HttpRequest, url: str, words: str) -> HttpResponse:
    """The form has arrived. Only this answer lets the phone throw away what it kept."""
    outcome = {"url": url, "words": words}
    request.META[OUTCOME] = outcome
    return answered(request, outcome)


def answered(request: HttpRequest, outcome: dict[str, Any]) -> HttpResponse:
    """This outcome, once more or for the first time."""
    # What is sent in the background is told by the outbox, not by a row of toasts on some later page.
    if request.headers.get("X-Work") != "background":
        toast(request, outcome["words"])
    if from_script(request):
        return JsonResponse(outcome)
    return HttpResponseRedirect(outcome["url"])
