"""What happens by itself when a case arrives: stages that its ledger leaves out are passed over."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from huying.cases import telling
from huying.cases.actions.dispatching import hand_over
from huying.cases.models import Case, Status
from huying.cases.suggest import responsible_for
from huying.cases.workflow import claim
from huying.core.journal import log
from huying.core.language import of_record


def settle_new_case(case: Case, at: dt.datetime | None = None) -> None:
    """File a case whose ledger has no filing desk, and dispatch it where the ledger says `automatic`."""
    at = at or timezone.now()
    if case.status == Status.REPORTED and not case.rules.has("file"):
        claim(case, status=Status.FILED, filed_at=at)
        log(case, "case.filed", at=at, note="本台账不设受理环节")
    if case.status == Status.FILED:
        dispatch_if_certain(case, at)


def dispatch_if_certain(case: Case, at: dt.datetime) -> None:
    """Dispatch at once when the ledger allows it and there is exactly one responsible department.

    A ledger without a dispatch stage takes the best answer that there is.
    """
    rules = case.rules
    if rules.has("dispatch") and not rules.automatic_dispatch:
        return
    with of_record():
        found = responsible_for(case)
    if found.department is None or (rules.has("dispatch") and not found.certain):
        return
    hand_over(case, department=found.department, why=found.why, at=at, actor=None, rule=found.rule)
    telling.tell_reporters(case, "dispatched")
