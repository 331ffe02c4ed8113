"""Personal data is kept as long as it serves the matter, and no longer (PIPL article 19)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases import policy
from huying.cases.models import OPEN, Case, Report
from huying.core.errors import Conflict, Refusal
from huying.core.journal import log, log_many
from huying.notices.models import Delivery
from huying.people.models import User

_BATCH = 1000


def forget_contacts(now: dt.datetime | None = None) -> int:
    """Clear names, phones and private fields of reports whose case ended long ago; returns how many.

    How long is the installation's choice (`HUYING_CONTACT_DAYS`). The matter itself, the words and the
    figures stay; the journal notes that the contact was forgotten, not what it was.
    """
    before = (now or timezone.now()) - dt.timedelta(days=settings.CONTACT_DAYS)
    forgotten = 0
    while batch := _forget_batch(before):
        forgotten += batch
    return forgotten


@transaction.atomic
def _forget_batch(before: dt.datetime) -> int:
    due = list(
        Report.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(contact_forgotten=False, reported_at__lt=before)
        .exclude(case__status__in=OPEN)
        .exclude(case__closed_at__gte=before)
        .select_related("case__ledger")
        .order_by("reported_at")[:_BATCH]
    )
    _clear(due)
    numbers: dict[int, list[str]] = {}
    for report in due:
        numbers.setdefault(report.case_id, []).append(report.number)
    log_many(
        "case",
        [(case_id, "case.contact_forgotten", {"reports": found}) for case_id, found in numbers.items()],
        at=timezone.now(),
    )
    return len(due)


@transaction.atomic
def forget_contact(report: Report, *, reason: str, actor: User) -> None:
    """Delete one reporter's personal data because they asked for it (PIPL article 47).

    The matter goes on; nobody can call this reporter any more.
    """
    case = Case.objects.select_related("ledger").get(pk=report.case_id)
    policy.require(actor, "contact.forget", case)
    if len(reason.strip()) < 5:
        raise Refusal(_("请写明依据（至少 5 个字）。"), field="reason")
    locked = Report.objects.select_for_update(of=("self",)).select_related("case__ledger").get(pk=report.pk)
    if locked.contact_forgotten:
        raise Conflict(_("这条诉求的个人信息已经删除。"))
    _clear([locked])
    log(case, "case.contact_forgotten", actor=actor, reports=[report.number], reason=reason.strip())


def _clear(reports: Sequence[Report]) -> None:
    for report in reports:
        private = {field.code for field in report.case.rules.fields if field.private}
        report.name = report.phone = report.email = ""
        report.fields = {code: value for code, value in report.fields.items() if code not in private}
        report.contact_forgotten = True
    Delivery.objects.filter(to_kind=Delivery.To.REPORT, to_id__in=[report.pk for report in reports]).update(
        to_name=_("（个人信息已删除）")
    )
    Report.objects.bulk_update(reports, ["name", "phone", "email", "fields", "contact_forgotten"])
