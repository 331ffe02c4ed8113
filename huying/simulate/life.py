"""The life of one matter: reported, then taken round the loop step by step by whoever is responsible for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from huying_client import Case, Changed, Conflict, Huying, HuyingError, Receipt, Unreachable

from huying.simulate.meter import MeasuredTransport
from huying.simulate.plan import Arrival, fill, reporter_for
from huying.simulate.resident import Resident, TurnedAway, photo
from huying.simulate.world import Person, World

MOST_STEPS = 60  # a case that goes round more often than that never ends
_AGAIN_S = 1.0
_OF_DEPARTMENT = ("case.take_up", "case.report_handled", "case.return")


@dataclass
class Stage:
    """What all lives share."""

    url: str
    world: World
    transport: MeasuredTransport
    think_s: float
    own_addresses: bool = False
    closed_to: set[tuple[str, str, str]] = field(
        default_factory=set
    )  # (account, ledger, verb) that a ledger refuses

    @property
    def watcher(self) -> Person:
        """Who follows all cases."""
        person = self.world.sees_all("case.view")
        assert person is not None  # explore() has seen to it
        return person


@dataclass
class Life:
    """One matter from arrival to its end. `end`: what stopped it; empty while it goes on."""

    arrival: Arrival
    stage: Stage
    report: str = ""
    secret: str = ""
    again: str = ""  # the number that the same form gave when it was sent twice
    number: str = ""
    promised_at: datetime | None = None
    asked: bool = False  # whether the reporter was asked how it went
    rated: bool = False
    end: str = ""
    did: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self._dice = self.arrival.luck()

    def advance(self) -> float | None:
        """Do the next thing. Seconds until the one after; None at the end."""
        with self.lock:
            try:
                return self._next()
            except (Changed, Conflict):
                return _AGAIN_S  # somebody was first: look again
            except Unreachable as error:
                self.end = f"no answer: {error.detail}"
            except HuyingError as error:
                self.end = f"refused: {error.detail}"
            except TurnedAway as error:
                self.end = (
                    "turned away: too many from one address" if error.status == 429 else f"refused: {error}"
                )
            except OSError as error:
                self.end = f"no answer: {error}"
            return None

    def think(self) -> float:
        """How long somebody takes until they turn to it."""
        return self._dice.expovariate(1 / self.stage.think_s) if self.stage.think_s else 0.0

    # --- the reporter ------------------------------------------------------------------------------------

    @property
    def _resident(self) -> Resident:
        dots = self.arrival.client_id.bytes
        address = f"10.{dots[0]}.{dots[1]}.{dots[2]}" if self.stage.own_addresses else ""
        return Resident(self.stage.url, self.stage.transport, self.arrival, address)

    def _next(self) -> float | None:
        if not self.report:
            self._send()
            return self.think()
        if len(self.did) >= MOST_STEPS:
            self.end = "went round without an end"
            return None
        case = self._look()
        if case is None:
            self.end = "lost: no list shows it"
            return None
        self.promised_at = case.due_at
        return self._after(case)

    def _send(self) -> None:
        """Report it; some people send the form twice."""
        if self.arrival.channel == "portal":
            value = self.stage.world.portal[self.arrival.category.title]
            self.report, self.secret = self._resident.report(value)
            if self.arrival.twice:
                self.again = self._resident.report(value)[0]
            return
        site = reporter_for(self.stage.world, self.arrival).site
        # Sent again it is the same form, with the same photo.
        photos = [site.upload(photo(self.arrival.luck()))] if self.arrival.photo else []
        receipt = self._typed_in(site, photos)
        self.report, self.secret, self.number = receipt.report, receipt.token, receipt.case
        if self.arrival.twice:
            self.again = self._typed_in(site, photos).report

    def _typed_in(self, site: Huying, photos: list[str]) -> Receipt:
        arrival = self.arrival
        contact = {"name": arrival.name, "phone": arrival.phone} if arrival.ledger.contact != "none" else {}
        return site.report(
            arrival.ledger.code, arrival.category.code, arrival.words, channel=arrival.channel,
            client_id=arrival.client_id, lng=arrival.lng, lat=arrival.lat, address=arrival.place.title,
            fields=fill(arrival.ledger.fields, arrival.luck()), photos=photos, **contact,
        )  # fmt: skip

    def _answer_for_it(self, case: Case) -> float | None:
        """Closed: the reporter looks, says how it went, and asks again where it is not solved."""
        resident = self._resident
        _there, asks = resident.follow(self.report, self.secret)
        self.asked = self.asked or asks
        unhappy = self.arrival.unsolved and "reopen" not in self.did
        if asks:
            resident.rate(self.report, self.secret, solved=not unhappy, dice=self._dice)
            self.rated = True
        if unhappy and asks:
            resident.reopen(self.report, self.secret)
            self.did.append("reopen")
            return self.think()
        self.end = "closed"
        return None

    # --- the staff ---------------------------------------------------------------------------------------

    def _look(self) -> Case | None:
        """As a dispatcher looks: in the list, then at the case."""
        watcher = self.stage.watcher.site
        if not self.number:
            rows = list(watcher.cases(q=self.arrival.tag, page=5))
            if not rows:
                return None
            self.number = rows[0].number
        return watcher.case(self.number)

    def _after(self, case: Case) -> float | None:
        steps: dict[str, Callable[[Case], float | None]] = {
            "reported": self._file, "filed": self._dispatch, "dispatched": self._take_up, "handling": self._handle,
            "handled": self._check, "checked": self._close, "closed": self._answer_for_it,
        }  # fmt: skip
        if case.status in steps and not case.parked:
            return steps[case.status](case)
        self.end = case.status
        return None

    def _act(self, right: str, verb: str, case: Case, **body: Any) -> float | None:
        """Somebody whom the ledger lets do it turns from the list on their desk to this case, and does the verb."""
        found = self._somebody(right, verb, case)
        if found is None:
            return None
        person, seen = found
        done = person.site.act(case.number, verb, version=seen.version, **body)
        self.did.append(verb)
        self.promised_at = done.due_at
        return self.think()

    def _somebody(self, right: str, verb: str, case: Case) -> tuple[Person, Case] | None:
        """One of those played to whom the step is open, with the case as they see it."""
        able = self.stage.world.able(right, department=case.department, area=case.area)
        self._dice.shuffle(able)
        # Who handled a case does not check it.
        able.sort(key=lambda person: bool(case.handler) and person.me.name in case.handler)
        for person in able:
            key = (person.me.username, case.ledger, verb)
            if key in self.stage.closed_to:
                continue
            next(person.site.cases(status=case.status, order="due_at", page=20), None)
            seen = person.site.case(case.number)
            if verb in seen.verbs:
                return person, seen
            if seen.version == case.version:
                self.stage.closed_to.add(key)
        owner = f" of {case.department}" if case.department and right in _OF_DEPARTMENT else ""
        self.end = f"waiting: nobody here plays {right}{owner} on {case.ledger}"
        return None

    def _file(self, case: Case) -> float | None:
        return self._act("case.file", "file", case, category=case.category)

    def _dispatch(self, case: Case) -> float | None:
        """To whom the site suggests; where nobody plays that department, to one that is played."""
        found = self._somebody("case.dispatch", "dispatch", case)
        if found is None:
            return None
        department, played = (found[1].suggestion or {}).get("department", ""), self.stage.world.departments
        if department in played:
            return self._act("case.dispatch", "dispatch", case, department=department)
        return self._act(
            "case.dispatch", "dispatch", case, department=self._dice.choice(played),
            note="演练中承办单位不在场，由在场单位代办。",
        )  # fmt: skip

    def _take_up(self, case: Case) -> float | None:
        if self.arrival.forgotten:
            self.end = "waiting: forgotten by its department, as planned"
            return None
        if self.arrival.returned and "return" not in self.did:
            return self._act("case.return", "return", case, reason="经现场查看，不属于本单位职责范围。")
        return self._act("case.take_up", "take_up", case)

    def _handle(self, case: Case) -> float | None:
        found = self._somebody("case.report_handled", "report_handled", case)
        if found is None:
            return None
        ledger = self.stage.world.ledgers[case.ledger]
        done = fill(ledger.handling_form, self._dice)
        photos = [found[0].site.upload(photo(self._dice), "after.jpg")]
        return self._act(
            "case.report_handled", "report_handled", case, answer="已到现场处理，恢复正常，并告知反映人。",
            fields=done, photos=photos,
        )  # fmt: skip

    def _check(self, case: Case) -> float | None:
        if self.arrival.reworked and "rework" not in self.did:
            return self._act("case.rework", "rework", case, reason="现场还有残留，请清理干净。")
        refusals = dict.fromkeys(("in_place", "thorough", "effective", "lasting", "satisfied"), True)
        asked = "five_refusals" in self.stage.world.ledgers[case.ledger].gates.get("close", ())
        return self._act(
            "case.check", "check", case, words="到场看过，已办好。", refusals=refusals if asked else {}
        )

    def _close(self, case: Case) -> float | None:
        gates = self.stage.world.ledgers[case.ledger].gates.get("close", ())
        if "called_back" in gates and not self.rated:
            return self._call_back(case)
        return self._act("case.close", "close", case)

    def _call_back(self, case: Case) -> float | None:
        """Before closing, where the ledger wants it: ask the reporter by phone."""
        able = self.stage.world.able("case.callback", area=case.area)
        if not able:
            self.end = "waiting: nobody here plays case.callback"
            return None
        person = self._dice.choice(able)
        for report in case.raw["reports_list"]:
            person.site.call_back(
                case.number, report["number"], answered=True, contacted=True, solved=not self.arrival.unsolved,
                grade=2 if self.arrival.unsolved else 4, words="",
            )  # fmt: skip
        self.asked = self.rated = True
        self.did.append("call_back")
        return self.think()
