"""Accounts over HTTP: list, one account, add, change, roles, posts, passwords, second factors; as on the desk."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status

from huying.core.api import Page, Problem, by_code, cleaned, filters, form_data, page_of, query, rows_of
from huying.core.errors import NotAllowed, Refusal
from huying.core.masking import mask_phone
from huying.core.pages import Filter
from huying.people import actions
from huying.people.api.auth import caller
from huying.people.api.organisation import HoldingOut, holding_out
from huying.people.forms import AccountForm, GrantForm, HoldingForm
from huying.people.models import Grant, User
from huying.people.policy import require_account, users_for
from huying.people.signing import factors, identities
from huying.people.story import story
from huying.people.views.accounts import Accounts
from huying.people.views.common import MANAGE_PEOPLE

router = Router(tags=["accounts"])
_REFUSED: dict[Any, Any] = {403: Problem, 404: Problem, 422: Problem}


class AccountRow(Schema):
    """An account in a list; its phone is masked."""

    username: str
    name: str
    title: str
    phone: str
    department: str
    roles: list[str]
    active: bool
    last_login: datetime | None


class GrantOut(Schema):
    """A role, where it holds (empty: everywhere, any department) and for how long."""

    id: int
    role: str
    area: str
    department: str
    starts_on: date | None
    ends_on: date | None


class StoryOut(Schema):
    """What happened to an account, in words."""

    title: str
    at: datetime
    who: str
    text: str


class AccountOut(AccountRow):
    """An account as on its page, with its phone in plain. `beyond` says why the caller may not change it."""

    grants: list[GrantOut]
    holdings: list[HoldingOut]
    second_factor: bool
    tied: bool
    beyond: str
    story: list[StoryOut]


def account_row(user: User) -> dict[str, Any]:
    """An account in a list."""
    return {
        "username": user.username, "name": user.name, "title": user.title, "phone": mask_phone(user.phone),
        "department": user.department.code if user.department else "",
        "roles": sorted({grant.role for grant in user.grants.all()}), "active": user.is_active,
        "last_login": user.last_login,
    }  # fmt: skip


def grant_out(grant: Grant) -> dict[str, Any]:
    """One role of an account."""
    return {
        "id": grant.pk, "role": grant.role, "area": grant.area.code if grant.area else "",
        "department": grant.department.code if grant.department else "", "starts_on": grant.starts_on,
        "ends_on": grant.ends_on,
    }  # fmt: skip


def account_out(user: User, reader: User) -> dict[str, Any]:
    """A whole account."""
    try:
        require_account(reader, user)
        beyond = ""
    except NotAllowed as refusal:
        beyond = str(refusal)
    grants = user.grants.select_related("area", "department").defer("area__boundary").order_by("pk")
    holdings = user.holdings.on().select_related("user", "post", "area", "road").defer("area__boundary")
    return {
        **account_row(user), "phone": user.phone, "grants": [grant_out(grant) for grant in grants],
        "holdings": [holding_out(holding) for holding in holdings],
        "second_factor": factors.has_factor(user), "tied": identities.is_tied(user), "beyond": beyond,
        "story": [event | {"title": str(event["title"])} for event in story(user)],
    }  # fmt: skip


class _Listed(Accounts):
    """The desk's list; a program says which accounts it means instead of ticking a box."""

    def get_filters(self) -> Any:
        choices = [("true", ""), ("false", ""), ("all", "")]
        known: Any = super().get_filters()  # type: ignore[no-untyped-call]
        return (
            *(one for one in known if one.name != "inactive"),
            Filter("active", forms.ChoiceField(choices=choices), apply=_active),
        )

    def get_queryset(self) -> Any:
        rows = users_for(self.request.user).select_related("department").prefetch_related("grants")
        return rows if self.asked("active") else rows.filter(is_active=True)


def _active(rows: Any, wanted: str) -> Any:
    return rows if wanted == "all" else rows.filter(is_active=wanted == "true")


