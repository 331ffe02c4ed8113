"""What a paper is about, where a floor above keeps it: a link from the paper and its draft back to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from huying.papers.models import Paper, PaperDraft
from huying.people.models import User


@dataclass(frozen=True)
class About:
    """The thing and its page."""

    title: str
    url: str


Find = Callable[[User, int], About | None]
_finders: dict[str, Find] = {}


def register_subject(kind: str, function: Find) -> None:
    """`function(user, key)` finds the subject of papers of this kind (as the journal names it).

    It answers None for what the person may not open.
    """
    _finders[kind] = function


def about(user: User, paper: Paper | PaperDraft) -> About | None:
    """What this paper is about, for who may open it."""
    find = _finders.get(paper.subject_kind)
    return find(user, paper.subject_id) if find and paper.subject_id is not None else None
