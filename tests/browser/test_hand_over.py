"""A shift on a phone of 360 pixels: taken over without a signal, accepted with every item confirmed, handed over."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import Site
from tests.browser.field import Phone
from tests.browser.test_field_offline import network, phone
from tests.patchy import Patchy

__all__ = ["network", "phone"]

SHIFTS = "tests.roster_shifts"


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_a_shift_is_taken_over_accepted_and_handed_over(phone: Phone, network: Patchy, site: Site) -> None:
    made = site.ask(SHIFTS, "ready")
    phone.ready()
    page = phone.page
    page.goto("/field/shifts/")
    expect(page.get_by_role("link", name="看交班")).to_be_visible()
    fits(page)
    # In the cellar: the tap is kept and counts from now.
    network.weather = "off"
    page.get_by_role("button", name="接班").click()
    expect(page.locator("#outbox")).to_contain_text("1 件等网络发送")
    network.weather = "on"
    phone.send()
    shown = site.ask(SHIFTS, "show")
    assert (shown["state"], shown["arrived"]) == ("filled", 1)
    assert shown["codes"].count("shift.taken_over") == 1

    page.goto(f"/field/handovers/{made['handover']}/")
    expect(page.locator("main")).to_contain_text("夜里有两处积水")
    fits(page)
    page.get_by_label("9 号楼地下室钥匙在抽屉里").check()
    page.get_by_role("button", name="接班").click()
    expect(page).to_have_url(f"{network.url}/field/shifts/")
    assert site.ask(SHIFTS, "show")["handovers"] == ["accepted"]

    page.get_by_role("link", name="交班", exact=True).click()
    page.get_by_label("交班情况").fill("一切正常")
    page.get_by_label("另外交代的事").fill("东门路灯不亮")
    fits(page)
    page.get_by_role("button", name="交班").click()
    expect(page).to_have_url(f"{network.url}/field/shifts/")
    expect(page.locator("main")).to_contain_text("已交班")
    shown = site.ask(SHIFTS, "show")
    assert (shown["state"], shown["handovers"]) == ("handed-over", ["accepted", "waiting"])
