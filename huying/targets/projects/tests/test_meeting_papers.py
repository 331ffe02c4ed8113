"""A meeting's notice and minutes are papers like any; what is decided as a problem is a case."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from huying.cases.models import Case, Category, Channel, Ledger
from huying.core.errors import Conflict, Refusal
from huying.core.journal import log
from huying.core.testing import make_user
from huying.papers.drafting import approve_draft, discard_draft, issue_draft, sign_draft, submit_draft
from huying.papers.models import Paper, PaperDraft, PaperKind, PaperMeeting
from huying.targets.projects.actions import meetings
from huying.targets.projects.actions.papers import draft_minutes, draft_notice
from huying.targets.projects.models import Meeting, ProjectProblem
from huying.targets.projects.tests.conftest import Site

pytestmark = pytest.mark.django_db
TEXT = "时间：{held_at}\n地点：{place}\n参会：{attendees}"
KINDS = {
    "meeting-notice": {"layout": "letter", "fields": ["addressees", "cc", "place", "held_at", "attendees"],
                       "text": TEXT, "review": "none", "sign": ["leader"]},
    "minutes": {"layout": "minutes", "fields": ["cc", "place", "held_at", "attendees"], "text": "（正文）",
                "review": "none", "sign": ["leader"], "numbering": "issue"},
}  # fmt: skip


@pytest.fixture
def meeting(site: Site) -> Meeting:
    """Called for today, about the eastern project; the kinds of papers are there."""
    for code, said in KINDS.items():
        declaration = {"paper": code, "title": code, **said}
        PaperKind.objects.create(code=code, title=code, declaration=declaration)
    return meetings.call_meeting(
        title="重点项目推进会", held_on=timezone.localdate(), begins_at=dt.time(9), place="会议室", chair=site.leader,
        agenda="一、听汇报", actor=site.office, projects=[site.project],
    )  # fmt: skip


def issued(draft: PaperDraft, site: Site) -> Paper:
    writer = make_user("writer")
    submit_draft(draft, actor=site.office)
    draft.refresh_from_db()
    if draft.state == PaperDraft.State.IN_REVIEW:
        approve_draft(draft, actor=make_user("supervisor"))
    sign_draft(draft, actor=site.leader)
    return issue_draft(draft, actor=writer)


def held(meeting: Meeting, site: Site) -> Meeting:
    meetings.write_minutes(
        meeting, actor=site.office, seen=meeting.version, values={"minutes": "逐个研究了滞后的项目。"}
    )
    return meeting


def problem_case() -> Case:
    """A case on a ledger of problems."""
    ledger = Ledger.objects.create(
        code="problems", title="问题", declaration={"ledger": "problems", "title": "问题"}
    )
    category = Category.objects.create(ledger=ledger, code="other", title="其他", limit="3 work days")
    common = {"channel": Channel.DESK, "reported_at": timezone.now()}
    return Case.objects.create(number="N1", ledger=ledger, category=category, title="供电", **common)


def test_the_notice_knows_when_where_and_who(meeting: Meeting, site: Site) -> None:
    draft = draft_notice(meeting, actor=site.office)
    assert draft.details["addressees"] == [{"department": site.district.streets["east"].code}]
    assert draft.details["held_at"] == f"{meeting.held_on}T09:00:00"
    for word in ("会议室", str(site.leader), "会议议程：一、听汇报"):
        assert word in draft.body
    with pytest.raises(Conflict):
        draft_notice(meeting, actor=site.office)
    discard_draft(draft, actor=site.office)
    assert draft_notice(meeting, actor=site.office) != draft


def test_a_meeting_without_a_time_has_no_notice(meeting: Meeting, site: Site) -> None:
    Meeting.objects.filter(pk=meeting.pk).update(begins_at=None)
    with pytest.raises(Refusal, match="开始时间"):
        draft_notice(meeting, actor=site.office)


def test_minutes_say_what_was_decided_and_are_those_of_the_meeting_that_was_called(
    meeting: Meeting, site: Site
) -> None:
    issued(draft_notice(meeting, actor=site.office), site)
    east = site.district.streets["east"]
    due = meeting.held_on + dt.timedelta(days=7)
    meetings.decide(meeting, words="盯住征迁扫尾", department=east, due_on=due, actor=site.office)
    with pytest.raises(Refusal):
        draft_minutes(meeting, actor=site.office)  # nothing is written yet
    draft = draft_minutes(held(meeting, site), actor=site.office)
    assert (
        f"1. 盯住征迁扫尾（责任单位：{east}；完成时限：{due.year}年{due.month}月{due.day}日）。" in draft.body
    )
    assert "逐个研究了滞后的项目。" in draft.body
    assert PaperMeeting.objects.get().minutes == draft
    issued(draft, site)
    with pytest.raises(Conflict, match="印发"):
        meetings.write_minutes(meeting, actor=site.office, seen=meeting.version, values={"minutes": "另一版"})


def test_the_meeting_and_its_papers_lead_to_each_other(meeting: Meeting, site: Site, client: Client) -> None:
    client.force_login(site.office)
    client.post(reverse("targets:meeting-notice", args=[meeting.pk]))
    meeting.refresh_from_db()
    draft = meeting.notice
    assert draft is not None
    draft_url = reverse("papers:draft", args=[draft.pk])
    assert draft_url in client.get(meeting.get_absolute_url()).content.decode()
    assert meeting.get_absolute_url() in client.get(draft_url).content.decode()
    paper = issued(draft, site)
    called = reverse("papers:meeting", args=[PaperMeeting.objects.get().pk])
    page = client.get(meeting.get_absolute_url()).content.decode()
    assert reverse("papers:paper", args=[paper.pk]) in page and called in page
    page = client.get(called).content.decode()
    assert meeting.get_absolute_url() in page
    assert (
        reverse("papers:decide", args=[PaperMeeting.objects.get().pk]) not in page
    )  # decided in one place only


def test_a_meeting_that_is_called_off_takes_its_notice_along(meeting: Meeting, site: Site) -> None:
    draft = draft_notice(meeting, actor=site.office)
    submit_draft(draft, actor=site.office)
    with pytest.raises(Refusal, match="审签"):
        meetings.cancel_meeting(meeting, actor=site.office, words="改期")
    sign_draft(draft, actor=site.leader)
    issue_draft(draft, actor=make_user("writer"))
    meetings.cancel_meeting(meeting, actor=site.office, words="改期")
    assert PaperMeeting.objects.get().cancelled_at is not None


def test_a_decision_that_is_a_problem_is_done_when_its_case_is_struck_off(
    meeting: Meeting, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    east = site.district.streets["east"]
    with pytest.raises(Refusal, match="哪个项目"):
        meetings.decide(
            meeting, words="供电增容", department=east, due_on=None, actor=site.office, as_problem=True
        )
    case = problem_case()

    def raised(project: object, *, words: str, actor: object) -> ProjectProblem:
        return ProjectProblem.objects.create(
            project=site.project, case=case, raised_at=timezone.now(), raised_by=site.office
        )

    monkeypatch.setattr(meetings, "raise_problem", raised)
    made = meetings.decide(
        meeting,
        words="供电增容",
        department=east,
        due_on=None,
        actor=site.office,
        as_problem=True,
        project=site.project,
    )
    with pytest.raises(Refusal, match=case.number):
        meetings.finish_decision(made, actor=site.office, words="办好了")
    log(case, "case.closed")
    made.refresh_from_db()
    assert (made.light, made.done_words) == ("done", "案件销号")
    log(case, "case.reopened")
    made.refresh_from_db()
    assert made.done_on is None


def test_only_the_project_office_begins_a_notice(meeting: Meeting, site: Site, client: Client) -> None:
    client.force_login(site.clerk)
    assert client.post(reverse("targets:meeting-notice", args=[meeting.pk])).status_code == 403
