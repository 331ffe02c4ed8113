"""What the administrative pages share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

from huying.core.errors import NotAllowed, Refusal
from huying.core.toasts import toast

MANAGE_PEOPLE = "people.manage"
MANAGE_PLACES = "places.manage"


def add_refusal(form: BaseForm, refusal: Refusal) -> None:
    """Show a refusal beside the field it is about, or on top."""
    form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))


def form_page(
    request: HttpRequest,
    form: BaseForm,
    save: Callable[[Any], HttpResponse],
    *,
    template: str = "people/form_page.html",
    **context: Any,
) -> HttpResponse:
    """A page that is one form: shows it, saves it by `save(cleaned_data)`, keeps what was typed when refused."""
    if request.method == "POST" and form.is_valid():
        try:
            return save(form.cleaned_data)
        except Refusal as refusal:
            add_refusal(form, refusal)
    status = 422 if form.errors else 200
    return render(request, template, {"form": form, **context}, status=status)


def act(request: HttpRequest, action: Callable[[], object], done: str, then: str) -> HttpResponse:
    """Do one thing and go back to `then`; a refusal is said there. What isn't theirs stays a 403."""
    try:
        action()
    except NotAllowed as refusal:
        return render(request, "403.html", {"sentence": str(refusal)}, status=403)
    except Refusal as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    else:
        toast(request, done)
    return HttpResponseRedirect(back_to(request, then))


def back_to(request: HttpRequest, otherwise: str) -> str:
    """The page that the form names in `next`, when it is ours."""
    target = request.POST.get("next", "")
    return target if url_has_allowed_host_and_scheme(target, {request.get_host()}) else otherwise
