"""Signing in and out, one's own password, one's own posts."""

from __future__ import annotations

import math
from typing import Any

from allauth.account.internal.flows.login import perform_password_login, record_authentication
from allauth.account.models import Login
from django import forms
from django.conf import settings
from django.contrib.auth import authenticate, login, logout, update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from huying.core.journal import log
from huying.core.toasts import toast
from huying.people import signin
from huying.people.access import grants_of, roles_of
from huying.people.guards import reader, requires
from huying.people.landing import landing_url
from huying.people.models import User
from huying.people.roles import ROLES


class SignInForm(forms.Form):
    """Username and password; says what went wrong without saying whether the account exists."""

    username = forms.CharField(
        label=gettext_lazy("用户名"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
        error_messages={"required": gettext_lazy("请输入用户名。")},
    )
    password = forms.CharField(
        label=gettext_lazy("密码"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": gettext_lazy("请输入密码。")},
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.user: User | None = None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        username, password = data.get("username"), data.get("password")
        if not username or not password:
            return data
        address = signin.client_address(self.request)
        self._refuse_when_locked(username, address)
        user = authenticate(self.request, username=username, password=password)
        if user is None:
            signin.note_failure(username, address)
            self._refuse_when_locked(username, address)
            left = signin.attempts_left(username, address)
            raise forms.ValidationError(
                _("用户名或密码不对。请检查大小写后再试，还可以试 %d 次；忘记密码请联系本单位管理员重设。")
                % left
            )
        if settings.OIDC_ONLY and "administrator" not in roles_of(user):
            raise forms.ValidationError(_("请用“%s”登录，这里不再用密码。") % settings.OIDC_NAME)
        signin.forget_failures(username, address)
        self.user = user
        return data

    def _refuse_when_locked(self, username: str, address: str) -> None:
        if left := signin.locked_for(username, address):
            minutes = math.ceil(left.total_seconds() / 60)
            raise forms.ValidationError(
                _("登录失败次数过多，已暂停登录。请 %d 分钟后再试，或联系本单位管理员重设密码。") % minutes
            )


@never_cache
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    """GET shows the form, POST signs in and goes where the person's work begins."""
    if request.user.is_authenticated:
        return HttpResponseRedirect(_target(request, reader(request)))
    form = SignInForm(request, request.POST or None)
    if request.method == "POST" and form.is_valid() and form.user is not None:
        proven = Login(user=form.user, redirect_url=_target(request, form.user))
        credentials = {"username": form.user.username}
        return perform_password_login(request, credentials, proven)
    context = {
        "provider": settings.OIDC_NAME if settings.OIDC_ISSUER else "",
        "provider_id": settings.OIDC_PROVIDER_ID,
        "form": form,
        "next": request.POST.get("next") or request.GET.get("next", ""),
        "demo_groups": demo_groups() if settings.DEMO else [],
    }
    status = 422 if form.errors else 200
    return render(request, "people/sign_in.html", context, status=status)


@requires()
def begin(request: HttpRequest) -> HttpResponse:
    """The desk's own address: to where this person's work begins."""
    return redirect(landing_url(reader(request)))


def _target(request: HttpRequest, user: User) -> str:
    wanted = request.POST.get("next") or request.GET.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    return landing_url(user)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect("people:sign-in")


def demo_groups() -> list[dict[str, Any]]:
    """The demonstration logins under the title of their first role, in the order of the loop."""
    users = User.objects.filter(demo_login=True, is_active=True).prefetch_related("grants").order_by("pk")
    groups: dict[str, list[User]] = {role: [] for role in ROLES}
    for user in users:
        held = {grant.role for grant in user.grants.all()}
        first = next((role for role in ROLES if role in held), None)
        if first:
            groups[first].append(user)
    return [{"title": ROLES[role].title, "users": found} for role, found in groups.items() if found]


@require_POST
def demo_sign_in(request: HttpRequest, username: str) -> HttpResponse:
    """One click, in demonstration mode only: elsewhere this address does not exist."""
    if not settings.DEMO:
        raise Http404
    user = get_object_or_404(User, username=username, demo_login=True, is_active=True)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    record_authentication(request, user, "demonstration")
    return HttpResponseRedirect(_target(request, user))


@requires()
@sensitive_post_parameters()
def change_password(request: HttpRequest) -> HttpResponse:
    """One's own password. Other sessions of the account end."""
    form = PasswordForm(reader(request), request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = form.save()
        update_session_auth_hash(request, user)
        log(user, "user.password_changed", actor=user)
        toast(request, _("密码已更改，其他设备上的登录已失效。"))
        return redirect("people:profile")
    return render(request, "people/change_password.html", {"form": form}, status=422 if form.errors else 200)


class PasswordForm(PasswordChangeForm):
    """Django's form with our words."""

    error_messages = {
        **PasswordChangeForm.error_messages,
        "password_incorrect": gettext_lazy("原密码不对，请重新输入。"),
        "password_mismatch": gettext_lazy("两次输入的新密码不一样，请重新输入。"),
    }


@requires()
def profile(request: HttpRequest) -> HttpResponse:
    """Who am I here: my roles, posts and duties."""
    user = reader(request)
    context = {
        "roles": [(ROLES[grant.role].title, grant) for grant in grants_of(user) if grant.role in ROLES],
        "holdings": user.holdings.on().select_related("post", "area", "road"),
        "duties": user.duties.on().select_related("area", "department", "post")[:50],
        "landing": landing_url(user),
    }
    return render(request, "people/profile.html", context)
