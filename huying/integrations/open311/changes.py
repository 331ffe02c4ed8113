"""What the journal says of a request: when it last changed, and what is told of it step by step."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy

from huying.cases.models import Case, CaseQuerySet, Report
from huying.cases.public import mask_words
from huying.core.models import JournalEntry
from huying.integrations.open311.documents import moment
from huying.integrations.open311.models import ApiKey
from huying.people.models import Department

# What a step does to the status that the standard knows, and what it says.
TOLD: dict[str, tuple[str, Promise]] = {
    "case.reported": ("open", gettext_lazy("收到诉求")),
    "case.filed": ("open", gettext_lazy("已受理")),
    "case.declined": ("closed", pgettext_lazy("event", "不予受理")),
    "case.dispatched": ("open", gettext_lazy("已派到责任单位")),
    "case.taken_up": ("open", gettext_lazy("已签收，开始办理")),
    "case.returned": ("open", gettext_lazy("重新确定责任单位")),
    "case.extended": ("open", gettext_lazy("延期")),
    "case.parked": ("open", gettext_lazy("挂账，暂停计时")),
    "case.resumed": ("open", gettext_lazy("恢复办理")),
    "case.handled": ("open", gettext_lazy("报告已处置")),
    "case.checked": ("open", gettext_lazy("核查通过")),
    "case.sent_back": ("open", gettext_lazy("核查未通过，退回返工")),
    "case.closed": ("closed", gettext_lazy("已结案")),
    "case.merged": ("closed", gettext_lazy("已合并办理")),
    "case.voided": ("closed", gettext_lazy("作废")),
    "case.reopened": ("open", gettext_lazy("重新办理")),
}
# What a reporter adds is told to that reporter only (cases/story.py): here to the key that posted the report.
_WORDS = "case.words_added"
_OWN = {_WORDS: ("open", gettext_lazy("反映人补充"))}
# These change what a request shows without being a step.
_SHOWN = (
    "case.reclassified", "case.relocated", "case.readdressed", "case.deadline_recomputed", "case.files_added",
    "case.city_corrected", "case.netizen_corrected",
)  # fmt: skip
_CHANGES = (*TOLD, *_SHOWN)


def changed_between(rows: CaseQuerySet, first: dt.datetime, last: dt.datetime) -> CaseQuerySet:
    """Those whose last change lies between the two moments, both included."""
    entries = JournalEntry.objects.filter(kind="case", subject_id=OuterRef("pk"), code__in=_CHANGES)
    rows = rows.filter(Exists(entries.filter(at__gte=first, at__lte=last)))
    # Nothing is later than now, so the usual question "since when I last asked" needs no second look.
    return rows if last >= timezone.now() else rows.exclude(Exists(entries.filter(at__gt=last)))


def last_changes(cases: Iterable[Case]) -> dict[int, dt.datetime]:
    """When each case last changed, by its key."""
    entries = JournalEntry.objects.filter(
        kind="case", subject_id__in=[case.pk for case in cases], code__in=_CHANGES
    )
    return dict(entries.order_by().values_list("subject_id").annotate(Max("at")))


def told_to(key: ApiKey | None) -> QuerySet[JournalEntry]:
    """The entries that are told to whoever asks, in an order that never changes for what is there already."""
    told = Q(code__in=TOLD)
    if key is not None:
        mine = Report.objects.filter(open311__key=key, withdrawn_at=None, number=OuterRef("about"))
        told |= Q(Exists(mine), code=_WORDS)
    entries = JournalEntry.objects.filter(kind="case").alias(about=KeyTextTransform("report", "data"))
    return entries.filter(told).order_by("at", "pk")


def updates_of(entries: Iterable[JournalEntry]) -> list[dict[str, Any]]:
    """Entries as rows of the extension. The id is the entry's own, which nothing can change."""
    found = list(entries)
    numbers = dict(Case.objects.filter(pk__in={e.subject_id for e in found}).values_list("pk", "number"))
    codes = {e.data["department"] for e in found if e.code == "case.dispatched" and "department" in e.data}
    titles = {row.code: str(row) for row in Department.objects.filter(code__in=codes)}
    return [
        {
            "update_id": str(entry.pk),
            "service_request_id": numbers[entry.subject_id],
            "status": (TOLD | _OWN)[entry.code][0],
            "updated_datetime": moment(entry.at),
            "description": _said(entry, titles),
            "media_url": None,
        }
        for entry in found
    ]


def _said(entry: JournalEntry, titles: Mapping[str, str]) -> str:
    said = str((TOLD | _OWN)[entry.code][1])
    more = {
        "case.dispatched": titles.get(entry.data.get("department", ""), ""),
        "case.handled": mask_words(str(entry.data.get("answer", ""))),
        _WORDS: mask_words(str(entry.data.get("words", ""))),
    }.get(entry.code, "")
    return f"{said}：{more}" if more else said
