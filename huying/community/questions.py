"""What is asked at the door, as the pack declares it: the same fields as everywhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from huying.cases.ledger import LedgerRules
from huying.places.district import current_district
from huying.registry.declared.fields import Field, title_of

# What of a household and its visit can fill a field of the case that is opened.
HOUSEHOLD_WORDS = ("address", "reading")


@dataclass(frozen=True)
class LowReading:
    """A reading below this opens a case in one tap."""

    field: str
    below: float
    ledger: str
    category: str
    words: str
    fills: Mapping[str, str]


@dataclass(frozen=True)
class Questions:
    """The declared questions; none when the pack declares no visits."""

    title: str
    fields: tuple[Field, ...]
    low: LowReading | None

    def is_low(self, answers: Mapping[str, Any]) -> bool:
        """Whether the reading that counts is below the declared value."""
        value = answers.get(self.low.field) if self.low else None
        return self.low is not None and isinstance(value, int | float) and value < self.low.below


def as_ledger(declaration: Mapping[str, Any]) -> dict[str, Any]:
    """The declaration as the reader of ledgers takes it, so that fields have one grammar."""
    return {
        "ledger": "visits", "title": declaration.get("title") or "走访", "stages": ["handle"],
        "fields": declaration.get("fields") or {},
    }  # fmt: skip


def questions() -> Questions:
    """The questions of this district."""
    district = current_district()
    declaration = (district.declaration if district else {}).get("visits") or {}
    rules = LedgerRules.from_declaration(as_ledger(declaration))
    order: list[str] = declaration.get("order") or [field.code for field in rules.fields]
    low = declaration.get("low")
    opens = (low or {}).get("opens") or {}
    return Questions(
        title_of(declaration.get("title"))[0] or rules.title,
        tuple(sorted(rules.fields, key=lambda field: order.index(field.code) if field.code in order else len(order))),
        LowReading(
            str(low["field"]), float(low["below"]), str(opens.get("ledger", "")), str(opens.get("category", "")),
            str(opens.get("words", "")), dict(opens.get("fields") or {}),
        )
        if low
        else None,
    )  # fmt: skip
