"""What everybody may read of a thing: the fields that its register's declaration makes public, and no other."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from huying.places.models import Area
from huying.registry.declared.fields import Field
from huying.registry.declared.forms import field_title, shown_values
from huying.registry.models import Item
from huying.registry.rules import PROPERTIES
from huying.registry.story import NAMES

_LONG = 60  # characters from which on a value gets a heading and a paragraph of its own
# Names one after another are read as a list: from three on, none of them a sentence.
_LIST_FROM, _LONGEST_NAME = 3, 24
_BETWEEN = re.compile(r"[、；;]")
_SENTENCE = re.compile(r"[。！？，,]")


@dataclass(frozen=True)
class Fact:
    """One public value: its title, its words, and the names in it when it is a list of names."""

    title: str
    words: str
    names: tuple[str, ...] = ()

    @property
    def long(self) -> bool:
        """Whether it stands under a heading of its own."""
        return bool(self.names) or len(self.words) > _LONG


@dataclass(frozen=True)
class Sheet:
    """The public facts of one thing; a thing may bring those of another one along (a sign, of its road)."""

    item: Item
    facts: tuple[Fact, ...]


def public_sheets(item: Item) -> list[Sheet]:
    """What everybody may read of this thing, and of the things that its public fields name. Empty if not public."""
    rules = item.rules
    if not rules.public:
        return []
    facts: list[Fact] = []
    named: list[Sheet] = []
    for name in rules.public_fields:
        if name in PROPERTIES:
            if (department := getattr(item, name)) is not None:
                facts.append(Fact(str(NAMES[f"{name}_id"]), str(department)))
        elif (field := rules.field(name)) is not None and not field.private:
            other = _named(field, item)
            if other is not None and other.rules.public:
                named += public_sheets(other)
            elif words := _words(field, item):
                facts.append(Fact(field_title(field), words, _names(words)))
    return [Sheet(item, tuple(facts)), *named]


def named_things(item: Item) -> list[Item]:
    """The things that public fields of this one name, as a sign names its road; only those that are public."""
    rules = item.rules
    found = []
    for name in rules.public_fields:
        field = rules.field(name)
        other = _named(field, item) if field is not None and not field.private else None
        if other is not None and other.rules.public:
            found.append(other)
    return found


def _named(field: Field, item: Item) -> Item | None:
    """The thing whose code a field of the type `item` holds."""
    code = item.data.get(field.code)
    if field.type != "item" or not code:
        return None
    rows = Item.objects.filter(code=str(code)).exclude(pk=item.pk).select_related("register", "road")
    if field.of:
        rows = rows.filter(register__code__in=field.of)
    return rows.first()


def _words(field: Field, item: Item) -> str:
    shown = shown_values([field], item.data, private=True)  # never a personal field: see above
    words = shown[0][1] if shown else ""
    value = item.data.get(field.code)
    if field.type == "place" and isinstance(value, Mapping):
        # A place may be kept as the code of an area: people read its name.
        area = Area.objects.filter(code=words).defer("boundary").first()
        return str(area) if area else words
    return words


def _names(words: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in _BETWEEN.split(words) if part.strip())
    if len(parts) < _LIST_FROM or _SENTENCE.search(words) or max(map(len, parts)) > _LONGEST_NAME:
        return ()
    return parts


def signs_of(item: Item) -> list[Item]:
    """The signs of the road that this sign names, itself included; nothing for things that name no road."""
    if item.road_id is None or not any(other.rules.place == "line" for other in named_things(item)):
        return []
    rows = Item.objects.filter(register_id=item.register_id, road_id=item.road_id).exclude(state="retired")
    return list(rows.order_by("code")[:MOST_SIGNS])


MOST_SIGNS = 30
