"""The ten-minute tour of the README, click by click: one report from the photo to the leader's number."""

import re
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Visits, submit
from tests.browser.photos import phone_photo

HOME = (113.3437, 33.7341)  # 东城国际小区, in the subdistrict 东安路街道
MATTER = "小区门口人行道的井盖破了，车一过哐当响"
DONE = "更换了新井盖，垫实了井圈，车过不再响。"


def step(page: Page, title: str, *, words: dict[str, str] | None = None, photo: bool = False) -> None:
    """Press a step of the case page, fill its dialog and confirm."""
    page.get_by_role("link", name=title, exact=True).first.click()
    dialog = page.locator("#verb-dialog")
    for label, text in (words or {}).items():
        dialog.get_by_label(label).fill(text)
    if photo:
        dialog.locator("input[type=file]").set_input_files(phone_photo(HOME, colour="#a9b49a"))
        expect(dialog.locator("[data-photo-list] li")).to_have_count(1)
    dialog.get_by_role("button", name=title, exact=True).click()
    expect(dialog).to_be_hidden()


def open_case(page: Page, title: str) -> None:
    page.get_by_role("link", name=re.compile(re.escape(title))).first.click()
    page.wait_for_url(re.compile(r"/desk/(cases|checks)/\d+/$"), wait_until="commit")
    expect(page.get_by_role("heading", name=title).first).to_be_visible()


def tab(page: Page, title: str) -> None:
    page.locator("main").get_by_role("link", name=title).click()
    page.wait_for_url("**tab=**", wait_until="commit")


def reported(resident: Page) -> str:
    """Three taps: a photo, which brings its place along, and a sentence. The answer is the secret link's path."""
    resident.goto("/")
    resident.get_by_role("link", name="报一个问题").first.click()
    resident.locator("#id_photos").set_input_files(phone_photo(HOME))
    expect(resident.locator("#id_lng")).to_have_value(re.compile(r"^113\.343"))
    resident.get_by_label("发生了什么").fill(MATTER)
    expect(resident.get_by_label("井盖破了响了")).to_be_checked()
    submit(resident)
    expect(resident.get_by_role("heading", name="收到了")).to_be_visible()
    expect(resident.locator(".receipt__number")).to_have_text(re.compile(r"^\d{12}$"))
    return urlsplit(resident.get_by_label("查询链接").input_value()).path


def test_a_report_goes_round_the_loop_and_is_counted(visits: Visits) -> None:
    resident = visits.page(PHONE)
    link = reported(resident)

    dispatcher = visits.staff("dispatcher")
    tab(dispatcher, "待受理")
    open_case(dispatcher, MATTER)
    step(dispatcher, "受理")
    # The ledger sends what has one certain owner by itself, and says why.
    expect(dispatcher.locator("main")).to_contain_text("「井盖破损」由区城市管理局负责")

    clerk = visits.staff("clerk-urban-management")
    open_case(clerk, MATTER)
    step(clerk, "签收")
    step(clerk, "报告办结", words={"处置结果": DONE}, photo=True)

    checker = visits.staff("checker")
    open_case(checker, MATTER)
    step(checker, "核查通过", words={"核查意见": "到现场看过，井盖平稳。"})

    dispatcher.reload()
    step(dispatcher, "结案销号")
    expect(dispatcher.locator("main")).to_contain_text("已结案")

    resident.goto(link)
    expect(resident.locator("main")).to_contain_text(DONE)
    expect(resident.locator(".track-photos img")).to_have_count(2)
    for told in ("收到诉求", "已派到责任单位", "核查通过"):
        expect(resident.locator("main")).to_contain_text(told)
    expect(resident.locator("main")).not_to_contain_text("陈亚玲")
    for question, answer in (
        ("办理单位联系过您吗", "是"),
        ("问题解决了吗", "是"),
        ("您满意吗", "非常满意"),
    ):
        resident.get_by_role("group", name=question).get_by_label(answer, exact=True).check()
    resident.get_by_role("button", name="提交评价").click()
    expect(resident.locator("#rating")).to_contain_text("您的评价")

    leader = visits.staff("leader")
    leader.get_by_role("link", name="今天").click()
    leader.wait_for_url("**period=today**", wait_until="commit")
    tile = leader.locator("main a[href^='/desk/cases/?reported_from']").first
    number = tile.inner_text().strip()
    tile.click()
    expect(leader.locator("main")).to_contain_text(f"共 {number} 条")
    expect(leader.locator("main")).to_contain_text(MATTER)


def test_a_request_is_dispatched_as_suggested_with_the_reason(visits: Visits) -> None:
    matter = "家里水龙头放出来的水发黄有味"
    resident = visits.page(PHONE)
    resident.goto("/report/")
    resident.get_by_label("地址或附近的地标").fill("东城国际")
    resident.locator("#place-options button").first.click()
    resident.get_by_label("发生了什么").fill(matter)
    expect(resident.get_by_label("水质")).to_be_checked()
    resident.get_by_label("怎么称呼您").fill("王建国")
    resident.get_by_label("电话").fill("13800005678")
    resident.get_by_label("我已阅读并同意").check()
    submit(resident)
    expect(resident.get_by_role("heading", name="收到了")).to_be_visible()

    dispatcher = visits.staff("dispatcher")
    tab(dispatcher, "待受理")
    dispatcher.get_by_role("row", name=re.compile(matter)).locator("td:visible").last.click()
    pane = dispatcher.locator("#case-pane")
    pane.get_by_role("button", name="按「水质」受理").click()
    expect(dispatcher.locator("#list-queue")).not_to_contain_text(matter)

    tab(dispatcher, "待派遣")
    dispatcher.get_by_role("row", name=re.compile(matter)).locator("td:visible").last.click()
    expect(pane).to_contain_text("由自来水公司负责")
    expect(pane).to_contain_text("王**")
    expect(pane).not_to_contain_text("13800005678")
    pane.get_by_role("button", name="按建议派遣").click()
    expect(dispatcher.locator("#list-queue")).not_to_contain_text(matter)
