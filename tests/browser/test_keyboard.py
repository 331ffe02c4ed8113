"""Whoever works with a headset or through a long queue needs no mouse."""

from playwright.sync_api import expect

from tests.browser.conftest import Reporter, Visits


def test_a_call_is_taken_without_a_mouse(visits: Visits) -> None:
    page = visits.staff("agent")
    expect(page.get_by_label("来电号码")).to_be_focused()
    keyboard = page.keyboard
    keyboard.type("13900001111")
    keyboard.press("Tab")
    expect(page.get_by_label("姓名")).to_be_focused()
    keyboard.type("赵敏")
    page.get_by_label("反映内容").focus()
    keyboard.type("楼下饭店油烟直接往居民楼排")
    expect(page.locator("#agent-guess").get_by_text("餐饮油烟").first).to_be_visible()
    keyboard.press("Alt+1")
    page.locator("#agent-address").focus()
    keyboard.type("东城国际")
    expect(page.locator("#place-options [role=option]").first).to_be_visible()
    keyboard.press("Enter")
    expect(page.locator("#agent-lng")).not_to_have_value("")
    for answer in ("#id_f-keep_secret_0", "#id_f-wish_0"):
        page.locator(answer).focus()
        keyboard.press("Space")
    keyboard.press("Control+Enter")
    expect(page.locator("main")).to_contain_text("读给来电人")


def test_the_queue_is_worked_off_with_keys(visits: Visits, report: Reporter) -> None:
    report("文化宫北门路灯不亮", (113.3420, 33.7340))
    report("小广场的树枝断了挂着", (113.3428, 33.7346))
    page = visits.staff("dispatcher")
    page.goto("/desk/queue/?tab=new")
    rows = page.locator("#list-queue tbody tr[data-url]")
    standing = page.locator("#list-queue tbody tr.is-here")
    expect(standing).to_have_count(1)
    before = rows.count()
    first = standing.get_attribute("data-url")
    page.keyboard.press("j")
    expect(standing).not_to_have_attribute("data-url", str(first))
    page.keyboard.press("k")
    expect(standing).to_have_attribute("data-url", str(first))
    # A key pressed before the next case has arrived beside the list waits for it.
    second = rows.nth(1).get_attribute("data-url")
    page.keyboard.press("j")
    page.keyboard.press("f")
    expect(page.locator(f'#list-queue tr[data-url="{second}"]')).to_have_count(0)
    expect(rows).to_have_count(before - 1)
    expect(page.locator(f'#list-queue tr[data-url="{first}"]')).to_have_count(1)
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.locator("header input[type=search], header input[name=q]").first).to_be_focused()
