"""A journal entry in a few plain words, for the list of what changed since a number was told."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from huying.cases.story import words_of_entry
from huying.core.models import JournalEntry
from huying.registry.story import NAMES, WORDS


def told(entry: JournalEntry) -> str:
    """What was done, by the words of the floor that wrote the entry; its code where that floor has none."""
    if entry.kind == "case":
        return words_of_entry(entry) or entry.code
    if entry.kind == "item" and entry.code in WORDS:
        title = str(WORDS[entry.code][0])
        fields = _changed_fields(entry.data)
        return _("%(what)s：%(fields)s") % {"what": title, "fields": "、".join(fields)} if fields else title
    return entry.code


def _changed_fields(data: dict[str, Any]) -> list[str]:
    changes = data.get("changes")
    return [str(NAMES.get(name, name)) for name in changes] if isinstance(changes, dict) else []
