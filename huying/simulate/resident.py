"""A resident with a browser: the report form, the receipt, the page that follows the matter, the rating."""

from __future__ import annotations

import random
import re
from io import BytesIO

import httpx
from PIL import Image, ImageDraw

from huying.simulate.meter import MeasuredTransport
from huying.simulate.plan import Arrival, fill

_RECEIPT = re.compile(r"^/report/done/(\w+)/([^/]+)/$")


class TurnedAway(Exception):
    """The site did not take what was sent; the sentence is what the page said, `status` its HTTP status."""

    def __init__(self, said: str, status: int) -> None:
        super().__init__(said)
        self.status = status


class Resident:
    """One person's browser, with cookies of its own. `address`: where they seem to come from, by the proxy's word."""

    def __init__(self, url: str, transport: MeasuredTransport, arrival: Arrival, address: str = "") -> None:
        headers = {"X-Forwarded-For": address} if address else {}
        self._browser = httpx.Client(base_url=url, transport=transport, headers=headers, timeout=30)
        self._arrival = arrival

    def report(self, value: str) -> tuple[str, str]:
        """Fill in and send the form; `value` is the category's in it. Gives (number, secret) of the receipt."""
        arrival, dice = self._arrival, self._arrival.luck()
        sent = {
            "words": arrival.words, "lng": f"{arrival.lng:.6f}", "lat": f"{arrival.lat:.6f}",
            "address": arrival.place.title, "category": value, "category_other": value, "picked": "1",
            "follow": "no", "client_id": str(arrival.client_id), "consent": "on", "tell_by": "page",
            **{f"f-{code}": str(text) for code, text in fill(arrival.ledger.fields, dice).items()},
        }  # fmt: skip
        if arrival.ledger.contact != "none":
            sent |= {"name": arrival.name, "phone": arrival.phone}
        files = {"photos": ("photo.jpg", photo(dice), "image/jpeg")} if arrival.photo else None
        answer = self._send("/report/", "/report/", sent, files)
        found = _RECEIPT.match(answer.headers.get("Location", ""))
        if answer.status_code != 302 or not found:
            raise TurnedAway(_mistakes(answer.text), answer.status_code)
        self._browser.get(answer.headers["Location"])
        return found[1], found[2]

    def follow(self, number: str, secret: str) -> tuple[bool, bool]:
        """Read the matter's page: is it there, and does it ask for a rating?"""
        answer = self._browser.get(f"/t/{number}/{secret}/")
        return answer.status_code == 200 and number in answer.text, 'name="rating-solved"' in answer.text

    def rate(self, number: str, secret: str, *, solved: bool, dice: random.Random) -> None:
        """Say how it went; TurnedAway when the page refuses."""
        grade = dice.choice((5, 5, 4, 3)) if solved else dice.choice((2, 1))
        rating = {
            "rating-contacted": "yes",
            "rating-solved": "yes" if solved else "no",
            "rating-grade": str(grade),
        }
        self._verb(number, secret, "rating", rating)

    def reopen(self, number: str, secret: str) -> None:
        """Ask for the matter to be opened again; TurnedAway when the page refuses."""
        self._verb(number, secret, "reopening", {"reopen-reason": "和原来一样，没有解决，请再来看看。"})

    def _verb(self, number: str, secret: str, verb: str, sent: dict[str, str]) -> None:
        answer = self._send(f"/t/{number}/{secret}/", f"/t/{number}/{secret}/{verb}/", sent)
        if answer.status_code != 302:
            raise TurnedAway(_mistakes(answer.text), answer.status_code)

    def _send(
        self,
        form: str,
        path: str,
        sent: dict[str, str],
        files: dict[str, tuple[str, bytes, str]] | None = None,
    ) -> httpx.Response:
        self._browser.get(form)
        token = self._browser.cookies.get("csrftoken", "")
        return self._browser.post(path, data={"csrfmiddlewaretoken": token, **sent}, files=files)


def _mistakes(page: str) -> str:
    """The sentences beside the fields of a form that came back."""
    found = re.findall(r'class="(?:field__error|notice notice--red)[^>]*>(.*?)</p>', page, re.DOTALL)
    words = [re.sub(r"<[^>]+>|\s+", " ", one).strip() for one in found]
    return " ".join(word for word in words if word) or "the page did not say why"


def photo(dice: random.Random) -> bytes:
    """A picture that is no other's, of the size that the pages' script sends."""
    picture = Image.new("RGB", (1280, 960), tuple(dice.randrange(256) for _band in range(3)))
    draw = ImageDraw.Draw(picture)
    for _shape in range(60):
        left, top = dice.randrange(1200), dice.randrange(900)
        colour = tuple(dice.randrange(256) for _band in range(3))
        draw.rectangle((left, top, left + dice.randrange(300), top + dice.randrange(300)), fill=colour)
    file = BytesIO()
    picture.save(file, "JPEG", quality=80)
    return file.getvalue()
