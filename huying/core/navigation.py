"""The main navigation of each audience: every floor registers its entries, each reader sees what they may open.

A floor registers in its `navigation.py`, which is found and imported at the start:

    register(NavigationItem(_("派遣队列"), "desk:queue", "inbox", "desk.dispatcher", "dispatch"))
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext_lazy as _

# In the order of the loop, from the call to the answer.
SECTIONS: dict[str, Promise] = {
    "intake": _("受理"),
    "dispatch": _("派遣"),
    "department": _("承办"),
    "checks": _("核查回访"),
    "supervision": _("督查"),
    "cockpit": _("驾驶舱"),
    "administration": _("管理"),
}
AUDIENCES = ("desk", "field", "cockpit", "portal")


@dataclass(frozen=True)
class NavigationItem:
    """One entry. `verb` empty: for everyone of the audience. `count` gets the user and gives a number to show."""

    title: Promise | str
    url_name: str
    icon: str
    verb: str = ""
    section: str = ""  # a key of SECTIONS; the desk shows it as a heading
    count: Callable[[Any], int] | None = None
    audience: str = "desk"


@dataclass(frozen=True)
class Entry:
    """One entry as the templates read it; `section` is set on the first entry of each section."""

    title: Promise | str
    url: str
    icon: str
    active: bool
    count: int | None
    section: Promise | str


_items: dict[tuple[str, str], NavigationItem] = {}


def register(*items: NavigationItem) -> None:
    """Add entries; the same address registered twice keeps the later one."""
    for item in items:
        if item.section and item.section not in SECTIONS:
            raise ValueError(f"unknown navigation section {item.section}: one of {', '.join(SECTIONS)}")
        if item.audience not in AUDIENCES:
            raise ValueError(f"unknown audience {item.audience}: one of {', '.join(AUDIENCES)}")
        _items[item.audience, item.url_name] = item


def audience_of(path: str) -> str:
    """The audience whose pages lie under this path's first folder."""
    first = path.split("/", 2)[1] if path.startswith("/") else ""
    # One's own account is looked at from the desk.
    return "desk" if first == "accounts" else first if first in AUDIENCES else "portal"


def build(request: HttpRequest, audience: str = "") -> list[Entry]:
    """The entries of this page's audience that its reader may open, in the order of the sections."""
    audience, user = audience or audience_of(request.path), getattr(request, "user", None)
    order = list(SECTIONS)
    found = [
        (item, url)
        for item in _items.values()
        if item.audience == audience and _may(user, item.verb) and (url := _address(item.url_name))
    ]
    found.sort(key=lambda pair: order.index(pair[0].section) if pair[0].section else -1)
    active = max((url for _item, url in found if request.path.startswith(url)), key=len, default=None)
    entries, section = [], ""
    for item, url in found:
        heading = SECTIONS[item.section] if item.section and item.section != section else ""
        section = item.section
        count = item.count(user) if item.count else None
        entries.append(Entry(item.title, url, item.icon, url == active, count, heading))
    return entries


def _may(user: Any, verb: str) -> bool:
    return not verb or bool(getattr(user, "is_authenticated", False) and user.can(verb))


def _address(url_name: str) -> str | None:
    """None where the page's floor is not installed."""
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return None


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `navigation`, counted only where a template shows it."""
    return {"navigation": SimpleLazyObject(lambda: build(request))}