def _account(user: User, username: str) -> User:
    found = users_for(user).select_related("department__area").defer("department__area__boundary")
    return get_object_or_404(found, username=username)


@router.get(
    "/accounts", response={200: Page[AccountRow], 403: Problem, 422: Problem}, summary="List accounts",
    **filters(
        q="name, username or beginning of the phone", role="code of a role, or none", department="code",
        area="code: whose department, post or role lies inside", active="true (default), false or all",
    ),
)  # fmt: skip
def list_accounts(
    request: HttpRequest, after: str = "", limit: int = query(50, ge=1, le=200)
) -> dict[str, Any]:
    """The accounts that the caller manages, by username."""
    caller(request, MANAGE_PEOPLE)
    return page_of(rows_of(_Listed, request), account_row, order="username", after=after, limit=limit)


@router.get(
    "/accounts/{username}", response={200: AccountOut, 403: Problem, 404: Problem}, summary="Read an account"
)
def read_account(request: HttpRequest, username: str) -> dict[str, Any]:
    """One account with its roles, posts and story."""
    user = caller(request, MANAGE_PEOPLE)
    return account_out(_account(user, username), user)


class AccountIn(Schema):
    """A new account. `department` is a code; who manages a part of the district has to name one."""

    username: str = Field(max_length=150)
    name: str = Field(max_length=60)
    title: str = Field("", max_length=60)
    phone: str = Field("", max_length=30)
    department: str = Field("", max_length=40)


class NewAccountOut(Schema):
    """The account, and its first password: shown this once, as on the desk."""

    account: AccountOut
    password: str


@router.post("/accounts", response={201: NewAccountOut, 403: Problem, 422: Problem}, summary="Add an account")
def add_account(request: HttpRequest, response: HttpResponse, data: AccountIn) -> Any:
    """A new account without a role; give it one at `POST /accounts/{username}/grants`."""
    user = caller(request, MANAGE_PEOPLE)
    form = by_code(AccountForm(user, form_data(data.model_dump())))
    row, password = actions.add_account(actor=user, **cleaned(form))
    response["Cache-Control"] = "no-store"
    return Status(201, {"account": account_out(row, user), "password": password})


class AccountChange(Schema):
    """What changes; what is left out stays. An empty text empties."""

    name: str | None = Field(None, max_length=60)
    title: str | None = Field(None, max_length=60)
    phone: str | None = Field(None, max_length=30)
    department: str | None = Field(None, max_length=40)


@router.patch("/accounts/{username}", response={200: AccountOut, **_REFUSED}, summary="Change an account")
def change_account(request: HttpRequest, username: str, data: AccountChange) -> dict[str, Any]:
    """Change name, title, phone or department."""
    user = caller(request, MANAGE_PEOPLE)
    row = _account(user, username)
    now = {
        "name": row.name, "title": row.title, "phone": row.phone,
        "department": row.department.code if row.department else "",
    }  # fmt: skip
    sent = form_data(now | data.model_dump(exclude_none=True))
    # The form writes into its instance while it validates; the action wants to see the old values.
    form = by_code(AccountForm(user, sent, instance=_account(user, username)))
    actions.change_account(row, actor=user, **cleaned(form))
    return account_out(row, user)


class GrantIn(Schema):
    """A role to give, limited to an area and a department where they are named."""

    role: str = Field(max_length=24)
    area: str = Field("", max_length=40)
    department: str = Field("", max_length=40)
    ends_on: date | None = None


@router.post(
    "/accounts/{username}/grants", response={201: GrantOut, 409: Problem, **_REFUSED}, summary="Give a role"
)
def give_role(request: HttpRequest, username: str, data: GrantIn) -> Any:
    """Give a role, in force at once; nobody gives more than they have."""
    user = caller(request, MANAGE_PEOPLE)
    row = _account(user, username)
    form = by_code(GrantForm(user, form_data(data.model_dump())))
    return Status(201, grant_out(actions.give_role(row, actor=user, **cleaned(form))))


