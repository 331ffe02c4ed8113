"""Who works in the field, and where the phone is."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import wraps
from typing import TypeVar, cast

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from huying.cases import policy
from huying.cases.models import Case
from huying.cases.references import with_references
from huying.people.access import grants_of
from huying.people.guards import requires
from huying.people.models import Department, User
from huying.places.models import Area

View = TypeVar("View", bound=Callable[..., HttpResponse])
READER = "X-Field-User"


def on_the_phone(view: View) -> View:
    """Decorator inside a guard: tells the phone whose page this is, so that it keeps pages of one person only."""

    @wraps(view)
    def named(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        answer = view(request, *args, **kwargs)
        answer[READER] = str(worker(request).pk)
        return answer

    return named  # type: ignore[return-value]


def in_the_field(view: View) -> View:
    """Grid workers; clerks and heads who go out use the same pages for their department's cases."""
    return requires("field.work", "case.report_handled")(on_the_phone(view))


def reports_in_the_field(view: View) -> View:
    """Whoever works in the field and may report."""
    return requires("field.work", "report.create")(on_the_phone(view))


_POSITION = re.compile(r"^(-?\d{1,3}(?:\.\d+)?),(-?\d{1,2}(?:\.\d+)?)$")


def worker(request: HttpRequest) -> User:
    """The reader; the guards have seen to it that there is one."""
    return cast(User, request.user)


def position_of(request: HttpRequest) -> tuple[float, float] | None:
    """Where the phone says it is (WGS-84), from a header: an address would be kept in histories and logs."""
    match = _POSITION.match(request.headers.get("X-Position", ""))
    if not match:
        return None
    lng, lat = float(match[1]), float(match[2])
    return (lng, lat) if abs(lng) <= 180 and abs(lat) <= 90 and math.isfinite(lng + lat) else None


def areas_of(user: User) -> list[Area]:
    """The areas for which the user works in the field, as the grants say; empty: not limited to one."""
    return [grant.area for grant in grants_of(user) if grant.area is not None]


def departments_of(user: User) -> list[int]:
    """Whose cases the user may take up: the own department's, those of the stations below it, and for a
    community's people, which never leads, those of the street office above it.
    """
    if user.department_id is None:
        return []
    own = Q(pk=user.department_id) | Q(parent=user.department_id)
    above = Q(children=user.department_id, children__can_lead=False)
    return list(Department.objects.filter(own | above).values_list("pk", flat=True).distinct())


def case_for(user: User, number: str) -> Case:
    """The case with what its page needs; 404 for one that this person may not see."""
    case = (
        with_references(policy.cases_for(user))
        .select_related("handler", "item__register", "merged_into")
        .filter(number=number)
        .first()
    )
    if case is None:
        raise Http404(_("没有这个案件，或者它不在您负责的区域和部门内。请核对编号。"))
    return case
