"""A draft of the east street's clerk, and everyone whom it passes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from huying.core.testing import MiniDistrict, make_user
from huying.papers import drafting
from huying.papers.models import Paper, PaperDraft, PaperKind
from huying.people.models import User

WORDS = "请你单位抓紧办理，举一反三，并按期书面回复办理情况。"
KINDS: tuple[dict[str, Any], ...] = (
    {
        "paper": "rectification",
        "title": "整改建议书",
        "mark": "卫督建",
        "layout": "letter",
        "reply": "within 5 work days",
        "fields": ["addressees", "cc", "attachments"],
        "subject": "关于{subject}的整改建议书",
        "text": "经查，{subject}反复出现。\n请在{reply}内回复。",
    },
    {
        "paper": "meeting-notice",
        "title": "会议通知",
        "layout": "letter",
        "review": "none",
        "fields": ["addressees", "place", "held_at", "attendees"],
        "text": "时间：{held_at}\n地点：{place}",
    },
    {
        "paper": "minutes",
        "title": "会议纪要",
        "numbering": "issue",
        "layout": "minutes",
        "fields": ["place", "held_at", "attendees"],
        "text": "会议研究了有关工作，现纪要如下。",
    },
    {"paper": "daily", "title": "日报", "numbering": "issue", "review": "none", "sign": "none", "fields": []},
)


def declare(**declaration: Any) -> PaperKind:
    return PaperKind.objects.create(
        code=declaration["paper"], title=declaration["title"], declaration=declaration
    )


@dataclass
class Office:
    """Who writes, reviews, signs, issues and receives."""

    district: MiniDistrict
    clerk: User
    head: User
    leader: User
    supervisor: User
    water: User

    def start(self, kind: str = "rectification", **fields: Any) -> PaperDraft:
        said = {"body": WORDS, "subject_label": "井盖缺失", "addressees": [self.district.water], **fields}
        return drafting.start_draft(kind, actor=self.clerk, **said)

    def signed(self, kind: str = "rectification", **fields: Any) -> PaperDraft:
        draft = drafting.submit_draft(self.start(kind, **fields), actor=self.clerk)
        if draft.state == PaperDraft.State.IN_REVIEW:
            drafting.approve_draft(draft, actor=self.head)
        if draft.state == PaperDraft.State.TO_SIGN:
            drafting.sign_draft(draft, actor=self.leader)
        return draft

    def issued(self, kind: str = "rectification", **fields: Any) -> Paper:
        return drafting.issue_draft(self.signed(kind, **fields), actor=self.supervisor)


def make_office(district: MiniDistrict) -> Office:
    for declaration in KINDS:
        declare(**declaration)
    east = district.streets["east"]
    return Office(
        district,
        make_user("clerk", department=east),
        make_user("head", department=east),
        make_user("leader"),
        make_user("supervisor"),
        make_user("clerk", department=district.water),
    )


@pytest.fixture
def office(district: MiniDistrict) -> Office:
    return make_office(district)
