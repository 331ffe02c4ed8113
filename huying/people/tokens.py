"""Tokens with which programs act for an account."""

from __future__ import annotations

import datetime as dt
import secrets

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import NotAllowed, Refusal
from huying.core.journal import log
from huying.core.secrets import fingerprint
from huying.people.access import TokenLimit, can
from huying.people.models import ApiToken, User
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
    actor: User,
    verbs: list[str] | None = None,
    area: Area | None = None,
) -> tuple[ApiToken, str]:
    """A new token for the account and its secret, which is shown this once. `verbs` None: all of the owner's.

    One's own, or anybody's for who manages accounts. At most a year.
    """
    if owner.pk != actor.pk and not can(actor, "people.manage"):
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
