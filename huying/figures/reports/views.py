"""Meeting packs: choose, watch it being made, take it along."""

from __future__ import annotations

from typing import cast
from urllib.parse import quote

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from huying.core.errors import Refusal
from huying.core.parts import asked_as_part
from huying.core.toasts import toast
from huying.figures.reports.models import MeetingPack
from huying.figures.reports.packing import KINDS, choices_for, order_pack
from huying.people.guards import reader, requires

SHOWN = 30


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires("figure.view")
def packs(request: HttpRequest) -> HttpResponse:
    """One's own packs, and the form for a new one."""
    user = reader(request)
    choices = choices_for(user)
    if request.method == "POST":
        known = {kind: {code for code, _title in choices[kind]} for kind in KINDS}
        items = [
            {"kind": kind, "code": code}
            for kind in KINDS
            for code in request.POST.getlist(kind)
            if code in known[kind]
        ]
        try:
            pack = order_pack(title=request.POST.get("title", ""), items=items, actor=user)
        except Refusal as refusal:
            toast(request, str(refusal), level=messages.ERROR)
        else:
            return redirect(pack.get_absolute_url())
    mine = MeetingPack.objects.filter(made_by=user)[:SHOWN]
    context = {
        "packs": mine,
        "choices": choices,
        "war_maps": choices["war-map"],
        "title": request.POST.get("title", ""),
        "chosen": {kind.replace("-", "_"): request.POST.getlist(kind) for kind in KINDS},
    }
    return render(
        request, "figures/reports/packs.html", context, status=422 if request.method == "POST" else 200
    )


def pack_for(request: HttpRequest, token: str) -> MeetingPack:
    """One's own pack; 404 for one of somebody else: it holds what its maker may see."""
    found = MeetingPack.objects.filter(token=token, made_by=reader(request)).first()
    if found is None:
        raise Http404(_("没有这份会议材料，或者它是别人生成的。"))
    return found


@never_cache
@require_safe
@requires("figure.view")
def pack_page(request: HttpRequest, token: str) -> HttpResponse:
    """How far it is; then its contents."""
    pack = pack_for(request, token)
    context = {
        "pack": pack,
        "total": len(pack.items),
        "running": pack.state in (MeetingPack.State.WAITING, MeetingPack.State.MAKING),
    }
    name = "_progress" if asked_as_part(request) else "pack"
    return render(request, f"figures/reports/{name}.html", context)


@never_cache
@require_safe
@requires("figure.view")
def pack_file(request: HttpRequest, token: str) -> HttpResponse:
    """The zip."""
    pack = pack_for(request, token)
    if not pack.file:
        raise Http404(_("还没有生成好。"))
    response = FileResponse(pack.file.open("rb"), content_type="application/zip")
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(f'{pack.title}.zip', safe='')}"
    return cast(HttpResponse, response)
