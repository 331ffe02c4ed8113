"""A minute and a half of the soak, at each run of the browser tests."""

from pathlib import Path

from playwright.sync_api import Browser

from tests.browser.conftest import Site
from tests.soak.worker import soak


def test_everything_that_the_phone_kept_arrives_once(site: Site, browser: Browser, tmp_path: Path) -> None:
    good, words = soak(site, browser, tmp_path / "phone", minutes=1.5, seed=326)  # every weather comes
    print(words)
    assert good, words
