"""What cases say to rosters: which are open when a shift hands over, and who is on duty for a case."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

from django.db.models import F, Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from huying.cases import policy
from huying.cases.models import OPEN, Case, Status
from huying.cases.panels import register_panel
from huying.core.masking import mask_phone
from huying.core.models import JournalEntry
from huying.people.access import can
from huying.people.models import Department, Shift, Turn, User
from huying.people.rosters import on_duty
from huying.people.rosters.sources import OpenWork, register_link, register_source

MOST = 40


def open_cases(shift: Shift, user: User) -> Iterator[OpenWork]:
    """Cases of the roster's area, department and topics that are due before the next shift has ended or came in during
    this one; those that the person handles, or on which they wrote a note. Only what they may see.
    """
    roster = shift.roster
    next_ends = shift.ends_at + (shift.ends_at - shift.starts_at)
    noted = JournalEntry.objects.filter(
        kind="case", code="case.noted", actor_id=user.pk, at__gte=shift.starts_at
    ).values("subject_id")
    here = Q()
    if roster.area is not None:
        here &= Q(area_path__startswith=roster.area.path)
    elif roster.department is not None:
        here &= Q(department=roster.department) | Q(department__parent=roster.department)
    if roster.topics:
        here &= Q(category__topic__code__in=roster.topics) | Q(
            category__topic__parent__code__in=roster.topics
        )
    wanted = here & (Q(due_at__lte=next_ends) | Q(reported_at__gte=shift.starts_at))
    wanted |= Q(handler=user, status__in=(Status.DISPATCHED, Status.HANDLING))
    wanted |= Q(pk__in=noted)
    desk = roster.department is not None and roster.department.kind == Department.Kind.HOTLINE_DESK
    if desk and can(user, "case.file"):
        wanted |= Q(status=Status.REPORTED)
    rows = (
        policy.cases_for(user)
        .filter(wanted, status__in=OPEN, parked_at=None)
        .only("pk", "number", "title", "due_at", "status", "handler", "reported_at")
        .order_by(F("due_at").asc(nulls_last=True), "pk")
        .distinct()
    )
    for case in rows[:MOST]:
        due = case.due_at is not None and case.due_at <= next_ends
        if case.status == Status.REPORTED:
            why = _("还没受理")
        elif due:
            why = _("下一班到期")
        elif case.handler_id == user.pk:
            why = _("正在办理")
        else:
            why = _("这个班上新来的") if case.reported_at >= shift.starts_at else _("这个班上有记录")
        yield OpenWork(
            "case", case.number, case.title, case.due_at, f"{case.get_status_display()} · {why}", pressing=due
        )


def case_link(number: str, audience: str) -> str:
    """The page of the case for who reads."""
    return reverse("field:task" if audience == "field" else "desk:case", args=[number])


def on_duty_panel(case: Case, user: User) -> str:
    """Who is on duty for this place and topic, or for the department that has the case; phones masked."""
    if case.status not in OPEN:
        return ""
    topic = case.category.topic.code if case.category.topic else ""
    found = [
        each
        for each in on_duty(case.area_path or None, topic)
        if each.shift.roster.area_id
        or each.shift.roster.topics
        or each.shift.roster.department_id == case.department_id
    ]
    if not found:
        return ""
    turns: dict[int, list[SimpleNamespace]] = {}
    for turn in Turn.objects.filter(shift__in=[each.shift.pk for each in found]).select_related("user"):
        turns.setdefault(turn.shift_id, []).append(
            SimpleNamespace(
                pk=turn.pk, user=turn.user, arrived_at=turn.arrived_at, masked=mask_phone(turn.user.phone),
                mask_id=f"duty-{turn.pk}",
            )
        )  # fmt: skip
    rows = [{"shift": each.shift, "people": turns.get(each.shift.pk, [])} for each in found]
    return render_to_string("people/rosters/_on_duty.html", {"rows": rows})


def register() -> None:
    """Called once, when the floor is ready."""
    register_source("case", open_cases)
    register_link("case", case_link)
    register_panel("on-duty", on_duty_panel)
