"""The language of what is kept, whoever happens to be reading in which."""

from __future__ import annotations

from django.conf import settings
from django.utils import translation


def of_record() -> translation.override:
    """`with of_record(): ...`: sentences that are stored are written in the installation's own language."""
    return translation.override(settings.LANGUAGE_CODE)


def is_english() -> bool:
    """Whether the reader reads English now."""
    return (translation.get_language() or "").startswith("en")
