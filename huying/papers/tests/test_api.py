"""Papers and drafts over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from huying.papers.models import Paper, PaperReply
from huying.papers.tests.conftest import WORDS, Office

pytestmark = pytest.mark.django_db


def test_a_paper_is_written_moved_and_read(office: Office, call_api: Any) -> None:
    started = call_api(
        office.clerk, "post", "/paper-drafts",
        {"kind": "rectification", "subject": "井盖缺失", "body": WORDS, "addressees": ["water-company"]},
    )  # fmt: skip
    assert started.status_code == 201
    draft = started.json()
    saved = call_api(
        office.clerk, "put", f"/paper-drafts/{draft['id']}",
        {"version": draft["version"], "title": "建议", "body": f"{WORDS}⟦836|/figures/p/1/⟧"},
    ).json()  # fmt: skip
    late = call_api(
        office.clerk,
        "put",
        f"/paper-drafts/{draft['id']}",
        {"version": draft["version"], "title": "晚", "body": WORDS},
    )
    assert late.status_code == 409
    version = saved["version"]
    for who, step in (
        (office.clerk, "submit"), (office.head, "approve"), (office.leader, "sign"), (office.supervisor, "issue"),
    ):  # fmt: skip
        moved = call_api(who, "post", f"/paper-drafts/{draft['id']}/steps/{step}", {"version": version})
        assert moved.status_code == 200, moved.content
        version = moved.json()["version"]
    [paper] = call_api(office.water, "get", "/papers?received=true").json()["items"]
    assert (paper["state"], paper["text"][-3:]) == ("unreceived", "836")
    assert [each["addressee"] for each in paper["receipts"]] == ["water-company"]


def test_the_issuer_judges_an_answer(office: Office, call_api: Any) -> None:
    paper = office.issued()
    call_api(office.water, "post", f"/papers/{paper.pk}/reply", {"reply": "已经更换，现场恢复正常。"})
    path = f"/papers/{paper.pk}/replies/{PaperReply.objects.get().pk}/verdict"
    assert call_api(office.water, "post", path, {"verdict": "accepted"}).status_code == 403
    assert call_api(office.supervisor, "post", path, {"verdict": "accepted"}).json()["state"] == "settled"
    assert Paper.objects.get().settled_at
