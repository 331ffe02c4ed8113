"""Somebody was quicker: the worker sees both versions and loses neither words nor photos."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from tests.browser.field import Phone
from tests.browser.test_field_offline import ask, network, phone
from tests.patchy import Patchy

__all__ = ["ask", "network", "phone"]


def in_conflict(phone: Phone, network: Patchy, ask: Callable[..., Any], words: str) -> tuple[str, str]:
    """A task that was finished by a colleague while the phone had no signal."""
    [number] = ask("make", "1")
    phone.ready()
    phone.take_up(number)
    expect(phone.page.get_by_text("处置中").first).to_be_visible()
    phone.ready()
    network.weather = "off"
    phone.handled(number, words)
    phone.waits()
    who = ask("handle", number, "抢修队已经修好")
    network.weather = "on"
    phone.send()
    assert [record["state"] for record in phone.open()] == ["conflict"]
    return number, who


def test_both_versions_are_shown_and_mine_is_added_as_a_note(
    phone: Phone, network: Patchy, ask: Callable[..., Any]
) -> None:
    number, who = in_conflict(phone, network, ask, "我换了灯泡")
    page = phone.page
    mine, theirs = page.locator(".version").nth(0), page.locator(".version").nth(1)
    expect(mine).to_contain_text("我换了灯泡")
    expect(mine.locator("img")).to_have_count(1)
    for told in ("已处置", who, "抢修队已经修好"):
        expect(theirs).to_contain_text(told)
    expect(page.locator("#outbox")).to_contain_text("1 件等您处理")
    page.get_by_role("button", name="把我的话和照片补进案件").click()
    expect(page.get_by_text("今天已发出")).to_be_visible()
    expect(page.locator("#outbox")).to_be_hidden()
    shown = ask("show", number)
    assert (shown["status"], shown["answer"], shown["photos"]["noted"]) == ("handled", "抢修队已经修好", 1)
    assert shown["codes"]["case.noted"] == 1


def test_what_came_too_late_is_tried_again_as_it_is_now(
    phone: Phone, network: Patchy, ask: Callable[..., Any]
) -> None:
    number, _who = in_conflict(phone, network, ask, "我换了镇流器")
    ask("reopen", number)
    phone.page.get_by_role("button", name="按现在的情况再试一次").click()
    expect(phone.page.get_by_text("今天已发出")).to_be_visible()
    shown = ask("show", number)
    assert (shown["status"], shown["answer"]) == ("handled", "我换了镇流器")


def test_mine_is_thrown_away_only_when_i_say_so_twice(
    phone: Phone, network: Patchy, ask: Callable[..., Any]
) -> None:
    in_conflict(phone, network, ask, "我没有去")
    drop = phone.page.get_by_role("button", name="不要了")
    phone.page.once("dialog", lambda dialog: dialog.dismiss())
    drop.click()
    assert len(phone.open()) == 1
    phone.page.once("dialog", lambda dialog: dialog.accept())
    drop.click()
    expect(phone.page.locator(".waiting__one--conflict")).to_have_count(0)
    assert phone.open() == []


def test_a_refused_form_opens_again_with_everything_in_it(
    phone: Phone, network: Patchy, ask: Callable[..., Any]
) -> None:
    [number] = ask("make", "1")
    phone.ready()
    phone.take_up(number)
    phone.page.wait_for_url(f"**/field/tasks/{number}/")
    phone.ready()
    network.weather = "off"
    phone.page.goto(f"/field/tasks/{number}/handled/")
    phone.photograph("before")
    phone.page.locator('[name="answer"]').fill("换好了灯泡")
    phone.press()  # without the photo afterwards: the server will say so
    phone.waits()
    network.weather = "on"
    phone.send()
    assert [record["state"] for record in phone.open()] == ["refused"]
    expect(phone.page.locator(".waiting__said")).to_contain_text("照片")
    phone.page.get_by_role("link", name="打开修改").click()
    expect(phone.page.locator('[name="answer"]')).to_have_value("换好了灯泡")
    expect(phone.page.locator('[data-shots="before"] [data-shot]')).to_have_count(1)
    phone.photograph("after")
    phone.press()
    phone.page.wait_for_url("**/field/")
    assert phone.open() == []
    assert ask("show", number)["answer"] == "换好了灯泡"
