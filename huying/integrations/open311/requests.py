"""Service requests: which of them somebody may read, and how they look. One public case is one request."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from django.conf import settings
from django.db.models import Model, Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from huying.cases.models import OPEN, Case, CaseFile, CaseQuerySet, Ledger, Status
from huying.cases.photos import published_roles
from huying.cases.public import (
    public_answer,
    public_place,
    public_point,
    public_title,
    public_words,
)
from huying.cases.references import with_references
from huying.core.models import StoredFile
from huying.integrations.open311.changes import changed_between, last_changes, told_to, updates_of
from huying.integrations.open311.documents import Fault, moment
from huying.integrations.open311.models import ApiKey, Posted
from huying.integrations.open311.services import category_of, code_of

WINDOW = dt.timedelta(days=90)
MOST = 1000


def visible(key: ApiKey | None) -> CaseQuerySet:
    """Public cases, those that were public until they were merged, and what this key itself has posted."""
    listed = [ledger.pk for ledger in Ledger.objects.all() if ledger.rules.public_list]
    found = Q(public=True) & ~Q(status__in=(Status.DECLINED, Status.VOIDED))
    found |= Q(status=Status.MERGED, ledger__in=listed) & ~Q(topic__private=True)
    if key is not None:
        posted = Posted.objects.filter(key=key, report__withdrawn_at=None)
        found |= Q(pk__in=posted.values("report__case")) | Q(
            pk__in=posted.filter(case__isnull=False).values("case")
        )
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


def span(query: Mapping[str, str], start: str, end: str) -> tuple[dt.datetime, dt.datetime]:
    """The span that two parameters ask for: 90 days at most; without either the last 90 days."""
    after, before = query.get(start, ""), query.get(end, "")
    if after and before:
        first, last = _when(after, start), _when(before, end)
        if last < first:
            raise Fault(400, _("%(end)s 不能早于 %(start)s。") % {"start": start, "end": end})
        return max(first, last - WINDOW), last
    if after:
        first = _when(after, start)
        return first, first + WINDOW
    last = _when(before, end) if before else timezone.now()
    return last - WINDOW, last


def _listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()][:MOST]


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
    if ids := _listed(query.get("service_request_id", "")):
        return rows.filter(number__in=ids)
    by_change = bool(query.get("updated_after") or query.get("updated_before"))
    if by_change:
        rows = changed_between(rows, *span(query, "updated_after", "updated_before"))
    if not by_change or query.get("start_date") or query.get("end_date"):
        first, last = span(query, "start_date", "end_date")
        rows = rows.filter(reported_at__gte=first, reported_at__lte=last)
    if codes := _listed(query.get("service_code", "")):
        rows = rows.filter(category__in=[category_of(code).pk for code in codes])
    if state := query.get("status", ""):
        wanted = {one.strip().lower() for one in state.split(",")}
        if not wanted <= {"open", "closed"}:
            raise Fault(400, _("status 只能是 open 或 closed。"))
        if wanted == {"open"}:
            rows = rows.filter(status__in=OPEN)
        elif wanted == {"closed"}:
            rows = rows.exclude(status__in=OPEN)
    return rows


def page(query: Mapping[str, str], rows: CaseQuerySet) -> list[dict[str, Any]]:
    """One page of rows, newest first, as requests."""
    rows = with_references(rows.order_by("-reported_at", "-pk")).select_related("merged_into")
    return shown(_page(query, rows))


Row = TypeVar("Row", bound=Model)


def _page(query: Mapping[str, str], rows: QuerySet[Row]) -> list[Row]:
    """The page that `page` and `page_size` ask for: at most 1,000 rows of an order that holds."""
    size = _number(query, "page_size", MOST, MOST)
    start = (_number(query, "page", 1, 10**6) - 1) * size
    return list(rows[start : start + size])


def shown(cases: Iterable[Case]) -> list[dict[str, Any]]:
    """Cases as service requests: public words only, whoever asks."""
    cases = list(cases)
    photos, changes = _photos(cases), last_changes(cases)
    return [_request(case, photos.get(case.pk, ""), changes.get(case.pk, case.reported_at)) for case in cases]


def _request(case: Case, media_url: str, updated_at: dt.datetime) -> dict[str, Any]:
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
        "updated_datetime": moment(updated_at),
        "expected_datetime": moment(case.due_at),
        "address": public_place(case),
        "address_id": case.area.code if case.area else None,
        "zipcode": None,
        "lat": point[1] if point else None,
        "long": point[0] if point else None,
        "media_url": media_url or None,
    }


def _notes(case: Case) -> str | None:
    if case.status == Status.MERGED and case.merged_into:
        if not case.merged_into.public:
            return _("已合并办理。")
        return _("与 %s 是同一个问题，已合并办理。") % case.merged_into.number
    if case.status == Status.CLOSED:
        return public_answer(case) or _("已办结。")
    return str(Status(case.status).label)


def _photos(cases: list[Case]) -> dict[int, str]:
    """The address of one published photo for each case that has one."""
    from huying.core.photo_links import photo_url

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


def updates(query: Mapping[str, str], key: ApiKey | None) -> list[dict[str, Any]]:
    """What happened to the visible requests, oldest first: in a span of time, or to the requests that are named."""
    rows, entries = visible(key), told_to(key)
    ids = _listed(query.get("service_request_id", ""))
    if ids:
        rows = rows.filter(number__in=ids)
    if not ids or query.get("start_date") or query.get("end_date"):
        first, last = span(query, "start_date", "end_date")
        entries = entries.filter(at__gte=first, at__lte=last)
    return updates_of(_page(query, entries.filter(subject_id__in=rows.values("pk"))))
