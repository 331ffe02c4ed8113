"""The tables of this floor, for Django."""

from huying.targets.programmes.models import (
    ClosingFile,
    Entry,
    EntryFile,
    Programme,
    Promise,
    Reminder,
    Target,
    TargetChange,
)

__all__ = [
    "ClosingFile",
    "Entry",
    "EntryFile",
    "Programme",
    "Promise",
    "Reminder",
    "Target",
    "TargetChange",
]
