"""Photos and documents, handed out only to those who may see them. The rights: `core/photo_links.py`."""

from __future__ import annotations

from pathlib import Path

from django.http import FileResponse, Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from huying.core.models import StoredFile
from huying.core.photo_links import may_open


def _allowed(request: HttpRequest, pk: int, sha8: str, kind: StoredFile.Kind) -> StoredFile:
    file = get_object_or_404(StoredFile, pk=pk, sha256__startswith=sha8, kind=kind)
    if not may_open(request, file):
        raise Http404  # whether it exists is nobody's business either
    return file


@require_safe
def photo(request: HttpRequest, pk: int, sha8: str, small: bool = False) -> HttpResponseBase:
    """A photo or, with `small`, its thumbnail. Its content never changes, so a browser keeps it."""
    file = _allowed(request, pk, sha8, StoredFile.Kind.PHOTO)
    chosen = file.thumbnail if small and file.thumbnail else file.file
    try:
        response = FileResponse(chosen.open("rb"), content_type="image/jpeg")
    except FileNotFoundError:
        raise Http404 from None
    # Rights can end (a case withdrawn from public view): the browser of who saw it may keep it, no proxy may.
    patch_cache_control(response, private=True, max_age=7 * 24 * 3600, immutable=True)
    return response


@require_safe
def document(request: HttpRequest, pk: int, sha8: str) -> HttpResponseBase:
    """A document, always as a download: never opened inside this site."""
    file = _allowed(request, pk, sha8, StoredFile.Kind.DOCUMENT)
    try:
        response = FileResponse(
            file.file.open("rb"), as_attachment=True, filename=Path(str(file.file.name)).name
        )
    except FileNotFoundError:
        raise Http404 from None
    patch_cache_control(response, private=True, no_cache=True)
    return response
