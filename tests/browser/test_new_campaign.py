"""A district officer adds a campaign: one file of YAML, a spreadsheet of places, and a round is counted."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import xlsxwriter
from playwright.sync_api import Page, expect

from huying.config.environment import BASE_DIR
from tests.browser.conftest import PHONE, Site, Visits
from tests.browser.photos import phone_photo
from tests.field_cases import PLACE

CAMPAIGN = """\
campaign: battery-corners
title: {zh: 电动车充电棚专项, en: Charging sheds}
about: 每个充电棚看一遍，飞线、堵门、没有灭火器的当场开单。
period: from 2020-01-01
lead: urban-management
register:
  register: charging-shed
  title: {zh: 电动车充电棚, en: Charging shed}
  place: point
  label: qr
  fields:
    places: {type: number, title: 车位, unit: 个}
    guard: {type: person, title: 看管人, private: true}
  people: {keeper: department, supervisor: urban-management}
  states: [in use, closed, retired]
standard:
  standard: shed-check
  title: {zh: 充电棚检查, en: Shed check}
  applies_to: {register: charging-shed}
  items:
    - {code: wires, title: 没有飞线充电, points: 50, evidence: photo, fails_open: {ledger: sheds, category: wires}}
    - {code: exit, title: 出口没有堵, points: 30, fails_open: {ledger: sheds, category: exit}}
    - {code: extinguisher, title: 灭火器有效, points: 20}
  pass: 80
  letter: {kind: order}
plans:
  - plan: sheds-weekly
    title: 充电棚周查
    does: {standard: shed-check}
    at: {register: charging-shed}
    by: [urban-management]
    every: weekly
ledger:
  ledger: sheds
  title: {zh: 充电棚台账, en: Sheds}
  channels: [field, desk, import]
  contact: none
  concerns: {register: charging-shed}
  stages: [dispatch, handle, check, close]
  dispatch: automatic
  responsible: category
  categories:
    - {code: wires, title: 飞线充电, limit: 2 work hours, department: urban-management}
    - {code: exit, title: 堵塞出口, limit: 4 work hours, department: urban-management}
ranking:
  title: {zh: 各街道充电棚排名, en: Sheds by street}
  of: subdistrict
  every: weekly
  score: {shed-check: 1}
  at_least: 1
  first: 1
  last: 1
bulletin:
  title: {zh: 充电棚通报, en: Sheds bulletin}
  to: 各街道办事处
"""
ROWS = (("CD-1", "东城国际北门充电棚", 40), ("CD-2", "东城国际南门充电棚", 24), ("", "没有编号的棚", 5))


@pytest.fixture(scope="module")
def campaign(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The officer's copy of the pack with one more file in it, loaded; taken out again afterwards."""
    pack = tmp_path_factory.mktemp("pack") / "weidong"
    shutil.copytree(BASE_DIR / "districts" / "weidong", pack)
    (pack / "campaigns").mkdir(exist_ok=True)
    (pack / "campaigns" / "battery-corners.yaml").write_text(CAMPAIGN, encoding="utf-8")
    assert site.huying("pack", "check", str(pack)).wait() == 0, site.log()
    assert site.huying("pack", "load", str(pack)).wait() == 0, site.log()
    yield
    assert site.huying("pack", "load", "districts/weidong").wait() == 0, site.log()


def spreadsheet(folder: Path) -> Path:
    """The officer's list; one row has a mistake."""
    path = folder / "充电棚.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        for column, heading in enumerate(("编号", "名称", "经度", "纬度", "车位")):
            sheet.write(0, column, heading)
        for row, (code, title, places) in enumerate(ROWS, start=1):
            for column, value in enumerate((code, title, PLACE[0] + row / 5000, PLACE[1], places)):
                sheet.write(row, column, value)
    return path


def take_in(page: Page, table: Path) -> None:
    page.goto("/desk/registers/charging-shed/import/")
    page.locator('input[type="file"]').set_input_files(table)
    page.get_by_role("button", name="预览").click()
    expect(page.locator("main")).to_contain_text("没有编号的棚")  # said with its row, the others go in
    page.get_by_role("button", name=re.compile(r"^导入 2 行$")).click()
    expect(page.locator("main")).to_contain_text("已导入")
    page.goto("/desk/registers/charging-shed/")
    for code, title, _places in ROWS[:2]:
        expect(page.locator("main")).to_contain_text(code)
        expect(page.locator("main")).to_contain_text(title)


def make_a_round(page: Page) -> None:
    page.goto("/field/rounds/sheds-weekly/")
    page.locator("[data-places] a", has_text="北门").first.click()
    page.locator('[data-item="wires"] .tap--fail').click()
    page.locator("#id_photo-wires").set_input_files(phone_photo(PLACE))  # type: ignore[arg-type]
    expect(page.locator('[data-shots="photo-wires"] [data-shot]')).to_have_count(1)
    page.locator("[data-all-right]").click()
    expect(page.locator("[data-score-number]")).to_have_text("50")
    page.locator("form[data-round] [data-send]").click()
    page.wait_for_url("**/field/rounds/done/**", wait_until="commit")
    expect(page.locator("main")).to_contain_text("责令整改通知书")


@pytest.mark.usefixtures("campaign")
def test_a_campaign_is_one_file_and_a_spreadsheet(visits: Visits, tmp_path: Path) -> None:
    take_in(visits.staff("admin"), spreadsheet(tmp_path))
    make_a_round(visits.staff("clerk-urban-management", PHONE))

    supervisor = visits.staff("supervisor")
    supervisor.goto("/desk/campaigns/battery-corners/")
    main = supervisor.locator("main")
    expect(main).to_contain_text("电动车充电棚专项")
    supervisor.goto("/desk/cases/?ledger=sheds")
    expect(main).to_contain_text("东城国际北门充电棚：不符合「没有飞线充电」")
    supervisor.goto("/desk/rankings/battery-corners/")
    expect(main).to_contain_text("东安路街道")
    expect(main).to_contain_text("50")
    supervisor.goto("/desk/bulletins/draft/battery-corners/")
    expect(main).to_contain_text("充电棚通报")
