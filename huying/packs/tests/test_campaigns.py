"""A district officer adds a campaign: one YAML file and a spreadsheet of things, and its pages work."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.test import Client
from django.utils import timezone

from huying.core.testing import make_user
from huying.inspections.models import Award, BulletinSeries, Campaign, Plan, Ranking, Round, StandardVersion
from huying.inspections.rounds.making import Made, make_round
from huying.inspections.rounds.sites import site_for
from huying.packs.checker import check_pack
from huying.packs.loader import load_pack
from huying.packs.tests.conftest import PackFolder
from huying.people.models import Department
from huying.registry.models import Item

CAMPAIGN = """\
campaign: bins
title: {zh: 垃圾桶点专项, en: Bin points}
about: 桶点满溢、不洁。
period: from 2020-01-01
lead: urban-management
register:
  register: bin-point
  title: {zh: 垃圾桶点, en: Bin point}
  place: point
  fields: {bins: {type: number, title: 桶数}}
  people: {keeper: department, supervisor: urban-management}
  states: [in use, suspended, retired]
  items: items/bin-points.csv
standard:
  standard: bin-check
  title: {zh: 桶点检查, en: Bin check}
  applies_to: {register: bin-point}
  items:
    - {code: full, title: 没有满溢, points: 60, fails_open: {ledger: bin-findings, category: full}}
    - {code: clean, title: 桶身干净, points: 40}
  pass: 80
  letter: {kind: order}
plans:
  - plan: bin-weekly
    title: 桶点周查
    does: {standard: bin-check}
    at: {register: bin-point}
    by: [urban-management]
    every: weekly
ledger:
  ledger: bin-findings
  title: {zh: 桶点台账, en: Bin findings}
  channels: [field, desk, import]
  contact: none
  concerns: {register: bin-point, required: false}
  categories:
    - {code: full, title: 满溢, limit: 4 work hours, department: urban-management}
ranking:
  title: {zh: 各街道桶点排名, en: Bins by street}
  of: subdistrict
  every: weekly
  score: {bin-check: 1}
  deduct: {overdue: 1, reopened: 0.5}
  at_least: 1
  first: 1
  last: 1
bulletin:
  title: {zh: 桶点通报, en: Bins bulletin}
  to: 各街道
  ask: 请三日内整改。
counts:
  - {ledger: requests, topic: sanitation}
figures:
  - {code: full, title: 满溢, where: {category: full}, unit: 处}
  - {code: passed, title: 合格的检查, count: rounds, where: {passed: true}}
