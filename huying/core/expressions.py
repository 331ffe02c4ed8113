"""Conditions in CEL (Common Expression Language), as districts declare them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any


class BadExpression(ValueError):
    """The text is not a valid condition; the message says where it stops making sense."""


@lru_cache(maxsize=512)
def _program(text: str) -> Any:
    # Imported here: the parser takes a quarter of a second and most requests need no condition.
    import celpy

    environment = celpy.Environment()
    try:
        return environment.program(environment.compile(text))
    except celpy.CELParseError as error:
        raise BadExpression(f"not a valid condition: {text!r} ({error.line}:{error.column})") from error


def check(text: str) -> None:
    """Raise BadExpression unless `text` is a valid condition."""
    _program(text)


def holds(text: str, facts: Mapping[str, Any]) -> bool:
    """Whether the condition is true of `facts`; a condition on something unknown is not true."""
    import celpy

    try:
        return bool(_program(text).evaluate({key: celpy.json_to_cel(value) for key, value in facts.items()}))
    except celpy.CELEvalError:
        return False
