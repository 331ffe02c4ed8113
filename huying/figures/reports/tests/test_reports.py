"""Drafts are made at their time, once, missed ones are caught up; a meeting's material is one zip of one moment."""

from __future__ import annotations

import datetime as dt
import io
import threading
import zipfile
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from python_calamine import CalamineWorkbook

from huying.core.testing import MiniDistrict, district, grant_role, make_user
from huying.figures.briefs.models import BriefRun
from huying.figures.briefs.rules import parse_every
from huying.figures.briefs.tests.conftest import declare_brief
from huying.figures.reports.models import MeetingPack
from huying.figures.reports.packing import choices_for, make, order_pack
from huying.figures.reports.schedule import due_at, make_due
from huying.figures.tests.conftest import declare, lamps
from huying.places.work_calendar import current_calendar
from huying.registry.models import Item
from huying.targets.projects.models import Project, WarMap, WarMapItem
from huying.targets.projects.tests.conftest import make_site
from huying.targets.projects.tests.test_rules import MAP

__all__ = ["district", "lamps"]


def moment(text: str) -> dt.datetime:
    return timezone.make_aware(dt.datetime.fromisoformat(text))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("every", "first", "due"),
    [
        ("daily at 17:30", "2026-11-20", "2026-11-20T17:30"),
        ("daily at 17:30", "2026-11-21", "2026-11-23T17:30"),  # a Saturday
        ("weekly on Mon", "2026-11-23", "2026-11-23T08:30"),
        ("monthly on day 2", "2026-10-01", "2026-10-08T08:30"),  # the holiday of October
        ("monthly on work day 2 at 09:00", "2026-10-01", "2026-10-09T09:00"),
    ],
)
def test_a_draft_is_due_on_a_work_day(every: str, first: str, due: str) -> None:
    rule = parse_every(every)
    assert rule is not None
    assert due_at(rule, dt.date.fromisoformat(first), current_calendar()) == moment(due)


@pytest.mark.django_db
def test_drafts_are_made_once_and_missed_ones_are_caught_up(lamps: list[Item]) -> None:
    declare("lamps", of="items", where={"register": "lamp"}, unit="盏")
    declare_brief(text="{period}，路灯{lamps}。", every="weekly on Mon", period="week")
    assert [str(run.last_day) for run in make_due(moment("2026-11-03T09:00"))] == ["2026-11-01"]
    assert make_due(moment("2026-11-03T09:10")) == []
    caught_up = make_due(moment("2026-11-17T09:00"))
    assert [str(run.last_day) for run in caught_up] == ["2026-11-08", "2026-11-15"]
    assert caught_up[0].draft is not None
    assert caught_up[0].draft.body == "2026年11月2日至11月8日，路灯{lamps}。"


@pytest.mark.schema
@pytest.mark.django_db(transaction=True)
def test_two_workers_make_one_draft(district: MiniDistrict) -> None:
    declare_brief(text="今天很好。", every="weekly on Mon", period="week")
    made: list[int] = []

    def work() -> None:
        try:
            made.append(len(make_due(moment("2026-11-17T09:00"))))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _each in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sum(made), BriefRun.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_a_meetings_material_is_one_zip_of_one_moment(
    lamps: list[Item], client: Client, tmp_path: Any, settings: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    declare("lamps", of="items", where={"register": "lamp"}, unit="盏")
    user = make_user()
    grant_role(user, "writer")
    pack = order_pack(title="周一例会", items=[{"kind": "figure", "code": "lamps"}], actor=user)
    Item.objects.filter(pk=lamps[0].pk).delete()
    made = make(pack.pk)
    assert made is not None
    assert make(pack.pk) is None  # a job that runs twice changes nothing
    client.force_login(user)
    answer = client.get(f"{pack.get_absolute_url()}pack.zip")
    names = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))).namelist()
    assert "01 lamps 4 盏.xlsx" in names
    assert any(name.startswith("00 ") for name in names)
    stranger = make_user()
    grant_role(stranger, "writer")
    client.force_login(stranger)
    assert client.get(pack.get_absolute_url()).status_code == 404


@pytest.mark.django_db
def test_what_is_gone_is_said_instead_of_a_pack(lamps: list[Item]) -> None:
    user = make_user()
    grant_role(user, "writer")
    pack = order_pack(title="例会", items=[{"kind": "figure", "code": "gone"}], actor=user)
    assert make(pack.pk) is None
    assert MeetingPack.objects.get(pk=pack.pk).state == "failed"


@pytest.mark.schema
@pytest.mark.django_db
def test_the_war_map_goes_along_as_it_is_printed_and_projects_as_their_ledger(
    district: MiniDistrict, tmp_path: Any, settings: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    site = make_site(district)
    chart = WarMap.objects.create(code="m", title="改革挂图", declaration=MAP)
    WarMapItem.objects.create(
        code="m-a", war_map=chart, category="x", title="一件事", owner=district.streets["east"],
        deadline=dt.date(2026, 12, 1),
    )  # fmt: skip
    items = [{"kind": "war-map", "code": "m"}, {"kind": "projects", "code": "all"}]
    pack = order_pack(title="例会", items=items, actor=site.office)
    Project.objects.filter(pk=site.other.pk).update(title="后来改的名")
    made = make(pack.pk)
    assert made is not None
    with zipfile.ZipFile(made.file) as archive:
        sheet = archive.read("01 改革挂图.pdf")
        rows = CalamineWorkbook.from_filelike(
            io.BytesIO(archive.read("02 项目台账 全部重点项目.xlsx"))
        ).get_sheet_by_index(0).to_python()  # fmt: skip
    assert sheet.startswith(b"%PDF")
    assert [row[1] for row in rows[1:]] == [
        f"{street.title}物流园" for street in (district.east, district.west)
    ]


@pytest.mark.django_db
def test_who_sees_no_projects_takes_none_along(district: MiniDistrict) -> None:
    make_site(district)
    user = make_user()
    grant_role(user, "inspector")
    assert choices_for(user)["projects"] == choices_for(user)["war-map"] == []