awards: {match: [{from: 2022-01-01, province: 100%, city: 50%}]}
"""
ITEMS = """\
code,title,lng,lat,keeper,bins
B-1,东门桶点,{lng},{lat},street-east,4
B-2,西门桶点,{lng},{lat},street-east,6
"""


def write_campaign(pack: PackFolder, text: str = CAMPAIGN) -> None:
    pack.write("campaigns/bins.yaml", text)
    district = pack.read("district.yaml")
    lng, lat = (re.search(rf"{name}:\s*([\d.]+)", district)[1] for name in ("lng", "lat"))  # type: ignore[index]
    pack.write("registers/items/bin-points.csv", ITEMS.format(lng=lng, lat=lat))


def test_the_file_is_right(pack: PackFolder) -> None:
    write_campaign(pack)
    assert [str(mistake) for mistake in check_pack(pack.path)] == []


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("lead: urban-management", "lead: urban-managment", 5, "是不是“urban-management”"),
        ("period: from 2020-01-01", "period: last year", 4, "时段写成 2023"),
        ("ledger: requests, topic", "ledger: request, topic", 52, "是不是“requests”"),
        ("topic: sanitation}", "topic: sanitaton}", 52, "是不是“sanitation”"),
        ("where: {category: full}", "where: {category: ful}", 54, "是不是“full”"),
        ("where: {passed: true}", "where: {pased: true}", 55, "是不是“passed”"),
        ("count: rounds, where", "count: round, where", 55, "是不是“rounds”"),
        ("of: subdistrict", "of: subdistricts", 40, "是不是“subdistrict”"),
        ("every: weekly\\n  score", "every: week\\n  score", 41, "是不是“weekly”"),
        ("score: {bin-check: 1}", "score: {bin-chek: 1}", 42, "是不是“bin-check”"),
        ("deduct: {overdue: 1", "deduct: {overdu: 1", 43, "是不是“overdue”"),
        ("reopened: 0.5", "reopened: half", 43, "每件扣几分"),
        ("  to: 各街道\\n", "", 47, "通报发给谁"),
        ("city: 50%", "city: half", 56, "百分数"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_where_it_stands(
    pack: PackFolder, old: str, new: str, line: int, words: str
) -> None:
    old, new = old.replace("\\n", "\n"), new.replace("\\n", "\n")
    text = CAMPAIGN.replace(old, new, 1)
    assert text != CAMPAIGN
    write_campaign(pack, text)
    found = [(mistake.file, mistake.line, str(mistake.sentence)) for mistake in check_pack(pack.path)]
    assert any(file == "campaigns/bins.yaml" and at == line and words in said for file, at, said in found), (
        found
    )


@pytest.mark.django_db
@pytest.mark.schema
def test_a_new_campaign_has_its_pages_without_a_developer(pack: PackFolder, client: Client) -> None:
    write_campaign(pack)
    load_pack(pack.path, report=lambda line: None)
    supervisor = make_user("supervisor")
    unit = Department.objects.get(code="urban-management")
    inspector = make_user("clerk", department=unit)
    item = Item.objects.get(code="B-1")
    version = StandardVersion.objects.get(standard__code="bin-check")
    made = make_round(
        site_for("item", item.pk), version, Made({"full": "fail", "clean": "pass"}), actor=inspector,
        plan=Plan.objects.get(code="bin-weekly"),
    )  # fmt: skip
    client.force_login(supervisor)
    pages = [
        "/desk/registers/bin-point/", "/desk/standards/bin-check/", "/desk/plans/bin-weekly/",
        "/desk/cases/?ledger=bin-findings", "/desk/campaigns/", "/desk/rankings/bins/", "/desk/rankings/",
        "/desk/bulletins/", "/desk/bulletins/problems/", f"/desk/rounds/{made.pk}/", "/desk/rounds/",
        "/desk/rounds/findings/", "/desk/rounds/people/", "/desk/measures/", "/desk/awards/",
        "/desk/bulletins/draft/bins/", "/desk/campaigns/bins/awards/add/",
    ]  # fmt: skip
    for page in pages:
        assert client.get(page).status_code == 200, page
    home = client.get("/desk/campaigns/bins/")
    assert home.status_code == 200
    links = dict(re.findall(r'href="([^"]+)" class="tile">.*?data-count="(\d+)"', home.content.decode()))
    assert len(links) >= 12
    for url, count in links.items():
        rows = client.get(url.replace("&amp;", "&"))
        assert rows.status_code == 200, url
        assert f"{count}" in rows.content.decode(), url
    everything = client.get("/desk/campaigns/bins/?export=xlsx")
    assert everything.status_code == 200 and everything["Content-Type"].startswith("application/vnd")
    _issue_a_bulletin(client)
    _record_an_award(client, item)


def _issue_a_bulletin(client: Client) -> None:
    today = timezone.localdate()
    drafted = client.post(
        "/desk/bulletins/draft/bins/",
        {"title": "桶点通报", "first_day": today, "last_day": today, "area": "", "intro": ""},
        follow=True,
    )
    page = drafted.redirect_chain[-1][0]
    assert "没有满溢" in drafted.content.decode() or "满溢" in drafted.content.decode()
    said = {"title": "桶点通报", "intro": "", "ending": "请整改。", "issue": "1"}
    again = client.post(f"{page}edit/", said, follow=True)
    assert "第1期" in again.content.decode()
    listed = client.get("/desk/bulletins/problems/?series=bins&state=open").content.decode()
    assert "满溢" in listed


def _record_an_award(client: Client, item: Item) -> None:
    sub = Round.objects.get().subdistrict
    answer = client.post(
        "/desk/campaigns/bins/awards/add/",
        {
            "level": "city", "title": "市级观摩第一", "area": sub.code if sub else "", "department": "" if sub else
            "street-east", "awarded_on": "2023-05-01", "amount": "50000.01", "words": "平政〔2023〕1号",
        },
    )  # fmt: skip
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    award = Award.objects.get()
    assert (award.percent, str(award.matched)) == (50, "25000.01")


@pytest.mark.django_db
def test_loading_twice_changes_nothing_and_a_campaign_that_left_is_retired(pack: PackFolder) -> None:
    write_campaign(pack)
    load_pack(pack.path, report=lambda line: None)
    assert not load_pack(pack.path, report=lambda line: None)
    (pack.path / "campaigns/bins.yaml").unlink()
    (pack.path / "registers/items/bin-points.csv").unlink()
    load_pack(pack.path, report=lambda line: None)
    for model in (Campaign, Ranking, BulletinSeries):
        assert model.objects.values_list("active", flat=True).get() is False


@pytest.mark.django_db
def test_a_ranking_is_published_after_its_period_and_stays(pack: PackFolder, client: Client) -> None:
    write_campaign(pack)
    load_pack(pack.path, report=lambda line: None)
    client.force_login(make_user("supervisor"))
    today = timezone.localdate()
    running = f"{today.isocalendar()[0]}-W{today.isocalendar()[1]:02}"
    answer = client.post("/desk/rankings/bins/publish/", {"period": running}, follow=True)
    assert "还没有过完" in answer.content.decode()
    before = today - dt.timedelta(days=7)
    over = f"{before.isocalendar()[0]}-W{before.isocalendar()[1]:02}"
    answer = client.post("/desk/rankings/bins/publish/", {"period": over}, follow=True)
    assert "没有可以公布的" in answer.content.decode()
    assert client.get("/desk/rankings/bins/?period=nonsense").status_code == 404
