"""Where a case's photos are, and who may open them: staff by their cases, a reporter by the secret link,
everyone what the ledger publishes."""

from __future__ import annotations

from django.core import signing
from django.db import models
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse

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
_DRAFT = "huying.cases.photo-in-draft"
DRAFT_SECONDS = 7 * 24 * 3600


def published_roles(rules: LedgerRules) -> tuple[Role, ...]:
    """The kinds of photos of this ledger that everyone may see."""
    return _PUBLISHED[rules.public_photos]


def photo_url(file: StoredFile, *, small: bool = False, token: str = "", draft: str = "") -> str:
    """The photo's address; `token` is the reporter's secret, `draft` what `draft_token` gave."""
    name = "files:thumbnail" if small else "files:photo"
    url = reverse(name, args=[file.pk, file.sha256[:8]])
    if token:
        return f"{url}?t={token}"
    return f"{url}?d={draft}" if draft else url


def document_url(file: StoredFile) -> str:
    """The document's address, for staff."""
    return reverse("files:document", args=[file.pk, file.sha256[:8]])


def draft_token(file: StoredFile) -> str:
    """A signed reference to a photo that was uploaded with a form that is not yet accepted."""
    return signing.dumps(file.pk, salt=_DRAFT)


def draft_photos(tokens: list[str]) -> list[StoredFile]:
    """The photos of these references, in order; what is forged or a week old is left out."""
    keys = [key for token in tokens if (key := _key_of(token)) is not None]
    found = StoredFile.objects.filter(kind=StoredFile.Kind.PHOTO).in_bulk(keys)
    return [found[key] for key in dict.fromkeys(keys) if key in found]


def _key_of(token: str) -> int | None:
    try:
        return int(signing.loads(token, salt=_DRAFT, max_age=DRAFT_SECONDS))
    except (signing.BadSignature, ValueError, TypeError):
        return None


def may_open(request: HttpRequest, file: StoredFile) -> bool:
    """Whether whoever asks may have this file."""
    if draft := request.GET.get("d"):
        return _key_of(draft) == file.pk
    uses = CaseFile.objects.filter(file=file)
    if token := request.GET.get("t"):
        return _is_reporters(uses, token)
    if _is_public(uses):
        return True
    user = request.user
    if not user.is_authenticated:
        return False
    return file.uploaded_by_id == user.pk or uses.filter(case__in=cases_for(user)).exists()


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
