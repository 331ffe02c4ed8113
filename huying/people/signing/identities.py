"""Which account belongs to who arrives from the identity provider."""

from __future__ import annotations

from typing import Any

from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from huying.core.journal import log
from huying.people.models import User
from huying.people.policy import require_account


class NotKnownHere(Exception):
    """Who arrives has no account here; the sentence is for them."""


@transaction.atomic
def account_for(request: HttpRequest, arrival: SocialLogin) -> None:
    """Tie an arrival to its account. The first time by the declared claim, then by the provider's own `sub`.

    Raises NotKnownHere where there is no such account, or where it is tied to somebody else at the provider: a name
    that the provider gives to another person does not open the account of the one who had it.
    """
    if arrival.is_existing:
        return
    name = _claimed(arrival.account.extra_data)
    if not name:
        raise NotKnownHere(
            _("单位登录没有告诉我们您的用户名（%s）。请把这句话转给系统管理员。") % settings.OIDC_CLAIM
        )
    user = User.objects.select_for_update().filter(username__iexact=name).first()
    if user is None:
        raise NotKnownHere(_("单位登录成功，但这里没有“%s”的账号。请本单位管理员建立同名账号后再来。") % name)
    if SocialAccount.objects.filter(user=user, provider=arrival.account.provider).exists():
        raise NotKnownHere(_("“%s”已经绑定另一个单位账号。换了人或换了账号的，请管理员先解除绑定。") % name)
    if not user.is_active:
        raise NotKnownHere(_("这个账号已停用，请联系本单位管理员。"))
    arrival.connect(request, user)
    log(user, "user.identity_tied", actor=user, provider=settings.OIDC_ISSUER, name=name)


def _claimed(data: dict[str, Any]) -> str:
    """The declared claim, from the ID token, else from the answer about the person."""
    for part in (data.get("id_token"), data.get("userinfo"), data):
        if isinstance(part, dict) and isinstance(value := part.get(settings.OIDC_CLAIM), (str, int)):
            return str(value).strip()
    return ""


def is_tied(user: User) -> bool:
    """Whether an identity at the provider belongs to the account."""
    return SocialAccount.objects.filter(user=user).exists()


@transaction.atomic
def untie(user: User, *, actor: User) -> None:
    """Forget which identity at the provider belongs to the account; the next arrival under its name is tied anew."""
    require_account(actor, user)
    if SocialAccount.objects.filter(user=user).delete()[0]:
        log(user, "user.identity_untied", actor=actor)
