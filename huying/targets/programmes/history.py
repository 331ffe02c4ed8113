"""What a target asked for before: noted wherever the value or the day changes, by a person or by the pack."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.journal import log
from huying.core.language import of_record
from huying.targets.programmes.models import Target, TargetChange

Promised = tuple[Decimal | None, dt.date]


def note_changes(before: Mapping[int, Promised]) -> int:
    """Compare the targets with what they were, by key, and keep what the pack has changed; how many were."""
    changed = [
        target
        for target in Target.objects.filter(pk__in=list(before))
        if before[target.pk] != (target.amount, target.due)
    ]
    with of_record():
        reason = _("区包修改")
    for target in changed:
        amount, due = before[target.pk]
        TargetChange.objects.create(
            target=target, at=timezone.now(), old_amount=amount, new_amount=target.amount, old_due=due,
            new_due=target.due, reason=reason,
        )  # fmt: skip
        log(target, "target.changed", by="pack", old=f"{amount} {due}", new=f"{target.amount} {target.due}")
    return len(changed)
