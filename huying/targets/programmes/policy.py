"""Who reads targets, who enters, who approves: rows by department and area."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from huying.core.errors import NotAllowed
from huying.core.models import StoredFile
from huying.people.access import can, scopes, with_stations
from huying.people.models import User
from huying.targets.programmes.models import ClosingFile, Entry, EntryFile, Programme, Target

VIEW, ENTER, APPROVE, MANAGE = "target.view", "target.enter", "target.approve", "target.manage"


def programmes_for(user: User | AnonymousUser) -> QuerySet[Programme]:
    """Programmes in use: what was promised is known to the whole staff that works on it."""
    return Programme.objects.filter(active=True) if can(user, VIEW) else Programme.objects.none()


def targets_for(user: User | AnonymousUser, verb: str = VIEW) -> QuerySet[Target]:
    """The targets that this person has the verb for. They are read by all who read targets; changed, entered and
    approved within a department where the right is limited to one.
    """
    rows = Target.objects.filter(active=True, programme__active=True)
    if verb == VIEW:
        return rows if can(user, VIEW) else rows.none()
    found = Q(pk=None)
    for scope in scopes(user, verb):
        if scope.department_id is None:
            return rows
        found |= Q(department__in=with_stations(scope.department_id))
    return rows.filter(found)


def entries_for(user: User | AnonymousUser, verb: str = VIEW) -> QuerySet[Entry]:
    """The entries that this person may read: of their area, of their department; drafts only their own.

    The sums of targets are read by all; the rows behind them may name schools, streets and people.
    """
    found = Q(pk=None)
    for scope in scopes(user, verb):
        within = Q(area_path__startswith=scope.path) if scope.path else Q()
        if scope.department_id is not None:
            mine = with_stations(scope.department_id)
            within &= Q(target__department__in=mine) | Q(department__in=mine)
        found |= within if within else Q(pk__isnull=False)
    own = Q(entered_by=user.pk) if isinstance(user, User) else Q(pk=None)
    return Entry.objects.filter(found).filter(~Q(status=Entry.Status.DRAFT) | own)


def waiting(user: User | AnonymousUser) -> int:
    """How many entries wait for this person's decision."""
    if not can(user, APPROVE):
        return 0
    rows = Entry.objects.filter(status=Entry.Status.SUBMITTED, target__in=targets_for(user, APPROVE))
    return rows.exclude(entered_by=user.pk).count()


def may_enter(user: User | AnonymousUser, target: Target) -> bool:
    """Whether this person enters progress of this target: their own department's."""
    return not target.figure and targets_for(user, ENTER).filter(pk=target.pk).exists()


def may_approve(user: User | AnonymousUser, entry: Entry) -> bool:
    """Whether this person decides about this entry: never who entered it."""
    return entry.entered_by_id != user.pk and targets_for(user, APPROVE).filter(pk=entry.target_id).exists()


def require(user: User, verb: str, target: Target) -> None:
    """Refuse, saying why, unless this person has the verb for this target."""
    if not can(user, verb):
        raise NotAllowed(_("您的岗位没有这项权限。需要时请联系系统管理员。"))
    if not targets_for(user, verb).filter(pk=target.pk).exists():
        raise NotAllowed(
            _("“%(target)s”由%(department)s负责，请联系该单位。")
            % {"target": target, "department": target.department}
        )


def may_open(request: HttpRequest, file: StoredFile) -> bool:
    """Whether whoever asks may see evidence: staff that reads the entry; anyone where it was made public."""
    public = Q(public=True)
    open_entry = EntryFile.objects.filter(
        public, file=file, entry__status=Entry.Status.APPROVED, entry__target__programme__public=True
    )
    open_closing = ClosingFile.objects.filter(public, file=file, target__programme__public=True)
    if open_entry.exists() or open_closing.exists():
        return True
    user = request.user
    if not user.is_authenticated:
        return False
    if EntryFile.objects.filter(file=file, entry__in=entries_for(user)).exists():
        return True
    return ClosingFile.objects.filter(file=file, target__in=targets_for(user)).exists()
