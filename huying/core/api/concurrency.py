"""ETags against lost updates: read a version, change only that version."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_etags, quote_etag
from django.utils.translation import gettext as _

from huying.core.errors import Conflict


class Changed(Conflict):
    """The version that the request asks for is not the one that there is."""

    status = 412


def etag(version: object) -> str:
    """The ETag of a thing's version."""
    return quote_etag(str(version))


def unless_changed(request: HttpRequest, response: HttpResponse, version: object) -> bool:
    """Put the ETag on the response; True when the reader has this version already (answer 304 then)."""
    response["ETag"] = etag(version)
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return etag(version) in [tag.removeprefix("W/") for tag in known]


def require_match(request: HttpRequest, version: object) -> None:
    """Raise Changed (412) when `If-Match` names another version. Without the header nothing is asked."""
    wanted = parse_etags(request.headers.get("If-Match", ""))
    if wanted and wanted != ["*"] and etag(version) not in [tag.removeprefix("W/") for tag in wanted]:
        raise Changed(_("您读取之后，内容有了变化。请重新读取，再决定是否继续。"))


def require_version(wanted: int | None, version: int) -> None:
    """The same for a version in the body, for clients that cannot set headers."""
    if wanted is not None and wanted != version:
        raise Changed(_("您读取之后，内容有了变化。请重新读取，再决定是否继续。"))
