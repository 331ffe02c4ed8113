"""Papers of the demonstration: a few in each state, made by the same actions as any other, laid relative to its day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from huying.core.language import of_record
from huying.core.yaml_files import read_yaml
from huying.papers import actions, drafting, meetings
from huying.papers.kinds import kinds
from huying.papers.models import Paper, PaperDraft, PaperReply
from huying.people.models import Department, User

FILE = "demonstration/papers.yaml"
State = PaperDraft.State
_ORDER = (State.DRAFT, State.IN_REVIEW, State.TO_SIGN, State.SIGNED, State.ISSUED)


def make_papers(pack: Path) -> int:
    """Write the papers that the pack's demonstration tells of; how many. Twice makes none."""
    file = pack / FILE
    if not file.exists():
        return 0
    said = read_yaml(file)["list"]
    # Drafts of other floors' demonstrations are no sign that these are there.
    if PaperDraft.objects.filter(subject_label__in=[row["subject"] for row in said]).exists():
        return 0
    known = kinds()
    with transaction.atomic(), of_record():
        # The oldest first: numbers follow the days.
        rows = sorted(said, key=lambda row: -row["ago"])
        made = [_make(row) for row in rows if row["kind"] in known]
    return len(made)


def _user(code: str) -> User:
    return User.objects.select_related("department__area").get(username=code)


def _make(said: Mapping[str, Any]) -> PaperDraft:
    now = timezone.localtime()
    at = (now - dt.timedelta(days=said["ago"])).replace(hour=9, minute=10, second=0, microsecond=0)
    at = min(at, now - dt.timedelta(minutes=5))
    drafter, details = _user(said["by"]), dict(said.get("details") or {})
    if "held_at" in details:
        day = timezone.localdate(at) + dt.timedelta(days=2)
        details["held_at"] = f"{day.isoformat()}T{details['held_at']}"
    if said.get("cc"):
        details["cc"] = [{"department": code} for code in said["cc"]]
    draft = drafting.start_draft(
        said["kind"], subject_label=said["subject"], actor=drafter, details=details, at=at,
        body=said.get("body", "").replace("{day}", f"{at.year}年{at.month}月{at.day}日"),
        addressees=list(Department.objects.filter(code__in=said.get("to", ()))),
    )  # fmt: skip
    if said.get("returned"):
        drafting.submit_draft(draft, actor=drafter, at=at)
        drafting.return_draft(draft, reason=said["returned"], actor=_user("supervisor-2"), at=at)
        return draft
    reach = _ORDER.index(State(said["state"]))
    if reach >= 1:
        drafting.submit_draft(draft, actor=drafter, at=at)
    if reach >= 2 and draft.state == State.IN_REVIEW:
        drafting.approve_draft(draft, actor=_user("supervisor-2"), at=at)
    if reach >= 3 and draft.state == State.TO_SIGN:
        drafting.sign_draft(draft, actor=_user("leader"), at=at)
    if reach >= 4:
        issuer = drafter if drafter.can("paper.issue") else _user("supervisor")
        _after_issue(drafting.issue_draft(draft, actor=issuer, at=at), said, issuer, at)
    return draft


def _after_issue(paper: Paper, said: Mapping[str, Any], issuer: User, at: dt.datetime) -> None:
    """Receipts, answers, what came of a meeting, a withdrawal."""
    later = at + dt.timedelta(hours=2)
    verdicts = said.get("replies") or {}
    for receipt in paper.receipts.select_related("department"):
        if receipt.department is None:
            continue
        clerk = (
            User.objects.filter(department=receipt.department, grants__role="clerk").order_by("pk").first()
        )
        if clerk is None:
            continue
        verdict = verdicts.get(receipt.department.code)
        if said.get("received") or verdict:
            actions.receive_paper(paper, actor=clerk, at=later)
        if verdict in ("accepted", "sent-back"):
            actions.reply_to_paper(paper, reply=said["reply"], actor=clerk, at=at + dt.timedelta(days=1))
            reply = PaperReply.objects.get(receipt=receipt)
            if verdict == "accepted":
                actions.accept_reply(reply, actor=issuer)
            else:
                actions.send_back_reply(reply, words="没有写明什么时候办结，请补充。", actor=issuer)
        if answer := (said.get("attendance") or {}).get(receipt.department.code):
            words = "副职代替" if answer == meetings.INSTEAD else ""
            meetings.answer_notice(paper.meeting, answer=answer, words=words, actor=clerk)
    for one in said.get("decided") or ():
        _decide(paper, one, said)
    if said.get("withdrawn"):
        actions.withdraw_paper(paper, reason=said["withdrawn"], actor=issuer)


def _decide(paper: Paper, one: Mapping[str, Any], said: Mapping[str, Any]) -> None:
    department = Department.objects.filter(code=one["department"]).first()
    decision = meetings.add_decision(
        paper.meeting, words=one["words"], department=department, actor=_user(said["by"]),
        due_on=timezone.localdate() + dt.timedelta(days=7),
    )  # fmt: skip
    if one.get("done") and department is not None:
        clerk = User.objects.filter(department=department, grants__role="clerk").order_by("pk").first()
        if clerk is not None:
            meetings.close_decision(decision, words=one["done"], actor=clerk)
