"""Setting fields of a row and saying what changed."""

from __future__ import annotations

from typing import Any

from django.db import models


def set_fields(row: models.Model, values: dict[str, Any]) -> dict[str, list[str]]:
    """Set and save the fields that differ. Returns {field: [old, new]} in words; empty when nothing differs."""
    changed = {}
    for name, value in values.items():
        old = getattr(row, name)
        if old != value:
            changed[name] = [_word(old), _word(value)]
            setattr(row, name, value)
    if changed:
        row.save(update_fields=list(changed))
    return changed


def _word(value: object) -> str:
    return "" if value is None else str(value)
