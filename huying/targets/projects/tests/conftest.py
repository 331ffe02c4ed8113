"""Two streets with a project each, a street's clerk, the project office, a leader."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

import pytest

from huying.core.testing import MiniDistrict, grant_role, make_user
from huying.people.models import User
from huying.targets.projects.models import Project, ProjectBook, ProjectList

BOOK = {
    "projects": "key", "title": "重点项目",
    "kinds": [{"code": "services", "title": "服务业"}],
    "lists": [
        {"code": "provincial", "title": "省重点", "level": "provincial"},
        {"code": "district", "title": "区重点", "level": "district"},
    ],
    "permits": [{"code": "land", "title": "土地手续"}],
    "works": [{"code": "lane", "title": "排前路", "unit": "公里"}],
    "grants": [{"code": "lane", "title": "排前路奖补", "unit": "公里", "per_unit_wan": 20}],
}  # fmt: skip


@dataclass
class Site:
    """The stage."""

    district: MiniDistrict
    project: Project
    other: Project
    clerk: User
    office: User
    leader: User
    lists: dict[str, ProjectList]


def make_site(district: MiniDistrict) -> Site:
    """The stage, on a small district."""
    ProjectBook.objects.create(code="key", title="重点项目", declaration=BOOK)
    clerk = make_user("clerk", department=district.streets["east"])
    office, leader = make_user("project-office"), make_user("leader")
    common = {
        "total_wan": Decimal(12000), "updates_from": dt.date(2026, 1, 1), "leader": leader, "state": "started",
        "started_on": dt.date(2026, 1, 10), "planned_start": dt.date(2026, 1, 5),
        "planned_finish": dt.date(2027, 6, 30),
    }  # fmt: skip
    made = {
        key: Project.objects.create(
            code=f"WD-{key}", title=f"{street.title}物流园", area=street, area_path=street.path, subdistrict=street,
            street=district.streets[key], lng=place[0], lat=place[1], **common,
        )
        for key, street, place in (("east", district.east, district.in_east), ("west", district.west, district.in_west))
    }  # fmt: skip
    lists = {
        kind: ProjectList.objects.create(code=f"{kind}-2026", kind=kind, title=f"2026年{kind}", year=2026)
        for kind in ("provincial", "district")
    }
    return Site(district, made["east"], made["west"], clerk, office, leader, lists)


@pytest.fixture
def site(district: MiniDistrict) -> Site:
    return make_site(district)


__all__ = ["BOOK", "Site", "grant_role", "make_site", "site"]
