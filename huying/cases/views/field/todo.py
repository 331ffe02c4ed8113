"""What needs this person now, and why: to take up, to finish, to look at on the spot, to help with."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Case as When_
from django.db.models import CharField, Exists, F, OuterRef, Q, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from huying.cases import policy
from huying.cases.models import OPEN, WITH_DEPARTMENT, Assistance, CaseQuerySet, Report, Status
from huying.cases.views.field.access import departments_of
from huying.core.models import JournalEntry
from huying.people.access import can
from huying.people.models import User

# A person's day; more than that is a fault in how the work is given out, and the page says so.
MOST = 200


@dataclass(frozen=True)
class Need:
    """Why a case is on somebody's list."""

    code: str
    title: Promise
    icon: str
    colour: str = ""


NEEDS: dict[str, Need] = {
    need.code: need
    for need in (
        Need("handle", _("办理中"), "play", "accent"),
        Need("take_up", _("待签收"), "bell", "yellow"),
        Need("see", _("待到场核实"), "eye", "blue"),
        Need("help", _("待协办"), "users"),
    )
}


def _seen_already(user: User) -> Exists:
    entries = JournalEntry.objects.filter(
        kind="case",
        subject_id=OuterRef("pk"),
        code="case.seen_on_site",
        actor_id=user.pk,
        at__gte=OuterRef("handled_at"),
    )
    return Exists(entries)


def needing(user: User) -> CaseQuerySet:
    """The cases that need this person, each with `need` (a code of NEEDS); the most pressing first."""
    mine = departments_of(user)
    handle = Q(handler=user, status=Status.HANDLING)
    take_up = Q(status=Status.DISPATCHED, department__in=mine) & (Q(handler=None) | Q(handler=user))
    helps = Assistance.objects.filter(case=OuterRef("pk"), department=user.department_id, done_at=None)
    help_ = Q(Exists(helps), status__in=WITH_DEPARTMENT)
    whens = [When(handle, then=Value("handle")), When(take_up, then=Value("take_up"))]
    wanted = handle | take_up
    if can(user, "case.check_on_site"):
        others = (Q(handler=None) | ~Q(handler=user)) & (Q(handled_by=None) | ~Q(handled_by=user))
        see = Q(~_seen_already(user), others, status=Status.HANDLED)
        whens.append(When(see, then=Value("see")))
        wanted |= see
    if user.department_id is not None:
        wanted |= help_
    found = policy.cases_for(user).filter(wanted, status__in=OPEN)
    need = When_(*whens, default=Value("help"), output_field=CharField())
    phone = Report.objects.filter(case=OuterRef("pk"), withdrawn_at=None).exclude(phone="")
    return found.annotate(need=need, has_phone=Exists(phone)).order_by(F("due_at").asc(nulls_last=True), "pk")


def count(user: User) -> int:
    """How many cases need this person, for the tab bar."""
    return needing(user).order_by()[:MOST].count()
