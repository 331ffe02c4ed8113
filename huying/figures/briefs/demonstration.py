"""Briefs and tables of the demonstration: made by the same actions as any other, from the rows that are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from huying.core.language import of_record
from huying.core.yaml_files import read_yaml
from huying.figures.appraisals.actions import announce_table
from huying.figures.appraisals.models import Appraisal
from huying.figures.briefs.actions import composer_for, confirm_doubt, start_brief
from huying.figures.briefs.finding import doubts
from huying.figures.briefs.models import Brief, BriefRun
from huying.inspections.campaigns.ranking import periods_back
from huying.papers.drafting import approve_draft, issue_draft, save_draft, sign_draft, submit_draft
from huying.papers.models import PaperDraft
from huying.people.models import User

FILE = "demonstration/briefs.yaml"
State = PaperDraft.State


def make_briefs(pack: Path) -> int:
    """Make the briefs that the pack's demonstration tells of; how many. Twice makes none."""
    file = pack / FILE
    if not file.exists() or BriefRun.objects.exists():
        return 0
    said = read_yaml(file)
    with transaction.atomic(), of_record():
        made = [_make(row) for row in said.get("list", ())]
        for code in said.get("announced", ()):
            _announce(code)
    return len(made)


def _user(code: str) -> User:
    return User.objects.get(username=code)


def _make(said: dict[str, Any]) -> BriefRun:
    writer = _user("writer")
    run = start_brief(Brief.objects.get(code=said["brief"]), actor=writer)
    draft = run.draft
    assert draft is not None
    if said.get("adds"):
        save_draft(draft, title=draft.title, body=f"{draft.body}\n{said['adds']}", actor=writer)
    if said.get("confirm"):
        for doubt in doubts(run, draft.body, composer_for(run)):
            confirm_doubt(run, key=doubt.key, words=said["confirm"], actor=writer)
    if said.get("issued"):
        submit_draft(draft, actor=writer)
        if draft.state == State.IN_REVIEW:
            approve_draft(draft, actor=_user("supervisor-2"))
        if draft.state == State.TO_SIGN:
            sign_draft(draft, actor=_user("leader"))
        issue_draft(draft, actor=writer)
    return run


def _announce(code: str) -> None:
    found = Appraisal.objects.get(code=code)
    period = periods_back(found.rules.every, timezone.localdate(), 2)[1]
    announce_table(found, period, actor=_user("supervisor"))
