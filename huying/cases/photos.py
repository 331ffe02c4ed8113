"""Who may open a case's photos: staff by their cases, a reporter by the secret link,
everyone what the ledger publishes."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.http import HttpRequest

from huying.cases.ledger import LedgerRules
from huying.cases.models import Case, CaseFile, Report
from huying.cases.policy import cases_for
from huying.core.models import StoredFile

Role = CaseFile.Role

# What a reporter sees besides what they sent themselves: the work done, never another reporter's photos.
SHOWN_TO_REPORTERS = (Role.BEFORE, Role.AFTER)
_PUBLISHED: dict[str, tuple[Role, ...]] = {
    "both": (Role.REPORTED, Role.BEFORE, Role.AFTER),
    "after": (Role.AFTER,),
    "none": (),
}


def published_roles(rules: LedgerRules) -> tuple[Role, ...]:
    """The kinds of photos of this ledger that everyone may see."""
    return _PUBLISHED[rules.public_photos]


def may_open_of_case(request: HttpRequest, file: StoredFile) -> bool:
    """Whether whoever asks may see a case that this file belongs to."""
    uses = CaseFile.objects.filter(file=file)
    if token := request.GET.get("t"):
        return _is_reporters(uses, token)
    if _is_public(uses):
        return True
    user = request.user
    return user.is_authenticated and uses.filter(case__in=cases_for(user)).exists()


def _is_reporters(uses: models.QuerySet[CaseFile], token: str) -> bool:
    report = Report.objects.filter(token=token).only("pk", "case_id").first()
    if report is None:
        return False
    theirs = Q(report=report) | Q(case=report.case_id, role__in=SHOWN_TO_REPORTERS)
    return uses.filter(theirs).exists()


def _is_public(uses: models.QuerySet[CaseFile]) -> bool:
    published = uses.filter(case__in=Case.objects.public(), report__withdrawn_at=None).select_related(
        "case__ledger"
    )
    return any(use.role in published_roles(use.case.rules) for use in published)
