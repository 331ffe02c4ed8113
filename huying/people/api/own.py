"""The caller's own account and tokens over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status

from huying.core.api import Problem
from huying.core.errors import Refusal
from huying.people.access import scopes
from huying.people.models import ApiToken, Department
from huying.people.tokens import known_verbs, make_token, revoke_token
from huying.places.models import Area

router = Router(tags=["people"])


class ScopeOut(Schema):
    """Where a verb is held: inside the area with this code (empty: everywhere), for a department (empty: any)."""

    verb: str
    area: str
    department: str


class MeOut(Schema):
    """The caller, with what may be done now by this token or session."""

    username: str
    name: str
    department: str
    rights: list[ScopeOut]


@router.get("/me", response=MeOut, summary="Who am I")
def me(request: HttpRequest) -> dict[str, Any]:
    """The caller's account and rights."""
    user: Any = request.user
    departments = dict(Department.objects.values_list("pk", "code"))
    return {
        "username": user.username, "name": user.name, "department": user.department.code if user.department else "",
        "rights": [
            {
                "verb": verb, "area": scope.path.rstrip("/").rpartition("/")[2],
                "department": departments.get(scope.department_id, "") if scope.department_id else "",
            }
            for verb in known_verbs() for scope in scopes(user, verb)
        ],
    }  # fmt: skip


class TokenOut(Schema):
    """A token, without its secret."""

    id: int
    title: str
    ending: str
    verbs: list[str] | None
    area: str
    expires_on: date
    made_at: datetime
    used_at: datetime | None
    in_force: bool


class NewTokenOut(TokenOut):
    """A token with its secret: shown this once."""

    secret: str


class TokenIn(Schema):
    """A token to make. `verbs` null: all that the account may do, now and later."""

    title: str = Field(max_length=80)
    expires_on: date
    verbs: list[str] | None = None
    area: str = ""


def _token_out(token: ApiToken) -> dict[str, Any]:
    return {
        "id": token.pk, "title": token.title, "ending": token.ending, "verbs": token.verbs,
        "area": token.area.code if token.area else "", "expires_on": token.expires_on, "made_at": token.made_at,
        "used_at": token.used_at, "in_force": token.in_force,
    }  # fmt: skip


@router.get("/tokens", response=list[TokenOut], summary="List my tokens")
def list_tokens(request: HttpRequest) -> list[dict[str, Any]]:
    """The caller's own tokens."""
    return [
        _token_out(t) for t in ApiToken.objects.filter(owner=request.user.pk).select_related("area", "owner")
    ]


@router.post("/tokens", response={201: NewTokenOut, 403: Problem, 422: Problem}, summary="Make a token")
def create_token(request: HttpRequest, data: TokenIn) -> Any:
    """A further token for the caller's account; a token makes none that reaches further than itself."""
    user: Any = request.user
    if getattr(user, "token_limit", None) is not None:
        raise Refusal(_("令牌不能建立新的令牌。请登录后在「我的账号」里建立。"))
    area = Area.objects.filter(code=data.area).first() if data.area else None
    if data.area and area is None:
        raise Refusal(_("没有这个区域。"), field="area")
    token, secret = make_token(
        user, title=data.title, expires_on=data.expires_on, actor=user, verbs=data.verbs, area=area
    )
    return Status(201, {**_token_out(token), "secret": secret})


@router.delete("/tokens/{pk}", response={204: None, 403: Problem, 404: Problem}, summary="Revoke a token")
def delete_token(request: HttpRequest, pk: int) -> Any:
    """End one of the caller's tokens at once."""
    user: Any = request.user
    revoke_token(get_object_or_404(ApiToken, pk=pk, owner=user), actor=user)
    return Status(204, None)
