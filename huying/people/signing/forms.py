"""allauth's forms with this site's rules: guesses are counted in the database, and a code opens once.

allauth counts in each process for itself; several processes would give a guesser several times the guesses.
"""

from __future__ import annotations

from typing import Any

from allauth.mfa.base.forms import AuthenticateForm as AllauthAuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as AllauthReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm as AllauthActivateTOTPForm
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.webauthn.forms import AddWebAuthnForm as AllauthAddWebAuthnForm
from allauth.mfa.webauthn.forms import EditWebAuthnForm as AllauthEditWebAuthnForm
from django import forms
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.people.signing.guesses import count_guess

_CODE = {"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}


class _Once:
    """A code is checked while its owner's factors are locked, and a time step opens at most once (RFC 6238, 5.2)."""

    user: Any
    authenticator: Authenticator

    def clean_code(self) -> str:
        """The code, if it opens."""
        count_guess(self.user)
        with transaction.atomic():
            list(Authenticator.objects.select_for_update().filter(user=self.user).order_by("pk"))
            code: str = super().clean_code()  # type: ignore[misc]
            if self.authenticator.type == Authenticator.Type.TOTP:
                self._use_step(code)
        return code

    def _use_step(self, code: str) -> None:
        factor = Authenticator.objects.get(pk=self.authenticator.pk)
        secret = totp.decrypt(factor.data["secret"])
        given = code.replace(" ", "")
        steps = [s for s in totp.yield_hotp_counters_from_time()
                 if totp.format_hotp_value(totp.hotp_value(secret, s)) == given]  # fmt: skip
        if not steps or max(steps) <= factor.data.get("step", -1):
            raise forms.ValidationError(_("这个验证码已经用过，请等下一个（30 秒一换）。"))
        factor.data["step"] = max(steps)
        factor.save(update_fields=["data"])
        self.authenticator.data = factor.data


class AuthenticateForm(_Once, AllauthAuthenticateForm):
    """At the door: a code of the app, or a recovery code."""

    code = forms.CharField(
        label=gettext_lazy("验证码或恢复码"), max_length=20, widget=forms.TextInput(attrs=_CODE),
        error_messages={"required": gettext_lazy("请输入验证器里的 6 位数字，或一个恢复码。")},
    )  # fmt: skip


class ReauthenticateForm(_Once, AllauthReauthenticateForm):
    """Before something delicate: the same."""

    code = AuthenticateForm.base_fields["code"]


class ActivateTOTPForm(AllauthActivateTOTPForm):
    """The first code of a new app."""

    code = forms.CharField(
        label=gettext_lazy("验证器里的 6 位数字"), max_length=10, widget=forms.TextInput(attrs=_CODE),
        error_messages={"required": gettext_lazy("请输入验证器里的 6 位数字。")},
    )  # fmt: skip

    def clean_code(self) -> str:
        """The code, if it is right."""
        count_guess(self.user)
        code: str = super().clean_code()
        return code


class AddWebAuthnForm(AllauthAddWebAuthnForm):
    """A new passkey, which may open the door alone."""

    name = forms.CharField(
        label=gettext_lazy("起个名字"), required=False, max_length=60,
        help_text=gettext_lazy("例如：办公室电脑、我的手机。"),
    )  # fmt: skip
    passwordless = forms.BooleanField(
        label=gettext_lazy("可以单独用它登录，不输密码"), required=False, initial=True,
        help_text=gettext_lazy("设备要用指纹、面容或 PIN 确认是您本人。"),
    )  # fmt: skip


class EditWebAuthnForm(AllauthEditWebAuthnForm):
    """Another name for a passkey."""

    name = forms.CharField(
        label=gettext_lazy("名字"), max_length=60, error_messages={"required": gettext_lazy("请写个名字。")}
    )
