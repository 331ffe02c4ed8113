"""The city's deadline beside ours: whichever is earlier is the one that departments are warned of."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases.models import WITH_DEPARTMENT, Case
from huying.cases.telling import moment_text
from huying.cases.workflow import hold
from huying.core.journal import log
from huying.core.language import of_record
from huying.integrations.hotline.actions import tell_department
from huying.integrations.hotline.models import Order


def warn(now: dt.datetime | None = None) -> int:
    """Warn once of each city deadline that comes before ours, when the ledger's reminding share has passed."""
    now = now or timezone.now()
    running = (
        Order.objects.filter(
            state=Order.State.ACTIVE, warned_at=None, city_due_at__isnull=False,
            report__case__status__in=WITH_DEPARTMENT,
        )
        .exclude(report__case__due_at__lte=F("city_due_at"))
        .select_related("report__case__ledger")
    )  # fmt: skip
    return sum(_warn(order, now) for order in running.iterator() if near(order, now))


def near(order: Order, now: dt.datetime) -> bool:
    """Whether as much of the city's time has passed as the ledger reminds at (real time, nights included)."""
    if order.city_due_at is None:
        return False
    rungs = [rung.share for rung in order.report.case.rules.ladder if rung.do == "remind"]
    share = float(min(rungs)) if rungs else 1.0
    return now >= order.received_at + (order.city_due_at - order.received_at) * share


@transaction.atomic
def _warn(order: Order, now: dt.datetime) -> int:
    case = Case.objects.get(pk=order.report.case_id)
    hold(case)
    if not Order.objects.filter(pk=order.pk, warned_at=None).update(warned_at=now):
        return 0
    with of_record():
        words = _("市热线工单 %(number)s 要求 %(due)s前办结，早于本区时限。") % {
            "number": order.number, "due": moment_text(order.city_due_at),
        }  # fmt: skip
    log(case, "case.city_deadline_near", order=order.number, due_at=order.city_due_at)
    tell_department(case, "case.city_deadline_near", words)
    return 1
