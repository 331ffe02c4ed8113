"""What duties are about. The topics belong to the cases floor above, which tells this one how to read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class TopicName:
    """A topic's title and its parent's code (empty for a main topic)."""

    title: str
    parent: str = ""


Source = Callable[[], Mapping[str, TopicName]]
_source: Source | None = None


def read_topics_from(source: Source) -> None:
    """Called once by the floor that keeps the topics, when it is ready."""
    global _source
    _source = source


def topics() -> Mapping[str, TopicName]:
    """Code → name, in the order in which they are listed; empty when no floor keeps topics."""
    return _source() if _source else {}


def chain(code: str, known: Mapping[str, TopicName] | None = None) -> list[str]:
    """The topic and its parent: a duty for the parent covers the child."""
    name = (topics() if known is None else known).get(code)
    return [code, name.parent] if name and name.parent else [code]
