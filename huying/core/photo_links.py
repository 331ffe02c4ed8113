"""Addresses of stored photos and documents, references to those of unfinished forms, and who may open them.

Core knows no subjects: each floor says with `register_rights` who may open the files of its own.
"""

from __future__ import annotations

from collections.abc import Callable

from django.core import signing
from django.http import HttpRequest
from django.urls import reverse

from huying.core.models import StoredFile

_DRAFT = "huying.cases.photo-in-draft"
DRAFT_SECONDS = 7 * 24 * 3600
Rights = Callable[[HttpRequest, StoredFile], bool]
_rights: list[Rights] = []


def register_rights(function: Rights) -> None:
    """Ask this function as well who may open a file: `function(request, file)`."""
    if function not in _rights:
        _rights.append(function)


def may_open(request: HttpRequest, file: StoredFile) -> bool:
    """Whether whoever asks may have this file: who uploaded it, who fills in the form that it belongs to, and
    whoever may see one of the things that it shows.
    """
    if draft := request.GET.get("d"):
        return _key_of(draft) == file.pk
    user = request.user
    if user.is_authenticated and file.uploaded_by_id == user.pk and "t" not in request.GET:
        return True
    return any(function(request, file) for function in _rights)


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
