"""What is shown to whoever scans a label: the thing, and what the floors above have to say of it.

    register_public_panel("cases", known_here)     # function of the thing
    register_field_panel("duties", duties_here)    # function of the thing and the signed-in reader

A panel gives safe HTML, or nothing where it has nothing to say. The public ones are seen by everybody.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from huying.people.models import User
from huying.registry.models import LABEL_LENGTH, Item

PublicPanel = Callable[[Item], str]
FieldPanel = Callable[[Item, User], str]
_public: dict[str, PublicPanel] = {}
_field: dict[str, FieldPanel] = {}
_NOT_OF_LABELS = re.compile(r"[^0-9A-Z]")


def register_public_panel(name: str, panel: PublicPanel) -> None:
    """Add to what everybody reads who scans a thing."""
    _public[name] = panel


def register_field_panel(name: str, panel: FieldPanel) -> None:
    """Add to what staff read who scan a thing while they are signed in."""
    _field[name] = panel


def public_panels(item: Item) -> list[str]:
    """What the floors above tell everybody of this thing."""
    return [html for panel in _public.values() if (html := panel(item))]


def field_panels(item: Item, user: User) -> list[str]:
    """What the floors above tell this member of staff of this thing."""
    return [html for panel in _field.values() if (html := panel(item, user))]


def read_label(typed: str) -> str:
    """A label as it is kept, from what was typed or scanned: `bcdf-2345`, or the whole address of the code."""
    text = typed.strip().upper().rstrip("/")
    return _NOT_OF_LABELS.sub("", text.rsplit("/", 1)[-1])[: LABEL_LENGTH + 4]


def labelled(label: str) -> Item | None:
    """The thing with this label."""
    related = ("register", "owner", "keeper", "supervisor", "road", "area")
    return Item.objects.select_related(*related).defer("area__boundary").filter(label=label).first()
