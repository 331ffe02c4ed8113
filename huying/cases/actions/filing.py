"""At the filing desk: accept, decline, classify anew, join, void."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases import clock, policy, telling
from huying.cases.actions.arrival import dispatch_if_certain
from huying.cases.actions.requests import drop_requests
from huying.cases.models import Case, CaseFile, Category, Notice, Report, Status
from huying.cases.workflow import STEPS, claim, hold, pass_gates
from huying.core.errors import Refusal
from huying.core.journal import log
from huying.people.models import User
from huying.places.where import where_is

_RECLASSIFIED_IN = (Status.REPORTED, Status.FILED)


@transaction.atomic
def file_case(case: Case, *, actor: User, category: Category | None = None) -> None:
    """Accept a reported case; with `category`, put it under that one first."""
    STEPS["file"].check(case, actor)
    pass_gates(case, "file")
    if category is not None and category.pk != case.category_id:
        _reclassify(case, category, actor)
    at = timezone.now()
    claim(case, status=Status.FILED, filed_at=at)
    log(case, "case.filed", actor=actor, at=at, category=case.category.code)
    telling.tell_reporters(case, "filed")
    dispatch_if_certain(case, at)


@transaction.atomic
def reclassify_case(
    case: Case, *, actor: User, category: Category | None = None, lng: float | None = None, lat: float | None = None,
    address: str | None = None,
) -> None:  # fmt: skip
    """Correct category or place before dispatch; what was said stays as it was said."""
    policy.require(actor, "case.file", case)
    if case.status not in _RECLASSIFIED_IN:
        raise Refusal(_("派遣之后不能改类别和地点；派错了请责任单位退单。"))
    if category is not None and category.pk != case.category_id:
        _reclassify(case, category, actor)
    if lng is not None and lat is not None:
        old = case.area_path
        claim(case, lng=lng, lat=lat, **where_is(lng, lat).fields)
        case.refresh_from_db(fields=["area", "subdistrict", "compound"])
        log(case, "case.relocated", actor=actor, old=old, new=case.area_path, lng=lng, lat=lat)
    if address is not None and address != case.address:
        old = case.address
        claim(case, address=address[:160])
        log(case, "case.readdressed", actor=actor, old=old, new=address)


def _reclassify(case: Case, category: Category, actor: User) -> None:
    if category.ledger_id != case.ledger_id:
        raise Refusal(_("请选择这个台账的类别。"), field="category")
    old = case.category.code
    claim(case, category=category, topic=category.topic)
    log(case, "case.reclassified", actor=actor, old=old, new=category.code)


@transaction.atomic
def decline_case(case: Case, *, reason: str, actor: User) -> None:
    """Decline, with a reason that the reporter reads."""
    STEPS["decline"].check(case, actor)
    if len(reason.strip()) < 5:
        raise Refusal(_("请写明不予受理的理由（至少 5 个字），反映人会看到。"), field="reason")
    at = timezone.now()
    claim(case, status=Status.DECLINED, public=False, **clock.end(case, at))
    drop_requests(case, at)
    log(case, "case.declined", actor=actor, reason=reason.strip())
    telling.tell_reporters(case, "declined", reason=reason.strip())


@transaction.atomic
def void_case(case: Case, *, reason: str, actor: User) -> None:
    """Void a case that should never have been one (a test, a slip); the record stays."""
    STEPS["void"].check(case, actor)
    if len(reason.strip()) < 2:
        raise Refusal(_("请写明作废理由。"), field="reason")
    at = timezone.now()
    claim(case, status=Status.VOIDED, public=False, **clock.end(case, at))
    drop_requests(case, at)
    log(case, "case.voided", actor=actor, reason=reason.strip())
    telling.tell_reporters(case, "voided", reason=reason.strip())


@transaction.atomic
def merge_cases(main: Case, others: Sequence[Case], *, actor: User, reason: str = "") -> None:
    """Join cases about one matter. Each reporter keeps number, tracking page, notices and rating.

    The reports move to the main case; the merged cases stay on record and point to it.
    """
    if not main.is_open:
        raise Refusal(_("主案件已经结束，不能并入。请选择在办案件作为主案件。"))
    policy.require(actor, "case.merge", main)
    if not others or any(other.pk == main.pk for other in others):
        raise Refusal(_("请选择要并入的其他案件。"))
    moved, at = 0, timezone.now()
    # All rows first and in the order of their keys: two people who merge the same cases into each other wait
    # in line instead of for one another.
    hold(main, *others)
    for other in sorted(others, key=lambda case: case.pk):
        STEPS["merge"].check(other, actor)
        old = other.status
        claim(other, status=Status.MERGED, merged_into=main, public=False, **clock.end(other, at))
        drop_requests(other, at)
        reports = list(Report.objects.filter(case=other))
        Report.objects.filter(case=other).update(case=main)
        CaseFile.objects.filter(case=other).update(case=main)
        Notice.objects.filter(case=other, report__isnull=False).update(case=main)
        moved += sum(report.withdrawn_at is None for report in reports)
        numbers = [report.number for report in reports]
        log(other, "case.merged", actor=actor, old=old, into=main.number, reason=reason, reports=numbers)
        log(main, "case.merged_in", actor=actor, case=other.number, reason=reason, reports=numbers)
        telling.tell_reporters(main, "merged", reports=[r for r in reports if r.withdrawn_at is None])
    claim(main, reports_count=F("reports_count") + moved)
