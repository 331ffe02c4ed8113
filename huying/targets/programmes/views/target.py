"""One target at the desk: value against plan, entries with evidence, history; change, close, reopen."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from huying.core.errors import NotAllowed, Refusal
from huying.core.files import store_photo
from huying.core.toasts import toast
from huying.people.guards import requires, signed_in
from huying.targets.programmes import actions
from huying.targets.programmes.display import Line, entry_badge, evidence_of
from huying.targets.programmes.forms import ChangeForm, CloseForm
from huying.targets.programmes.models import Entry, Target
from huying.targets.programmes.policy import (
    APPROVE,
    MANAGE,
    VIEW,
    entries_for,
    may_enter,
    targets_for,
)
from huying.targets.programmes.progress import (
    at_month_ends,
    day_shown,
    entries_url,
    last_known,
    progress_of,
    rounded,
)
from huying.targets.programmes.views.lists import amount_words
from huying.targets.programmes.views.programme import asked_day, target_for

MOST_SHOWN = 12
MOST_PHOTOS = 9


@never_cache
@require_safe
@requires(VIEW)
def target(request: HttpRequest, programme: str, code: str) -> HttpResponse:
    """How far one target is, by whose word, and how that came about."""
    return _page(request, target_for(request, programme, code))


def _page(request: HttpRequest, found: Target, status: int = 200, **forms_of: forms.Form) -> HttpResponse:
    user = signed_in(request)
    form, asked = asked_day(request)
    programme = found.programme
    on = asked or day_shown(programme, last_known([programme]).get(programme.pk), timezone.localdate())
    progress = progress_of(found, on=on)
    mine = (
        entries_for(user).filter(target=found).select_related("entered_by", "decided_by", "area", "corrects")
    )
    shown = mine.prefetch_related("files__file").defer("area__boundary")
    decides = targets_for(user, APPROVE).filter(pk=found.pk).exists()
    manages = targets_for(user, MANAGE).filter(pk=found.pk).exists()
    context = {
        "target": found, "programme": programme, "rules": found.rules, "line": Line(found, progress), "on": on,
        "progress": progress, "day_form": form, "chart": _curve(found, on),
        "entries": _rows(shown.exclude(status=Entry.Status.WITHDRAWN).order_by("-day", "-pk")[:MOST_SHOWN]),
        "entries_url": entries_url(found, on=on), "all_url": entries_url(found, status=""),
        "changes": found.changes.select_related("actor"), "closing": evidence_of(found.closing_files.all()),
        "may_enter": may_enter(user, found) and not found.closed_at, "may_manage": manages,
        "may_close": decides and found.amount is None, "more": mine.count() > MOST_SHOWN,
        "change_form": forms_of.get("change") or _change_form(found),
        "close_form": forms_of.get("close") or CloseForm(),
    }  # fmt: skip
    return render(request, "targets/programmes/target.html", context, status=status)


def _change_form(found: Target) -> ChangeForm:
    amount = None if found.amount is None else found.amount.normalize()
    return ChangeForm(found, initial={"amount": None if amount is None else f"{amount:f}", "due": found.due})


def _rows(entries: Any) -> list[dict[str, Any]]:
    return [
        {
            "entry": entry,
            "amount": amount_words(entry),
            "badge": entry_badge(entry),
            "evidence": evidence_of(entry.files.all()),
        }
        for entry in entries
    ]


def _curve(found: Target, on: Any) -> dict[str, Any] | None:
    if found.amount is None:
        return None
    points = at_month_ends(found, on)
    if len(points) < 2:
        return None
    series = [
        {
            "name": _("完成"),
            "values": [None if value is None else float(rounded(value, 2)) for _d, value, _p in points],
            "urls": [entries_url(found, on=min(day, on)) if not found.figure else "" for day, _v, _p in points],
        }
    ]  # fmt: skip
    if any(plan is not None for _d, _v, plan in points):
        planned = [None if plan is None else float(rounded(plan, 2)) for _d, _v, plan in points]
        series.append({"name": _("计划"), "values": planned})
    series.append({"name": _("目标"), "values": [float(found.amount)] * len(points)})
    return {
        "id": "target-curve", "title": _("完成与计划"), "kind": "line", "height": "small", "until": f"{on}",
        "labels": [f"{day:%Y-%m}" for day, _v, _p in points], "label_title": _("月份"), "unit": found.measured_in,
        "series": series,
    }  # fmt: skip


@require_POST
@requires(MANAGE)
def change(request: HttpRequest, programme: str, code: str) -> HttpResponse:
    """Another value or day, with the reason."""
    user, found = signed_in(request), target_for(request, programme, code)
    form = ChangeForm(found, request.POST)
    if form.is_valid():
        said = form.cleaned_data
        try:
            actions.change_target(
                found, amount=said.get("amount"), due=said["due"], reason=said["reason"], actor=user
            )
        except NotAllowed:
            raise
        except Refusal as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            toast(request, _("目标已调整，原来的值留在历史里。"))
            return HttpResponseRedirect(found.get_absolute_url())
    return _page(request, found, 422, change=form)


@require_POST
@requires(APPROVE)
def close(request: HttpRequest, programme: str, code: str) -> HttpResponse:
    """Strike a task off, with evidence."""
    user, found = signed_in(request), target_for(request, programme, code)
    form = CloseForm(request.POST)
    if form.is_valid():
        said = form.cleaned_data
        try:
            uploads = request.FILES.getlist("photos")[:MOST_PHOTOS]
            photos = [store_photo(upload, by=user) for upload in uploads]
            actions.close_target(found, words=said["words"], public=said["public"], files=photos, actor=user)
        except NotAllowed:
            raise
        except Refusal as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            toast(request, _("已销号。"))
            return HttpResponseRedirect(found.get_absolute_url())
    return _page(request, found, 422, close=form)


@require_POST
@requires(APPROVE)
def reopen(request: HttpRequest, programme: str, code: str) -> HttpResponse:
    """Take the striking-off back."""
    user, found = signed_in(request), target_for(request, programme, code)
    try:
        actions.reopen_target(found, reason=request.POST.get("reason", ""), actor=user)
    except NotAllowed:
        raise
    except Refusal as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    else:
        toast(request, _("已撤销销号。"))
    return HttpResponseRedirect(found.get_absolute_url())
