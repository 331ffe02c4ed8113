"""Sentences of the pure engines: Chinese by themselves, translated where Django runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


def gettext_noop(text: str) -> str:
    """Mark a text for the catalogue without needing Django."""
    return text


def _translated(text: str) -> str:
    try:
        from django.conf import settings
        from django.utils.translation import gettext
    except ImportError:
        return text
    return gettext(text) if settings.configured else text


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text with named values, put into words only when it is read, in the reader's language."""

    msgid: str
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def zh(self) -> str:
        """The Chinese source text, whatever the active language."""
        return self.msgid % self.values

    def __str__(self) -> str:
        return _translated(self.msgid) % self.values
