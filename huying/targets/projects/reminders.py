"""Who has not reported is reminded before and on the deadline; a leader who has not been on site, late in the month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.core.journal import entries_of, log
from huying.core.language import of_record
from huying.notices import outbox, texts
from huying.notices.models import Delivery
from huying.notices.recipients import chosen_channels, subject_link
from huying.people.models import Department, Grant, User
from huying.people.roles import ROLES
from huying.places.work_calendar import current_calendar
from huying.targets.projects.models import ContactVisit, Project
from huying.targets.projects.models.project import ProjectBook, project_rules
from huying.targets.projects.months import due_day_of, month_in_hand, owing, plus, without_update
from huying.targets.projects.policy import UPDATE

MONTHLY, VISIT = "projects.update_due", "projects.visit_due"
_TO_DEPARTMENT, _TO_LEADER = "project-updates", "project-contact"
VISIT_DAY = 20  # from this day on a leader who has not been anywhere this month is reminded, on working days
WORDS: dict[str, tuple[str, ...]] = {
    MONTHLY: ("month", "count", "until", "link"),
    VISIT: ("month", "count", "link"),
}
TEXTS: dict[str, Promise] = {
    MONTHLY: gettext_lazy("项目月报：{month} 还有 {count} 个项目没有报，{until} 截止。{link}"),
    VISIT: gettext_lazy("联系项目：{month} 还没有到现场的记录，您联系 {count} 个项目。{link}"),
}


def remind_updates(day: dt.date | None = None) -> int:
    """Tell the people who report for a department, some working days before the deadline and on it; how many
    departments were told. A day is told once: it stands in the department's journal."""
    day = day or timezone.localdate()
    month, rules = month_in_hand(day), project_rules()
    due = due_day_of(month, rules.due_day)
    if day not in {due, days_before(due, rules.remind_days)}:
        return 0
    open_by: dict[int, list[Project]] = {}
    for project in without_update(Project.objects.filter(active=True, street__isnull=False), month):
        open_by.setdefault(project.street_id or 0, []).append(project)
    told = 0
    for department in Department.objects.filter(pk__in=open_by):
        told += _remind(department, month, due, len(open_by[department.pk]), day)
    return told


def days_before(due: dt.date, working_days: int) -> dt.date:
    """So many working days before a day."""
    calendar, day = current_calendar(), due
    while working_days > 0:
        day -= dt.timedelta(days=1)
        working_days -= calendar.is_workday(day)
    return day


@transaction.atomic
def _remind(department: Department, month: dt.date, due: dt.date, count: int, day: dt.date) -> bool:
    # Of two workers the second waits here, and then finds the entry of the first.
    Department.objects.select_for_update().get(pk=department.pk)
    if _told(department, "department.projects_reminded", day):
        return False
    people = _who_reports(department)
    values = {"month": f"{month:%Y-%m}", "count": str(count), "until": f"{due:%m-%d}"}
    _post(MONTHLY, _TO_DEPARTMENT, department.pk, people, values, _("项目月报：%s") % values["month"])
    log(department, "department.projects_reminded", day=str(day), month=values["month"], count=count)
    return True


def _told(subject: Department | ProjectBook, code: str, day: dt.date, who: str = "") -> bool:
    return any(
        entry.data.get("day") == str(day) and (not who or entry.data.get("leader") == who)
        for entry in entries_of(subject).filter(code=code).order_by("-sequence")[:50]
    )


def _who_reports(department: Department) -> list[User]:
    roles = [code for code, role in ROLES.items() if UPDATE in role.verbs and role.own_department]
    granted = Grant.objects.on().filter(role__in=roles, user__is_active=True, user__department=department)
    return list(User.objects.filter(pk__in=granted.values("user")).order_by("pk"))


def remind_leaders(day: dt.date | None = None) -> int:
    """From the twentieth on, on working days: leaders in contact who have been to none of their projects this month.

    How many were told; each once a day.
    """
    day = day or timezone.localdate()
    book = ProjectBook.objects.filter(active=True).first()
    if book is None or day.day < VISIT_DAY or not current_calendar().is_workday(day):
        return 0
    month = day.replace(day=1)
    went = ContactVisit.objects.filter(struck_at=None, visited_on__gte=month, visited_on__lt=plus(month, 1))
    mine: dict[int, int] = {}
    open_projects = owing(Project.objects.filter(active=True, leader__is_active=True), month)
    for leader in open_projects.exclude(leader__in=went.values("leader")).values_list("leader", flat=True):
        mine[leader] = mine.get(leader, 0) + 1
    return sum(
        _remind_leader(book, leader, mine[leader.pk], month, day)
        for leader in User.objects.filter(pk__in=mine)
    )


@transaction.atomic
def _remind_leader(book: ProjectBook, leader: User, count: int, month: dt.date, day: dt.date) -> bool:
    ProjectBook.objects.select_for_update().get(pk=book.pk)
    if _told(book, "projects.visit_reminded", day, leader.username):
        return False
    values = {"month": f"{month:%Y-%m}", "count": str(count)}
    _post(VISIT, _TO_LEADER, leader.pk, [leader], values, _("联系项目：%s") % values["month"])
    log(book, "projects.visit_reminded", day=str(day), leader=leader.username, count=count)
    return True


def _post(
    code: str, kind: str, pk: int, people: Iterable[User], values: dict[str, str], subject: str
) -> None:
    with of_record():
        outbox.post([
            Delivery(
                code=code, subject_kind=kind, subject_id=pk, to_kind=Delivery.To.USER, to_id=person.pk,
                to_name=str(person)[:120], channel=channel, subject=subject, words=_words(code, values, channel),
            )
            for person, channel in chosen_channels(people, "mine")
        ])  # fmt: skip


def _words(code: str, values: dict[str, str], channel: str) -> str:
    values = {**values, "link": outbox.LINK}
    try:
        words = texts.fill(texts.own_text("staff", code, channel) or str(TEXTS[code]), values)
    except (IndexError, ValueError):
        # A pack's broken sentence must not keep a month from being asked for.
        words = texts.fill(str(TEXTS[code]), values)
    return words if outbox.LINK in words else f"{words} {outbox.LINK}"


def register() -> None:
    """Called once, when the floor is ready: where a reminder leads."""
    subject_link(_TO_DEPARTMENT, lambda _pk: reverse("targets:project-late"))
    subject_link(_TO_LEADER, lambda _pk: reverse("targets:project-contact"))
