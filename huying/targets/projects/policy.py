"""Who sees and who changes which projects.

Streets see and update their own, by their area and by their department; the project office everything; leaders read.
"""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from huying.core.errors import NotAllowed
from huying.core.models import StoredFile
from huying.papers.subjects import About
from huying.people.access import Scope, can, everywhere, scopes, with_stations
from huying.people.models import User
from huying.targets.projects.models import (
    ContactVisit,
    Grant,
    Meeting,
    Milestone,
    MonthlyUpdate,
    Project,
    ServiceSession,
    UpdatePhoto,
    VisitPhoto,
    WarMapItem,
    Work,
)

VIEW, UPDATE, MANAGE = "project.view", "project.update", "project.manage"
Reader = User | AnonymousUser


def _reach(scope: Scope, via: str = "", columns: tuple[str, ...] = ("owner", "street")) -> Q:
    found = Q(pk__isnull=False)  # of two conditions joined by `or`, an empty one would be left out
    if scope.path:
        found &= Q(**{f"{via}area_path__startswith": scope.path})
    if scope.department_id is not None:
        mine = with_stations(scope.department_id)
        own = Q()
        for column in columns:
            own |= Q(**{f"{via}{column}__in": mine})
        found &= own
    return found


def reach(user: Reader, verb: str, via: str = "", columns: tuple[str, ...] = ("owner", "street")) -> Q:
    """The rows within which the user has the verb, as a condition on `via`'s project."""
    found = Q(pk__in=[])
    for scope in scopes(user, verb):
        found |= _reach(scope, via, columns)
    return found


def projects_for(user: Reader, verb: str = VIEW) -> QuerySet[Project]:
    """The projects that this person may see, or have another verb on."""
    return Project.objects.filter(reach(user, verb), active=True)


def updates_for(user: Reader) -> QuerySet[MonthlyUpdate]:
    """Every version of the updates of those projects."""
    return MonthlyUpdate.objects.filter(reach(user, VIEW, "project__"), project__active=True)


def visits_for(user: Reader) -> QuerySet[ContactVisit]:
    """The visits to those projects; a leader reads their own as well."""
    mine = Q(leader=user) if isinstance(user, User) and can(user, VIEW) else Q(pk__in=[])
    return ContactVisit.objects.filter(reach(user, VIEW, "project__") | mine)


def sessions_for(user: Reader) -> QuerySet[ServiceSession]:
    """The docking sessions of those projects; those about no single one are the project office's and leaders'."""
    general = Q(project=None) if everywhere(user, VIEW) else Q(pk__in=[])
    return ServiceSession.objects.filter(reach(user, VIEW, "project__") & Q(project__isnull=False) | general)


def meetings_for(user: Reader) -> QuerySet[Meeting]:
    """Meetings are read by who reads the district's projects, by who was there, and by whose project it was about."""
    if everywhere(user, VIEW):
        return Meeting.objects.all()
    if not isinstance(user, User) or not can(user, VIEW):
        return Meeting.objects.none()
    mine = (
        Q(attendees=user) | Q(projects__in=projects_for(user)) | Q(decisions__department=user.department_id)
    )
    return Meeting.objects.filter(pk__in=Meeting.objects.filter(mine).values("pk"))


def works_for(user: Reader) -> QuerySet[Work]:
    """Works within the reader's area, or of the reader's department."""
    found = Q(pk__in=[])
    for scope in scopes(user, VIEW):
        found |= _reach(scope, columns=("department",))
    return Work.objects.filter(found)


def grants_for(user: Reader) -> QuerySet[Grant]:
    """Grants of the villages within the reader's area; a department's people read those of its area."""
    found = Q(pk__in=[])
    for scope in scopes(user, VIEW):
        own = Q(area_path__startswith=scope.path)
        if scope.department_id is not None:
            own &= Q(proposed_by__department__in=with_stations(scope.department_id)) | Q(
                project__owner__in=with_stations(scope.department_id)
            )
        found |= own
    return Grant.objects.filter(found)


def map_items_for(user: Reader) -> QuerySet[WarMapItem]:
    """The war map hangs on the wall: whoever reads projects reads all of it."""
    return WarMapItem.objects.filter(active=True) if can(user, VIEW) else WarMapItem.objects.none()


def require(user: Reader, verb: str, project: Project) -> None:
    """Refuse, saying why, unless the person has the verb on this project."""
    if not can(user, verb):
        raise NotAllowed(_("您的岗位没有这项权限。需要时请联系系统管理员。"))
    if not projects_for(user, verb).filter(pk=project.pk).exists():
        raise NotAllowed(_("这个项目不由您的单位负责。请联系它的填报单位或项目办。"))


def require_manage(user: Reader) -> None:
    """Refuse whoever is not the project office."""
    if not can(user, MANAGE):
        raise NotAllowed(_("这一步由项目办办理，请联系项目办。"))


def require_item(user: User, item: WarMapItem) -> None:
    """A task of the war map is reported by its owner's people, or by the project office."""
    if can(user, MANAGE):
        return
    for scope in scopes(user, UPDATE):
        if scope.department_id is not None and item.owner_id in with_stations(scope.department_id):
            return
    raise NotAllowed(_("这一项由%(owner)s负责，请他们来报。") % {"owner": item.owner or _("责任单位")})


def may_check(user: Reader) -> bool:
    """Whether this person checks what others report done: the project office, and whoever approves targets."""
    return can(user, MANAGE) or can(user, "target.approve")


def may_open_of_project(request: HttpRequest, file: StoredFile) -> bool:
    """Photos and evidence of projects are opened by who may see what they belong to."""
    user = request.user
    if not can(user, VIEW):
        return False
    return (
        UpdatePhoto.objects.filter(file=file, update__in=updates_for(user)).exists()
        or VisitPhoto.objects.filter(file=file, visit__in=visits_for(user)).exists()
        or Milestone.objects.filter(evidence=file, project__in=projects_for(user)).exists()
        or works_for(user).filter(evidence=file).exists()
        or grants_for(user).filter(evidence=file).exists()
        or map_items_for(user).filter(evidence=file).exists()
    )


def meeting_of_paper(user: User, key: int) -> About | None:
    """The meeting that a notice or minutes belong to, for who may read about it."""
    found = meetings_for(user).filter(pk=key).first()
    return About(found.title, found.get_absolute_url()) if found else None
