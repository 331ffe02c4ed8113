"""Every main page on a phone of 360 pixels: nothing sticks out, everything has a name, the focus is seen."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import PHONE, Reporter, Visits

PORTAL = (
    "/",
    "/report/",
    "/track/",
    "/public/",
    "/public/map/",
    "/privacy/",
    "/accessibility/",
    "/accounts/login/",
)
STAFF = (
    ("agent", "/desk/agent/"),
    ("agent", "/desk/intake/"),
    ("dispatcher", "/desk/queue/?tab=new"),
    ("dispatcher", "/desk/cases/"),
    ("clerk-urban-management", "/desk/department/"),
    ("checker", "/desk/checks/"),
    ("callback", "/desk/callbacks/"),
    ("supervisor", "/desk/supervision/"),
    ("leader", "/cockpit/"),
    ("grid-putaoyuan", "/field/"),
    ("grid-putaoyuan", "/field/report/"),
    ("grid-putaoyuan", "/field/me/"),
    ("grid-putaoyuan", "/field/outbox/"),
)

# What is wrong with the page, in sentences.
LOOK = """() => {
  const wrong = [];
  const seen = (e) => e.checkVisibility({ checkVisibilityCSS: true, checkOpacity: false });
  const where = (e) => e.outerHTML.slice(0, 120);
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) {
    const beyond = (e) => seen(e) && e.getBoundingClientRect().right > innerWidth + 1;
    const out = [...document.body.querySelectorAll("*")].filter(beyond);
    wrong.push(`sticks out by ${wide} px: ${out.slice(0, 3).map(where).join(" | ")}`);
  }
  const heads = document.querySelectorAll("h1").length;
  if (heads !== 1) wrong.push(`${heads} headings of level 1`);
  if (!document.documentElement.lang) wrong.push("no language");
  if (!document.querySelector("main")) wrong.push("no main part");
  if (!document.title.trim()) wrong.push("no title");
  for (const e of document.querySelectorAll("img:not([alt])")) wrong.push(`picture without words: ${where(e)}`);
  const named = (e) => e.labels?.length || e.getAttribute("aria-label") || e.getAttribute("aria-labelledby") || e.title;
  for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
    if (seen(e) && !named(e)) wrong.push(`field without a label: ${where(e)}`);
  for (const e of document.querySelectorAll("button, a[href], summary"))
    if (seen(e) && !e.textContent.trim() && !named(e) && !e.querySelector("img[alt]:not([alt=''])"))
      wrong.push(`no name: ${where(e)}`);
  const names = ["aria-labelledby", "aria-describedby"];
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) wrong.push(`id twice: ${id}`);
  for (const e of document.querySelectorAll("[aria-labelledby], [aria-describedby]"))
    for (const id of names.flatMap((name) => (e.getAttribute(name) || "").match(/\\S+/g) || []))
      if (seen(e) && !document.getElementById(id)) wrong.push(`names #${id}, which is absent: ${where(e)}`);
  return wrong;
}"""
FOCUS = """() => {
  const e = document.activeElement, style = getComputedStyle(e);
  if (e === document.body) return "";
  const shown = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
  return shown ? "" : `focus is not seen: ${e.outerHTML.slice(0, 120)}`;
}"""


def faults(page: Page) -> list[str]:
    page.wait_for_load_state("networkidle")
    found: list[str] = page.evaluate(LOOK)
    for _ in range(6):
        page.keyboard.press("Tab")
        found.append(page.evaluate(FOCUS))
    return [fault for fault in found if fault]


@pytest.mark.parametrize("path", PORTAL)
def test_residents_pages(visits: Visits, path: str) -> None:
    page = visits.page(PHONE)
    page.goto(path)
    assert not faults(page)


@pytest.mark.parametrize(("who", "path"), STAFF)
def test_staff_pages(visits: Visits, who: str, path: str) -> None:
    page = visits.staff(who, PHONE)
    page.goto(path)
    assert not faults(page)


def test_the_receipt_and_the_story(visits: Visits, report: Reporter) -> None:
    page = visits.page(PHONE)
    link = report("河堤路的护栏歪了", (113.3436, 33.7338), page=page)
    assert not faults(page)
    page.goto(link)
    assert not faults(page)


def test_a_case_on_the_desk(visits: Visits, report: Reporter) -> None:
    report("人行道上的盲道缺了几块砖", (113.3416, 33.7350))
    page = visits.staff("dispatcher", PHONE)
    page.goto("/desk/queue/?tab=new")
    page.get_by_role("link", name="盲道缺了几块砖").first.click()
    assert not faults(page)


def test_large_type_still_fits(visits: Visits, report: Callable[..., str]) -> None:
    page = visits.page(PHONE)
    page.goto("/")
    page.get_by_role("button", name="大字版").click()
    for path in ("/", "/report/", "/public/"):
        page.goto(path)
        assert not faults(page)
