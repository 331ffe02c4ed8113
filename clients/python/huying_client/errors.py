"""What the API refuses, as exceptions. `detail` is a sentence for people; `fields` names what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class HuyingError(Exception):
    """Anything that went wrong. `status` is the HTTP status, 0 when there was no answer."""

    def __init__(self, detail: str, *, status: int = 0, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail, self.status, self.fields = detail, status, dict(fields or {})


class Unreachable(HuyingError):
    """No answer, or a broken one, after all tries. The request may have been done: send it again with its key."""


class SignedOut(HuyingError):
    """The token is unknown, expired or revoked (401)."""


class NotAllowed(HuyingError):
    """This account or token may not do that (403)."""


class NotFound(HuyingError):
    """It is not there, or not for this account (404)."""


class Conflict(HuyingError):
    """Somebody else was first (409)."""


class Changed(Conflict):
    """The case has changed since it was read (412)."""


class Refused(HuyingError):
    """What was sent can't be done (422); `fields` says what to correct."""


class TooMany(HuyingError):
    """Too many requests in this minute (429)."""


_KINDS: dict[int, type[HuyingError]] = {
    401: SignedOut,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    412: Changed,
    422: Refused,
    429: TooMany,
}


def error_of(status: int, body: Any) -> HuyingError:
    """The exception for an answer with problem details."""
    problem = body if isinstance(body, dict) else {}
    fields = {str(one.get("field")): str(one.get("detail")) for one in problem.get("errors") or []}
    kind = _KINDS.get(status, Unreachable if status >= 500 else HuyingError)
    return kind(str(problem.get("detail") or f"HTTP {status}"), status=status, fields=fields)
