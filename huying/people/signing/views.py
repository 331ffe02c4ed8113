"""To the identity provider and back, with a page for everything that can go wrong on the way."""

from __future__ import annotations

import logging
from typing import Any

import requests
from allauth.socialaccount.providers.openid_connect import views as openid_connect
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from huying.people.signing.adapters import provider_ready, refused

logger = logging.getLogger("huying.people")


@never_cache
@require_POST
def to_provider(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Send the browser to the provider.

    By a page that goes on by itself: a redirect after a form would need the provider's address in the
    Content-Security-Policy before it is known.
    """
    _known(provider_id)
    try:
        answer: Any = openid_connect.login(request, provider_id)
    except (requests.RequestException, KeyError, ValueError) as error:
        logger.warning("identity provider: %s", error)
        return refused(
            request, _("单位登录系统现在没有响应，请稍后再试，或用这里的用户名和密码登录。"), status=503
        )
    if isinstance(answer, HttpResponseRedirect):
        return render(request, "people/to_provider.html", {"address": answer.url})
    return answer


@never_cache
@require_GET
def from_provider(request: HttpRequest, provider_id: str) -> HttpResponse:
    """The browser comes back."""
    _known(provider_id)
    try:
        return openid_connect.callback(request, provider_id)
    except (requests.RequestException, KeyError, ValueError) as error:
        logger.warning("identity provider: %s", error)
        return refused(
            request, _("单位登录系统的回答看不懂，没有登录成功。请重试；还不行请告诉系统管理员。"), status=502
        )


def _known(provider_id: str) -> None:
    if not provider_ready() or provider_id != settings.OIDC_PROVIDER_ID:
        raise Http404(_("没有设置单位登录。"))
