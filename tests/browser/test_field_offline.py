"""The grid worker's day without a signal: everything opens, nothing is lost, nothing arrives twice."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Site
from tests.browser.field import Phone
from tests.patchy import Patchy, Weather

CASES = "tests.field_cases"


@pytest.fixture
def network(site: Site) -> Iterator[Patchy]:
    patchy = Patchy(int(site.url.rpartition(":")[2]))
    yield patchy
    patchy.close()


@pytest.fixture
def phone(browser: Browser, network: Patchy, tmp_path: Path) -> Iterator[Phone]:
    phone = Phone(browser, tmp_path / "phone", network)
    yield phone
    phone.close()
    assert not phone.complaints


@pytest.fixture
def ask(site: Site) -> Callable[..., Any]:
    return lambda *words: site.ask(CASES, *words)


def test_the_day_opens_without_a_signal_also_after_a_restart(
    phone: Phone, network: Patchy, ask: Callable[..., Any]
) -> None:
    [number] = ask("make", "1")
    phone.ready()
    network.weather = "off"
    phone.restart()
    page = phone.page
    expect(page.locator("[data-offline-line]")).to_contain_text("离线：数据截至")
    page.locator(f'.task__title a[href="/field/tasks/{number}/"]').click()
    expect(page.locator("h1")).to_contain_text("路灯不亮")
    expect(page.locator("[data-offline-line]")).to_be_visible()
    expect(page.locator("#map .leaflet-pane canvas").first).to_be_attached()
    page.goto(f"/field/tasks/{number}/handled/")
    expect(page.locator('[name="answer"]')).to_be_visible()
    page.goto("/field/report/?ledger=grid-finding")
    expect(page.locator('[name="category"]').first).to_be_attached()
    page.goto("/field/me/")
    expect(page.locator("main")).to_contain_text("韩凤航")
    page.goto("/field/tasks/4104030000000000000/")
    expect(page.locator("main")).to_contain_text("没有存到手机里")


@pytest.mark.parametrize("weather", ["off", "lose answers", "cut requests"])
def test_every_step_survives_a_network_that_breaks_in_the_middle(
    phone: Phone, network: Patchy, ask: Callable[..., Any], weather: Weather
) -> None:
    work, back, look = ask("make", "3")
    ask("handle", look, "同事已经修好了")
    phone.ready()
    words = f"断网 {weather} "

    network.weather = weather
    phone.report(f"{words}上报")
    phone.waits()
    phone.take_up(work)
    phone.waits()
    phone.handled(work, f"{words}办结")
    phone.waits()
    phone.give_back(back, f"{words}退回来")
    phone.waits()
    phone.seen(look, f"{words}看过了")
    phone.waits()
    phone.note(look, f"{words}补充")
    phone.waits()
    assert [record["kind"] for record in phone.open()] == [
        "report",
        "take_up",
        "handled",
        "return",
        "seen",
        "note",
    ]
    expect(phone.page.locator("#outbox")).to_contain_text("6 件")
    if weather == "lose answers":
        assert network.lost
    if weather == "cut requests":
        assert network.cut

    network.weather = "on"
    phone.send()
    assert phone.open() == []
    found = ask("count", words)
    assert found["reports"] == {f"{words}上报": [1, 1]}
    assert found["steps"] == {
        f"{words}办结": [1, 1], f"{words}看过了": [1, 1], f"{words}补充": [1, 1],
    }  # fmt: skip
    codes = ask("show", work)["codes"]
    assert (codes["case.taken_up"], codes["case.handled"]) == (1, 1)
    assert ask("show", back)["codes"]["case.returned"] == 2  # once on its way to this office, once from here


def test_airplane_mode_keeps_it_and_it_goes_by_itself_afterwards(
    phone: Phone, ask: Callable[..., Any]
) -> None:
    phone.ready()
    phone.context.set_offline(True)
    phone.report("飞行模式 1")
    phone.waits()
    expect(phone.page.locator("[data-net]")).to_be_visible()
    phone.context.set_offline(False)
    expect(phone.page.locator("#outbox")).to_be_hidden()
    assert ask("count", "飞行模式")["reports"] == {"飞行模式 1": [1, 1]}


def test_a_queue_survives_a_restart_and_keeps_its_order(
    phone: Phone, network: Patchy, ask: Callable[..., Any]
) -> None:
    [number] = ask("make", "1")
    phone.ready()
    network.weather = "off"
    phone.take_up(number)
    phone.waits()
    phone.page.goto(f"/field/tasks/{number}/")
    expect(phone.page.locator("[data-after-take-up]")).to_be_visible()
    phone.handled(number, "重启前填的办结")
    phone.waits()
    phone.restart()
    assert [record["kind"] for record in phone.open()] == ["take_up", "handled"]
    network.weather = "on"
    # Opening any page is enough.
    phone.page.goto("/field/me/")
    expect(phone.page.locator("#outbox")).to_be_hidden()
    shown = ask("show", number)
    assert (shown["status"], shown["answer"]) == ("handled", "重启前填的办结")
    assert (shown["codes"]["case.taken_up"], shown["codes"]["case.handled"]) == (1, 1)


def test_a_server_that_dies_in_the_middle_gets_it_when_it_is_back(
    phone: Phone, site: Site, ask: Callable[..., Any]
) -> None:
    phone.ready()
    site.running[0].kill()
    site.running[0].wait()
    phone.report("服务器中断 1")
    phone.waits()
    site.running[0] = site.huying("serve")
    site.wait()
    phone.send()
    assert ask("count", "服务器中断")["reports"] == {"服务器中断 1": [1, 1]}


def test_two_tabs_send_one_at_a_time(phone: Phone, network: Patchy, ask: Callable[..., Any]) -> None:
    phone.ready()
    network.weather = "off"
    for turn in range(3):
        phone.report(f"两个页面 {turn}")
        phone.waits()
    other = phone.context.new_page()
    other.goto("/field/me/")
    network.weather = "on"
    for page in (phone.page, other):
        page.evaluate("() => window.dispatchEvent(new Event('online'))")
    for page in (phone.page, other):
        expect(page.locator("#outbox")).to_be_hidden()
    assert ask("count", "两个页面")["reports"] == {f"两个页面 {turn}": [1, 1] for turn in range(3)}


def test_a_half_filled_form_comes_back_with_its_photo(phone: Phone, network: Patchy) -> None:
    phone.ready()
    network.weather = "off"
    page = phone.page
    page.goto("/field/report/?ledger=grid-finding")
    phone.photograph()
    page.locator('[name="words"]').fill("写到一半")
    page.wait_for_timeout(600)  # the draft is kept 300 ms after the last key
    phone.restart("/field/report/?ledger=grid-finding")
    expect(phone.page.locator('[name="words"]')).to_have_value("写到一半")
    expect(phone.page.locator('[data-shots="photos"] [data-shot]')).to_have_count(1)


def test_who_is_signed_out_meanwhile_signs_in_and_loses_nothing(
    phone: Phone, network: Patchy, ask: Callable[..., Any]
) -> None:
    phone.ready()
    network.weather = "off"
    phone.report("登录过期 1")
    phone.waits()
    phone.context.clear_cookies(name="sessionid")
    network.weather = "on"
    expect(phone.page.locator("#outbox")).to_contain_text("1 件")
    assert phone.page.evaluate("() => self.HuyingOutbox.sync({ now: true })") == {"signedOut": True}
    assert [record["state"] for record in phone.open()] == ["waiting"]
    phone.sign_in("grid-putaoyuan")
    phone.send()
    assert ask("count", "登录过期")["reports"] == {"登录过期 1": [1, 1]}


def test_another_person_on_this_phone_sees_and_sends_nothing_of_the_first(
    phone: Phone, network: Patchy, ask: Callable[..., Any]
) -> None:
    [number] = ask("make", "1")
    phone.ready()
    network.weather = "off"
    phone.report("换人 1")
    phone.waits()
    network.weather = "on"
    phone.context.clear_cookies(name="sessionid")
    phone.sign_in("clerk-urban-management")
    phone.ready()
    phone.page.goto("/field/outbox/")
    expect(phone.page.locator("main")).to_contain_text("没有等着发的")
    assert ask("count", "换人")["reports"] == {}
    network.weather = "off"
    phone.page.goto(f"/field/tasks/{number}/")
    expect(phone.page.locator("main")).not_to_contain_text("路灯不亮")
    network.weather = "on"
    phone.context.clear_cookies(name="sessionid")
    phone.sign_in("grid-putaoyuan")
    phone.send()
    assert ask("count", "换人")["reports"] == {"换人 1": [1, 1]}


def test_signing_out_takes_the_pages_from_the_phone_and_leaves_what_was_not_sent(
    phone: Phone, network: Patchy
) -> None:
    phone.ready()
    network.only = b"/field/report/"
    network.weather = "lose answers"
    phone.report("退出前 1")
    phone.waits()
    network.weather = "cut requests"
    asked: list[str] = []
    phone.page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
    phone.page.goto("/field/me/")
    phone.page.locator('main form[action="/accounts/logout/"] button').click()
    phone.page.wait_for_url(lambda url: "/field/" not in url)
    assert "还有 1 件没有发出" in asked[0]
    kept = phone.page.evaluate(
        "async () => (await caches.keys()).filter((name) => name.startsWith('field-pages-'))"
    )
    assert kept == []
    network.weather = "on"
    phone.sign_in("grid-putaoyuan")
    phone.send()
    assert [record["state"] for record in phone.outbox()] == ["done"]
