"""One made-up case from the first call to the last: who said what where, and when each step was taken."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from huying.cases.demonstration.people import Answerable, People, resident
from huying.cases.demonstration.pictures import Pictures
from huying.cases.demonstration.places import Place, Places
from huying.cases.demonstration.texts import Texts, Words
from huying.cases.history import (
    CalledBack,
    Checked,
    Closed,
    Dispatched,
    Extended,
    Filed,
    Handled,
    Joined,
    PastCase,
    Reopened,
    Returned,
    SentBack,
    Step,
    TakenUp,
    Urged,
    limit_of,
)
from huying.cases.ledger import FIVE_REFUSALS
from huying.cases.models import Category, Ledger
from huying.people.models import Department, User
from huying.places.clock import BEIJING, Clock, TimeLimit
from huying.places.work_calendar import current_calendar
from huying.registry.models import Item

_MINUTE = dt.timedelta(minutes=1)
# How often something out of the ordinary happens to a case.
RETURNED, REWORKED, EXTENDED, LATE, REOPENED, JOINED = 0.018, 0.02, 0.02, 0.012, 0.006, 0.04


class Life:
    """Makes cases. Every choice comes from the generator that is handed in."""

    def __init__(self, texts: Texts, places: Places, people: People) -> None:
        self.texts, self.places, self.people = texts, places, people
        self.pictures = Pictures()
        self.calendar = current_calendar()
        self._covers: list[Item] = list(
            Item.objects.filter(register__code="manhole-cover").select_related("owner").order_by("code")
        )

    # -- time

    def later(
        self, draw: random.Random, at: dt.datetime, least: int, most: int, *, always: bool
    ) -> dt.datetime:
        """Some minutes later, on the wall clock or in office time."""
        minutes = dt.timedelta(seconds=draw.randint(least * 60, most * 60))
        if always:
            return at + minutes
        return self.calendar.shift(at, minutes, Clock.WORK_HOURS) + draw.randint(0, 59) * (_MINUTE / 60)

    def spent(self, at: dt.datetime, limit: TimeLimit, share: float) -> dt.datetime:
        """When this share of a limit that began at `at` has run."""
        span = self.calendar.span_of(limit) * share
        return self.calendar.shift(at, dt.timedelta(seconds=int(span.total_seconds())), limit.clock)

    # -- the whole case

    def case(
        self, draw: random.Random, ledger: Ledger, category: Category, channel: str, at: dt.datetime,
        *, satisfied: bool | None = None, counted: bool = False,
    ) -> PastCase:  # fmt: skip
        """A case that ran its whole course. `counted` cases have one reporter, who is asked once."""
        topic = category.topic
        assert topic is not None
        text = self.texts.report(draw, topic.code, channel)
        item = draw.choice(self._covers) if ledger.code == "manhole-covers" else None
        place = self.place(draw, text, item)
        if ledger.code == "heating":
            item = self.people.station(place)
        found = self.people.answerable(ledger, category, place, item)
        if found is None:
            raise ValueError(f"nobody is responsible for {category} at {place.address}")
        name, phone = resident(draw) if channel != "field" else ("", "")
        if ledger.rules.contact != "required" and draw.random() < 0.35:
            name, phone = "", ""
        past = PastCase(
            ledger=ledger, category=category, channel=channel,
            title=self.texts.filled(draw, text.title, place.names)[:60],
            words=self.texts.filled(draw, text.words, place.names),
            reported_at=at, name=name, phone=phone, lng=place.lng, lat=place.lat, address=place.address,
            where=place.where, item_id=item.pk if item else None, fields=self._fields(draw, ledger, channel, at),
            reported_by=self._reporter(draw, channel, place, found),
        )  # fmt: skip
        if ledger.rules.public_photos != "none":
            before = self.pictures.before(topic.parent.code if topic.parent else topic.code, draw)
            past.photos = (before,)
        past.steps = self.steps(draw, past, found, satisfied=satisfied, counted=counted)
        return past

    def place(self, draw: random.Random, text: Words, item: Item | None) -> Place:
        place = self.places.draw(draw, text.slots)
        if item is None:
            return place
        from huying.places.where import where_is

        names = {**self.places.draw(draw, {"road", "crossing"}).names, **place.names}
        where = where_is(item.lng, item.lat)
        codes = where.area_path.split("/")
        community = codes[2] if len(codes) > 2 else ""
        return Place(item.lng or 0, item.lat or 0, item.title[:160], where, names, "", community)

    def _reporter(self, draw: random.Random, channel: str, place: Place, found: Answerable) -> User | None:
        if channel in ("hotline", "phone"):
            return self.people.one(draw, "agent")
        if channel == "field":
            return self.people.grid_worker(draw, place)
        if channel in ("desk", "visit"):
            return self.people.of(draw, "clerk", found.department)
        return None

    # -- its steps

    def steps(
        self, draw: random.Random, past: PastCase, found: Answerable, *, satisfied: bool | None, counted: bool
    ) -> list[Step]:
        """From filing to strike-off, with what sometimes happens on the way."""
        rules, people = past.ledger.rules, self.people
        topic = past.category.topic.code if past.category.topic else "other"
        limit = limit_of(past.category.limit)
        urgent = limit.clock.runs_always and limit.number <= 24 and limit.clock is Clock.EMERGENCY_HOURS
        steps: list[Step] = []
        at = past.reported_at
        if rules.has("file"):
            at = self.later(draw, at, 2, 45, always=urgent or past.channel == "hotline")
            steps.append(Filed(at, people.one(draw, "dispatcher")))
        else:
            steps.append(Filed(at))
        automatic = rules.automatic_dispatch and found.rule in ("owner", "duty")
        at = at if automatic else self.later(draw, at, 3, 75, always=urgent)
        first = found
        if draw.random() < (RETURNED if counted else 2 * RETURNED):
            wrong = self._somebody_else(draw, found.department)
            steps.append(
                Dispatched(
                    at,
                    wrong,
                    f"由{people.by_role['dispatcher'][0]}指定。",
                    "hand",
                    people.one(draw, "dispatcher"),
                )
            )
            began = at
            at = self.later(draw, at, 20, 200, always=urgent)
            back = people.of(draw, "clerk", wrong)
            steps.append(Returned(at, back, self.texts.remark(draw, "returns", topic)))
            at = self.later(draw, at, 5, 90, always=urgent)
            steps.append(
                Dispatched(at, first.department, first.why, first.rule, people.one(draw, "dispatcher"))
            )
        else:
            began = at
            by = None if automatic else people.one(draw, "dispatcher")
            steps.append(Dispatched(at, first.department, first.why, first.rule, by))
        handler = people.of(draw, "clerk", first.department)
        at = self.later(draw, at, 4, 40 if urgent else 150, always=urgent)
        if rules.has("dispatch"):
            steps.append(TakenUp(at, handler))
        at = self._handle(draw, past, steps, handler, limit, began, at, topic)
        at = self._finish(draw, past, steps, handler, at, topic, satisfied=satisfied, counted=counted)
        if not counted and draw.random() < JOINED:
            self._join(draw, past, steps)
        return steps

    def _handle(
        self, draw: random.Random, past: PastCase, steps: list[Step], handler: User, limit: TimeLimit,
        began: dt.datetime, at: dt.datetime, topic: str,
    ) -> dt.datetime:  # fmt: skip
        rules, people = past.ledger.rules, self.people
        share = min(0.97, draw.betavariate(2.2, 2.6))
        if draw.random() < LATE:
            share = draw.uniform(1.03, 1.6)
        elif rules.extensions_at_most and draw.random() < EXTENDED:
            asked = self.spent(began, limit, draw.uniform(0.6, 0.8))
            granted = self.spent(began, limit, draw.uniform(0.86, 0.95))
            if at < asked < granted:
                between = asked + (granted - asked) / 2
                steps.append(
                    Extended(
                        asked, handler, between.replace(microsecond=0), people.of(draw, "head", self._of(steps)),
                        granted, people.one(draw, "arbiter"), self.texts.remark(draw, "extensions", topic),
                    )
                )  # fmt: skip
                share = draw.uniform(1.1, 1.8)
        done = self.spent(began, limit, share)
        extended = isinstance(steps[-1], Extended)
        if share > 1 and not extended:
            steps.append(Urged(self.spent(began, limit, 1.0) + _MINUTE))
        done = max(done, at + draw.randint(20, 90) * _MINUTE)
        answer = self.texts.answer(draw, topic)
        steps.append(self._handled(draw, past, done, handler, answer))
        return done

    def _of(self, steps: Sequence[Step]) -> Department:
        return next(step.department for step in reversed(steps) if isinstance(step, Dispatched))

    def _handled(
        self, draw: random.Random, past: PastCase, at: dt.datetime, handler: User, answer: Words
    ) -> Handled:
        names = {"road": past.address, "crossing": past.address, "compound": past.address, "building": "本"}
        words = self.texts.filled(
            draw, answer.words, {**names, "village": past.address, "community": past.address}
        )
        photos = tuple(self.pictures.after(before) for before in past.photos)
        return Handled(at, handler, words, self._form(draw, past, answer, at, words), photos)

    def _finish(
        self, draw: random.Random, past: PastCase, steps: list[Step], handler: User, at: dt.datetime, topic: str,
        *, satisfied: bool | None, counted: bool,
    ) -> dt.datetime:  # fmt: skip
        """Check, ask, strike off; sometimes back to work in between, or again weeks later."""
        rules = past.ledger.rules
        if draw.random() < REWORKED:
            at = self.later(draw, at, 30, 300, always=False)
            reason = self.texts.remark(draw, "checks", topic, False)
            steps.append(SentBack(at, self._checker(draw, handler), reason))
            at = self.later(draw, at, 60, 400, always=False)
            steps.append(self._handled(draw, past, at, handler, self.texts.answer(draw, topic)))
        asked = rules.callback_asked and bool(past.phone)
        before = asked and "called_back" in rules.gates.get("close", ())
        at = self._strike_off(
            draw, past, steps, handler, at, topic, satisfied if before else None, ask=before
        )
        if draw.random() < REOPENED and rules.callback_asked:
            again = at + dt.timedelta(days=draw.randint(1, 10), hours=draw.randint(0, 5))
            steps.append(Reopened(again, self.texts.remark(draw, "reopens", topic)))
            at = self.later(draw, again, 120, 600, always=False)
            steps.append(self._handled(draw, past, at, handler, self.texts.answer(draw, topic)))
            at = self._strike_off(draw, past, steps, handler, at, topic, None, ask=False)
        if asked and not before:
            at = self.later(draw, at, 60, 700, always=False)
            steps.append(self._called_back(draw, at, topic, satisfied, counted=counted))
        return at

    def _strike_off(
        self, draw: random.Random, past: PastCase, steps: list[Step], handler: User, at: dt.datetime, topic: str,
        satisfied: bool | None, *, ask: bool,
    ) -> dt.datetime:  # fmt: skip
        gates = past.ledger.rules.gates.get("close", ())
        at = self.later(draw, at, 20, 260, always=False)
        refusals = dict.fromkeys(FIVE_REFUSALS, True) if "five_refusals" in gates else {}
        words = self.texts.remark(draw, "checks", topic, True)
        steps.append(Checked(at, self._checker(draw, handler), words, refusals))
        if ask:
            at = self.later(draw, at, 15, 300, always=False)
            steps.append(self._called_back(draw, at, topic, satisfied, counted=True))
        at = self.later(draw, at, 3, 60, always=False)
        steps.append(Closed(at, self.people.one(draw, "dispatcher")))
        return at

    def _called_back(
        self, draw: random.Random, at: dt.datetime, topic: str, satisfied: bool | None, *, counted: bool
    ) -> CalledBack:
        agent = self.people.one(draw, "callback")
        if satisfied is None:
            satisfied = draw.random() < 0.97
        if not counted and draw.random() < 0.06:
            return CalledBack(
                at, agent, answered=False, words=self.texts.remark(draw, "callbacks", topic, "no answer")
            )
        if not satisfied:
            words = self.texts.remark(draw, "callbacks", topic, "not solved")
            return CalledBack(at, agent, True, draw.random() < 0.6, False, draw.choice((1, 2, 2)), words)
        if draw.random() < 0.04:
            words = self.texts.remark(draw, "callbacks", topic, "partly")
            return CalledBack(at, agent, True, True, False, 3, words)
        words = self.texts.remark(draw, "callbacks", topic, "solved")
        return CalledBack(at, agent, True, draw.random() < 0.985, True, draw.choice((5, 5, 5, 4, 4)), words)

    def _checker(self, draw: random.Random, handler: User) -> User:
        checkers = [user for user in self.people.by_role["checker"] if user.pk != handler.pk]
        return draw.choice(checkers)

    def _join(self, draw: random.Random, past: PastCase, steps: list[Step]) -> None:
        """Another resident says the same while it is being handled."""
        handled = next((i for i, step in enumerate(steps) if isinstance(step, Handled)), None)
        if handled is None or past.channel not in ("hotline", "portal", "netizen"):
            return
        at = past.reported_at + (steps[handled].at - past.reported_at) * draw.uniform(0.1, 0.8)
        at = at.replace(microsecond=0)
        index = next(i for i, step in enumerate(steps) if step.at > at)
        topic = past.category.topic.code if past.category.topic else "other"
        text = self.texts.report(draw, topic, past.channel)
        names = {"compound": past.address, "building": "同", "road": past.address, "crossing": past.address}
        words = self.texts.filled(
            draw, text.words, {**names, "village": past.address, "community": past.address}
        )
        name, phone = resident(draw)
        steps.insert(index, Joined(at, words, past.channel, name, phone))

    def _somebody_else(self, draw: random.Random, right: Department) -> Department:
        """A department that the case was sent to by mistake."""
        clerks = self.people.by_role["clerk"]
        while True:
            wrong = draw.choice(clerks).department
            if wrong is not None and wrong.pk != right.pk and wrong.can_lead:
                return wrong

    # -- forms

    def _fields(self, draw: random.Random, ledger: Ledger, channel: str, at: dt.datetime) -> dict[str, Any]:
        if ledger.code == "hotline":
            wish = draw.choices(("求助", "投诉", "咨询", "建议"), (5, 4, 2, 1))[0]
            return {"wish": wish, "keep_secret": "是" if draw.random() < 0.08 else "否"}
        if ledger.code == "grid-finding":
            return {"self_handled": "没有"}
        if ledger.code == "heating":
            since = (at - dt.timedelta(days=draw.randint(0, 3))).astimezone(BEIJING).date()
            return {
                "floor": f"{draw.randint(1, 4)}单元{draw.randint(1, 11)}楼", "since": since.isoformat(),
                "rooms": draw.choice(("一间", "几间", "全屋", "全屋")), "felt_celsius": draw.randint(12, 17),
            }  # fmt: skip
        if ledger.code == "legacy":
            year = draw.randint(2006, 2018)
            return {
                "since_year": year,
                "households": draw.randint(12, 400),
                "story": f"{year} 年起陆续反映。",
            }
        if channel == "netizen":
            return {"source_name": "市网民留言板"}
        return {}

    def _form(
        self, draw: random.Random, past: PastCase, answer: Words, at: dt.datetime, words: str
    ) -> dict[str, Any]:
        code = past.ledger.code
        if code == "hotline":
            visit = draw.choices(("到场", "电话沟通", "无需到场"), (7, 2, 1))[0]
            return {"reached_on": at.astimezone(BEIJING).date().isoformat(), "site_visit": visit}
        if code == "minhu":
            return {"cause": answer.cause or words[:60]}
        if code == "grid-finding":
            return {"measure": answer.measure or "现场处置"}
        if code == "heating":
            inlet = draw.randint(41, 48)
            return {
                "valve": "正常", "inlet_celsius": inlet, "return_celsius": inlet - draw.randint(4, 9),
                "cause": answer.cause or "滤网堵塞", "measure": [answer.measure or "清理滤网"],
                "room_celsius": round(draw.uniform(18.2, 22.5), 1),
            }  # fmt: skip
        if code == "manhole-covers":
            measure = draw.choice(("更换井盖", "加固垫平", "更换井圈", "复位"))
            material = "球墨铸铁" if measure == "更换井盖" else "未更换"
            return {"measure": measure, "material": material, "net": draw.choice(("已安装", "原有完好"))}
        if code == "legacy":
            return {"plan": "分三步：核实清单、定方案、逐户办结。", "progress": words[:120]}
        return {}


def shares(count: int, weights: Sequence[float]) -> list[int]:
    """`count` divided by these weights into whole numbers that add up to it (largest remainder)."""
    total = sum(weights)
    exact = [
        Fraction(count) * Fraction(weight).limit_denominator(10**6) / Fraction(total).limit_denominator(10**6)
        for weight in weights
    ]
    found = [int(share) for share in exact]
    order = sorted(range(len(weights)), key=lambda i: (found[i] - exact[i], i))
    for index in order[: count - sum(found)]:
        found[index] += 1
    return found
