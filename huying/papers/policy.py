"""Who may read a paper: those who issue papers, within their area, and the department it is addressed to."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from huying.papers.models import Paper
from huying.people.access import can, scopes
from huying.people.models import User

ISSUING = ("paper.issue", "case.supervise", "round.make")
RECEIVING = "desk.department"


def papers_for(user: User | AnonymousUser) -> QuerySet[Paper]:
    """The papers that this person may read."""
    if not isinstance(user, User):
        return Paper.objects.none()
    found = Q(pk=None)
    for verb in ISSUING:
        for scope in scopes(user, verb):
            if not scope.path and scope.department_id is None:
                return Paper.objects.all()
            within = Q(addressee=scope.department_id) if scope.department_id is not None else Q()
            there = Q(addressee__area__path__startswith=scope.path) | Q(
                addressee=None, area_path__startswith=scope.path
            )
            found |= within & (there | Q(issued_by=user))
    for scope in scopes(user, RECEIVING):
        if scope.department_id is not None:
            found |= Q(addressee=scope.department_id) | Q(addressee__parent=scope.department_id)
    return Paper.objects.filter(found)


def may_answer(user: User, paper: Paper) -> bool:
    """Whether this person signs for the paper and replies to it: somebody of the addressee itself."""
    return user.department_id == paper.addressee_id and can(user, RECEIVING)
