"""A night team inspects a station without a signal; what failed is a case with its letter and goes round the loop."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site, Visits
from tests.browser.field import Phone
from tests.browser.test_tour import step
from tests.patchy import Patchy, Weather

ROUNDS = "tests.night_rounds"
LIST = "/field/rounds/heating-night/"


@pytest.fixture
def network(site: Site) -> Iterator[Patchy]:
    patchy = Patchy(int(site.url.rpartition(":")[2]))
    yield patchy
    patchy.close()


@pytest.fixture
def phone(browser: Browser, network: Patchy, tmp_path: Path, site: Site) -> Iterator[Phone]:
    site.ask(ROUNDS, "prepare")
    phone = Phone(browser, tmp_path / "phone", network, "clerk-urban-management")
    yield phone
    phone.close()
    assert not phone.complaints


def open_station(phone: Phone, number: int) -> str:
    """The checklist of a station of the kept list; answers what it is called."""
    phone.page.goto(LIST)
    link = phone.page.locator("[data-places] .task__title a").nth(number)
    title = link.inner_text()
    link.click()
    expect(phone.page.locator("form[data-round]")).to_be_visible()
    return title


def fill(phone: Phone) -> None:
    """The pump stands still; everything else is right, and the operator signs."""
    page = phone.page
    page.locator('[data-item="running"] .tap--fail').click()
    phone.photograph("photo-running")
    page.locator("#id_note-running").fill("循环泵停了，正在抢修")
    page.locator("[data-all-right]").click()
    expect(page.locator("[data-score-number]")).to_have_text("60")
    expect(page.locator("[data-score-words]")).to_have_text("不合格")
    sign(page)


def sign(page: Page) -> None:
    page.locator("#id_signed_by").fill("值班员老李")
    pad = page.locator("canvas[data-signature]")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 160, box["y"] + 60, steps=4)
    page.mouse.up()
    page.wait_for_timeout(300)  # the stroke becomes a picture


@pytest.mark.parametrize("weather", ["off", "lose answers"])
def test_a_round_survives_the_network_and_arrives_once(
    phone: Phone, network: Patchy, site: Site, weather: Weather
) -> None:
    before = site.ask(ROUNDS, "count")
    phone.ready()
    network.weather = weather
    phone.restart(LIST)
    open_station(phone, 1 if weather == "off" else 2)
    fill(phone)
    phone.press()
    phone.waits()
    assert [record["kind"] for record in phone.open()] == ["round"]
    network.weather = "on"
    phone.send()
    assert phone.open() == []
    after = site.ask(ROUNDS, "count")
    for what, more in (("rounds", 1), ("letters", 1), ("photos", 1), ("signed", 1)):
        assert after[what] == before[what] + more, what
    assert len(after["cases"]) == len(before["cases"]) + 1
    assert after["scores"][-1] == 600


def scores(page: Page) -> dict[str, tuple[str, str]]:
    """Every subdistrict's rounds and score of this week, by its code."""
    page.goto("/desk/rankings/heating-streets/")
    found = {}
    for row in page.locator("tr[data-place]").all():
        cells = row.locator("td").all_inner_texts()
        found[row.get_attribute("data-place") or ""] = (cells[1], cells[-2])
    return found


def test_what_the_night_team_found_is_fixed_checked_struck_off_and_looked_back_at(
    phone: Phone, network: Patchy, site: Site, visits: Visits
) -> None:
    supervisor = visits.staff("supervisor")
    before = scores(supervisor)
    phone.ready()
    network.weather = "off"
    title = open_station(phone, 0)
    fill(phone)
    phone.press()
    phone.waits()
    network.weather = "on"
    phone.send()
    after = scores(supervisor)
    [moved] = [code for code in after if after[code] != before.get(code)]
    assert after[moved][0] != before.get(moved, ("0", ""))[0]
    number = site.ask(ROUNDS, "count")["cases"][-1]

    # The letter is at the company with the case, issued at the moment of the round.
    clerk = visits.staff("clerk-heating")
    clerk.goto(f"/desk/cases/{number}/")
    expect(clerk.get_by_role("heading", name=re.compile(re.escape(title))).first).to_be_visible()
    clerk.goto("/desk/letters/")
    expect(clerk.locator("main")).to_contain_text(title)
    clerk.goto(f"/desk/cases/{number}/")
    step(clerk, "签收")
    step(
        clerk,
        "报告办结",
        words={"怎么改的": "换了电机", "处置结果": "循环泵已恢复运行，回水温度正常。"},
        photo=True,
    )

    checker = visits.staff("checker")
    checker.goto(f"/desk/cases/{number}/")
    checker.get_by_role("link", name="核查通过", exact=True).first.click()
    dialog = checker.locator("#verb-dialog")
    dialog.get_by_label("核查意见").fill("到泵站看过，运行正常。")
    dialog.get_by_role("button", name="核查通过", exact=True).click()
    expect(dialog).to_contain_text("五个不放过")  # nothing is passed before all five are answered
    for group in dialog.locator("fieldset:has(input[name^=refusal_])").all():
        group.locator("input").first.check()
    dialog.get_by_role("button", name="核查通过", exact=True).click()
    expect(dialog).to_be_hidden()

    dispatcher = visits.staff("dispatcher")
    dispatcher.goto(f"/desk/cases/{number}/")
    step(dispatcher, "结案销号")
    expect(dispatcher.locator("main")).to_contain_text("已结案")

    supervisor.goto(site.ask(ROUNDS, "look", number))
    supervisor.get_by_label("办好了", exact=True).check()
    supervisor.get_by_role("button", name="记录").click()
    supervisor.goto(f"/desk/cases/{number}/")
    expect(supervisor.locator("main")).to_contain_text("回头看")
