"""Tokens with which programs act for an account."""

from __future__ import annotations

import datetime as dt
import secrets
import sys

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import NotAllowed, Refusal
from huying.core.journal import log
from huying.core.secrets import fingerprint
from huying.people.access import TokenLimit, can
from huying.people.models import ApiToken, Grant, User
from huying.people.roles import ROLES
from huying.places.models import Area

PREFIX = "hy_"
LONGEST_DAYS = 366
_NOTE_USE_AFTER = dt.timedelta(minutes=5)


def known_verbs() -> list[str]:
    """Every verb that some role has, in alphabetical order."""
    return sorted({verb for role in ROLES.values() for verb in role.verbs})


@transaction.atomic
def make_token(
    owner: User,
    *,
    title: str,
    expires_on: dt.date,
    actor: User | None,
    verbs: list[str] | None = None,
    area: Area | None = None,
) -> tuple[ApiToken, str]:
    """A new token for the account and its secret, which is shown this once. `verbs` None: all of the owner's.

    One's own, or anybody's for who manages accounts; `actor` None is the operator at the command line. At most a year.
    """
    if actor is not None and owner.pk != actor.pk and not can(actor, "people.manage"):
        raise NotAllowed(_("只能为自己的账号建立令牌。"))
    if not title.strip():
        raise Refusal(_("请写明令牌的用途，例如：城管局大屏。"), field="title")
    today = timezone.localdate()
    if not today <= expires_on <= today + dt.timedelta(days=LONGEST_DAYS):
        raise Refusal(_("有效期从今天起，最长 %d 天。") % LONGEST_DAYS, field="expires_on")
    for verb in verbs or []:
        if verb not in known_verbs():
            raise Refusal(_("没有“%s”这项权限。") % verb, field="verbs")
    secret = PREFIX + secrets.token_urlsafe(30)
    token = ApiToken.objects.create(
        owner=owner, title=title.strip()[:80], fingerprint=fingerprint(secret), ending=secret[-4:],
        verbs=verbs, area=area, expires_on=expires_on, made_by=actor,
    )  # fmt: skip
    log(
        owner, "user.token_made", actor=actor, title=token.title, ending=token.ending,
        expires_on=expires_on, verbs=verbs, area=area.code if area else "",
    )  # fmt: skip
    return token, secret


@transaction.atomic
def revoke_token(token: ApiToken, *, actor: User) -> None:
    """End a token at once. Revoking it again changes nothing."""
    if token.owner_id != actor.pk and not can(actor, "people.manage"):
        raise NotAllowed(_("只能停用自己账号的令牌。"))
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
        log(token.owner, "user.token_revoked", actor=actor, title=token.title, ending=token.ending)


def accounts_to_play() -> list[User]:
    """As few active accounts as it takes to play every role of every department, with a grid worker of each
    subdistrict. Administrators are not among them."""
    chosen: dict[tuple[str, ...], User] = {}
    grants = Grant.objects.on(timezone.localdate()).filter(user__is_active=True).exclude(role="administrator")
    rows = grants.select_related("user__department", "department", "area").defer("area__boundary")
    for grant in rows.order_by("user__username"):
        role = ROLES.get(grant.role)
        if role is None:
            continue
        department = (grant.department or grant.user.department) if role.own_department else None
        parts = grant.area.path.strip("/").split("/")[:2] if grant.area else []
        chosen.setdefault((grant.role, department.code if department else "", *parts), grant.user)
    return list({user.pk: user for user in chosen.values()}.values())


def make_for_play(usernames: list[str], *, days: int) -> int:
    """Print a token for each of these accounts (none: `accounts_to_play`), one in a line; gives the exit code."""
    known = {user.username: user for user in User.objects.filter(username__in=usernames, is_active=True)}
    if missing := [name for name in usernames if name not in known]:
        print(f"huying: no active account {', '.join(missing)}; nothing was made.", file=sys.stderr)
        return 2
    expires_on = timezone.localdate() + dt.timedelta(days=days)
    try:
        with transaction.atomic():
            made = [
                (user, make_token(user, title=_("命令行"), expires_on=expires_on, actor=None)[1])
                for user in (known.values() if usernames else accounts_to_play())
            ]
    except Refusal as refusal:
        print(f"huying: {refusal}", file=sys.stderr)
        return 2
    for user, secret in made:
        print(user.username, secret)
    return 0


def user_of(secret: str) -> User | None:
    """The account that this token acts for, with its rights limited to the token's; None when it opens nothing."""
    if not secret.startswith(PREFIX) or len(secret) > 100:
        return None
    token = (
        ApiToken.objects.select_related("owner", "area")
        .defer("area__boundary")
        .filter(fingerprint=fingerprint(secret))
        .first()
    )
    if token is None or not token.in_force:
        return None
    now = timezone.now()
    stale = Q(used_at=None) | Q(used_at__lt=now - _NOTE_USE_AFTER)
    ApiToken.objects.filter(stale, pk=token.pk).update(used_at=now)
    user = token.owner
    user.token_limit = TokenLimit(  # type: ignore[attr-defined]
        None if token.verbs is None else frozenset(token.verbs), token.area.path if token.area else ""
    )
    return user
