"""Bulletins: drafted from the ledger, numbered when issued, and later they tell what of them is fixed."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from huying.cases.models import Case
from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.testing import make_user
from huying.inspections.campaigns.bulletins import (
    discard_draft,
    draft_bulletin,
    edit_bulletin,
    issue_bulletin,
    progress,
)
from huying.inspections.campaigns.models import Bulletin
from huying.inspections.campaigns.tests.conftest import Drive
from huying.people.models import User

TODAY = timezone.localdate()


def draft(drive: Drive, actor: User) -> Bulletin:
    return draft_bulletin(drive.series, first=TODAY, last=TODAY, actor=actor)


def test_a_draft_takes_up_what_was_found_and_not_yet_notified(drive: Drive, supervisor: User) -> None:
    _made, case = drive.found()
    first = draft(drive, supervisor)
    assert [line.case_id for line in first.lines.all()] == [case.pk]
    with pytest.raises(Refusal, match="没有还没通报过的问题"):
        draft(drive, supervisor)
    _made, other = drive.found("running")
    assert [line.case_id for line in draft(drive, supervisor).lines.all()] == [other.pk]


def test_issues_are_numbered_without_gaps_and_stay_as_they_were(drive: Drive, supervisor: User) -> None:
    drive.found()
    first = issue_bulletin(draft(drive, supervisor), actor=supervisor)
    drive.found("running")
    thrown_away = draft(drive, supervisor)
    discard_draft(thrown_away, actor=supervisor)
    second = issue_bulletin(draft(drive, supervisor), actor=supervisor)
    assert (first.number, second.number, first.year) == (1, 2, TODAY.year)
    assert first.paper is not None and first.paper.kind == "bulletin" and "值班员在岗" in first.paper.body
    with pytest.raises(Conflict, match="已经印发"):
        issue_bulletin(first, actor=supervisor)
    with pytest.raises(Conflict, match="不能改"):
        edit_bulletin(first, title="x", intro="", ending="", words={}, actor=supervisor)
    with pytest.raises(Conflict):
        discard_draft(second, actor=supervisor)


def test_it_tells_how_many_of_the_notified_are_fixed(drive: Drive, supervisor: User) -> None:
    _made, case = drive.found()
    drive.found("running")
    issue_bulletin(draft(drive, supervisor), actor=supervisor)
    Case.objects.filter(pk=case.pk).update(status="closed")
    found = progress(Bulletin.objects.all())
    assert (found.issues, found.notified, found.fixed, found.open, found.percent) == (1, 2, 1, 1, "50.00%")


def test_a_draft_is_edited_line_by_line(drive: Drive, supervisor: User) -> None:
    drive.found()
    drive.found("running")
    found = draft(drive, supervisor)
    keep, drop = found.lines.order_by("position")
    edit_bulletin(
        found, title="第一期", intro="导语", ending="请改", words={keep.pk: "换热站无人值班"}, drop=[drop.pk],
        actor=supervisor,
    )  # fmt: skip
    assert [(line.position, line.words) for line in found.lines.all()] == [(1, "换热站无人值班")]
    with pytest.raises(Refusal, match="至少留下一条"):
        edit_bulletin(found, title="x", intro="", ending="", words={}, drop=[keep.pk], actor=supervisor)


def test_only_who_runs_the_campaign_writes_its_bulletins(drive: Drive, supervisor: User) -> None:
    drive.found()
    lead = make_user("head", department=drive.night.district.urban)
    assert draft(drive, lead).lines.count() == 1
    with pytest.raises(NotAllowed, match="牵头单位"):
        draft(drive, make_user("head", department=drive.night.heating))
    with pytest.raises(NotAllowed):
        draft(drive, make_user("checker"))


def test_a_draft_is_nobody_elses_and_an_issue_is_everybodys(
    drive: Drive, supervisor: User, client: Client
) -> None:
    drive.found()
    found = draft(drive, supervisor)
    page = found.get_absolute_url()
    assert client.get(page).status_code == 302
    reader = make_user("checker")
    client.force_login(reader)
    assert client.get(page).status_code == 404
    issue_bulletin(found, actor=supervisor)
    assert client.get(page).status_code == 200
    client.force_login(make_user("callback"))
    assert client.get(page).status_code == 403
