"""Where allauth asks this site: where to go, whom to let in, how secrets lie."""

from __future__ import annotations

import logging
import time
from typing import Any

import requests
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base.constants import AuthError
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.core.secrets import seal, unseal
from huying.core.toasts import toast
from huying.people.landing import landing_url
from huying.people.models import User
from huying.people.signin import client_address
from huying.people.signing.guesses import count_guess
from huying.people.signing.identities import NotKnownHere, account_for

logger = logging.getLogger("huying.people")
FRESH_SECONDS = 300  # after signing in, until who wants to change a factor is asked again


def refused(request: HttpRequest, sentence: str, *, status: int = 403) -> HttpResponse:
    """The page for who can't come in, with what to do."""
    return render(request, "people/not_signed_in.html", {"sentence": sentence}, status=status)


class AccountAdapter(DefaultAccountAdapter):
    """Signing in, as far as allauth carries it."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "too_many_login_attempts": gettext_lazy("试的次数太多了，请 15 分钟后再试，或联系本单位管理员。"),
        "rate_limited": gettext_lazy("试的次数太多了，请稍后再试。"),
        "incorrect_password": gettext_lazy("密码不对，请重新输入。"),
    }

    def get_login_stages(self) -> list[str]:
        """After the first proof only the second factor stands between a person and the desk."""
        return ["allauth.mfa.stages.AuthenticateStage"]

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """To where the person's work begins."""
        return landing_url(request.user)

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts are made by administrators."""
        return False

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Not in the first minutes after signing in."""
        request = context.request
        records = get_authentication_records(request, request.user)
        return not records or time.time() - records[-1]["at"] > FRESH_SECONDS

    def reauthenticate(self, user: Any, password: str) -> bool:
        """Whether it is the person's password; ValidationError after too many guesses."""
        count_guess(user)
        return bool(super().reauthenticate(user, password))

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        """A closed account, whichever way it came."""
        return refused(request, _("这个账号已停用，请联系本单位管理员。"))

    def get_client_ip(self, request: HttpRequest) -> str:
        """The same address that our own limits count."""
        return client_address(request)

    def add_message(self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any,
                    message: str | None = None, **kwargs: Any) -> None:  # fmt: skip
        """Only what went wrong is told; what was done stands on the page."""
        if message and level >= messages.WARNING:
            toast(request, str(message), level=level)


class ProviderAdapter(DefaultSocialAccountAdapter):
    """Arrivals from the identity provider."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Find the account of who arrives; nobody gets one by arriving."""
        try:
            account_for(request, sociallogin)
        except NotKnownHere as reason:
            raise ImmediateHttpResponse(refused(request, str(reason))) from None

    def on_authentication_error(self, request: HttpRequest, provider: Any, error: Any = None, exception: Any = None,
                                extra_context: Any = None) -> None:  # fmt: skip
        """Say in words what went wrong on the way back."""
        status = 502 if isinstance(exception, requests.RequestException) else 403
        if exception is not None:
            logger.warning("identity provider: %s", exception)
            sentence = _("单位登录系统的回答不对，没有登录成功。请重试；还不行请告诉系统管理员。")
        elif error == AuthError.CANCELLED:
            sentence = _("您在单位登录页上取消了，没有登录。")
        else:
            sentence = _("单位登录没有成功：登录页开得太久，或链接已用过。请从登录页重新开始。")
        raise ImmediateHttpResponse(refused(request, sentence, status=status))

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Accounts are made by administrators."""
        return False


class FactorAdapter(DefaultMFAAdapter):
    """Second factors."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": gettext_lazy("验证没有通过。验证码 30 秒一换、只能用一次，请用最新的再试。"),
    }

    def encrypt(self, text: str) -> str:
        """Secrets lie sealed."""
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Open a sealed secret."""
        return unseal(encrypted_text)

    def get_totp_issuer(self) -> str:
        """The name above the code in the authenticator app."""
        from huying.places.district import current_district

        district = current_district()
        return f"呼应 {district.title}" if district else "呼应"

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        """What a new passkey is called until its owner names it."""
        count = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).count()
        return _("通行密钥 %d") % (count + 1)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Passkeys are bound to the host name that people type."""
        return {"id": context.request.get_host().partition(":")[0], "name": self.get_totp_issuer()}

    def get_public_key_credential_user_entity(self, user: Any) -> dict[str, Any]:
        """What the device shows when it asks which account."""
        known: User = user
        entity = super().get_public_key_credential_user_entity(user)
        return {**entity, "display_name": str(known), "name": known.username}


def provider_ready() -> bool:
    """Whether the operator has named an identity provider."""
    return bool(settings.OIDC_ISSUER)
