"""Three taps: photos, place, words."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from huying.cases.views.portal.choosing import offer
from huying.cases.views.portal.display import nearby_cards, public_card
from huying.cases.views.portal.submission import MOST_PHOTOS, Submission, hotline, outside_sentence
from huying.places.locate import locate


@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """The form; a POST that is in order leads to the receipt, any other comes back with everything typed."""
    said = Submission(request)
    if request.method == "POST" and (received := said.accepted()):
        return redirect("portal:receipt", received.number, received.token)
    response = render(request, "cases/portal/report.html", _context(said), status=said.status)
    add_never_cache_headers(response)  # the hidden number of the form is for one report
    return response


@require_POST
def suggest(request: HttpRequest) -> HttpResponse:
    """While typing: the likely categories, the ledger's own fields, and whether it is known nearby."""
    said = Submission(request)
    part = "_nearby.html" if request.GET.get("part") == "nearby" else "_suggest.html"
    return render(request, f"cases/portal/{part}", _context(said) | {"swapped": True})


def _context(said: Submission) -> dict[str, Any]:
    outside = ""
    if said.form.is_bound and said.request.headers.get("HX-Request"):
        said.form.is_valid()
        point = said.form.point
        outside = outside_sentence() if point and locate(*point).kind == "outside" else ""
    return {
        "said": said,
        "form": said.form,
        "declared": said.declared,
        "category": said.category,
        "groups": offer().groups,
        "follows": public_card(said.follows) if said.follows else None,
        "nearby": nearby_cards(said.nearby) if said.nearby and not outside else [],
        "outside": outside,
        "max_photos": MOST_PHOTOS,
        "hotline": hotline(),
        "map": {"id": "report-map", "picker": True, "label": _("选位置的地图"), "height": "small"},
    }
