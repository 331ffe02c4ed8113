"""Personal data is kept as long as it serves the matter, and no longer (PIPL article 19)."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from huying.cases.models import OPEN, Report
from huying.core.journal import log_many

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
    for report in due:
        private = {field.code for field in report.case.rules.fields if field.private}
        report.name = report.phone = ""
        report.fields = {code: value for code, value in report.fields.items() if code not in private}
        report.contact_forgotten = True
    Report.objects.bulk_update(due, ["name", "phone", "fields", "contact_forgotten"])
    numbers: dict[int, list[str]] = {}
    for report in due:
        numbers.setdefault(report.case_id, []).append(report.number)
    log_many(
        "case",
        [(case_id, "case.contact_forgotten", {"reports": found}) for case_id, found in numbers.items()],
        at=timezone.now(),
    )
    return len(due)
