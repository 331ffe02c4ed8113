"""The leader's page leaves the screen: as a picture for a paper, and printed on one or two sheets."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import Reporter, Visits

CHARTS = ("topics", "load", "trend")


def test_every_chart_is_kept_as_a_picture_on_white(visits: Visits, report: Reporter) -> None:
    report("人行道上的树倒了，挡住了路", (113.3470, 33.7368))
    page = visits.staff("leader", accept_downloads=True)
    page.goto("/cockpit/?level=subdistrict")
    for chart in CHARTS:
        page.locator(f"#take-{chart} summary").click()
        with page.expect_download() as found:
            page.locator(f"#take-{chart} [data-take-picture]").click()
        picture = Image.open(io.BytesIO(found.value.path().read_bytes())).convert("RGB")
        assert picture.width > 2000 and picture.getpixel((2, 2)) == (255, 255, 255)
        colours = picture.getcolors(picture.width * picture.height) or []
        assert len(colours) > 50, f"{chart} is empty"


@pytest.mark.parametrize(("size", "landscape"), [("A3", True), ("A4", False), ("A4", True)])
def test_the_cockpit_is_printed_on_at_most_two_sheets(visits: Visits, size: str, landscape: bool) -> None:
    page = visits.staff("leader")
    page.goto("/cockpit/")
    expect(page.locator(".paper-picture")).to_have_count(2)  # the map and the trend, drawn for paper
    expect(page.locator("#promises[data-here]")).to_be_attached()
    sheets = page.pdf(format=size, landscape=landscape)
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", sheets)) <= 2
