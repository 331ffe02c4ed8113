"""Which monthly entry is missing, and the notice to whoever owes it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.core.journal import log
from huying.core.language import of_record
from huying.notices import outbox, texts
from huying.notices.models import Delivery
from huying.notices.recipients import chosen_channels, subject_link
from huying.people.access import with_stations
from huying.people.models import Grant, User
from huying.people.roles import ROLES
from huying.targets.programmes.models import Entry, Reminder, Target
from huying.targets.programmes.policy import ENTER
from huying.targets.programmes.progress import span_of

MISSING = "target.entry-missing"
_KIND = "target"
MOST_MONTHS = 12
# Unless the pack words it (`notices`, under `staff`).
TO_PEOPLE: Promise = gettext_lazy("还没有填报：{target} {month} 的进度应在 {by} 前填。{link}")


def month_before(day: dt.date) -> dt.date:
    """The first day of the month before."""
    return (day.replace(day=1) - dt.timedelta(days=1)).replace(day=1)


def months_owed(target: Target, today: dt.date) -> list[dt.date]:
    """The months (their first days) whose entry is due by now: monthly targets, within their span, the newest first."""
    if not target.rules.monthly or target.figure or target.closed_at:
        return []
    first, last = span_of(target.rules, target)
    month = month_before(today)
    if today.day <= target.programme.rules.enter_by:
        month = month_before(month)
    found: list[dt.date] = []
    while month >= first.replace(day=1) and len(found) < MOST_MONTHS:
        if month <= last:
            found.append(month)
        elif (month - last).days > 366:
            break
        month = month_before(month)
    return found


def missing_months(targets: Collection[Target], today: dt.date) -> dict[int, list[dt.date]]:
    """For each target the months that nobody has entered anything for, in one query."""
    owed = {target.pk: months for target in targets if (months := months_owed(target, today))}
    if not owed:
        return {}
    oldest = min(months[-1] for months in owed.values())
    entered = Entry.objects.filter(
        target__in=list(owed), day__gte=oldest, status__in=[Entry.Status.SUBMITTED, Entry.Status.APPROVED]
    )
    there = {(pk, day.replace(day=1)) for pk, day in entered.order_by().values_list("target", "day")}
    return {
        pk: missing
        for pk, months in owed.items()
        if (missing := [month for month in months if (pk, month) not in there])
    }


def remind_missing(today: dt.date | None = None) -> int:
    """Tell those who enter a target that last month's entry is missing, once for each month; how many targets."""
    today = today or timezone.localdate()
    rows = Target.objects.filter(active=True, programme__active=True, figure="", closed_at=None)
    # What is over for longer than a month is not called for any more.
    running = rows.filter(programme__last_day__gte=month_before(today)).select_related(
        "programme", "department"
    )
    targets = [target for target in running if target.rules.monthly]
    missing = missing_months(targets, today)
    return sum(_remind(target, missing[target.pk][0]) for target in targets if target.pk in missing)


@transaction.atomic
def _remind(target: Target, month: dt.date) -> bool:
    _made, new = Reminder.objects.get_or_create(target=target, month=month, defaults={"at": timezone.now()})
    if not new:
        return False
    people = _who_enters(target)
    by = (month + dt.timedelta(days=32)).replace(day=target.programme.rules.enter_by)
    with of_record():
        outbox.post([
            Delivery(
                code=MISSING, subject_kind=_KIND, subject_id=target.pk, to_kind=Delivery.To.USER, to_id=person.pk,
                to_name=str(person)[:120], channel=channel, subject=_("还没有填报：%s") % target,
                words=_words(target, month, by, channel),
            )
            for person, channel in chosen_channels(people, "mine")
        ])  # fmt: skip
    log(target, MISSING, month=f"{month:%Y-%m}", told=[person.username for person in people])
    return True


def _who_enters(target: Target) -> list[User]:
    roles = [code for code, role in ROLES.items() if ENTER in role.verbs]
    granted = Grant.objects.on().filter(role__in=roles, user__is_active=True).values("user")
    people = User.objects.filter(pk__in=granted, department__in=_bureaus(target)).order_by("pk")
    return list(people)


def _bureaus(target: Target) -> set[int]:
    """The department, and the bureau above it, whose people serve it too."""
    above = target.department.parent_id
    return {target.department_id} | (
        {above} if above and target.department_id in with_stations(above) else set()
    )


def _words(target: Target, month: dt.date, by: dt.date, channel: str) -> str:
    values = {"target": str(target), "month": f"{month:%Y-%m}", "by": f"{by}", "link": outbox.LINK}
    own = texts.own_text("staff", MISSING, channel)
    try:
        words = texts.fill(own or str(TO_PEOPLE), values)
    except (IndexError, ValueError):
        # A pack's broken sentence must not keep a reminder from being sent.
        words = texts.fill(str(TO_PEOPLE), values)
    return words if outbox.LINK in words else f"{words} {outbox.LINK}"


def _address(pk: int) -> str:
    target = Target.objects.filter(pk=pk).first()
    return target.get_absolute_url() if target else reverse("targets:mine")


def register() -> None:
    """Called once, when the floor is ready: where a reminder leads."""
    subject_link(_KIND, _address)
