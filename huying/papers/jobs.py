"""What papers do by themselves: remind before an answer is due, urge when it is late."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from huying.core.jobs import every
from huying.core.journal import log
from huying.papers.models import Paper, PaperReceipt
from huying.papers.telling import tell_departments
from huying.places.clock import parse_limit
from huying.places.sentences import gettext_noop
from huying.places.work_calendar import current_calendar

REMIND_BEFORE = parse_limit("1 work day")
MOST_AT_ONCE = 500


@every("*/10 * * * *")
def watch_replies(moment: dt.datetime) -> None:
    """Remind and urge those whose answer is due."""
    remind_and_urge(moment)


def remind_and_urge(now: dt.datetime | None = None) -> tuple[int, int]:
    """Tell each addressee once that an answer is due within one work day, and once that it is late.

    Gives how many were reminded and urged. A row is claimed by its mark, so two workers tell nobody twice.
    """
    now = now or timezone.now()
    soon = current_calendar().deadline(now, REMIND_BEFORE).at
    waiting = PaperReceipt.objects.filter(
        copy=False, replied_at=None, department__isnull=False, paper__withdrawn_at=None
    ).select_related("paper")
    near = waiting.filter(reminded_at=None, paper__reply_due_at__gt=now, paper__reply_due_at__lte=soon)
    late = waiting.filter(urged_at=None, paper__reply_due_at__lte=now)
    reminded = sum(_tell(row, "reminded_at", now) for row in near[:MOST_AT_ONCE])
    urged = sum(_tell(row, "urged_at", now) for row in late[:MOST_AT_ONCE])
    return reminded, urged


@transaction.atomic
def _tell(receipt: PaperReceipt, mark: str, now: dt.datetime) -> bool:
    won = PaperReceipt.objects.filter(
        Q(replied_at=None), Q(paper__withdrawn_at=None), pk=receipt.pk, **{mark: None}
    ).update(**{mark: now})
    if not won or receipt.department_id is None:
        return False
    late = mark == "urged_at"
    paper: Paper = receipt.paper
    code = "paper.overdue" if late else "paper.reminded"
    log(paper, code, at=now, department=receipt.department.code if receipt.department else None)
    sentence = (
        gettext_noop("「%(title)s」已过回复期限，请立即书面回复。")
        if late
        else gettext_noop("「%(title)s」的回复快到期限，请按期书面回复。")
    )
    tell_departments(paper, code, sentence, [receipt.department_id])
    return True
