"""Pages of projects: who opens them, what they show, what a form refuses."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from huying.core.sheets import read_table
from huying.core.testing import AccessSuite, CallApi, make_user
from huying.notices.models import Delivery
from huying.targets.projects import reminders
from huying.targets.projects.actions.updates import submit_update
from huying.targets.projects.importing import plan_rows
from huying.targets.projects.models import MonthlyUpdate, Project, WarMap, WarMapItem
from huying.targets.projects.months import due_day_of, month_in_hand
from huying.targets.projects.tests.conftest import Site, make_site
from huying.targets.projects.tests.test_rules import MAP

PAGES = (
    "projects", "project-points", "project-rates", "project-late", "project-contact", "project-gantt", "project-map",
    "project-updates", "project-visits", "project-sessions", "project-problems", "renovation", "meetings", "works",
    "grants", "war-maps", "war-map-items",
)  # fmt: skip


class TestProjects(AccessSuite):
    url = "targets:projects"
    role = "clerk"

    def prepare(self) -> None:
        make_site(self.district)

    def row_in_east(self) -> str:
        return "东安路街道物流园"


class TestProjectPage(AccessSuite):
    role = "clerk"
    shows_area = True

    def prepare(self) -> None:
        self.site = make_site(self.district)

    def address(self) -> str:
        return reverse("targets:project", args=[self.site.project.code])


class TestUpdateForm(AccessSuite):
    role = "clerk"
    shows_area = True

    def prepare(self) -> None:
        self.site = make_site(self.district)

    def address(self) -> str:
        return reverse("targets:update-project", args=[self.site.project.code])


class TestAddProject(AccessSuite):
    url = "targets:add-project"
    role = "project-office"
    whole_district = True

    def prepare(self) -> None:
        make_site(self.district)


def test_every_page_opens_for_the_office_and_counts_its_rows(site: Site, client: Client) -> None:
    submit_update(
        site.project, month=month_in_hand(), done_wan=Decimal(7), words="主体施工", actor=site.clerk
    )
    client.force_login(site.office)
    for name in PAGES:
        assert client.get(reverse(f"targets:{name}")).status_code == 200, name
    for name in ("project-updates", "project-visits", "works", "meetings"):
        assert client.get(f"{reverse(f'targets:{name}')}?export=xlsx").status_code == 200, name
    assert "物流园" in client.get("/desk/projects/?q=物流&level=district").content.decode()
    assert client.get("/desk/projects/rates/?year=2026&export=xlsx").status_code == 200


def test_a_month_is_reported_with_the_one_before_beside_it(site: Site, client: Client) -> None:
    month = month_in_hand()
    before = (month - dt.timedelta(days=1)).replace(day=1)
    submit_update(site.project, month=before, done_wan=Decimal(321), words="基坑支护完成", actor=site.clerk)
    client.force_login(site.clerk)
    page = reverse("targets:update-project", args=[site.project.code])
    assert "基坑支护完成" in client.get(page).content.decode()
    refused = client.post(page, {"month": f"{month:%Y-%m}", "done_wan": "-4", "words": "主体施工到三层"})
    assert refused.status_code == 422 and "主体施工到三层" in refused.content.decode()
    sent = client.post(
        page, {"month": f"{month:%Y-%m}", "done_wan": "88.5", "words": "主体施工到三层"}, follow=True
    )
    assert "88.50" in sent.content.decode() and MonthlyUpdate.objects.count() == 2


@pytest.mark.parametrize(
    "verb", ["state", "milestone", "permit", "visit", "session", "problem", "plan", "list", "undo"]
)
def test_every_verb_has_its_form_and_nonsense_is_refused(site: Site, client: Client, verb: str) -> None:
    client.force_login(site.office)
    page = reverse("targets:do-project", args=[site.project.code, verb])
    assert client.get(page).status_code == 200
    assert client.post(page, {"state": "x", "on": "?", "year": "y"}).status_code == 422


def test_a_task_is_reported_from_its_page_and_the_wall_shows_its_light(site: Site, client: Client) -> None:
    found = WarMap.objects.create(code="m", title="改革挂图", declaration=MAP)
    owner = site.district.streets["east"]
    item = WarMapItem.objects.create(
        code="m-a", war_map=found, category="x", title="一窗受理", owner=owner, deadline=dt.date(2099, 1, 1)
    )
    client.force_login(site.clerk)
    sent = client.post(
        item.get_absolute_url(), {"progress": "40", "words": "窗口已整合", "seen": "1"}, follow=True
    )
    assert "窗口已整合" in sent.content.decode()
    for wall in ("", "?wall=1"):
        said = client.get(f"{found.get_absolute_url()}{wall}").content.decode()
        assert "一窗受理" in said and "按时推进" in said
    client.force_login(make_user("callback"))
    assert client.get(found.get_absolute_url()).status_code == 403


def test_a_table_is_looked_at_before_it_goes_in(site: Site, client: Client) -> None:
    table = (
        "编号,项目,总投资（万元）,计划开工\n"
        "WD-east,东安路物流园二期,13000,2026-01-05\nWD-9,新项目,abc,\n,没有编号,1,\n"
    )
    plans = plan_rows(read_table("p.csv", table.encode()))
    assert [plan.outcome for plan in plans] == ["changed", "wrong", "wrong"]
    assert "总投资（万元）" in plans[0].changes and "万元" in plans[1].mistakes[0][1]
    client.force_login(site.office)
    for go in ("", "on"):
        file = SimpleUploadedFile("p.csv", table.encode())
        said = client.post(reverse("targets:import-projects"), {"file": file, "go": go}).content.decode()
        assert "写数字，单位万元" in said
    site.project.refresh_from_db()
    assert (site.project.title, site.project.total_wan, Project.objects.count()) == (
        "东安路物流园二期",
        13000,
        2,
    )
    out = client.get(reverse("targets:export-projects"))
    again = plan_rows(read_table("p.xlsx", b"".join(out.streaming_content)))  # type: ignore[attr-defined]
    assert {plan.outcome for plan in again} == {"same"}


def test_who_has_not_reported_is_reminded_once_a_day(site: Site) -> None:
    site.clerk.phone = "13900000000"
    site.clerk.save()
    due = due_day_of(month_in_hand(timezone.localdate()))
    assert reminders.remind_updates(due) == 2 and reminders.remind_updates(due) == 0
    assert reminders.remind_updates(due + dt.timedelta(days=3)) == 0
    words = Delivery.objects.filter(code=reminders.MONTHLY, to_id=site.clerk.pk).values_list(
        "words", flat=True
    )
    assert all("1 个项目没有报" in said for said in words)
    assert reminders.remind_leaders(dt.date(2026, 11, 23)) == 1
    assert (
        reminders.remind_leaders(dt.date(2026, 11, 23)) == reminders.remind_leaders(dt.date(2026, 11, 3)) == 0
    )


def test_the_api_reads_and_reports(site: Site, call_api: CallApi) -> None:
    rows = call_api(site.clerk, "get", "/projects").json()["items"]
    assert [row["code"] for row in rows] == ["WD-east"]
    assert call_api(site.clerk, "get", "/projects/WD-west").status_code == 404
    assert call_api(make_user(), "get", "/projects").status_code == 403
    body: dict[str, Any] = {
        "month": f"{month_in_hand():%Y-%m}",
        "done_wan": "12.50",
        "words": "主体施工到三层",
    }
    assert call_api(site.clerk, "post", "/projects/WD-east/updates", body).status_code == 201
    assert call_api(site.clerk, "post", "/projects/WD-east/updates", body).status_code == 409
    assert call_api(site.leader, "post", "/projects/WD-east/updates", body).status_code == 403
    fixed = {"done_wan": "13", "words": "主体施工到三层", "reason": "漏算设备款", "version": 1}
    path = f"/projects/WD-east/updates/{body['month']}/corrections"
    assert call_api(site.office, "post", path, fixed).json()["version"] == 2
    said = call_api(site.clerk, "get", "/projects/WD-east").json()
    assert [update["state"] for update in said["updates"]] == ["accepted", "replaced"]
    for path in ("/works", "/war-maps/none/items"):
        assert call_api(site.clerk, "get", path).status_code == 200
