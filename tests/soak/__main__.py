"""`python -m tests.soak [MINUTES [SEED]]`; see worker.py."""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import Site
from tests.soak.worker import soak


def main(minutes: float, seed: int) -> int:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory(prefix="huying-soak-", ignore_cleanup_errors=True) as folder:
        (data := Path(folder) / "site").mkdir()
        site = Site(data)
        try:
            site.start()
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
                good, words = soak(site, browser, Path(folder) / "phone", minutes=minutes, seed=seed)
        finally:
            site.stop()
    print(words, flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(main(float(given[0]) if given else 60, int(given[1]) if len(given) > 1 else 12345))
