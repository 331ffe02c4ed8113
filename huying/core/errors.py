"""What an action says when it can't be done: a sentence that the user can act on."""

from __future__ import annotations


class Refusal(Exception):
    """An action is refused; `str(refusal)` says in the user's language what to do instead.

    `field` names the form field the sentence belongs to, where there is one.
    """

    status = 422

    def __init__(self, message: object, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field

    def __str__(self) -> str:
        return str(self.message)


class Conflict(Refusal):
    """Someone else changed the thing meanwhile."""

    status = 409


class NotAllowed(Refusal):
    """This person may not do this here."""

    status = 403
