"""The few addresses of allauth that exist here, under the names by which it knows them."""

from allauth.account import views as account
from allauth.mfa.base import views as factors
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from django.contrib.auth.decorators import login_required
from django.urls import path
from django.views.generic import RedirectView

from huying.people.signing import views
from huying.people.views.account import sign_in

urlpatterns = [
    path("accounts/login/", sign_in, name="account_login"),
    path("accounts/confirmation/", account.reauthenticate, name="account_reauthenticate"),
    path("accounts/provider/<slug:provider_id>/login/", views.to_provider, name="openid_connect_login"),
    path(
        "accounts/provider/<slug:provider_id>/callback/", views.from_provider, name="openid_connect_callback"
    ),
    path("accounts/security/", factors.index, name="mfa_index"),
    path("accounts/second-factor/", factors.authenticate, name="mfa_authenticate"),
    path("accounts/security/confirmation/", factors.reauthenticate, name="mfa_reauthenticate"),
    path("accounts/security/app/", totp.activate_totp, name="mfa_activate_totp"),
    path("accounts/security/app/removal/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("accounts/security/codes/", codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("accounts/security/codes/new/", codes.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path(
        "accounts/security/passkeys/",
        login_required(RedirectView.as_view(pattern_name="mfa_index")),
        name="mfa_list_webauthn",
    ),
    path("accounts/security/passkeys/add/", passkeys.add_webauthn, name="mfa_add_webauthn"),
    path("accounts/security/passkeys/<int:pk>/name/", passkeys.edit_webauthn, name="mfa_edit_webauthn"),
    path(
        "accounts/security/passkeys/<int:pk>/removal/", passkeys.remove_webauthn, name="mfa_remove_webauthn"
    ),
    path(
        "accounts/security/passkeys/confirmation/",
        passkeys.reauthenticate_webauthn,
        name="mfa_reauthenticate_webauthn",
    ),
    path("accounts/passkey/", passkeys.login_webauthn, name="mfa_login_webauthn"),
]
