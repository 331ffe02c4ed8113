"""A real site with the pack of Weidong and nobody's reports yet, and Chromium to visit it with.

One site and one Chromium serve all tests of a run. Whatever a test does, a page that writes an error to its console or
breaks the Content-Security-Policy fails the test.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from huying.config.environment import BASE_DIR

PHONE = {"width": 360, "height": 740}
OFFICE = {"width": 1366, "height": 768}
PATIENCE_SECONDS = 60
PATIENCE_MS = 30_000  # for one wait; a busy machine needs it, a quick one never notices

expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


class Site:
    """`huying serve` and `huying worker` on a data folder of their own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.folder = folder
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("HUYING_", "DJANGO_SETTINGS"))}
        self.environment = clean | {
            "HUYING_DATA_DIR": str(folder),
            "HUYING_DEMO": "1",
            "HUYING_PORT": str(port),
            "HUYING_PUBLIC_URL": self.url,
            "HUYING_WORKERS": "1",
            "HUYING_LOG_FORMAT": "text",
            "HUYING_LOG_LEVEL": "warning",
        }
        self.running: list[subprocess.Popen[bytes]] = []

    def huying(self, *words: str) -> subprocess.Popen[bytes]:
        """Begin a command; its output goes to a log in the data folder."""
        with (self.folder / "log.txt").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "huying.config.cli", *words],
                env=self.environment, cwd=BASE_DIR, stdout=log, stderr=log,
            )  # fmt: skip

    def ask(self, module: str, *words: str) -> Any:
        """The answer of a module that runs inside this site, as JSON."""
        environment = self.environment | {"DJANGO_SETTINGS_MODULE": "huying.config.settings"}
        done = subprocess.run(
            [sys.executable, "-m", module, *words], env=environment, cwd=BASE_DIR, capture_output=True, text=True
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout.splitlines()[-1])

    def start(self) -> None:
        for words in (("migrate", "--verbosity", "0"), ("pack", "load", "districts/weidong")):
            assert self.huying(*words).wait() == 0, self.log()
        self.running = [self.huying("serve"), self.huying("worker")]
        self.wait()

    def wait(self) -> None:
        """Until it answers."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.answers():
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.1)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=10) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def log(self) -> str:
        return (self.folder / "log.txt").read_text()[-4000:]

    def stop(self) -> None:
        for process in self.running:
            process.terminate()
        for process in self.running:
            process.wait(PATIENCE_SECONDS)


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """A site of our own."""
    with tempfile.TemporaryDirectory(prefix="huying-browser-", ignore_cleanup_errors=True) as folder:
        site = Site(Path(folder))
        try:
            site.start()
            yield site
        finally:
            site.stop()


@pytest.fixture(scope="session")
def address(request: pytest.FixtureRequest) -> str:
    """Of a site of our own; BROWSER_SITE names a demonstration that already runs, while a test is being written."""
    return os.environ.get("BROWSER_SITE") or request.getfixturevalue("site").url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium of the system, else the one that Playwright keeps."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Visits:
    """Opens pages as one person or another, and keeps what they complained about."""

    browser: Browser
    url: str
    complaints: list[str] = field(default_factory=list)

    def page(self, size: dict[str, int] = OFFICE, **options: Any) -> Page:
        """A page of a visitor who has never been here."""
        context = self.browser.new_context(
            viewport=size, locale="zh-CN", timezone_id="Asia/Shanghai", base_url=self.url, **options
        )
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        return page

    def staff(self, username: str, size: dict[str, int] = OFFICE, **options: Any) -> Page:
        """A page of a member of staff, after one click on the demonstration login."""
        page = self.page(size, **options)
        page.goto("/accounts/login/")
        page.locator(f'form[action="/accounts/demo/{username}/"] button').click()
        page.wait_for_url(lambda url: "/accounts/login" not in url, wait_until="commit")
        return page

    def _listen(self, message: ConsoleMessage) -> None:
        # What a form refuses (409, 422) the browser reports too; the page says it to the person.
        if message.type == "error" and not re.search(r"status of 4(09|22)", message.text):
            self.complaints.append(f"{message.location.get('url')}: {message.text}")


@pytest.fixture
def visits(browser: Browser, address: str) -> Iterator[Visits]:
    visits = Visits(browser, address)
    yield visits
    for context in browser.contexts:
        context.close()
    assert not visits.complaints, "\n".join(visits.complaints)


def submit(page: Page) -> None:
    """Submit the report; where the same is known nearby, say that it is another matter."""
    page.get_by_role("button", name="提交").click()
    receipt = page.locator(".receipt__number")
    another = page.locator("[data-question]").get_by_label("不是同一件，单独上报")
    receipt.or_(another).first.wait_for()
    if another.is_visible():
        another.check()
        page.get_by_role("button", name="提交").click()
    receipt.wait_for()


PLACE_SET = """(place) => document.getElementById("report-map").dispatchEvent(
  new CustomEvent("place-set", { detail: place }))"""
Reporter = Callable[..., str]


@pytest.fixture
def report(visits: Visits) -> Reporter:
    """`report(words=…, point=…)` sends a snapshot in the resident's way; its answer is the tracking link's path."""

    def send(words: str, point: tuple[float, float], *, page: Page | None = None) -> str:
        page = page or visits.page(PHONE)
        page.goto("/report/")
        page.get_by_label("发生了什么").fill(words)
        expect(page.locator("#report-map .leaflet-pane").first).to_be_attached()
        page.evaluate(PLACE_SET, {"lng": point[0], "lat": point[1]})
        submit(page)
        return page.get_by_label("查询链接").input_value()

    return send
