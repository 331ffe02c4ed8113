"""The client: one method per thing that the API does."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from types import TracebackType
from typing import Any, cast

import httpx

from huying_client.errors import HuyingError, Unreachable, error_of
from huying_client.types import Area, Case, Category, Figures, Ledger, Me, Receipt

# What may succeed when it is asked again.
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


class Huying:
    """A site, for one token. Safe to share between threads.

    A request that gets no answer is sent again, at most `tries` times in all, with the same `Idempotency-Key`: the
    server does it once. `transport` replaces the network, for tests.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        timeout_s: float = 30,
        tries: int = 4,
        language: str = "zh-hans",
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.tries = tries
        self._http = httpx.Client(
            base_url=f"{url.rstrip('/')}/api/v1/",
            headers={"Authorization": f"Bearer {token}", "Accept-Language": language},
            timeout=timeout_s,
            transport=transport,
        )

    def __enter__(self) -> Huying:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connections."""
        self._http.close()

    # --- asking ----------------------------------------------------------------------------------------

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: dict[str, Any] | None = None,
        files: Any = None,
        headers: dict[str, str] | None = None,
        key: str | None = None,
    ) -> httpx.Response:
        """One request, with retries. Raises a HuyingError for every answer that is not a success."""
        sent = dict(headers or {})
        if method != "GET":
            sent["Idempotency-Key"] = key or uuid.uuid4().hex
        last: HuyingError = Unreachable("no answer")
        for attempt in range(self.tries):
            if attempt:
                time.sleep(min(2 ** (attempt - 1), 8) * (0.5 + random.random()))
            try:
                answer = self._http.request(
                    method, path.lstrip("/"), json=json, params=params, files=files, headers=sent
                )
            except httpx.TransportError as error:
                last = Unreachable(str(error) or type(error).__name__)
                continue
            if answer.is_success or answer.status_code == 304:
                return answer
            last = error_of(answer.status_code, _json(answer))
            if answer.status_code not in _AGAIN:
                break
        raise last

    def _get(self, path: str, **params: Any) -> Any:
        return self.request("GET", path, params=_query(params)).json()

    def _post(self, path: str, body: Any, *, key: str | None = None, version: int | None = None) -> Any:
        headers = {"If-Match": f'"{version}"'} if version is not None else None
        return self.request("POST", path, json=body, key=key, headers=headers).json()

    def _pages(self, path: str, params: dict[str, Any]) -> Iterator[dict[str, Any]]:
        after = ""
        while True:
            page = self._get(path, **params, after=after)
            yield from page["items"]
            after = page["next"]
            if not after:
                return

    # --- what is declared --------------------------------------------------------------------------------

    def me(self) -> Me:
        """The account behind the token, and what it may do."""
        return Me.of(self._get("me"))

    def ledgers(self) -> list[Ledger]:
        """Every ledger with its fields."""
        return [Ledger.of(row) for row in self._get("ledgers")]

    def categories(self, ledger: str) -> list[Category]:
        """What a case of this ledger can be about."""
        return [Category.of(row) for row in self._get(f"ledgers/{ledger}/categories")]

    def areas(self, level: str = "", within: str = "") -> list[Area]:
        """Areas of a level, inside an area."""
        return [Area.of(row) for row in self._get("areas", level=level, within=within)]

    def departments(self) -> list[dict[str, Any]]:
        """Every department in use."""
        return cast(list[dict[str, Any]], self._get("departments"))

    def locate(self, lng: float, lat: float, layer: str = "administrative") -> list[str]:
        """Codes of the areas around a point (WGS-84), from the largest to the smallest."""
        return cast(list[str], self._get("locate", lng=lng, lat=lat, layer=layer)["areas"])

    # --- reporting ---------------------------------------------------------------------------------------

    def upload(self, photo: bytes, name: str = "photo.jpg") -> str:
        """Upload a photo; the token goes into `photos` of a report or a verb."""
        answer = self.request("POST", "photos", files={"photo": (name, photo)})
        return cast(str, answer.json()["photo"])

    def report(
        self,
        ledger: str,
        category: str,
        words: str,
        *,
        client_id: uuid.UUID | None = None,
        photos: Sequence[str] = (),
        **more: Any,
    ) -> Receipt:
        """Report a matter. `client_id` makes a report that is sent again, even by another program, one report.

        Further fields: title, channel, lng, lat, address, name, phone, item, fields, external_number, follows.
        """
        known = client_id or uuid.uuid4()
        body = {
            "ledger": ledger, "category": category, "words": words, "photos": list(photos),
            "client_id": str(known), **more,
        }  # fmt: skip
        return Receipt.of(self._post("reports", body, key=known.hex))

    # --- cases -------------------------------------------------------------------------------------------

    def cases(self, *, order: str = "-reported_at", page: int = 100, **filters: Any) -> Iterator[Case]:
        """All cases that match, page by page. Filters as in the desk's address bar: status, ledger, area, due ...

        `is_` and `not_` stand for `is` and `not`; several values as a list.
        """
        params = {name.rstrip("_"): value for name, value in filters.items()}
        for row in self._pages("cases", {"order": order, "limit": page, **params}):
            yield Case.of(row)

    def case(self, number: str) -> Case:
        """One case, whole."""
        return Case.of(self._get(f"cases/{number}"))

    def act(
        self, number: str, verb: str, *, version: int | None = None, key: str | None = None, **body: Any
    ) -> Case:
        """Do a verb: `act(number, "dispatch", department="urban-management", version=case.version)`."""
        answer = self._post(f"cases/{number}/{verb}", body, key=key, version=version)
        return Case.of(answer["case"])

    def call_back(self, number: str, report: str, **said: Any) -> dict[str, Any]:
        """Record what a reporter said: answered, contacted, solved, grade (5 to 1), words."""
        return cast(dict[str, Any], self._post(f"cases/{number}/callbacks", {"report": report, **said}))

    def contact(self, number: str, report: str, *, reason: str) -> tuple[str, str]:
        """A reporter's name and phone, for a reason that is put on record."""
        found = self._post(f"cases/{number}/contact", {"report": report, "reason": reason})
        return found["name"], found["phone"]

    def figures(self, **filters: Any) -> Figures:
        """Counts and rates of the cases that match."""
        found = self._get("figures", **{name.rstrip("_"): value for name, value in filters.items()})
        return Figures(
            {row["code"]: row["value"] for row in found["counts"]},
            {row["code"]: row["percent"] for row in found["rates"]},
        )

    def notices(self) -> Iterator[dict[str, Any]]:
        """What the account was told, newest first."""
        return self._pages("notices", {})

    def papers(self) -> Iterator[dict[str, Any]]:
        """Official papers, newest first."""
        return self._pages("papers", {})

    def sign_for_paper(self, pk: int) -> dict[str, Any]:
        """Sign for a paper that is addressed to the account's department."""
        return cast(dict[str, Any], self._post(f"papers/{pk}/receipt", {}))

    def reply_to_paper(self, pk: int, reply: str) -> dict[str, Any]:
        """Reply to a paper; a reply is not changed afterwards."""
        return cast(dict[str, Any], self._post(f"papers/{pk}/reply", {"reply": reply}))

    def add_note(self, number: str, words: str, photos: Sequence[str] = ()) -> None:
        """Add words or photos to a case in whatever state it is."""
        self._post(f"cases/{number}/notes", {"words": words, "photos": list(photos)})

    def journal(self, number: str) -> Iterator[dict[str, Any]]:
        """Every entry about a case, oldest first; for who sees the whole journal."""
        return self._pages(f"cases/{number}/journal", {})

    def export(self, **filters: Any) -> bytes:
        """The spreadsheet (.xlsx) of the cases that match; it stands in the journal who took it."""
        params = _query({name.rstrip("_"): value for name, value in filters.items()})
        return self.request("GET", "cases/export.xlsx", params=params).content

    # --- looking back ------------------------------------------------------------------------------------

    def look_backs(self, seed: str = "") -> Iterator[dict[str, Any]]:
        """Draws to look back, newest first; those by a seed."""
        return self._pages("look-backs", {"seed": seed})

    def draw(self, closed_from: date, closed_to: date, seed: str, **more: Any) -> dict[str, Any]:
        """Draw closed cases to look at again: `size` or `share`, and `ledger`, `area`, `title`."""
        body = {"closed_from": f"{closed_from}", "closed_to": f"{closed_to}", "seed": seed, **more}
        return cast(dict[str, Any], self._post("look-backs", body))

    def drawn(self, look_back: int, result: str = "") -> Iterator[dict[str, Any]]:
        """The cases of a draw: all, or those `waiting`, `passed`, `failed`."""
        return self._pages(f"look-backs/{look_back}/tasks", {"result": result})

    def look_back(self, look_back: int, task: int, *, passed: bool, words: str = "") -> dict[str, Any]:
        """Record what was found at a drawn case; what was not done is handled again at once."""
        path = f"look-backs/{look_back}/tasks/{task}"
        return cast(dict[str, Any], self._post(path, {"passed": passed, "words": words}))

    # --- administration ----------------------------------------------------------------------------------

    def accounts(self, **filters: Any) -> Iterator[dict[str, Any]]:
        """Accounts that the token manages: q, role, department, area, active (true, false, all)."""
        return self._pages("accounts", filters)

    def account(self, username: str) -> dict[str, Any]:
        """One account with its roles, posts and story."""
        return cast(dict[str, Any], self._get(f"accounts/{username}"))

    def add_account(self, username: str, name: str, **more: Any) -> tuple[dict[str, Any], str]:
        """A new account and its first password, which is shown this once: title, phone, department."""
        made = self._post("accounts", {"username": username, "name": name, **more})
        return made["account"], made["password"]

    def change_account(self, username: str, **changes: Any) -> dict[str, Any]:
        """Change name, title, phone or department; what is not named stays."""
        return cast(dict[str, Any], self.request("PATCH", f"accounts/{username}", json=changes).json())

    def give_role(self, username: str, role: str, **limits: Any) -> dict[str, Any]:
        """Give a role within area and department, until `ends_on`."""
        return cast(dict[str, Any], self._post(f"accounts/{username}/grants", {"role": role, **limits}))

    def withdraw_role(self, username: str, grant: int) -> None:
        """Withdraw a role (its id stands in `grants` of the account)."""
        self.request("DELETE", f"accounts/{username}/grants/{grant}")

    def duties(self, **filters: Any) -> Iterator[dict[str, Any]]:
        """Who answers for which topic in which area: topic, department, area, past."""
        return self._pages("duties", filters)

    def who_answers(self, topic: str, lng: float, lat: float) -> dict[str, Any]:
        """The department that answers for a topic at a point (WGS-84), and why."""
        return cast(dict[str, Any], self._get("responsible", topic=topic, lng=lng, lat=lat))

    def deadline(self, start: datetime, limit: str) -> datetime:
        """When a time limit like `5 work days` ends, by the district's calendar."""
        return datetime.fromisoformat(self._get("deadline", start=start.isoformat(), limit=limit)["due_at"])


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def _query(params: dict[str, Any]) -> dict[str, str]:
    return {
        name: ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
        for name, value in params.items()
        if value not in (None, "")
    }
