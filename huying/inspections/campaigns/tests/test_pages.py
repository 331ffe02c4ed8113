"""The pages of campaigns and rounds: numbers open their rows, one finding counts for several, rights hold."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from huying.cases.filters import CaseFilter
from huying.cases.policy import cases_for
from huying.core.testing import make_user
from huying.inspections.campaigns.counting import Counting, person_times
from huying.inspections.campaigns.models import Campaign
from huying.inspections.campaigns.tests.conftest import Drive
from huying.inspections.models import Round
from huying.people.models import User

PAGES = (
    "/desk/campaigns/", "/desk/campaigns/warm-nights/", "/desk/rankings/", "/desk/rankings/nights/", "/desk/bulletins/",
    "/desk/bulletins/problems/", "/desk/awards/", "/desk/rounds/", "/desk/rounds/findings/", "/desk/rounds/people/",
    "/desk/rounds/places/", "/desk/measures/",
)  # fmt: skip


def test_every_number_opens_as_many_rows(drive: Drive, supervisor: User, client: Client) -> None:
    drive.found()
    drive.found("running")
    client.force_login(supervisor)
    text = client.get("/desk/campaigns/warm-nights/").content.decode()
    tiles = re.findall(r'<a href="([^"]+)" class="tile">.*?data-count="(\d+)"', text)
    assert len(tiles) >= 13
    for url, count in tiles:
        rows = client.get(url.replace("&amp;", "&"))
        assert len(rows.context["rows"]) == int(count), url


def test_one_finding_counts_for_several_campaigns(drive: Drive, supervisor: User) -> None:
    other = Campaign.objects.create(
        code="winter", title="冬季专项",
        declaration={"campaign": "winter", "title": "冬季专项", "counts": [{"ledger": ["heating-check"]}]},
    )  # fmt: skip
    drive.found()
    for campaign in (drive.campaign, other):
        numbers = {each.code: each.value for each in Counting(campaign, supervisor).case_numbers()}
        assert (numbers["all"], numbers["open"], numbers["fixed"]) == (1, 1, 0)
    assert CaseFilter(campaign="winter").apply(cases_for(supervisor)).count() == 1


def test_a_period_leaves_out_what_was_found_at_another_time(drive: Drive, supervisor: User) -> None:
    drive.found()
    drive.campaign.declaration["period"] = "2020"
    drive.campaign.save()
    numbers = Counting(drive.campaign, supervisor)
    assert [each.value for each in numbers.round_numbers()] == [0] * 6
    assert numbers.case_numbers()[0].value == 0


def test_one_person_on_one_day_is_one_person_time(drive: Drive) -> None:
    drive.night.go()
    drive.night.go(team=[make_user("clerk", department=drive.night.district.urban)])
    assert person_times(Round.objects.all()) == 2


def test_a_figure_counts_what_it_declares(drive: Drive, supervisor: User) -> None:
    drive.found()
    drive.found("running")
    (figure,) = Counting(drive.campaign, supervisor).figures()
    assert (figure.value, figure.unit) == (1, "起")


def test_a_page_is_for_who_has_its_right(drive: Drive, supervisor: User, client: Client) -> None:
    drive.found()
    for user, status in ((None, 302), (make_user("callback"), 403), (supervisor, 200)):
        if user:
            client.force_login(user)
        assert {client.get(page).status_code for page in PAGES} == {status}


@pytest.mark.parametrize("page", ["/desk/rounds/", "/desk/rounds/findings/", "/desk/rounds/people/"])
def test_lists_keep_to_the_readers_area(drive: Drive, client: Client, page: str) -> None:
    drive.found()
    for area, rows in ((drive.night.district.east, 1), (drive.night.district.west, 0)):
        client.force_login(make_user("checker", area=area))
        assert len(client.get(page).context["rows"]) == rows


def test_a_round_has_its_page_for_its_area(drive: Drive, client: Client) -> None:
    made, case = drive.found("running")
    page = made.get_absolute_url()
    client.force_login(make_user("checker", area=drive.night.district.west))
    assert client.get(page).status_code == 404
    client.force_login(make_user("checker", area=drive.night.district.east))
    text = client.get(page).content.decode()
    assert case.number in text and "换热站正常运行" in text and made.percent in text


def test_a_campaigns_numbers_are_those_of_the_readers_area(drive: Drive) -> None:
    drive.found()
    west = Counting(drive.campaign, make_user("checker", area=drive.night.district.west))
    assert [each.value for each in west.case_numbers()] == [0] * 6
    assert west.round_numbers()[0].value == 0


def test_an_export_goes_on_record_with_the_same_rows(drive: Drive, supervisor: User, client: Client) -> None:
    drive.found()
    client.force_login(supervisor)
    for page in ("rounds", "campaigns/warm-nights", "rankings/nights"):
        answer = client.get(f"/desk/{page}/?export=xlsx")
        assert answer.status_code == 200 and "spreadsheet" in answer["Content-Type"], page
