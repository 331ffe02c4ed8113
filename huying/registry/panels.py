"""Small panels that floors above add to the page of a thing: its cases, its visits, its duties."""

from __future__ import annotations

from collections.abc import Callable

from huying.people.models import User
from huying.registry.models import Item

Panel = Callable[[Item, User], str]
_panels: dict[str, Panel] = {}


def register_panel(name: str, panel: Panel) -> None:
    """Add a panel: a function of thing and reader that gives safe HTML, or nothing where it has nothing to say."""
    _panels[name] = panel


def panels_of(item: Item, user: User) -> list[str]:
    """What the floors above say of this thing."""
    return [html for panel in _panels.values() if (html := panel(item, user))]
