"""How things are shown: their state as a badge, declared values in words, what they are called in a list."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from huying.core.templatetags.parts import badge
from huying.registry.declared.cells import NOT_IN_TABLES
from huying.registry.declared.fields import Field
from huying.registry.declared.forms import shown_values
from huying.registry.models import Item, Register
from huying.registry.rules import RETIRED, RegisterRules

# What a state looks like: it is there, it is there but not as it should be, it is gone.
_GOOD = {"in use", "open", "finished"}
_BAD = {"missing", "out", "shut down"}
_MIDDLE = {"under repair", "suspended", "stopped", "worn"}


def state_badge(item: Item) -> SafeString:
    """The state as colour, icon and word."""
    return badge(str(item.stands), *look_of(item.state))


def look_of(state: str) -> tuple[str, str]:
    """Colour and icon of a state."""
    if state in _GOOD:
        return "green", "check-circle"
    if state in _BAD:
        return "red", "alert"
    if state in _MIDDLE:
        return "yellow", "settings"
    return ("", "close-circle") if state == RETIRED else ("blue", "info")


def words_of(field: Field, item: Item, *, private: bool = False) -> str:
    """A declared value in words; a personal one masked unless `private`; empty where nothing is kept."""
    found = shown_values([field], item.data, private=private or not field.private)
    return found[0][1] if found else ""


def listed_fields(rules: RegisterRules) -> list[Field]:
    """The declared fields that a table can show."""
    return [field for field in rules.fields if field.type not in NOT_IN_TABLES]


def public_words(rules: RegisterRules) -> str:
    """What everyone may see of a register."""
    if not rules.public:
        return _("不公开")
    return _("公开，上地图") if rules.public_map else _("公开")


def crumbs(register: Register | None = None, *more: tuple[str, str]) -> list[tuple[Any, str]]:
    """The way from all registers down."""
    found: list[tuple[Any, str]] = [(_("名录"), reverse("desk:registers"))]
    if register is not None:
        found.append((str(register), reverse("desk:register", args=[register.code])))
    return [*found, *more]
