"""Where each role begins its day. One table, so that sign-in, the brand link and the demo logins agree."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.urls import NoReverseMatch, reverse

from huying.people.access import roles_of
from huying.people.models import User

# In order of preference: who holds several roles begins with the one that works most continuously.
LANDING: tuple[tuple[str, str], ...] = (
    ("agent", "desk:agent"),
    ("dispatcher", "desk:queue"),
    ("arbiter", "desk:supervision"),
    ("supervisor", "desk:supervision"),
    ("checker", "desk:checks"),
    ("callback", "desk:callbacks"),
    ("head", "desk:department"),
    ("clerk", "desk:department"),
    ("leader", "cockpit:home"),
    ("grid-worker", "field:home"),
    ("administrator", "people:home"),
)


def address_of(url_name: str) -> str | None:
    """The page's path, or None where its floor is not installed."""
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return None


def landing_url(user: User | AnonymousUser) -> str:
    """The best first page for this person."""
    roles = roles_of(user)
    for role, url_name in LANDING:
        if role in roles and (url := address_of(url_name)):
            return url
    return address_of("people:profile") or "/" if user.is_authenticated else "/"
