"""Second factors: who has one, who must have one, and what is written down when they change."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_removed, authenticator_reset
from django.conf import settings
from django.db import transaction
from django.db.models.signals import post_save
from django.http import HttpRequest
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, Refusal
from huying.core.journal import log
from huying.people.access import roles_of
from huying.people.models import User
from huying.people.policy import require_account

REAL = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)  # recovery codes alone prove nothing new


def has_factor(user: User) -> bool:
    """Whether the account has an app or a passkey."""
    return Authenticator.objects.filter(user=user, type__in=REAL).exists()


def must_add_factor(request: HttpRequest, user: User) -> bool:
    """Whether this person has to set up a second factor before anything else.

    By role, as the operator declares. Who came through the identity provider was asked there.
    """
    if not set(settings.SECOND_FACTOR_ROLES) & set(roles_of(user)) or (settings.DEMO and user.demo_login):
        return False
    methods = {record["method"] for record in get_authentication_records(request, user)}
    return "socialaccount" not in methods and not has_factor(user)


@transaction.atomic
def reset_factors(user: User, *, reason: str, actor: User | None) -> None:
    """Take away all second factors, for who has lost the phone. `actor` None is the operator at the command line.

    The password stays. Raises Conflict when there is nothing to take away.
    """
    if actor is not None:
        require_account(actor, user)
        if actor.pk == user.pk:
            raise Refusal(_("自己的请在“登录安全”里改；丢了手机的，请另一位管理员来办。"))
    if len(reason.strip()) < 2:
        raise Refusal(_("请写明原因，例如：手机丢失，已当面核对身份。"), field="reason")
    if not Authenticator.objects.filter(user=user).delete()[0]:
        raise Conflict(_("这个账号没有设置第二验证。"))
    log(user, "user.factors_reset", actor=actor, why=reason.strip()[:200])


def note_added(instance: Authenticator, created: bool, **kwargs: Any) -> None:
    """A factor was added: written with its row, where allauth's own signal comes only after the commit."""
    if created and instance.type in REAL:
        log(instance.user, "user.factor_added", actor=instance.user, kind=instance.type)


def note_removed(user: Any, authenticator: Authenticator, **kwargs: Any) -> None:
    """A factor was taken away by its owner."""
    log(user, "user.factor_removed", actor=user, kind=authenticator.type)


def note_new_codes(user: Any, authenticator: Authenticator, **kwargs: Any) -> None:
    """New recovery codes replaced the old ones."""
    log(user, "user.recovery_codes_made", actor=user)


def watch() -> None:
    """From now on changes of factors stand in the journal."""
    post_save.connect(note_added, sender=Authenticator)
    authenticator_removed.connect(note_removed)
    authenticator_reset.connect(note_new_codes)
