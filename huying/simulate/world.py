"""The site as its clients find it: who can be played, what can be reported, and where."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import httpx
from huying_client import Area, Category, Huying, HuyingError, Ledger, Me

from huying.simulate.meter import MeasuredTransport

_DEMO_LOGIN = re.compile(r'action="(/accounts/demo/([^/"]+)/)"')
_SECRET = re.compile(r"<code>(hy_[\w-]+)</code>")
_OPTION = re.compile(r'<option value="(\d+)">([^<]+)<')
_CHOICES = re.compile(r'<select[^>]*name="category_other".*?</select>', re.DOTALL)
# Largest first: where a report happens is drawn among the smallest areas that have a border.
_LEVELS = ("district", "subdistrict", "village", "community", "compound", "grid")
# One of those has to be played, or no case goes round.
NEEDED = ("case.view", "case.file", "case.dispatch", "case.check", "case.close")


class CannotStart(Exception):
    """The site is not fit to be played; the sentence says what is missing."""


@dataclass
class Person:
    """An account that is played, with its rights and its own client."""

    me: Me
    site: Huying

    def may(self, verb: str, *, department: str = "", path: str = "") -> bool:
        """Whether the account has the verb for cases of this department, in the area with this path of codes."""
        return any(
            right["verb"] == verb
            and right["department"] in ("", department)
            and (not right["area"] or right["area"] in path.strip("/").split("/"))
            for right in self.me.rights
        )


@dataclass
class World:
    """What can be played on this site."""

    people: list[Person]
    ledgers: dict[str, Ledger]
    categories: dict[str, list[Category]]  # by ledger
    places: list[Area]  # with a point each
    paths: dict[str, str]  # of every area, by its code
    portal: dict[str, str]  # what the residents' form offers: title → value
    demo: bool = False
    departments: list[str] = field(default_factory=list)  # whose clerks are played

    def able(self, verb: str, *, department: str = "", area: str = "") -> list[Person]:
        """Everybody played who may do this for such a case."""
        path = self.paths.get(area, area)
        return [person for person in self.people if person.may(verb, department=department, path=path)]

    def sees_all(self, verb: str) -> Person | None:
        """Somebody played who has the verb for every area and department."""
        for person in self.people:
            if any((r["verb"], r["area"], r["department"]) == (verb, "", "") for r in person.me.rights):
                return person
        return None

    def able_anywhere(self, *verbs: str) -> list[Person]:
        """Everybody played who has all these verbs somewhere."""
        return [person for person in self.people if all(person.me.may(verb) for verb in verbs)]


def explore(url: str, people: list[tuple[str, str]], transport: MeasuredTransport) -> World:
    """Look around at a site. `people` are (account, token); empty: the accounts of a demonstration.

    Raises CannotStart when there is nobody to play, or nothing to report.
    """
    with httpx.Client(base_url=url, transport=transport, follow_redirects=True) as browser:
        demo = not people
        tokens = people or demo_tokens(browser)
        form = browser.get("/report/").text
    played = []
    for account, token in tokens:
        client = Huying(url, token, transport=transport, tries=6)
        try:
            played.append(Person(client.me(), client))
        except HuyingError as error:
            raise CannotStart(f"The token of {account} does not open {url}: {error.detail}") from error
    for verb in NEEDED:
        if not any(person.me.may(verb) for person in played):
            raise CannotStart(f"Nobody among the {len(played)} accounts has {verb}; cases would go nowhere.")
    if not any(right["verb"] == "case.view" and not right["area"] and not right["department"]
               for person in played for right in person.me.rights):  # fmt: skip
        raise CannotStart(
            "Nobody played sees the cases of the whole district, so nobody can follow what happens."
        )
    site = played[0].site
    areas = site.areas()
    ledgers = {ledger.code: ledger for ledger in site.ledgers() if ledger.active}
    places = _smallest(areas)
    if not places:
        raise CannotStart("No area of this district has a border on the map; places can't be drawn.")
    return World(
        people=played,
        ledgers=ledgers,
        categories={code: site.categories(code) for code in ledgers},
        places=places,
        paths={area.code: area.path for area in areas},
        portal=offered(form),
        demo=demo,
        departments=sorted(
            {right["department"] for person in played for right in person.me.rights if right["department"]}
        ),
    )


def offered(form: str) -> dict[str, str]:
    """The categories that the residents' form offers, without titles that it offers twice."""
    found = _CHOICES.search(form)
    options = [(html.unescape(t).strip(), value) for value, t in _OPTION.findall(found[0])] if found else []
    titles = [title for title, _value in options]
    return {title: value for title, value in options if titles.count(title) == 1}


def _smallest(areas: list[Area]) -> list[Area]:
    """The areas of the finest level that has any with a point; of the district's main layer."""
    for level in reversed(_LEVELS):
        found = [a for a in areas if a.level == level and a.lng is not None and a.layer == "administrative"]
        if found:
            return sorted(found, key=lambda area: area.code)
    return []


def demo_tokens(browser: httpx.Client) -> list[tuple[str, str]]:
    """A token for a day for every account that a demonstration lets in by one click."""
    page = browser.get("/accounts/login/")
    logins: list[tuple[str, str]] = _DEMO_LOGIN.findall(page.text)
    if not logins:
        raise CannotStart(
            "This is no demonstration, so nobody can be played without being asked. "
            "Make tokens on its host (huying token make > people.txt) and give them with --people people.txt."
        )
    return [(account, _token(browser, path)) for path, account in logins]


def _token(browser: httpx.Client, path: str) -> str:
    _post(browser, "/accounts/login/", path)
    until = date.today() + timedelta(days=1)
    answer = _post(
        browser, "/accounts/tokens/", "/accounts/tokens/", title="演练", expires_on=until.isoformat()
    )
    found = _SECRET.search(answer.text)
    _post(browser, "/accounts/tokens/", "/accounts/logout/")
    if not found:
        raise CannotStart(f"{path} gave no token (HTTP {answer.status_code}).")
    return found[1]


def _post(browser: httpx.Client, form: str, path: str, **fields: Any) -> httpx.Response:
    browser.get(form)
    return browser.post(path, data={"csrfmiddlewaretoken": browser.cookies["csrftoken"], **fields})
