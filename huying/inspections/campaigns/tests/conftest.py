"""A campaign around the night check of a heating station: its ledger, its ranking, its bulletins."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from huying.cases.models import Case
from huying.core.testing import MiniDistrict, make_user
from huying.inspections.campaigns.models import BulletinSeries, Campaign, Ranking
from huying.inspections.rounds.models import Round
from huying.inspections.rounds.tests.conftest import Night, make_night, photo
from huying.people.models import User


@dataclass
class Drive:
    """The stage of a campaign."""

    night: Night
    campaign: Campaign
    ranking: Ranking
    series: BulletinSeries

    def found(self, item: str = "duty") -> tuple[Round, Case]:
        """A round on which something failed, and the case that it opened."""
        photos = {item: [photo()]} if item == "running" else {}
        made = self.night.go(answers={item: "fail"}, photos=photos)
        case = made.findings.get().case
        assert case is not None
        return made, case


def make_drive(night: Night) -> Drive:
    """Build the stage."""
    campaign = Campaign.objects.create(
        code="warm-nights", title="暖夜专项",
        declaration={
            "campaign": "warm-nights", "title": "暖夜专项", "period": "from 2020-01-01", "lead": "urban-management",
            "standard": ["heating-night"], "plan": ["heating-nightly"], "ledger": ["heating-check"],
            "register": ["heating-station"], "counts": [{"ledger": ["hotline"], "topic": ["heating"]}],
            "figures": [{"code": "absent", "title": "脱岗", "where": {"category": ["absent"]}, "unit": "起"}],
            "awards": {"match": [{"from": "2022-01-01", "province": "100%", "city": "50%"}]},
        },
    )  # fmt: skip
    ranking = Ranking.objects.create(
        code="nights", title="夜查排名", campaign=campaign,
        declaration={
            "ranking": "nights", "title": "夜查排名", "of": "subdistrict", "every": "weekly", "campaign": "warm-nights",
            "score": {"heating-night": 1}, "deduct": {"open": 1}, "at_least": 1, "first": 1, "last": 1,
        },
    )  # fmt: skip
    series = BulletinSeries.objects.create(
        code="nights", title="夜查通报", campaign=campaign,
        declaration={
            "bulletin": "nights", "title": "夜查通报", "campaign": "warm-nights", "to": "各供热单位", "ask": "请整改。",
        },
    )  # fmt: skip
    return Drive(night, campaign, ranking, series)


@pytest.fixture
def drive(district: MiniDistrict) -> Drive:
    """The stage."""
    return make_drive(make_night(district))


@pytest.fixture
def supervisor(district: MiniDistrict) -> User:
    """Runs every campaign."""
    return make_user("supervisor")
