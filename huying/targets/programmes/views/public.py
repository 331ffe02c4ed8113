"""The public page of promises: what was promised, how far it is, when, with evidence. No signing in."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from huying.core.paging import address
from huying.targets.programmes.display import Board, boards, evidence_of
from huying.targets.programmes.models import ClosingFile, EntryFile, Programme
from huying.targets.programmes.views.lists import amount_words
from huying.targets.programmes.views.programme import asked_day, rule_words

MOST_PHOTOS = 4  # of one target


def _public() -> list[Programme]:
    return list(Programme.objects.filter(active=True, public=True))


@require_safe
def promises(request: HttpRequest) -> HttpResponse:
    """Every programme that is public, the newest first."""
    return render(request, "targets/programmes/public_list.html", {"boards": boards(_public())})


@require_safe
def promise_page(request: HttpRequest, code: str) -> HttpResponse:
    """One programme as residents read it."""
    found = next((row for row in _public() if row.code == code), None)
    if found is None:
        raise Http404(_("没有公开的这个计划。"))
    form, on = asked_day(request)
    board = boards([found], on=on)[0]
    photos, asked = _photos(board), request.GET.get("status", "")
    states = [code for code, _badge, _count in board.tally()]
    context = {
        "programme": found, "board": board, "rule": rule_words(board), "form": form,
        "asked": asked if asked in states else "",
        "tally": [(address(request, status=code), *each) for each in board.tally() for code in each[:1]],
        "all_url": address(request, status=None),
        "groups": [
            {
                "group": group,
                "lines": [{"line": line, "photos": photos.get(line.target.pk, [])} for line in group.lines],
            }
            for group in board.groups if asked not in states or asked == group.code
        ],
    }  # fmt: skip
    return render(request, "targets/programmes/public.html", context)


def _photos(board: Board) -> dict[int, list[dict[str, Any]]]:
    """Target → a few pictures that were made public: the first and the latest, how it was and how it is."""
    keys = [line.target.pk for line in board.lines]
    rows = EntryFile.objects.filter(
        public=True, entry__target__in=keys, entry__status="approved", entry__day__lte=board.on
    )
    found: dict[int, list[EntryFile | ClosingFile]] = {}
    for row in rows.select_related("file", "entry__area", "entry__target").order_by("entry__day", "pk"):
        found.setdefault(row.entry.target_id, []).append(row)
    for shot in ClosingFile.objects.filter(public=True, target__in=keys).select_related("file", "target"):
        found.setdefault(shot.target_id, []).append(shot)
    return {key: _evidence(rows) for key, rows in found.items()}


def _evidence(rows: list[EntryFile | ClosingFile]) -> list[dict[str, Any]]:
    chosen = rows if len(rows) <= MOST_PHOTOS else [rows[0], *rows[1 - MOST_PHOTOS :]]
    return [
        {**each, "on": _taken_on(row), "said": _said(row)}
        for row in chosen
        for each in evidence_of([row], public=True)
    ]


def _taken_on(row: EntryFile | ClosingFile) -> dt.date | None:
    if row.file.taken_at:
        return timezone.localdate(row.file.taken_at)
    return row.entry.day if isinstance(row, EntryFile) else None


def _said(row: EntryFile | ClosingFile) -> str:
    """How far it was then, or where it is."""
    if isinstance(row, ClosingFile):
        return _("完成")
    if row.entry.target.rules.takes == "latest":
        return _("完成 %(share)s") % {"share": amount_words(row.entry)}
    return str(row.entry.area or "")
