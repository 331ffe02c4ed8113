"""The daily meeting: its minutes are kept, its decisions become cases."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases.actions.dispatching import dispatch_case
from huying.cases.actions.filing import file_case
from huying.cases.actions.intake import Intake, receive_report
from huying.cases.models import Category, Channel, Decision, Meeting, Status, Topic
from huying.core.errors import NotAllowed, Refusal
from huying.core.journal import log
from huying.people.access import can
from huying.people.models import Department, User

VERB = "daily.record"


@dataclass(frozen=True)
class Resolution:
    """One decision: what, by whom."""

    words: str
    category: Category
    department: Department | None = None


@transaction.atomic
def record_meeting(
    topic: Topic,
    *,
    held_at: dt.datetime,
    chair: str,
    attendees: str,
    minutes: str,
    resolutions: Sequence[Resolution],
    actor: User,
    client_id: uuid.UUID | None = None,
) -> Meeting:
    """Keep the minutes and open a case for each decision, on the ledger of its category.

    A decision with a department is filed and dispatched to it at once, as far as the actor may; else it waits at
    the desk like every report. The same `client_id` again is the same meeting.
    """
    if not can(actor, VERB):
        raise NotAllowed(_("您的岗位没有这项权限。需要时请联系系统管理员。"))
    if client_id and (known := Meeting.objects.filter(client_id=client_id).first()):
        return known
    if held_at > timezone.now() + dt.timedelta(hours=1):
        raise Refusal(_("会议时间不能在以后。"), field="held_at")
    if len(minutes.strip()) < 5:
        raise Refusal(_("请写会议记录（至少 5 个字）。"), field="minutes")
    meeting = Meeting.objects.create(
        topic=topic, held_at=held_at, chair=chair.strip()[:60], attendees=attendees.strip()[:500],
        minutes=minutes.strip(), recorded_by=actor, client_id=client_id,
    )  # fmt: skip
    for one in resolutions:
        _decide(meeting, one, actor)
    log(
        meeting, "meeting.recorded", actor=actor, topic=topic.code,
        cases=[decision.case.number for decision in meeting.decisions.select_related("case")],
    )  # fmt: skip
    return meeting


def _decide(meeting: Meeting, resolution: Resolution, actor: User) -> None:
    report = receive_report(
        Intake(
            ledger=resolution.category.ledger, category=resolution.category, words=resolution.words.strip(),
            channel=Channel.DESK, reported_by=actor,
        )
    )  # fmt: skip
    case = report.case
    Decision.objects.create(meeting=meeting, case=case)
    if resolution.department is None:
        return
    if case.status == Status.REPORTED and can(actor, "case.file"):
        file_case(case, actor=actor, category=resolution.category)
    if case.status == Status.FILED and can(actor, "case.dispatch"):
        dispatch_case(case, department=resolution.department, actor=actor, note=_("专班会决定"))
