"""What happens by itself when a case arrives: stages that its ledger leaves out are passed over."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases import telling
from huying.cases.actions.dispatching import hand_over, longer
from huying.cases.models import Case, Status
from huying.cases.suggest import Responsible, responsible_for
from huying.cases.workflow import claim
from huying.core.journal import log
from huying.core.language import of_record
from huying.people.models import Department
from huying.places.clock import TimeLimit


def settle_new_case(
    case: Case,
    at: dt.datetime | None = None,
    *,
    responsible: Department | None = None,
    owed: bool = False,
    limit: TimeLimit | None = None,
) -> None:
    """File a case whose ledger has no filing desk, and dispatch it where the ledger says `automatic`.

    `responsible` is the unit that was inspected, and answers where no thing names its owner; it answers first
    where its own work was `owed`. `limit` shortens the category's, and never lengthens it.
    """
    at = at or timezone.now()
    if case.status == Status.REPORTED and not case.rules.has("file"):
        claim(case, status=Status.FILED, filed_at=at)
        log(case, "case.filed", at=at, note="本台账不设受理环节")
    if case.status == Status.FILED:
        dispatch_if_certain(case, at, responsible=responsible, owed=owed, limit=limit)


def dispatch_if_certain(
    case: Case,
    at: dt.datetime,
    *,
    responsible: Department | None = None,
    owed: bool = False,
    limit: TimeLimit | None = None,
) -> None:
    """Dispatch at once when the ledger allows it and there is exactly one responsible department.

    A ledger without a dispatch stage takes the best answer that there is.
    """
    rules = case.rules
    if rules.has("dispatch") and not rules.automatic_dispatch:
        return
    with of_record():
        if responsible is not None and responsible.can_lead and (owed or case.item is None):
            said = (
                _("该做的没有做，由%(department)s负责。")
                if owed
                else _("检查发现，由被查单位%(department)s整改。")
            )
            why = said % {"department": responsible}
            found = Responsible(responsible, "inspected", why)
        else:
            found = responsible_for(case)
    if found.department is None or (rules.has("dispatch") and not found.certain):
        return
    shorter = limit if limit is not None and not longer(limit, case.category.time_limit, at) else None
    hand_over(
        case, department=found.department, why=found.why, at=at, actor=None, rule=found.rule, limit=shorter
    )  # fmt: skip
    telling.tell_reporters(case, "dispatched")
