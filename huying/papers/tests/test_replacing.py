"""A paper that takes the place of another."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from huying.core.errors import Conflict, NotAllowed
from huying.papers import actions, drafting
from huying.papers.letter import letter_of, number_of
from huying.papers.models import PaperDraft
from huying.papers.replacing import start_replacement
from huying.papers.rules import read_kind
from huying.papers.tests.conftest import Office, declare

pytestmark = pytest.mark.django_db


def finished(office: Office, draft: PaperDraft) -> PaperDraft:
    drafting.submit_draft(draft, actor=office.clerk)
    drafting.approve_draft(draft, actor=office.head)
    return drafting.sign_draft(draft, actor=office.leader)


def test_it_begins_with_the_text_and_names_what_it_replaces(office: Office, client: Client) -> None:
    old = office.issued(details={"attachments": ["清单"]})
    draft = start_replacement(old, actor=office.clerk)
    assert draft.body == f"{old.body}\n本文替代《{old.title}》（{number_of(old)}），原文废止，以本文为准。"
    assert (draft.details["attachments"], draft.kind, draft.replaces) == (["清单"], old.kind, old)
    assert start_replacement(old, actor=office.clerk) == draft  # pressed twice
    old.refresh_from_db()
    assert old.withdrawn_at is None, "until the new one is issued"
    new = drafting.issue_draft(finished(office, draft), actor=office.supervisor)
    old.refresh_from_db()
    assert (old.superseded_by, old.withdrawn_reason) == (new, f"由{number_of(new)}替代")
    assert letter_of(old).void == f"已废止：由{number_of(new)}替代"
    client.force_login(office.supervisor)
    register = client.get(reverse("papers:issued")).content.decode()
    assert f"替代{number_of(old)}" in register
    assert f"由{number_of(new)}替代" in register
    for paper, other in ((old, new), (new, old)):
        assert reverse("papers:paper", args=[other.pk]) in client.get(
            reverse("papers:paper", args=[paper.pk])
        ).content.decode()  # fmt: skip
    with pytest.raises(Conflict, match="已经由"):
        start_replacement(old, actor=office.clerk)


def test_a_withdrawn_paper_keeps_its_own_reason(office: Office) -> None:
    old = office.issued()
    actions.withdraw_paper(old, reason="对象写错了", actor=office.supervisor)
    new = drafting.issue_draft(
        finished(office, start_replacement(old, actor=office.clerk)), actor=office.supervisor
    )
    old.refresh_from_db()
    assert old.withdrawn_reason == "对象写错了"
    assert letter_of(old).void == f"已废止：对象写错了（由{number_of(new)}替代）"


def test_the_kind_says_how_it_is_printed(office: Office) -> None:
    declare(paper="note", title="提示", layout="letter", review="none", replaces="{number}作废。")
    draft = start_replacement(office.issued("note"), actor=office.clerk)
    assert draft.body.endswith("1号作废。")
    _rules, problems = read_kind({"paper": "a", "title": "甲", "replaces": "{day}作废"})
    assert [problem.keys for problem in problems] == [("replaces",)]


def test_receivers_and_strangers_begin_none(office: Office, client: Client) -> None:
    old = office.issued()
    with pytest.raises(NotAllowed):
        start_replacement(old, actor=office.water)
    client.force_login(office.water)
    assert client.post(reverse("papers:replacement", args=[old.pk])).status_code == 403
