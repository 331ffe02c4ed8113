"""How a program or a page of the site says who it is, and what the caller must have the right to."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.security import APIKeyCookie, HttpBearer

from huying.core.errors import NotAllowed
from huying.people.access import can
from huying.people.models import User
from huying.people.tokens import user_of


class TokenAuth(HttpBearer):
    """`Authorization: Bearer hy_…`."""

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        """The token's account becomes the user of the request."""
        user = user_of(token)
        if user is not None:
            request.user = user
        return user


class SessionAuth(APIKeyCookie):
    """The session of somebody who is signed in: for pages of the site itself, with their CSRF token."""

    param_name = "sessionid"

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        """The user of the session."""
        return request.user if request.user.is_authenticated else None


def caller(request: HttpRequest, *verbs: str) -> User:
    """Who asks; refused unless they have one of the verbs somewhere."""
    user: Any = request.user
    if verbs and not any(can(user, verb) for verb in verbs):
        raise NotAllowed(_("您的岗位没有这项权限。需要时请联系系统管理员。"))
    return user  # type: ignore[no-any-return]
