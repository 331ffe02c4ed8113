"""Who may open a page: signed in, and holding the page's verb somewhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from huying.people.access import can, everywhere
from huying.people.models import User

View = TypeVar("View", bound=Callable[..., HttpResponse])


def check(request: HttpRequest, *verbs: str) -> HttpResponse | None:
    """None when the reader has one of the verbs; a redirect to sign-in for strangers; PermissionDenied otherwise."""
    if not request.user.is_authenticated:
        target = "/desk/" if request.headers.get("HX-Request") else request.get_full_path()
        return redirect_to_login(target)
    if verbs and not any(can(request.user, verb) for verb in verbs):
        raise PermissionDenied(_("您的岗位没有打开这个页面的权限。需要时请联系系统管理员。"))
    return None


def reader(request: HttpRequest) -> User:
    """The person who is signed in; for views behind `requires` or `VerbRequired`."""
    return cast(User, request.user)


def signed_in(request: HttpRequest) -> User:
    """Who asks, on a page behind one of these guards."""
    return cast(User, request.user)


def requires(*verbs: str) -> Callable[[View], View]:
    """Decorator of a view function: sign-in and any one of the verbs. Without verbs: sign-in only."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            return check(request, *verbs) or view(request, *args, **kwargs)

        return guarded  # type: ignore[return-value]

    return decorate


class VerbRequired:
    """The same for a class-based view: set `verb`, or `verbs` where any of several will do."""

    verb = ""
    verbs: tuple[str, ...] = ()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        wanted = self.verbs or ((self.verb,) if self.verb else ())
        return check(request, *wanted) or super().dispatch(request, *args, **kwargs)  # type: ignore[misc]


def requires_everywhere(verb: str) -> Callable[[View], View]:
    """Decorator of a view function: sign-in, and the verb for the whole district."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            return _check_everywhere(request, verb) or view(request, *args, **kwargs)

        return guarded  # type: ignore[return-value]

    return decorate


class EverywhereRequired:
    """The same for a class-based view: set `verb`."""

    verb = ""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return _check_everywhere(request, self.verb) or super().dispatch(request, *args, **kwargs)  # type: ignore[misc]


def _check_everywhere(request: HttpRequest, verb: str) -> HttpResponse | None:
    answer = check(request, verb)
    if answer is None and not everywhere(request.user, verb):
        raise PermissionDenied(_("这一页关系全区，只有全区的管理员可以打开。"))
    return answer
