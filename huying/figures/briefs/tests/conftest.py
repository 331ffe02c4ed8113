"""A brief over the lamps of the small district, its writer, reviewer, signer and issuer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from huying.core.testing import MiniDistrict, grant_role, make_user
from huying.figures.briefs.models import Brief, BriefRun
from huying.figures.tests.conftest import declare, lamps
from huying.papers.drafting import approve_draft, issue_draft, sign_draft, submit_draft
from huying.papers.models import Paper
from huying.people.models import User
from huying.registry.models import Item

__all__ = ["lamps"]
LAMPS = {"of": "items", "where": {"register": "lamp"}}


def declare_brief(code: str = "lamps", **declaration: Any) -> Brief:
    """A brief as the loader would write it."""
    whole = {
        "brief": code,
        "title": "路灯简报",
        "paper": "bulletin",
        "to": "各街道",
        "period": "2023-01-01..2023-11-28",
        **declaration,
    }
    return Brief.objects.create(code=code, title="路灯简报", declaration=whole)


@dataclass
class Office:
    """Who takes part."""

    writer: User
    supervisor: User
    leader: User

    def issue(self, run: BriefRun) -> Paper:
        """Take the draft all the way."""
        assert run.draft is not None
        run.draft.refresh_from_db()
        submit_draft(run.draft, actor=self.writer)
        approve_draft(run.draft, actor=self.supervisor)
        sign_draft(run.draft, actor=self.leader)
        return issue_draft(run.draft, actor=self.supervisor)


def make_office() -> Office:
    """A writer, a supervisor, a leader."""
    people: dict[str, User] = {}
    for role in ("writer", "supervisor", "leader"):
        people[role] = make_user(role)
        grant_role(people[role], role)
    return Office(**people)


@pytest.fixture
def office(district: MiniDistrict) -> Office:
    """Those who write, review, sign and issue."""
    return make_office()


@pytest.fixture
def figures(lamps: list[Item]) -> Callable[..., Any]:
    """Two figures over the lamps."""
    declare("lamps", **LAMPS, by=["subdistrict"], unit="盏")
    declare("metres", **LAMPS, sum="data.height", unit="米")
    return declare
