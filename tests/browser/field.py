"""A grid worker's phone: an installed browser with a memory of its own, behind a network that can be made bad."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import PATIENCE_MS, PHONE
from tests.browser.photos import phone_photo
from tests.field_cases import PLACE, WORKER
from tests.patchy import Patchy

CHOOSE_CATEGORY = """() => {
  const radio = document.querySelector('[name="category"]');
  radio.checked = true;
  radio.dispatchEvent(new Event("change", { bubbles: true }));
}"""
SET_PLACE = """([lng, lat]) => {
  document.querySelector('[name="lng"]').value = lng;
  document.querySelector('[name="lat"]').value = lat;
}"""
OUTBOX = """async () => (await self.HuyingOutbox.all(document.getElementById("work").dataset.user))
  .map(({ id, kind, state, title, said }) => ({ id, kind, state, title, said }))"""
CONTROLLED = "() => Boolean(navigator.serviceWorker.controller)"


class Phone:
    """`page` is what the worker looks at. `restart` closes the browser and opens it again with what it kept."""

    def __init__(self, browser: Browser, folder: Path, network: Patchy, username: str = WORKER) -> None:
        self._browser, self._folder, self.network = browser, folder, network
        self.complaints: list[str] = []  # errors of the pages' scripts
        self.context: BrowserContext
        self.page: Page
        self._open()
        self.sign_in(username)

    def _open(self) -> None:
        found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        self.context = self._browser.browser_type.launch_persistent_context(
            self._folder, executable_path=found, args=["--no-sandbox"], viewport=PHONE, locale="zh-CN",  # type: ignore[arg-type]
            timezone_id="Asia/Shanghai", base_url=self.network.url, permissions=["geolocation"],
            geolocation={"longitude": PLACE[0], "latitude": PLACE[1]},
        )  # fmt: skip
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        self.page = self.context.pages[0] if self.context.pages else self.context.new_page()

    def restart(self, path: str = "/field/") -> None:
        self.context.close()
        self._open()
        self.page.goto(path)

    def close(self) -> None:
        self.context.close()

    def sign_in(self, username: str) -> None:
        self.page.goto("/accounts/login/")
        self.page.locator(f'form[action="/accounts/demo/{username}/"] button').click()
        self.page.wait_for_url(lambda url: "/accounts/login" not in url, wait_until="commit")

    def ready(self) -> None:
        """Until the day is on the phone."""
        self.page.goto("/field/")
        self.page.wait_for_function(CONTROLLED)
        expect(self.page.locator("[data-day-kept]")).to_be_visible()

    def outbox(self) -> list[dict[str, Any]]:
        """What the phone keeps, in order."""
        found: list[dict[str, Any]] = self.page.evaluate(OUTBOX)
        return found

    def open(self) -> list[dict[str, Any]]:
        """What has not arrived."""
        return [record for record in self.outbox() if record["state"] != "done"]

    def send(self) -> None:
        """Open the outbox and wait until nothing waits."""
        self.page.goto("/field/outbox/")
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while any(record["state"] in ("waiting", "sending") for record in self.outbox()):
            assert time.monotonic() < deadline, self.outbox()
            self.page.wait_for_timeout(200)

    # --- what a worker does ------------------------------------------------------------------------------

    def photograph(self, box: str = "photos", colour: str = "#8a8f94") -> None:
        self.page.locator(f"#id_{box}").set_input_files(phone_photo(PLACE, colour=colour))  # type: ignore[arg-type]
        expect(self.page.locator(f'[data-shots="{box}"] [data-shot]')).to_have_count(1)

    def press(self) -> None:
        self.page.locator("form[data-outbox] [data-send]").last.click()

    def report(self, words: str) -> None:
        """Fill in a finding and send it."""
        self.page.goto("/field/report/?ledger=grid-finding")
        expect(self.page.locator("#id_category")).to_be_attached()
        self.photograph()
        self.page.evaluate(CHOOSE_CATEGORY)
        self.page.evaluate(SET_PLACE, list(PLACE))
        self.page.locator('[name="f-self_handled"]').first.check()
        self.page.locator('[name="words"]').fill(words)
        self.press()

    def take_up(self, number: str) -> None:
        self.page.goto(f"/field/tasks/{number}/")
        self.page.locator('form[data-outbox="take_up"] button').click()

    def handled(self, number: str, words: str) -> None:
        self.page.goto(f"/field/tasks/{number}/handled/")
        self.photograph("after")
        self.page.locator('[name="answer"]').fill(words)
        self.press()

    def give_back(self, number: str, words: str) -> None:
        self.page.goto(f"/field/tasks/{number}/return/")
        self.page.locator('[name="why"]').first.check()
        self.page.locator('[name="words"]').fill(words)
        self.press()

    def seen(self, number: str, words: str) -> None:
        self.page.goto(f"/field/tasks/{number}/seen/")
        self.page.locator('[name="done"]').first.check()
        self.photograph()
        self.page.locator('[name="words"]').fill(words)
        self.press()

    def note(self, number: str, words: str) -> None:
        self.page.goto(f"/field/tasks/{number}/note/")
        self.photograph()
        self.page.locator('[name="words"]').fill(words)
        self.press()

    def waits(self) -> None:
        """The page says that it is kept."""
        expect(self.page.locator("[data-waits]")).to_be_visible()
