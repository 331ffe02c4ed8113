"""Take the pictures of the README and the guides from a running demonstration.

    make demo                                            # in one window
    .venv/bin/python -m tools.take_screenshots           # in another: writes docs/images/*.png
    .venv/bin/python -m tools.take_screenshots queue     # only this one

It reports one problem, so that the receipt can be shown. The pictures have 256 colours, so that they stay small.
"""

from __future__ import annotations

import argparse
import io
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.photos import phone_photo

FOLDER = Path(__file__).parent.parent / "docs" / "images"
PHONE = {"width": 390, "height": 780}
OFFICE = {"width": 1366, "height": 768}
WALL = {"width": 1600, "height": 900}
LARGEST_BYTES = 200_000


@dataclass(frozen=True)
class Shot:
    """One picture: who looks, at which address, on which screen, after doing what."""

    name: str
    who: str
    address: str
    size: dict[str, int]
    do: Callable[[Page], None] = lambda page: None


def fill_report(page: Page) -> None:
    page.locator("#id_photos").set_input_files(phone_photo((113.3437, 33.7341)))
    page.get_by_label("发生了什么").fill("小区东门人行道的井盖破了，车一过哐当响")
    page.locator("#suggest input[name=category]").first.wait_for()
    page.get_by_label("发生了什么").blur()
    page.locator("#step-place").scroll_into_view_if_needed()
    page.evaluate(
        "scrollTo(0, document.querySelector('#step-place').getBoundingClientRect().top + scrollY - 120)"
    )


def send_report(page: Page) -> None:
    fill_report(page)
    own = page.locator('input[name="follow"][value="no"]')
    if own.count():
        own.check()
    page.get_by_role("button", name="提交").click()
    page.locator(".receipt__number, [data-question]").first.wait_for()
    if own.count():
        own.first.check()
        page.get_by_role("button", name="提交").click()
    page.locator(".receipt__number").wait_for()


def open_first_public(page: Page) -> None:
    page.locator("main a[href^='/public/']").first.click()
    page.wait_for_load_state("networkidle")


def first_case(page: Page) -> None:
    page.locator("main tbody a[href^='/desk/cases/']").first.click()
    page.wait_for_load_state("networkidle")


def dialog_of(title: str) -> Callable[[Page], None]:
    def open_dialog(page: Page) -> None:
        first_case(page)
        page.get_by_role("link", name=title, exact=True).first.click()
        page.locator("#verb-dialog form").wait_for()

    return open_dialog


def take_call(page: Page) -> None:
    page.get_by_label("来电号码").fill("19903700042")
    page.get_by_label("姓名").fill("李女士")
    page.get_by_label("反映内容").fill("小区暖气不热，家里只有十四度，老人受不了")
    page.locator("#agent-address").fill("东城")
    page.wait_for_timeout(1500)


def second_row(page: Page) -> None:
    page.keyboard.press("j")
    page.wait_for_timeout(1500)


SHOTS = (
    Shot("sign-in", "", "/accounts/login/", OFFICE),
    Shot("resident-home", "", "/", PHONE),
    Shot("resident-report", "", "/report/", PHONE, fill_report),
    Shot("resident-receipt", "", "/report/", PHONE, send_report),
    Shot("resident-public", "", "/public/", PHONE),
    Shot("resident-map", "", "/public/map/", PHONE),
    Shot("agent", "agent", "/desk/agent/", OFFICE, take_call),
    Shot("queue", "dispatcher", "/desk/queue/", OFFICE, second_row),
    Shot("dispatch", "dispatcher", "/desk/queue/", OFFICE, dialog_of("派遣")),
    Shot("case", "dispatcher", "/desk/queue/?tab=open", OFFICE, first_case),
    Shot("department", "clerk-urban-management", "/desk/department/", OFFICE, second_row),
    Shot("handled", "clerk-urban-management", "/desk/department/?view=mine", OFFICE, dialog_of("报告办结")),
    Shot("checks", "checker", "/desk/checks/", OFFICE, second_row),
    Shot("callbacks", "callback", "/desk/callbacks/", OFFICE),
    Shot("supervision", "supervisor", "/desk/supervision/", OFFICE, second_row),
    Shot("field-home", "grid-putaoyuan", "/field/", PHONE),
    Shot("field-report", "grid-putaoyuan", "/field/report/", PHONE),
    Shot("cockpit", "leader", "/cockpit/", WALL),
)


def take(browser: Browser, base: str, shot: Shot) -> int:
    """Write one picture; the answer is its size in bytes."""
    context = browser.new_context(
        viewport=shot.size,
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        base_url=base,
        reduced_motion="reduce",
    )
    context.set_default_timeout(30_000)
    page = context.new_page()
    if shot.who:
        page.goto("/accounts/login/")
        page.locator(f'form[action="/accounts/demo/{shot.who}/"] button').click()
        page.wait_for_load_state("networkidle")
    page.goto(shot.address)
    page.wait_for_load_state("networkidle")
    shot.do(page)
    page.wait_for_timeout(600)  # maps and charts draw themselves
    picture = Image.open(io.BytesIO(page.screenshot()))
    context.close()
    path = FOLDER / f"{shot.name}.png"
    picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    return path.stat().st_size


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Take the pictures of the guides from a running demonstration."
    )
    parser.add_argument("names", nargs="*", help="only these pictures")
    parser.add_argument(
        "--address", default="http://127.0.0.1:8000", help="where the demonstration is served"
    )
    arguments = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    too_large = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for shot in SHOTS:
            if arguments.names and shot.name not in arguments.names:
                continue
            size = take(browser, arguments.address, shot)
            print(f"{shot.name}.png {size / 1000:.0f} KB", flush=True)
            if size > LARGEST_BYTES:
                too_large.append(shot.name)
    if too_large:
        print(f"Larger than {LARGEST_BYTES} bytes: {', '.join(too_large)}", file=sys.stderr)
    return 1 if too_large else 0


if __name__ == "__main__":
    sys.exit(main())
