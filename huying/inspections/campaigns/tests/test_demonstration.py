"""The demonstration's campaigns answer with the printed figures, through the code of their pages."""

from __future__ import annotations

import datetime as dt

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from huying.inspections.campaigns.bulletins import progress
from huying.inspections.campaigns.counting import Counting
from huying.inspections.campaigns.demonstration import make_campaigns
from huying.inspections.campaigns.models import Award, Bulletin, Campaign
from huying.inspections.campaigns.ranking import compute
from huying.inspections.models import Ranking
from huying.inspections.occurrences import period_of
from huying.inspections.results.models import Measure
from huying.people.models import User

# Some thirty thousand past cases are made first: this runs with the long walks.
pytestmark = [
    pytest.mark.django_db, pytest.mark.schema, pytest.mark.usefixtures("demonstration"),
    pytest.mark.xdist_group("demonstration"),
]  # fmt: skip
WEIDONG = settings.BASE_DIR / "districts" / "weidong"


@pytest.fixture
def supervisor() -> User:
    return User.objects.get(username="supervisor")


@pytest.mark.parametrize(
    ("code", "figures"),
    [
        ("civilised-2021", {"people": 380, "opinions": 3500}),  # 002-07, 002-08
        ("civilised-city", {"dogs": 93, "vendors": 20, "wires": 600}),  # 004-46 to 004-48
        ("rural-2022", {"heaps": 10204, "sheds": 469, "ruins": 642, "boards": 1128, "ditches": 4785}),  # 004-52 to 56
        ("rural-2023", {"spots": 10334, "disorder": 4081, "boards": 230}),  # 000-67 to 000-69
        (
            "small-premises-2017",  # 003-17 to 003-27
            {"surveyed": 3896, "visits": 6000, "people": 4000, "red": 34, "black": 213, "suspended": 54, "closed": 23,
             "orders": 1200, "seized": 400, "kitchens": 1600},
        ),
        ("work-supervision", {"visits": 60, "units": 40, "problems": 37}),  # 004-19 to 004-21
        (
            "four-cities-2017",  # 003-03 to 003-08, 003-10
            {"roads": 17, "bins": 1100, "containers": 2000, "loads": 5000, "adverts": 18000, "walls": 69000,
             "parks": 11725},
        ),
        ("donggaohuang-2021", {"adverts": 50, "shops": 30, "stalls": 20}),  # 002-41 to 002-43
        ("covers-2023", {"own": 229, "others": 607, "all": 836}),  # 000-21, 000-23, 000-24
        ("street-fronts-2023", {"grilles": 300, "windows": 30}),  # 000-04, 000-05
    ],
)  # fmt: skip
def test_a_campaign_answers_with_the_printed_figures(
    code: str, figures: dict[str, int], supervisor: User
) -> None:
    counted = Counting(Campaign.objects.get(code=code), supervisor).figures()
    found = {each.code: each.value for each in counted}
    assert {name: found[name] for name in figures} == figures
    assert all(each.url for each in counted)


def test_14_bulletins_notified_212_problems_of_which_175_are_fixed() -> None:  # 004-44, 004-45
    found = progress(Bulletin.objects.filter(series__code="civilised-bulletin"))
    assert (found.issues, found.notified, found.fixed, found.percent) == (14, 212, 175, "82.55%")


def test_awards_are_matched_in_full_and_by_half() -> None:
    found = {award.level: award.matched / award.amount for award in Award.objects.all()}
    assert found == {"province": 1, "city": 0.5}


def test_what_is_closed_down_is_so_in_the_register() -> None:
    states = Measure.objects.filter(kind="closure").values_list("item__state", flat=True)
    assert set(states) == {"shut down"}


def test_villages_are_ranked_last_month() -> None:
    last = timezone.localdate().replace(day=1)
    period = period_of("month", last - dt.timedelta(days=1))
    places = compute(Ranking.objects.get(code="rural-monthly").rules, period)
    assert sum(1 for place in places if place.rank) >= 3


@pytest.mark.parametrize("code", ["civilised-city", "small-premises-2017", "rural-2022"])
def test_the_page_of_a_campaign_opens(code: str, supervisor: User, client: Client) -> None:
    client.force_login(supervisor)
    assert client.get(f"/desk/campaigns/{code}/").status_code == 200


def test_making_them_twice_makes_nothing() -> None:
    assert make_campaigns(WEIDONG) == 0


def test_covers_stand_beside_their_targets(supervisor: User) -> None:
    """836 of 600 is printed as 139 %; 229 of 82 is the nearest to the printed 280 %."""
    found = {
        each.code: each.note
        for each in Counting(Campaign.objects.get(code="covers-2023"), supervisor).figures()
    }
    assert "139%" in found["all"] and "279%" in found["own"]
