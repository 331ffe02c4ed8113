"""From the first word to the answer that closes the loop."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.journal import entries_of
from huying.papers import actions, drafting, jobs, meetings
from huying.papers.letter import letter_of, number_of
from huying.papers.models import Paper, PaperDraft, PaperReceipt, PaperReply
from huying.papers.policy import drafts_waiting
from huying.papers.register import series
from huying.papers.tests.conftest import WORDS, Office, declare
from huying.papers.views.drafts import side_by_side

pytestmark = pytest.mark.django_db
State = PaperDraft.State
REPLY = "已经派人更换，现场恢复正常。"


class TestText:
    def test_a_draft_begins_with_the_text_of_its_kind(self, office: Office) -> None:
        draft = office.start(body="")
        assert draft.title == "关于井盖缺失的整改建议书"
        assert draft.body == "经查，井盖缺失反复出现。\n请在5工作日内回复。"

    def test_every_saved_text_is_kept(self, office: Office) -> None:
        draft = office.start()
        drafting.save_draft(draft, title="甲", body=f"{WORDS}改", actor=office.clerk)
        drafting.save_draft(draft, title="甲", body=f"{WORDS}改", actor=office.clerk)  # nothing new
        assert [version.number for version in draft.versions.all()] == [2, 1]
        drafting.restore_version(draft, draft.versions.get(number=1), actor=office.clerk)
        assert (draft.body, draft.versions.count()) == (WORDS, 3)

    def test_a_text_that_came_too_late_is_kept_aside(self, office: Office) -> None:
        mine = office.start()
        theirs = PaperDraft.objects.get(pk=mine.pk)
        drafting.save_draft(theirs, title="甲", body="先存的正文在这里。", actor=office.clerk)
        with pytest.raises(Conflict, match="第 3 稿"):
            drafting.save_draft(mine, title="乙", body="后存的正文也在这里。", actor=office.clerk)
        mine.refresh_from_db()
        assert mine.body == "先存的正文在这里。"
        kept = mine.versions.get(aside=True)
        assert (kept.title, kept.body) == ("乙", "后存的正文也在这里。")

    def test_two_versions_stand_side_by_side(self, office: Office) -> None:
        draft = office.start(body="一、甲\n不变\n旧句子")
        drafting.save_draft(draft, title=draft.title, body="一、甲\n不变\n新句子\n又一句", actor=office.clerk)
        lines = list(side_by_side(draft.versions.get(number=1), draft.versions.get(number=2)))
        assert lines[-3:] == [
            ("same", "不变", "不变"),
            ("changed", "旧句子", "新句子"),
            ("new", "", "又一句"),
        ]

    def test_a_stranger_does_not_write(self, office: Office) -> None:
        draft = office.start()
        with pytest.raises(NotAllowed):
            drafting.save_draft(draft, title="甲", body=WORDS, actor=office.water)


class TestSteps:
    def test_from_draft_to_issue_each_by_somebody_else(self, office: Office) -> None:
        draft = drafting.submit_draft(office.start(), actor=office.clerk)
        assert draft.state == State.IN_REVIEW
        drafting.approve_draft(draft, actor=office.head, words="数字再核一遍。")
        with pytest.raises(Conflict):
            drafting.issue_draft(draft, actor=office.supervisor)
        drafting.sign_draft(draft, actor=office.leader)
        paper = drafting.issue_draft(draft, actor=office.supervisor)
        assert number_of(paper) == f"卫督建〔{timezone.localdate().year}〕1号"
        assert paper.signed_by == office.leader
        codes = [entry.code for entry in entries_of(draft)]
        assert codes == [
            "draft.started", "draft.submitted", "draft.reviewed", "draft.signed", "draft.issued",
        ]  # fmt: skip
        [issued] = [entry for entry in entries_of(paper) if entry.code == "paper.issued"]
        assert issued.data["draft"] == draft.pk

    def test_nobody_reviews_or_signs_their_own(self, office: Office) -> None:
        draft = drafting.start_draft(
            "rectification", body=WORDS, addressees=[office.district.water], actor=office.supervisor
        )
        drafting.submit_draft(draft, actor=office.supervisor)
        with pytest.raises(NotAllowed, match="别人"):
            drafting.approve_draft(draft, actor=office.supervisor)

    def test_a_head_reviews_only_the_own_department(self, office: Office) -> None:
        draft = drafting.submit_draft(office.start(), actor=office.clerk)
        with pytest.raises(NotAllowed):
            drafting.approve_draft(draft, actor=office.water)

    def test_a_leader_of_the_whole_district_finds_what_waits(self, office: Office) -> None:
        draft = drafting.submit_draft(office.start(), actor=office.clerk)
        drafting.approve_draft(draft, actor=office.head)
        assert list(drafts_waiting(office.leader, "paper.sign", State.TO_SIGN)) == [draft]

    def test_a_returned_draft_says_why(self, office: Office) -> None:
        draft = drafting.submit_draft(office.start(), actor=office.clerk)
        with pytest.raises(Refusal, match="原因"):
            drafting.return_draft(draft, reason=" ", actor=office.head)
        drafting.return_draft(draft, reason="期限写错了", actor=office.head)
        assert draft.state == State.DRAFT
        assert draft.comments.get().returned

    def test_the_own_last_step_is_taken_back(self, office: Office) -> None:
        draft = drafting.submit_draft(office.start(), actor=office.clerk)
        drafting.undo_step(draft, actor=office.clerk)
        assert (draft.state, draft.submitted_at) == (State.DRAFT, None)
        drafting.submit_draft(draft, actor=office.clerk)
        drafting.approve_draft(draft, actor=office.head)
        with pytest.raises(Conflict, match="自己的上一步"):
            drafting.undo_step(draft, actor=office.clerk)

    def test_a_kind_may_do_without_review_and_signature(self, office: Office) -> None:
        draft = drafting.start_draft("daily", title="日报", body=WORDS, actor=office.supervisor)
        drafting.submit_draft(draft, actor=office.supervisor)
        paper = drafting.issue_draft(draft, actor=office.supervisor)
        assert number_of(paper) == "日报第1期"

    def test_a_letter_needs_an_addressee(self, office: Office) -> None:
        with pytest.raises(Refusal, match="送给谁"):
            drafting.submit_draft(office.start(addressees=[]), actor=office.clerk)

    def test_two_see_the_same_draft_and_one_moves_it(self, office: Office) -> None:
        draft = drafting.submit_draft(office.start(), actor=office.clerk)
        same = PaperDraft.objects.get(pk=draft.pk)
        drafting.approve_draft(draft, actor=office.head)
        with pytest.raises(Conflict):
            drafting.return_draft(same, reason="不同意", actor=office.head)


class TestIssue:
    def test_what_is_above_puts_its_frozen_addresses_in_before(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(drafting, "_before_issue", {})
        drafting.register_before_issue(lambda draft: draft.body.replace("/figures/x/", "/figures/p/7/"))
        paper = office.issued(body="共更换⟦836|/figures/x/⟧套，请继续抓紧。")
        assert "⟦836|/figures/p/7/⟧" in paper.body
        assert paper.draft.versions.first().body == paper.body

    def test_an_issue_that_fails_gives_its_number_back(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        draft = office.signed()
        monkeypatch.setattr(drafting, "tell_departments", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            drafting.issue_draft(draft, actor=office.supervisor)
        monkeypatch.undo()
        draft.refresh_from_db()
        assert draft.state == State.SIGNED
        assert drafting.issue_draft(draft, actor=office.supervisor).number == 1

    def test_one_number_goes_to_several(self, office: Office) -> None:
        district = office.district
        paper = office.issued(
            addressees=[district.water, district.urban, "老郑烩面馆"],
            details={"cc": [{"department": "street-west"}, {"department": "water-company"}]},
        )
        assert [(str(each), each.copy) for each in paper.receipts.all()] == [
            ("供水公司", False), ("城市管理局", False), ("老郑烩面馆", False), ("西环路街道办事处", True),
        ]  # fmt: skip
        assert letter_of(paper).addressee == "供水公司，城市管理局，老郑烩面馆："

    def test_a_new_paper_takes_the_place_of_an_old_one(self, office: Office) -> None:
        old = office.issued()
        new = office.issued(replaces=old)
        old.refresh_from_db()
        assert old.superseded_by == new
        with pytest.raises(Conflict, match="废止"):
            actions.receive_paper(old, actor=office.water)

    def test_numbers_without_a_mark_stay_as_they_were(self, office: Office) -> None:
        paper = office.issued("supervision-letter")
        assert number_of(paper) == f"督办函〔{timezone.localdate().year}〕1号"
        declare(paper="supervision-letter", title="督办函", mark="卫督办", layout="letter")
        assert number_of(office.issued("supervision-letter")).startswith("卫督办〔")
        paper.refresh_from_db()
        assert number_of(paper).startswith("督办函〔")

    def test_the_register_finds_a_gap(self, office: Office) -> None:
        first, second = office.issued(), office.issued()
        assert [each.whole for each in series()] == [True]
        Paper.objects.filter(pk=second.pk).update(number=3)
        assert series()[0].missing == (2,)
        assert first.number == 1


class TestAnswers:
    def test_an_accepted_answer_closes_the_loop(self, office: Office) -> None:
        paper = office.issued()
        assert paper.reply_due_at is not None
        actions.receive_paper(paper, actor=office.water)
        actions.reply_to_paper(paper, reply=REPLY, actor=office.water)
        assert paper.replied_at and not paper.settled_at
        actions.accept_reply(PaperReply.objects.get(), actor=office.supervisor)
        paper.refresh_from_db()
        assert paper.settled_at

    def test_an_answer_that_says_too_little_is_sent_back(self, office: Office) -> None:
        paper = office.issued()
        actions.reply_to_paper(paper, reply=REPLY, actor=office.water)
        actions.send_back_reply(PaperReply.objects.get(), words="没有写完成的日期", actor=office.supervisor)
        paper.refresh_from_db()
        assert paper.replied_at is None
        actions.reply_to_paper(paper, reply=f"{REPLY}11月30日完成。", actor=office.water)
        assert [reply.verdict for reply in PaperReply.objects.all()] == ["sent-back", ""]

    def test_only_the_issuer_judges(self, office: Office) -> None:
        paper = office.issued()
        actions.reply_to_paper(paper, reply=REPLY, actor=office.water)
        with pytest.raises(NotAllowed):
            actions.accept_reply(PaperReply.objects.get(), actor=office.water)

    def test_it_is_answered_when_the_last_has_answered(self, office: Office) -> None:
        from huying.core.testing import make_user

        paper = office.issued(addressees=[office.district.water, office.district.urban])
        actions.reply_to_paper(paper, reply=REPLY, actor=office.water)
        assert paper.replied_at is None
        actions.reply_to_paper(paper, reply=REPLY, actor=make_user("clerk", department=office.district.urban))
        assert paper.replied_at is not None

    def test_each_is_reminded_once_and_urged_once(self, office: Office) -> None:
        paper = office.issued()
        due = paper.reply_due_at
        assert due is not None
        assert jobs.remind_and_urge(due - dt.timedelta(days=4)) == (0, 0)
        assert jobs.remind_and_urge(due - dt.timedelta(minutes=30)) == (1, 0)
        assert jobs.remind_and_urge(due + dt.timedelta(minutes=1)) == (0, 1)
        assert jobs.remind_and_urge(due + dt.timedelta(minutes=2)) == (0, 0)
        actions.reply_to_paper(paper, reply=REPLY, actor=office.water)
        assert PaperReceipt.objects.get().urged_at

    def test_a_withdrawn_paper_stays_in_the_record(self, office: Office) -> None:
        paper = office.issued()
        with pytest.raises(Refusal, match="原因"):
            actions.withdraw_paper(paper, reason=" ", actor=office.supervisor)
        actions.withdraw_paper(paper, reason="对象写错了", actor=office.supervisor)
        assert (paper.number, paper.withdrawn_reason) == (1, "对象写错了")
        assert letter_of(paper).void == "已废止：对象写错了"


class TestMeeting:
    def notice(self, office: Office) -> Paper:
        return office.issued(
            "meeting-notice", body="会议研究井盖整治工作，请准时参加。",
            details={"place": "三楼会议室", "held_at": "2026-11-25T09:00", "attendees": ["分管负责同志"]},
        )  # fmt: skip

    def test_from_notice_to_a_decision_that_is_done(self, office: Office) -> None:
        meeting = self.notice(office).meeting
        with pytest.raises(Refusal, match="代替的人"):
            meetings.answer_notice(meeting, answer="instead", words="", actor=office.water)
        meetings.answer_notice(meeting, answer="instead", words="副经理老王", actor=office.water)
        minutes = meetings.start_minutes(meeting, actor=office.clerk)
        assert minutes.details["attendees"] == ["供水公司（副经理老王）"]
        decision = meetings.add_decision(
            meeting,
            words="供水公司一周内更换破损井盖",
            department=office.district.water,
            due_on=None,
            actor=office.clerk,
        )
        meetings.close_decision(decision, words="已经全部更换", actor=office.water)
        assert decision.done_by == office.water
        with pytest.raises(Conflict):
            meetings.close_decision(decision, words="又写一遍", actor=office.water)

    def test_a_guest_does_not_write_the_minutes(self, office: Office) -> None:
        with pytest.raises(NotAllowed):
            meetings.start_minutes(self.notice(office).meeting, actor=office.water)


class TestPages:
    def test_it_is_written_handed_on_signed_and_issued_at_the_desk(
        self, office: Office, client: Client
    ) -> None:
        client.force_login(office.clerk)
        client.post(reverse("papers:start"), {"kind": "rectification", "subject": "井盖缺失"})
        draft = PaperDraft.objects.get()
        page = client.get(reverse("papers:draft", args=[draft.pk])).content.decode()
        assert "经查，井盖缺失反复出现。" in page
        form = {
            "title": "关于井盖的建议",
            "body": WORDS,
            "addressees": ["water-company"],
            "version": draft.version,
        }
        answer = client.post(
            reverse("papers:draft-save", args=[draft.pk]), form, headers={"Accept": "application/json"}
        )
        assert answer.json()["number"] == 2
        shown = client.post(
            reverse("papers:draft-preview", args=[draft.pk]), {**form, "body": "没有保存的字"}
        )
        assert "没有保存的字" in shown.content.decode()
        client.post(
            reverse("papers:draft-save", args=[draft.pk]),
            {**form, "version": answer.json()["version"], "submit": "1"},
        )
        for who, step in ((office.head, "approve"), (office.leader, "sign"), (office.supervisor, "issue")):
            client.force_login(who)
            assert client.get(reverse("papers:draft", args=[draft.pk])).status_code == 200
            client.post(reverse("papers:draft-step", args=[draft.pk, step]))
        assert Paper.objects.get().title == "关于井盖的建议"

    def test_what_came_too_late_is_not_lost(self, office: Office, client: Client) -> None:
        draft = office.start()
        client.force_login(office.clerk)
        address = reverse("papers:draft-save", args=[draft.pk])
        form: dict[str, Any] = {"title": "甲", "body": WORDS, "addressees": ["water-company"]}
        client.post(address, {**form, "version": draft.version})
        answer = client.post(address, {**form, "body": "迟到的话", "version": draft.version})
        assert answer.status_code == 409
        assert "迟到的话" in answer.content.decode()
        assert draft.versions.filter(aside=True).count() == 1
