"""Tokens with which programs act for one's own account."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huying.people.access import can
from huying.people.guards import reader, requires
from huying.people.models import ApiToken, User
from huying.people.tokens import LONGEST_DAYS, known_verbs, make_token, revoke_token
from huying.people.views.common import act, form_page


class TokenForm(forms.Form):
    """What a program needs, until when."""

    title = forms.CharField(
        label=gettext_lazy("用途"), max_length=80, help_text=gettext_lazy("例如：城管局大屏。"),
        error_messages={"required": gettext_lazy("请写明令牌的用途，例如：城管局大屏。")},
    )  # fmt: skip
    expires_on = forms.DateField(
        label=gettext_lazy("有效期至"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={
            "required": gettext_lazy("请选择有效期。"),
            "invalid": gettext_lazy("请填写日期，例如 2026-12-31。"),
        },
    )  # fmt: skip
    verbs = forms.MultipleChoiceField(
        label=gettext_lazy("只给这些权限"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("一个都不选，就是账号的全部权限。给得越少越安全。"),
    )  # fmt: skip

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["verbs"]
        field.choices = [(verb, verb) for verb in known_verbs() if can(user, verb)]


@never_cache
@requires()
def tokens(request: HttpRequest) -> HttpResponse:
    """My tokens, and a form for one more; its secret is shown once, after it was made."""
    user = reader(request)
    soon = timezone.localdate() + timedelta(days=90)
    form = TokenForm(user, request.POST or None, initial={"expires_on": soon})
    rows = ApiToken.objects.filter(owner=user).select_related("owner", "area").defer("area__boundary")

    def save(data: dict[str, Any]) -> HttpResponse:
        token, secret = make_token(
            user, title=data["title"], expires_on=data["expires_on"], verbs=data["verbs"] or None, actor=user
        )
        return render(request, "people/token_made.html", {"token": token, "secret": secret})

    return form_page(
        request, form, save, template="people/tokens.html", rows=rows, longest=LONGEST_DAYS,
        title=_("接口令牌"), crumbs=[(_("我的账号"), reverse("people:profile"))],
    )  # fmt: skip


@require_POST
@requires()
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """End one of my tokens; who manages accounts may end anybody's."""
    user = reader(request)
    rows = ApiToken.objects.all() if can(user, "people.manage") else ApiToken.objects.filter(owner=user)
    token = get_object_or_404(rows, pk=pk)
    done = _("已停用，用它的程序立即失效。")
    return act(request, lambda: revoke_token(token, actor=user), done, reverse("people:tokens"))