@router.delete(
    "/accounts/{username}/grants/{pk}",
    response={204: None, 409: Problem, **_REFUSED},
    summary="Withdraw a role",
)
def withdraw_role(request: HttpRequest, username: str, pk: int) -> Any:
    """Withdraw a role, at once."""
    user = caller(request, MANAGE_PEOPLE)
    grants = _account(user, username).grants.select_related("area", "department", "user")
    actions.withdraw_role(get_object_or_404(grants, pk=pk), actor=user)
    return Status(204, None)


class HoldingIn(Schema):
    """A post, and the area or road it is held for, by code or title. From today where no day is given."""

    post: str = Field(max_length=40)
    area: str = Field("", max_length=80)
    road: str = Field("", max_length=80)
    starts_on: date | None = None


@router.post(
    "/accounts/{username}/holdings",
    response={201: HoldingOut, 409: Problem, **_REFUSED},
    summary="Hold a post",
)
def hold_post(request: HttpRequest, username: str, data: HoldingIn) -> Any:
    """The account holds a post from a day on."""
    user = caller(request, MANAGE_PEOPLE)
    row = _account(user, username)
    form = by_code(HoldingForm(user, form_data(data.model_dump())))
    return Status(201, holding_out(actions.hold_post(row, actor=user, **cleaned(form))))


@router.post(
    "/accounts/{username}/activation", response={200: AccountOut, 409: Problem, **_REFUSED},
    summary="Activate an account"
)  # fmt: skip
def activate_account(request: HttpRequest, username: str) -> dict[str, Any]:
    """Open a closed account again, with the roles it had."""
    user = caller(request, MANAGE_PEOPLE)
    row = _account(user, username)
    actions.activate_account(row, actor=user)
    return account_out(row, user)


@router.post(
    "/accounts/{username}/deactivation", response={200: AccountOut, 409: Problem, **_REFUSED},
    summary="Deactivate an account"
)  # fmt: skip
def deactivate_account(request: HttpRequest, username: str) -> dict[str, Any]:
    """Close an account: no sign-in, no token; what it did stays."""
    user = caller(request, MANAGE_PEOPLE)
    row = _account(user, username)
    actions.deactivate_account(row, actor=user)
    return account_out(row, user)


class PasswordOut(Schema):
    """The new password: shown this once."""

    password: str


@router.post(
    "/accounts/{username}/password", response={200: PasswordOut, **_REFUSED}, summary="Reset a password"
)
def reset_password(request: HttpRequest, response: HttpResponse, username: str) -> dict[str, str]:
    """A new first password; the account's sessions end. A token does not change its own account's password."""
    user = caller(request, MANAGE_PEOPLE)
    row = _account(user, username)
    if row.pk == user.pk and getattr(user, "token_limit", None) is not None:
        raise Refusal(_("令牌不能重设自己账号的密码。请登录后在「我的账号」里更改。"))
    response["Cache-Control"] = "no-store"
    return {"password": actions.reset_password(row, actor=user)}


class FactorReasonIn(Schema):
    """Why somebody's second factors are taken away: kept on record."""

    reason: str = Field(max_length=200)


@router.post(
    "/accounts/{username}/second-factor-reset",
    response={200: AccountOut, 409: Problem, **_REFUSED},
    summary="Reset second factors",
)
def reset_factors(request: HttpRequest, username: str, data: FactorReasonIn) -> dict[str, Any]:
    """Take away all second factors of who has lost the phone."""
    user = caller(request, MANAGE_PEOPLE)
    row = _account(user, username)
    factors.reset_factors(row, reason=data.reason, actor=user)
    return account_out(row, user)


@router.delete(
    "/accounts/{username}/identity",
    response={204: None, 409: Problem, **_REFUSED},
    summary="Untie an identity",
)
def untie(request: HttpRequest, username: str) -> Any:
    """Forget which identity at the organisation's provider belongs to the account."""
    user = caller(request, MANAGE_PEOPLE)
    identities.untie(_account(user, username), actor=user)
    return Status(204, None)
