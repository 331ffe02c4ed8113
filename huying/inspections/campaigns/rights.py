"""Who reads campaigns and who runs them. The rows behind each number keep their own rights."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from huying.core.errors import NotAllowed
from huying.inspections.campaigns.models import Award, Bulletin, Campaign
from huying.people.access import can, scopes
from huying.people.models import User

VIEW, MANAGE = "campaign.view", "campaign.manage"


def campaigns_for(user: User | AnonymousUser) -> QuerySet[Campaign]:
    """The campaigns that this person reads: what they are is known to the whole staff that works on them."""
    return Campaign.objects.filter(active=True) if can(user, VIEW) else Campaign.objects.none()


def may_manage(user: User | AnonymousUser, campaign: Campaign | None = None) -> bool:
    """Whether this person drafts bulletins, publishes rankings and records awards: for the whole district, or
    the people of the department that leads the campaign."""
    for scope in scopes(user, MANAGE):
        if not scope.path and scope.department_id is None:
            return True
        if campaign is not None and isinstance(user, User) and user.department is not None:
            return user.department.code == campaign.rules.lead
    return False


def require_manage(user: User, campaign: Campaign | None) -> None:
    """Refuse, saying why, unless this person runs the campaign."""
    if not can(user, MANAGE):
        raise NotAllowed(_("您的岗位没有这项权限。需要时请联系系统管理员。"))
    if not may_manage(user, campaign):
        raise NotAllowed(_("这个专项由牵头单位和督查室来管，请联系他们。"))


def bulletins_for(user: User | AnonymousUser) -> QuerySet[Bulletin]:
    """Issued bulletins are read by all who read campaigns; a draft by who runs its campaign."""
    if not can(user, VIEW):
        return Bulletin.objects.none()
    if may_manage(user):
        return Bulletin.objects.all()
    led = [campaign.pk for campaign in Campaign.objects.filter(active=True) if may_manage(user, campaign)]
    return Bulletin.objects.filter(Q(number__isnull=False) | Q(series__campaign__in=led))


def awards_for(user: User | AnonymousUser) -> QuerySet[Award]:
    """Awards are public within the staff."""
    return Award.objects.all() if can(user, VIEW) else Award.objects.none()
