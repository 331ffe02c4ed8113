"""The journal for administrators: what happened, the daily seals, and a check of the chain."""

from __future__ import annotations

import json
import time
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from huying.core import journal
from huying.core.models import JournalEntry, JournalSeal
from huying.core.pages import Column, Filter, ListPage, count_up_to
from huying.people.forms import DateInput
from huying.people.guards import VerbRequired, requires
from huying.people.policy import reaches
from huying.people.story import WORDS, words_for

VIEW_JOURNAL = "journal.view"
MOST_FAULTS = 50
MOST_WORDS = 200
# Above this many entries the whole chain is checked by the command line, not inside a request.
MOST_IN_REQUEST = 200_000


def _subject(row: JournalEntry) -> str:
    return f"{row.kind}:{row.subject_id}"


def _show_code(row: JournalEntry) -> Any:
    words = words_for(row.code)
    return row.code if words == row.code else format_html('{} <span class="soft">{}</span>', words, row.code)


class Journal(VerbRequired, ListPage):
    """The latest entries. The journal is one for the district: an administrator of a part has no part of it."""

    verb = VIEW_JOURNAL
    name = "journal"
    title = gettext_lazy("日志")
    lead = gettext_lazy("每一次变更一条，只增不改，首尾相扣，每天封存。")
    template_name = "people/journal.html"
    order = "-pk"
    columns = (
        Column("at", gettext_lazy("时间"), css="cell--nowrap"),
        Column("code", gettext_lazy("事项"), show=_show_code),
        Column("subject", gettext_lazy("对象"), value=_subject, css="cell--nowrap"),
        Column("actor_name", gettext_lazy("经办"), css="cell--nowrap"),
        Column("sequence", gettext_lazy("第几条"), css="number"),
        Column("data", gettext_lazy("内容"), value=lambda row: _words(row.data), css="cell--wide"),
        Column(
            "hash", gettext_lazy("指纹"), value=lambda row: bytes(row.hash).hex()[:12], css="cell--nowrap"
        ),
    )

    def get_filters(self):
        return (
            Filter(
                "code",
                forms.CharField(
                    label=_("事项代码"), help_text="", widget=forms.TextInput(attrs={"list": "codes"})
                ),
                lookup="code__startswith",
            ),
            Filter("subject", SubjectField(label=_("对象，如 case:12")), apply=_of_subject),
            Filter("day", forms.DateField(label=_("日期"), widget=DateInput()), apply=_on_day),
            Filter("actor", forms.CharField(label=_("经办人")), lookup="actor_name"),
        )

    def get_queryset(self) -> QuerySet[JournalEntry]:
        if not reaches(self.request.user, VIEW_JOURNAL, ""):
            return JournalEntry.objects.none()
        return JournalEntry.objects.all()

    def extra_context(self) -> dict[str, Any]:
        whole = reaches(self.request.user, VIEW_JOURNAL, "")
        return {
            "seals": [(seal, bytes(seal.hash).hex()) for seal in JournalSeal.objects.order_by("-day")[:10]],
            "codes": sorted(WORDS),
            "whole": whole,
        }


class SubjectField(forms.CharField):
    """`case:12` as (kind, number)."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value).strip().lower().replace("：", ":").replace("#", "")
        if not text:
            return None
        kind, _colon, number = text.partition(":")
        if number and not (number.isascii() and number.isdigit() and len(number) < 19):
            raise forms.ValidationError(_("请写成 种类:编号，例如 case:12；只写种类也可以。"))
        return kind, int(number) if number else None


def _of_subject(rows: QuerySet[JournalEntry], value: tuple[str, int | None]) -> QuerySet[JournalEntry]:
    kind, number = value
    rows = rows.filter(kind=kind)
    return rows if number is None else rows.filter(subject_id=number)


def _on_day(rows: QuerySet[JournalEntry], day: date) -> QuerySet[JournalEntry]:
    """Between two moments, which an index can answer; the date of a moment it can't."""
    if not 1970 <= day.year <= 2199:
        return rows.none()  # nothing was written then, and the calendar's last day has no day after it
    start = timezone.make_aware(datetime.combine(day, datetime.min.time()))
    return rows.filter(at__gte=start, at__lt=start + timedelta(days=1))


def _words(data: dict[str, Any]) -> str:
    text = "；".join(f"{key} {_plain(value)}" for key, value in data.items())
    return text if len(text) <= MOST_WORDS else f"{text[:MOST_WORDS]}…"


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


@require_POST
@requires(VIEW_JOURNAL)
def verify(request: HttpRequest) -> HttpResponse:
    """Recompute every chain and seal now, and name what does not hold."""
    if not reaches(request.user, VIEW_JOURNAL, ""):
        raise PermissionDenied(_("日志全区一本，只对区级管理员开放。"))
    context: dict[str, Any] = {"title": _("核对日志"), "crumbs": [(_("日志"), reverse("people:journal"))]}
    if count_up_to(JournalEntry.objects.all(), MOST_IN_REQUEST).capped:
        return render(request, "people/journal_verified.html", {**context, "too_many": MOST_IN_REQUEST})
    started = time.perf_counter()
    faults = list(islice(journal.verify(), MOST_FAULTS))
    context |= {
        "faults": faults,
        "more": len(faults) == MOST_FAULTS,
        "entries": JournalEntry.objects.count(),
        "seals": JournalSeal.objects.count(),
        "seconds": time.perf_counter() - started,
    }
    return render(request, "people/journal_verified.html", context)
