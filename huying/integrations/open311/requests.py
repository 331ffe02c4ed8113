"""Service requests: which of them somebody may read, and how they look. One public case is one request."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.cases.models import OPEN, Case, CaseFile, CaseQuerySet, Status
from huying.cases.photos import published_roles
from huying.cases.public import (
    mask_words,
    public_answer,
    public_place,
    public_point,
    public_title,
    public_words,
)
from huying.cases.references import with_references
from huying.core.models import JournalEntry, StoredFile
from huying.integrations.open311.documents import Fault, moment
from huying.integrations.open311.models import ApiKey
from huying.integrations.open311.services import category_of, code_of
from huying.people.models import Department

WINDOW = dt.timedelta(days=90)
MOST = 1000
_MOMENTS = ("filed_at", "dispatched_at", "taken_up_at", "handled_at", "checked_at", "closed_at")


def visible(key: ApiKey | None) -> CaseQuerySet:
    """Public cases, those that were merged into others, and what this key itself has posted."""
    found = Q(public=True) & ~Q(status__in=(Status.DECLINED, Status.VOIDED))
    if key is not None:
        mine = Case.objects.filter(reports__open311__key=key, reports__withdrawn_at=None).values("pk")
        found |= Q(pk__in=mine)
    return Case.objects.filter(found)


def _when(text: str, name: str) -> dt.datetime:
    try:
        # A plus sign that was not escaped arrives as a blank.
        found = parse_datetime(text.strip().replace(" ", "+")) or parse_datetime(f"{text.strip()}T00:00:00")
    except ValueError:
        found = None
    if found is None or not 1970 <= found.year <= 2199:
        raise Fault(400, _("%s 请写成 W3C 时刻，例如 2026-11-20T09:00:00+08:00。") % name)
    return found if timezone.is_aware(found) else timezone.make_aware(found)


def window(query: Mapping[str, str]) -> tuple[dt.datetime, dt.datetime]:
    """The span asked for: 90 days at most; without dates the last 90 days."""
    start, end = query.get("start_date", ""), query.get("end_date", "")
    now = timezone.now()
    if start and end:
        first, last = _when(start, "start_date"), _when(end, "end_date")
        if last < first:
            raise Fault(400, _("end_date 不能早于 start_date。"))
        return max(first, last - WINDOW), last
    if start:
        first = _when(start, "start_date")
        return first, first + WINDOW
    last = _when(end, "end_date") if end else now
    return last - WINDOW, last


def _number(query: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 9 and int(text) >= 1):
        raise Fault(400, _("%s 请写正整数。") % name)
    return min(int(text), most)


def asked(query: Mapping[str, str], key: ApiKey | None) -> CaseQuerySet:
    """The requests that the query asks for, newest first. With ids all other conditions are left aside."""
    rows = visible(key)
    if ids := query.get("service_request_id", ""):
        return rows.filter(number__in=[one.strip() for one in ids.split(",") if one.strip()][:MOST])
    first, last = window(query)
    rows = rows.filter(reported_at__gte=first, reported_at__lte=last)
    if codes := query.get("service_code", ""):
        rows = rows.filter(
            category__in=[category_of(one.strip()).pk for one in codes.split(",") if one.strip()]
        )
    if state := query.get("status", ""):
        wanted = {one.strip().lower() for one in state.split(",")}
        if not wanted <= {"open", "closed"}:
            raise Fault(400, _("status 只能是 open 或 closed。"))
        if wanted == {"open"}:
            rows = rows.filter(status__in=OPEN)
        elif wanted == {"closed"}:
            rows = rows.exclude(status__in=OPEN)
    for name, side in (("updated_after", "gte"), ("updated_before", "lte")):
        if text := query.get(name, ""):
            rows = rows.alias(changed_at=Greatest("reported_at", *_MOMENTS)).filter(
                **{f"changed_at__{side}": _when(text, name)}
            )
    return rows


def page(query: Mapping[str, str], rows: CaseQuerySet) -> list[dict[str, Any]]:
    """One page of rows (`page`, `page_size`), as requests. At most 1,000."""
    size = _number(query, "page_size", MOST, MOST)
    start = (_number(query, "page", 1, 10**6) - 1) * size
    found = list(
        with_references(rows.order_by("-reported_at", "-pk")).select_related("merged_into")[
            start : start + size
        ]
    )
    return shown(found)


def shown(cases: Iterable[Case]) -> list[dict[str, Any]]:
    """Cases as service requests: public words only, whoever asks."""
    cases = list(cases)
    photos = _photos(cases)
    return [_request(case, photos.get(case.pk, "")) for case in cases]


def _request(case: Case, media_url: str) -> dict[str, Any]:
    point = public_point(case)
    return {
        "service_request_id": case.number,
        "status": "open" if case.status in OPEN else "closed",
        "status_notes": _notes(case),
        "service_name": str(case.category),
        "service_code": code_of(case.category),
        "description": public_words(case, 4000) or public_title(case),
        "agency_responsible": str(case.department) if case.department else None,
        "service_notice": None,
        "requested_datetime": moment(case.reported_at),
        "updated_datetime": moment(updated_at(case)),
        "expected_datetime": moment(case.due_at),
        "address": public_place(case),
        "address_id": case.area.code if case.area else None,
        "zipcode": None,
        "lat": point[1] if point else None,
        "long": point[0] if point else None,
        "media_url": media_url or None,
    }


def updated_at(case: Case) -> dt.datetime:
    """When something last moved the case on."""
    later: list[dt.datetime | None] = [getattr(case, name) for name in _MOMENTS]
    return max([case.reported_at, *(at for at in later if at is not None)])


def _notes(case: Case) -> str | None:
    if case.status == Status.MERGED and case.merged_into:
        return _("与 %s 是同一个问题，已合并办理。") % case.merged_into.number
    if case.status == Status.CLOSED:
        return public_answer(case) or _("已办结。")
    return str(Status(case.status).label)


def _photos(cases: list[Case]) -> dict[int, str]:
    """The address of one published photo for each case that has one."""
    from huying.cases.photos import photo_url

    published = {case.pk: published_roles(case.rules) for case in cases}
    rows = (
        CaseFile.objects.filter(case__in=[pk for pk, roles in published.items() if roles])
        .exclude(report__withdrawn_at__isnull=False)
        .filter(file__kind=StoredFile.Kind.PHOTO)
        .select_related("file")
        .order_by("-pk")
    )
    return {
        row.case_id: settings.PUBLIC_URL + photo_url(row.file)
        for row in rows
        if row.role in published[row.case_id]
    }


# --- updates (the servicerequestupdates extension) ----------------------------------------------------

# What a change does to the status that the standard knows, and what it says.
_TOLD: dict[str, tuple[str, Promise]] = {
    "case.reported": ("open", gettext_lazy("收到诉求")),
    "case.filed": ("open", gettext_lazy("已受理")),
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
    "case.reopened": ("open", gettext_lazy("重新办理")),
}


def updates(query: Mapping[str, str], key: ApiKey | None) -> list[dict[str, Any]]:
    """What happened to the visible requests in a span of time, oldest first, at most 1,000."""
    first, last = window(query)
    entries: QuerySet[JournalEntry] = JournalEntry.objects.filter(
        kind="case", code__in=_TOLD, at__gte=first, at__lte=last
    )
    rows = visible(key)
    if ids := query.get("service_request_id", ""):
        rows = rows.filter(number__in=[one.strip() for one in ids.split(",") if one.strip()][:MOST])
    entries = entries.filter(subject_id__in=rows.values("pk")).order_by("at", "id")
    found = list(entries[:MOST])
    numbers = dict(Case.objects.filter(pk__in={e.subject_id for e in found}).values_list("pk", "number"))
    codes = {e.data["department"] for e in found if e.code == "case.dispatched" and "department" in e.data}
    titles = {row.code: str(row) for row in Department.objects.filter(code__in=codes)}
    return [
        {
            "update_id": str(entry.pk),
            "service_request_id": numbers[entry.subject_id],
            "status": _TOLD[entry.code][0],
            "updated_datetime": moment(entry.at),
            "description": _said(entry, titles),
            "media_url": None,
        }
        for entry in found
    ]


def _said(entry: JournalEntry, titles: Mapping[str, str]) -> str:
    said = str(_TOLD[entry.code][1])
    if entry.code == "case.dispatched":
        return f"{said}：{titles.get(entry.data.get('department', ''), '')}".rstrip("：")
    if entry.code == "case.handled" and entry.data.get("answer"):
        return f"{said}：{mask_words(str(entry.data['answer']))}"
    return said
