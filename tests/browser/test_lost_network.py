"""A report is neither lost nor doubled when the network goes away while it is sent."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Visits
from tests.browser.photos import phone_photo

PLACE = (113.3452, 33.7352)  # away from the places of the other tests: nothing is known nearby
WORDS = "游园北边的垃圾桶满了，没人清"


def written(visits: Visits) -> Page:
    page = visits.page(PHONE)
    page.goto("/report/")
    page.locator("#id_photos").set_input_files(phone_photo(PLACE))
    expect(page.locator("#id_lng")).not_to_have_value("")
    page.get_by_label("发生了什么").fill(WORDS)
    expect(page.locator("#suggest input[name=category]").first).to_be_visible()
    expect(page.locator("[data-draft-note]")).to_contain_text("草稿已保存")
    return page


def test_nothing_is_lost_offline_and_one_report_arrives_afterwards(visits: Visits) -> None:
    page = written(visits)
    page.context.set_offline(True)
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_text("网络断开了").first).to_be_visible()
    expect(page.get_by_label("发生了什么")).to_have_value(WORDS)
    expect(page.locator("[data-photo-list] li")).to_have_count(1)

    page.context.set_offline(False)
    button = page.locator("#submit-report:not([aria-disabled])")
    expect(button).to_be_visible()
    button.click()
    expect(page.get_by_role("heading", name="收到了")).to_be_visible()

    page.goto("/public/")
    expect(page.get_by_role("link", name=WORDS)).to_have_count(1)
    # What failed to load while there was no network is what this test is about.
    visits.complaints[:] = [line for line in visits.complaints if "ERR_INTERNET_DISCONNECTED" not in line]


def test_a_closed_page_comes_back_with_words_and_photos(visits: Visits) -> None:
    page = written(visits)
    page.close()
    again = page.context.new_page()
    again.goto("/report/")
    expect(again.get_by_label("发生了什么")).to_have_value(WORDS)
    expect(again.locator("[data-photo-list] li")).to_have_count(1)
