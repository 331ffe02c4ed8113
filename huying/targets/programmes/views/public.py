"""The public page of promises: what was promised, how far it is, when, with evidence. No signing in."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from huying.targets.programmes.display import Board, boards, evidence_of
from huying.targets.programmes.models import ClosingFile, EntryFile, Programme
from huying.targets.programmes.views.programme import asked_day, rule_words

MOST_PHOTOS = 4


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
    context = {
        "programme": found, "board": board, "rule": rule_words(board), "form": form,
        "groups": [{"group": group, "photos": photos} for group, photos in _with_photos(board)],
    }  # fmt: skip
    return render(request, "targets/programmes/public.html", context)


def _with_photos(board: Board) -> list[tuple[Any, list[dict[str, Any]]]]:
    """Each promise with a few pictures that were made public."""
    keys = [line.target.pk for line in board.lines]
    rows = EntryFile.objects.filter(
        public=True, entry__target__in=keys, entry__status="approved", entry__day__lte=board.on
    )
    found: dict[int, list[Any]] = {}
    for row in rows.select_related("file", "entry").order_by("-entry__day", "pk")[:200]:
        found.setdefault(row.entry.target_id, []).append(row)
    closed = ClosingFile.objects.filter(public=True, target__in=keys).select_related("file")
    for shot in closed:
        found.setdefault(shot.target_id, []).append(shot)
    return [
        (
            group,
            evidence_of(
                [row for line in group.lines for row in found.get(line.target.pk, ())][:MOST_PHOTOS],
                public=True,
            ),
        )
        for group in board.groups
    ]
