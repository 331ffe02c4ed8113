"""How a reader wants to see the pages: large type, theme, language. Kept in cookies, works without a script."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from huying.core.templatetags.parts import THEME_COOKIE, THEMES, TYPE_COOKIE

YEAR = 365 * 24 * 3600


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Remember ``type`` (large, normal), ``theme`` or ``language`` and go back to the page ``next``."""
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = "/"
    response = HttpResponseRedirect(target)
    choices = (
        ("type", TYPE_COOKIE, ("large", "normal")),
        ("theme", THEME_COOKIE, THEMES),
        ("language", settings.LANGUAGE_COOKIE_NAME, tuple(code for code, _ in settings.LANGUAGES)),
    )
    for field, cookie, allowed in choices:
        if request.POST.get(field) in allowed:
            response.set_cookie(
                cookie,
                request.POST[field],
                max_age=YEAR,
                samesite="Lax",
                secure=request.is_secure(),
                httponly=True,
            )
    return response
