"""Published values: the permanent page of each, publishing one, and the list of them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

import segno
from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from huying.core.errors import Refusal
from huying.core.navigation import build
from huying.core.pages import Column, Filter, ListPage
from huying.core.toasts import toast
from huying.figures.collections import RowFacts, collection
from huying.figures.counting import UnknownFigure, span_of
from huying.figures.exports import export_frozen
from huying.figures.meaning import meaning, plain, span_words
from huying.figures.models import PublishedFigure
from huying.figures.policy import (
    is_staff_reader,
    may_publish,
    may_see,
    published_for,
    require_publish,
    shown_keys,
)
from huying.figures.publishing import Recount, asked_of, frozen_rows, publish, recount
from huying.figures.rows import Row, batches
from huying.figures.views.desk.asking import look
from huying.figures.views.desk.figures import ROWS, figure_for, frame_for, page_number, pager_of
from huying.figures.wording import told
from huying.people.guards import VerbRequired, check, requires, signed_in

CHUNK = 1000


def published_by_token(request: HttpRequest, token: str) -> PublishedFigure | HttpResponse:
    """The published value that the reader may see; else where they sign in. Raises Http404, PermissionDenied."""
    rows = PublishedFigure.objects.select_related("figure", "published_by", "whole")
    found = rows.filter(token=token.lower()).first() if token.isprintable() else None
    if found is None or not may_see(request.user, found.rules):
        refusal = check(request, "figure.view")
        if refusal is not None:
            return refusal
    if found is None:
        raise Http404(_("没有这个地址。请核对纸上的十位字母和数字；其中没有 0、1、i、l、o。"))
    return found


@never_cache
@require_safe
def published(request: HttpRequest, token: str) -> HttpResponseBase:
    """The value as it was told, what it meant, its rows; counted again, what has changed and who changed it."""
    found = published_by_token(request, token)
    if isinstance(found, HttpResponse):
        return found
    rules, asked = found.rules, asked_of(found)
    said = meaning(rules, asked, found.at)
    wanted = request.GET.get("export", "")
    if wanted in ("xlsx", "csv") and rules.of:
        return export_frozen(found, said, _readable(request, found), as_csv=wanted == "csv")
    again = _recounted(found, request.GET.get("recount", ""))
    number = page_number(request)
    context = {
        "found": found, "rules": rules, "meaning": said, "staff": is_staff_reader(request.user),
        **frame_for(request), "span": span_words(span_of(rules, asked, found.at)),
        "numerator": plain(Fraction(found.numerator)),
        "denominator": plain(Fraction(found.denominator)) if found.denominator else "",
        "parts": found.parts.select_related("figure").order_by("pk"),
        "link": request.build_absolute_uri(found.get_absolute_url()), "recount": again, "asked_again": bool(again),
        "recount_kind": request.GET.get("recount", ""),
        "differences": list(_differences(request, found, again)) if again else [],
        "still_declared": _still_declared(found), "live_url": _live_url(found),
        "may_publish": may_publish(request.user), **_rows(request, found, number),
    }  # fmt: skip
    if context["staff"]:
        context["navigation"] = build(request, "desk")  # the short address is not below /desk/
    return render(request, "figures/published.html", context)


def _recounted(found: PublishedFigure, wanted: str) -> Recount | None:
    if wanted not in ("now", "then"):
        return None
    try:
        return recount(found, then=wanted == "then")
    except (UnknownFigure, KeyError):
        return None


def _still_declared(found: PublishedFigure) -> bool:
    """Whether the figure is still declared as it was then."""
    return found.figure.active and found.figure.rules == found.rules


def _live_url(found: PublishedFigure) -> str:
    query = asked_of(found).query()
    address = reverse("figures:figure", args=[found.figure.code])
    return f"{address}?{query}" if query else address


def _readable(request: HttpRequest, found: PublishedFigure) -> Iterator[Row]:
    for chunk in batches(frozen_rows(found), CHUNK):
        mine = shown_keys(found.rules.of, request.user, [row.facts for row in chunk])
        yield from (row for row in chunk if row.facts.pk in mine)


def _rows(request: HttpRequest, found: PublishedFigure, number: int) -> dict[str, Any]:
    if not found.rules.of:
        return {"rows": [], "shown": 0, "hidden": 0}
    rows = list(_readable(request, found) if is_staff_reader(request.user) else _open_rows(found))
    start = (number - 1) * ROWS
    page = rows[start : start + ROWS]
    links = _links(request, found, [row.facts.pk for row in page])
    return {
        "rows": [{"row": row, "url": links.get(row.facts.pk, "")} for row in page], "shown": len(rows),
        "hidden": found.rows - len(rows), "pager": pager_of(request, number, len(rows)), "number": number,
    }  # fmt: skip


def _open_rows(found: PublishedFigure) -> Iterator[Row]:
    """Of the frozen rows those whose subjects are public, in the words that residents read."""
    of = collection(found.rules.of)
    for chunk in batches(frozen_rows(found), CHUNK):
        kept = {row.facts.pk: row for row in chunk}
        rows = list(of.open_to_all().filter(pk__in=list(kept)).order_by("pk"))
        for facts in of.describe_openly(rows):
            row = kept[facts.pk]
            yield Row(facts, row.number, row.inside, row.told)


def _links(request: HttpRequest, found: PublishedFigure, keys: list[int]) -> dict[int, str]:
    """Where each of these rows opens today; what is gone opens nowhere."""
    of = collection(found.rules.of)
    if not is_staff_reader(request.user):
        rows = list(of.open_to_all().filter(pk__in=keys))
        return {facts.pk: facts.url for facts in of.describe_openly(rows)}
    rows = list(
        of.readable(cast(Any, request.user)).filter(pk__in=keys).order_by("pk").select_related(*of.related())
    )
    return {facts.pk: facts.url for facts in of.describe(rows)}


@dataclass(frozen=True)
class Told:
    """A row that counts otherwise, as the page tells it."""

    kind: str
    label: str
    before: Row | None
    now: Row | None
    entries: tuple[tuple[Any, str, str], ...]  # (when, who, what)


def _differences(request: HttpRequest, found: PublishedFigure, again: Recount) -> Iterator[Told]:
    facts: list[RowFacts] = [each.facts for each in again.differences]
    mine = shown_keys(found.rules.of, request.user, facts) if facts else set()
    for each in again.differences:
        if each.facts.pk in mine:
            lines = tuple((entry.at, entry.actor_name or _("系统"), told(entry)) for entry in each.entries)
            yield Told(each.kind, each.facts.label, each.before, each.now, lines)


@never_cache
@require_safe
def qr(request: HttpRequest, token: str) -> HttpResponse:
    """The permanent address as a QR code for paper."""
    found = published_by_token(request, token)
    if isinstance(found, HttpResponse):
        return found
    out = io.BytesIO()
    link = request.build_absolute_uri(found.get_absolute_url())
    segno.make(link, error="m", micro=False).save(
        out, kind="svg", scale=6, border=3, light="#fff", dark="#000"
    )
    return HttpResponse(out.getvalue(), content_type="image/svg+xml")


class PublishForm(forms.Form):
    """What the number is told for."""

    purpose = forms.CharField(
        label=gettext_lazy("用在哪里"), max_length=160, required=False,
        help_text=gettext_lazy("例如“三季度督导通报”，方便以后找。"),
    )  # fmt: skip


@require_POST
@requires("figure.publish")
def publish_figure(request: HttpRequest, code: str) -> HttpResponse:
    """Freeze the figure now for the days and the part that the page shows."""
    rules = figure_for(request, code)
    if isinstance(rules, HttpResponse):
        return rules
    user = signed_in(request)
    require_publish(user)
    form = PublishForm(request.POST)
    looked = look(rules, request.GET)
    back = reverse("figures:figure", args=[code])
    if not form.is_valid() or looked.mistakes:
        words = [*(str(each) for errors in form.errors.values() for each in errors), *looked.mistakes]
        toast(request, " ".join(words), level=messages.ERROR)
        return HttpResponseRedirect(f"{back}?{looked.asked.query()}")
    try:
        found = publish(code, looked.asked, actor=user, purpose=form.cleaned_data["purpose"])
    except (Refusal, UnknownFigure) as refusal:
        toast(request, str(refusal), level=messages.ERROR)
        return HttpResponseRedirect(f"{back}?{looked.asked.query()}")
    toast(request, _("已公布：%(text)s。地址长期有效。") % {"text": found.text})
    return HttpResponseRedirect(found.get_absolute_url())


class Published(VerbRequired, ListPage):
    """Every published value, newest first."""

    verb = "figure.view"
    name = "published-figures"
    title = gettext_lazy("公布过的数字")
    lead = gettext_lazy("公布时的数和它的记录都冻结在这里；随时可以重新数一遍，看有没有变。")
    order = "-at"
    columns = (
        Column("text", gettext_lazy("数值"), css="cell--nowrap"),
        Column("figure", gettext_lazy("数字"), lambda row: str(row.rules), css="cell--wide"),
        Column("days", gettext_lazy("时段"), lambda row: span_words(asked_of(row).span)),
        Column("at", gettext_lazy("截至"), sort="at", css="cell--nowrap"),
        Column("rows", gettext_lazy("记录数"), css="number"),
        Column("purpose", gettext_lazy("用在")),
        Column("published_by", gettext_lazy("谁公布的")),
        Column("token", gettext_lazy("地址"), css="cell--nowrap"),
    )
    filters = (
        Filter(
            "q", forms.CharField(label=gettext_lazy("搜索"), max_length=80),
            apply=lambda rows, words: rows.filter(figure__title__icontains=words)
            | rows.filter(purpose__icontains=words) | rows.filter(figure__code=words),
        ),
    )  # fmt: skip
    empty = {
        "title": gettext_lazy("还没有公布过数字"),
        "text": gettext_lazy("打开一个数字，按“公布”，它的值和记录就冻结下来。"),
        "icon": "chart",
    }

    def get_queryset(self) -> QuerySet[Any]:
        """Wholes; a part is on the page of its whole."""
        return published_for(self.request.user).filter(whole=None).select_related("figure", "published_by")
