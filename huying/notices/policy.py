"""What of the delivery log and the robots an administrator sees."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from huying.notices.models import Delivery, Robot
from huying.people.policy import Reader, areas_for, departments_for, paths_of, users_for

MANAGE = "notices.manage"


def robots_for(user: Reader) -> QuerySet[Robot]:
    """The robots of the departments and areas that the administrator keeps."""
    if paths_of(user, MANAGE) is None:
        return Robot.objects.all()
    return Robot.objects.filter(
        Q(department__in=departments_for(user, MANAGE)) | Q(department=None, area__in=areas_for(user, MANAGE))
    )


def deliveries_for(user: Reader) -> QuerySet[Delivery]:
    """The whole log for an administrator of the district; of an area: what went to its staff and groups.

    What went to residents is for the district's only, and for the case's own page.
    """
    if paths_of(user, MANAGE) is None:
        return Delivery.objects.all()
    return Delivery.objects.filter(
        Q(to_kind=Delivery.To.USER, to_id__in=users_for(user, MANAGE).values("pk"))
        | Q(to_kind=Delivery.To.ROBOT, to_id__in=robots_for(user).values("pk"))
    )
