"""Three grid workers in the east and one in the west, and what they have reported."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.utils import timezone

from huying.cases.models import Case, Category, Channel, Ledger, Report, Status
from huying.core.testing import MiniDistrict, make_user
from huying.figures.points.models import PointScheme
from huying.figures.tests.conftest import declare
from huying.inspections.campaigns.ranking import periods_back
from huying.inspections.occurrences import Period
from huying.people.models import User

RULES: dict[str, Any] = {
    "points": "workers",
    "title": "网格员积分",
    "who": {"role": "grid-worker"},
    "group": "subdistrict",
    "at_least": 3,
    "appeals": "within 5 work days",
    "counted": [
        {"code": "proven", "title": "上报属实", "figure": "proven", "points": 2, "most": {"day": 4, "month": 10}}
    ],
    "deducted": [{"code": "late", "title": "超期", "figure": "late", "person": "handled-by", "points": 3}],
    "given": [
        {"code": "praise", "title": "表扬", "points": 5, "evidence": False},
        {"code": "exposure", "title": "曝光", "points": -5},
    ],
    "rewards": [{"code": "towels", "title": "毛巾", "points": 4}],
}  # fmt: skip


@dataclass
class Stage:
    """The people of the scene."""

    scheme: PointScheme
    month: Period  # the last one that is over
    ada: User
    bo: User
    cai: User
    far: User  # in the west
    head: User  # of the eastern street's office
    west_head: User
    supervisor: User
    other: User  # another supervisor
    reported: Callable[..., None]

    def day(self, number: int) -> dt.date:
        """A day of the month."""
        return self.month.first + dt.timedelta(days=number - 1)


def make_stage(district: MiniDistrict) -> Stage:
    """Everybody, the figures and the scheme; nothing has been reported yet."""
    declare("proven", of="reports", where={"status": "closed"}, when="closed", by=["month"])
    declare("late", of="cases", where={"due": "ever-overdue"}, when="handled", by=["month"])
    scheme = PointScheme.objects.create(code="workers", title="网格员积分", declaration=RULES)
    ledger = Ledger.objects.create(
        code="found", title="巡查", declaration={"ledger": "found", "title": "巡查"}
    )
    category = Category.objects.create(ledger=ledger, code="any", title="问题", limit="3 work days")
    east, west = district.grid_of("东苑社区"), district.grid_of("西苑社区")
    month = periods_back("month", timezone.localdate(), 2)[1]

    def reported(user: User, day: int, times: int = 1, status: str = Status.CLOSED) -> None:
        moment = timezone.make_aware(
            dt.datetime.combine(month.first + dt.timedelta(days=day - 1), dt.time(9))
        )
        for _each in range(times):
            number = f"N{Case.objects.count() + 1:05}"
            area = east if user.username != "far" else west
            case = Case.objects.create(
                number=number, ledger=ledger, category=category, title="井盖松动", channel=Channel.FIELD,
                status=status, area=area, area_path=area.path, reported_at=moment, closed_at=moment,
            )  # fmt: skip
            Report.objects.create(
                number=f"R{number}",
                case=case,
                channel=Channel.FIELD,
                words="松了",
                reported_at=moment,
                reported_by=user,
            )

    office = district.streets
    return Stage(
        scheme, month,
        *(make_user("grid-worker", area=east, username=name, name=f"王小{name}") for name in ("ada", "bo", "cai")),
        make_user("grid-worker", area=west, username="far", name="李远"),
        make_user("head", department=office["east"], username="head"),
        make_user("head", department=office["west"], username="west-head"),
        make_user("supervisor", username="supervisor"), make_user("supervisor", username="other"),
        reported,
    )  # fmt: skip


@pytest.fixture
def stage(district: MiniDistrict) -> Stage:
    """The people of the scene."""
    return make_stage(district)
