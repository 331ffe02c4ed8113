"""Small panels that floors above add to the page of a case: what another system says of it."""

from __future__ import annotations

from collections.abc import Callable

from huying.cases.models import Case
from huying.people.models import User

Panel = Callable[[Case, User], str]
_panels: dict[str, Panel] = {}


def register_panel(name: str, panel: Panel) -> None:
    """Add a panel: a function of case and reader that gives safe HTML, or nothing where it has nothing to say."""
    _panels[name] = panel


def panels_of(case: Case, user: User) -> list[str]:
    """What the floors above say of this case."""
    return [html for panel in _panels.values() if (html := panel(case, user))]
