"""Which work is open when a shift hands over: floors above say so, and where a piece of it is read.

register_source(lambda shift, user: [OpenWork("case", "HY…", "路灯不亮", due_at, "下一班到期")])
register_link("case", lambda key, audience: reverse(f"{audience}:…", args=[key]))
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from huying.people.models import Shift, User


@dataclass(frozen=True)
class OpenWork:
    """One thing that is not done. `why`: in a few words, why it is on the list; `pressing`: marked from the start."""

    kind: str
    key: str
    title: str
    due_at: dt.datetime | None = None
    why: str = ""
    pressing: bool = False


Source = Callable[[Shift, User], Iterable[OpenWork]]
_sources: dict[str, Source] = {}
_links: dict[str, Callable[[str, str], str]] = {}


def register_source(kind: str, source: Source) -> None:
    """A function of the shift and who hands over, giving what is open for the next one."""
    _sources[kind] = source


def register_link(kind: str, link: Callable[[str, str], str]) -> None:
    """Where a piece of work is read, by its key and the audience (`desk` or `field`)."""
    _links[kind] = link


def open_work(shift: Shift, user: User) -> list[OpenWork]:
    """Everything that is open for the shift after this one."""
    return [work for source in _sources.values() for work in source(shift, user)]


def link_of(kind: str, key: str, audience: str) -> str:
    """The address of a piece of work; empty where nobody knows it."""
    link = _links.get(kind)
    return link(key, audience) if link else ""
