"""The soak drives a browser: it runs with the browser tests, on a site of its own."""

from pathlib import Path

import pytest

from tests.browser.conftest import browser, site

__all__ = ["browser", "site"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
