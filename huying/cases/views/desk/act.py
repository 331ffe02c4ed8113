"""Doing something with a case: one view for all verbs of `verbs.VERBS`.

With a script the form opens in a dialog over the page; without one it is a page of its own. A refusal comes back
with its sentence beside the field and everything that was typed; a conflict also says what happened meanwhile.
"""

from __future__ import annotations

import json
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from huying.cases.models import Case
from huying.cases.story import story_for_staff
from huying.cases.views.desk.case import case_for, head_context
from huying.cases.views.desk.verb_forms import VerbForm
from huying.cases.views.desk.verbs import VERBS, Verb, department_options, why_not
from huying.core.errors import Conflict, Refusal
from huying.core.files import store_photo
from huying.core.models import StoredFile
from huying.core.photo_links import draft_photos, draft_token, photo_url
from huying.core.toasts import toast
from huying.people.guards import requires, signed_in

MOST_PHOTOS = 9


@never_cache
@require_http_methods(["GET", "POST"])
@requires("case.view")
def act(request: HttpRequest, number: str, verb: str) -> HttpResponse:
    """The form of a verb (GET) and the verb itself (POST)."""
    case = case_for(signed_in(request), number)
    wanted = VERBS.get(verb)
    if wanted is None:
        raise Http404(_("没有这个操作。请回到案件页面重新选择。"))
    if request.method == "GET":
        if not wanted.is_open(case, signed_in(request)):
            return _closed(request, case, wanted)
        return _show(
            request, case, wanted, wanted.form(case, signed_in(request), initial=_asked(request)), []
        )
    return _do(request, case, wanted)


def _asked(request: HttpRequest) -> dict[str, str]:
    """First values from the address: a duplicate's link names the case to merge into."""
    return {name: str(value) for name, value in request.GET.items() if name in ("main", "department", "note")}


def _do(request: HttpRequest, case: Case, verb: Verb) -> HttpResponse:
    photos, wrong = _photos(request) if verb.form.photos else ([], None)
    form = verb.form(case, signed_in(request), request.POST, request.FILES)
    if not form.is_valid() or wrong is not None:
        if wrong is not None:
            form.refuse(wrong)
        return _show(request, case, verb, form, photos, status=422)
    try:
        _require_seen(request, case)
        if not verb.is_open(case, signed_in(request)):
            raise why_not(verb, case, signed_in(request))
        said = verb.act(case, form, signed_in(request), photos)
    except Refusal as refusal:
        # The action may have put new values on the instance before it was refused: read the case again.
        now = case_for(signed_in(request), case.number)
        form.refuse(refusal)
        return _show(
            request, now, verb, form, photos, status=refusal.status, conflict=isinstance(refusal, Conflict)
        )
    return _done(request, case, verb, said)


def _require_seen(request: HttpRequest, case: Case) -> None:
    """Refuse when somebody changed the case after this person's page was drawn; without a version, don't ask."""
    seen = request.POST.get("version", "")
    if seen.isascii() and seen.isdecimal() and seen != str(case.version):
        raise Conflict(_("您打开之后，案件有了新情况。请看过下面的最新情况，再决定是否继续。"))


def _photos(request: HttpRequest) -> tuple[list[StoredFile], Refusal | None]:
    """Photos of this form: those kept from an earlier try, and the new ones, which are kept at once."""
    photos, wrong = draft_photos(request.POST.getlist("kept_photo")), None
    for upload in request.FILES.getlist("photos")[: MOST_PHOTOS - len(photos)]:
        try:
            photos.append(store_photo(upload, by=signed_in(request)))
        except Refusal as refusal:
            wrong = refusal
    return photos, wrong


def _show(
    request: HttpRequest,
    case: Case,
    verb: Verb,
    form: VerbForm,
    photos: list[StoredFile],
    *,
    status: int = 200,
    conflict: bool = False,
) -> HttpResponse:
    leading, helping = department_options()
    drafts = [(draft_token(photo), photo) for photo in photos]
    context: dict[str, Any] = {
        **head_context(case, signed_in(request)),
        "verb": verb, "form": form, "conflict": conflict, "leading": leading, "helping": helping,
        "kept": [{"token": token, "url": photo_url(photo, small=True, draft=token)} for token, photo in drafts],
        "stay": request.GET.get("stay") or request.POST.get("stay") or "",
        "next": _next(request, ""),
        "meanwhile": story_for_staff(case)[-1:] if conflict else [],
        "place_map": {"id": "verb-map", "picker": True, "height": "small", "lng": case.lng, "lat": case.lat},
    }  # fmt: skip
    htmx = request.headers.get("HX-Request")
    response = render(
        request, "cases/desk/_verb.html" if htmx else "cases/desk/verb.html", context, status=status
    )
    if htmx:
        # Whatever part of the page asked, a form belongs into the dialog.
        response["HX-Retarget"], response["HX-Reswap"] = "#verb-body", "innerHTML"
    return response


def _closed(request: HttpRequest, case: Case, verb: Verb) -> HttpResponse:
    refusal = why_not(verb, case, signed_in(request))
    context = {
        **head_context(case, signed_in(request)),
        "verb": verb,
        "sentence": str(refusal),
        "meanwhile": story_for_staff(case)[-1:],
    }
    template = (
        "cases/desk/_verb_closed.html" if request.headers.get("HX-Request") else "cases/desk/verb_closed.html"
    )
    return render(request, template, context, status=refusal.status)


def _next(request: HttpRequest, default: str) -> str:
    target = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if target and safe else default


def _done(request: HttpRequest, case: Case, verb: Verb, said: str) -> HttpResponse:
    """Back to where the form was opened from, saying what happened."""
    if request.headers.get("HX-Request") and request.POST.get("stay"):
        news = {"case-changed": {"number": case.number, "verb": verb.code}, "toast": {"value": said}}
        return HttpResponse(status=204, headers={"HX-Trigger": json.dumps(news)})
    toast(request, said)
    target = _next(request, reverse("desk:case", args=[case.number]))
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": target})
    return HttpResponseRedirect(target)
