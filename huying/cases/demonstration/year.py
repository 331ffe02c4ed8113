"""The years of the demonstration, as its pack counts them: so many cases a month, so many about heating."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from huying.cases.demonstration.life import Life, shares
from huying.cases.demonstration.people import People
from huying.cases.demonstration.places import Places
from huying.cases.demonstration.texts import Texts
from huying.cases.history import (
    CalledBack,
    Checked,
    Closed,
    Dispatched,
    Filed,
    Handled,
    PastCase,
    TakenUp,
)
from huying.cases.models import Category, Ledger, Topic
from huying.core.yaml_files import read_yaml
from huying.places.clock import BEIJING

Say = Callable[[str], object]


class Year:
    """The plan of `demonstration/year.yaml`, and the cases that follow from it."""

    def __init__(self, pack: Path) -> None:
        folder = pack / "demonstration"
        self.plan: dict[str, Any] = read_yaml(folder / "year.yaml")
        topics = Topic.objects.select_related("parent")
        self.roots = {topic.code: topic.parent.code if topic.parent else topic.code for topic in topics}
        self.texts = Texts(folder, self.roots)
        self.people = People()
        self.life = Life(self.texts, Places(), self.people)
        self.ledgers = {ledger.code: ledger for ledger in Ledger.objects.all()}
        self._categories: dict[str, list[Category]] = {}

    def draw(self, name: str) -> random.Random:
        """A generator of its own for each part: a change of one leaves the others as they are."""
        return random.Random(f"{self.plan['seed']}/{name}")

    def categories(self, ledger: Ledger) -> list[Category]:
        """The ledger's categories that the texts know how to talk about."""
        if ledger.code not in self._categories:
            written = {self.roots[topic] for topic in self.texts.topics()}
            categories = ledger.categories.filter(active=True).select_related(
                "topic__parent", "topic__department", "topic__parent__department", "department", "ledger"
            )
            self._categories[ledger.code] = [
                category
                for category in categories.order_by("code")
                if category.topic is not None and self.roots[category.topic.code] in written
            ]
        return self._categories[ledger.code]

    # -- the past

    def past(self, part: Mapping[str, Any]) -> Iterator[PastCase]:
        """One part of history, in the order in which it was reported."""
        draw = self.draw(part["name"])
        ledger, channel = self.ledgers[part["ledger"]], part["channel"]
        told = [row for row in self.plan["told"] if row["load"] == part["name"]]
        moments = list(self._moments(draw, part, told))
        unhappy = set(draw.sample(range(len(moments)), part["cases"] - part.get("satisfied", part["cases"])))
        # One by one, so that the first are written while the next are made.
        return (
            self._told(row, ledger, channel)
            if row is not None
            else self.life.case(
                draw, ledger, self._category(draw, ledger, channel, root), channel, at,
                satisfied=index not in unhappy, counted=True,
            )
            for index, (at, root, row) in enumerate(moments)
        )  # fmt: skip

    def _moments(
        self, draw: random.Random, part: Mapping[str, Any], told: list[Any]
    ) -> Iterator[tuple[dt.datetime, str, Any]]:
        """When each case came in and about which large topic, month by month, exactly as many as planned."""
        fixed = part.get("months", {})
        months = _months(part["from"], part["to"])
        free = [days for days in months if days[0].month not in fixed]
        rest = part["cases"] - sum(month["cases"] for month in fixed.values())
        weights = [self.plan["month_weights"][days[0].month] * len(days) for days in free]
        counts = dict(zip((days[0] for days in free), shares(rest, weights), strict=True))
        for days in months:
            wanted = fixed.get(days[0].month, {})
            count = wanted.get("cases", counts.get(days[0], 0))
            here = [row for row in told if _moment(row["reported"]).date() in days]
            roots = self._roots(draw, count, days[0].month, {k: v for k, v in wanted.items() if k != "cases"})
            rows: list[tuple[dt.datetime, str, Any]] = []
            for row in here:
                roots.remove(self.roots[row["topic"]])
                rows.append((_moment(row["reported"]), "", row))
            rows += [(self._moment(draw, days, root), root, None) for root in roots]
            yield from sorted(rows, key=lambda row: row[0])

    def _roots(self, draw: random.Random, count: int, month: int, exact: Mapping[str, int]) -> list[str]:
        weights = {
            root: rule["weight"] * rule.get("months", {}).get(month, 1)
            for root, rule in self.plan["topic_weights"].items()
            if root not in exact
        }
        roots = draw.choices(list(weights), list(weights.values()), k=count - sum(exact.values()))
        for root, times in exact.items():
            roots += [root] * times
        draw.shuffle(roots)
        return roots

    def _moment(self, draw: random.Random, days: list[dt.date], root: str) -> dt.datetime:
        weekdays = self.plan["weekday_weights"]
        weights = [weekdays[day.weekday()] * (_cold(day) if root == "heating" else 1) for day in days]
        day = draw.choices(days, weights)[0]
        hour = draw.choices(range(24), self.plan["hour_weights"])[0]
        return dt.datetime(
            day.year, day.month, day.day, hour, draw.randint(0, 59), draw.randint(0, 59), tzinfo=BEIJING
        )

    def _category(self, draw: random.Random, ledger: Ledger, channel: str, root: str) -> Category:
        """A category of the large topic, by how much the texts have to say about it."""
        known, weights = self._known(ledger.code, channel, root)
        return draw.choices(known, weights)[0]

    @lru_cache(maxsize=1000)  # noqa: B019 - lives as long as the replay
    def _known(self, ledger_code: str, channel: str, root: str) -> tuple[list[Category], list[int]]:
        sizes = self.texts.topics(channel)
        family = [c for c in self.categories(self.ledgers[ledger_code]) if self._root(c) == root]
        known = [c for c in family if c.topic and c.topic.code in sizes] or family
        return known, [sizes.get(c.topic.code, 1) if c.topic else 1 for c in known]

    def _root(self, category: Category) -> str:
        return self.roots[category.topic.code] if category.topic else ""

    def _told(self, row: Mapping[str, Any], ledger: Ledger, channel: str) -> PastCase:
        """The case that the paper told, with the times and the words of the plan."""
        draw = self.draw(row["building"])
        category = next(c for c in self.categories(ledger) if c.topic and c.topic.code == row["topic"])
        place = self.life.places.at_home(row["building"])
        found = self.people.answerable(ledger, category, place)
        assert found is not None
        agent, dispatcher = self.people.by_role["agent"][0], self.people.by_role["dispatcher"][0]
        handler = self.people.of(draw, "clerk", found.department)
        handled = _moment(row["handled"])
        form = {"reached_on": _moment(row["reported"]).date().isoformat(), "site_visit": "到场"}
        return PastCase(
            ledger=ledger, category=category, channel=channel, title=row["title"], words=row["words"],
            reported_at=_moment(row["reported"]), name=row["name"], phone="19903700001", lng=place.lng, lat=place.lat,
            address=place.address, where=place.where, reported_by=agent,
            fields={"wish": "求助", "keep_secret": "否"},
            steps=[
                Filed(_moment(row["filed"]), dispatcher),
                Dispatched(_moment(row["dispatched"]), found.department, found.why, found.rule, dispatcher),
                TakenUp(_moment(row["taken_up"]), handler),
                Handled(handled, handler, row["answer"], form),
                Checked(_moment(row["checked"]), self.people.by_role["checker"][0], "到家里看过，客厅和卧室都热。"),
                CalledBack(
                    _moment(row["called_back"]), self.people.by_role["callback"][0], True, True, True, 5, row["said"]
                ),
                Closed(_moment(row["closed"]), dispatcher),
            ],
        )  # fmt: skip

    # -- the present

    def present(self, now: dt.datetime) -> Iterator[PastCase]:
        """The last weeks before `now`: a case has come as far as the day has."""
        draw = self.draw("now")
        rule = self.plan["now"]
        today = now.astimezone(BEIJING).date()
        days = [today - dt.timedelta(days=back) for back in range(rule["days"], -1, -1)]
        cases = []
        for code, count in rule["cases"].items():
            ledger = self.ledgers[code]
            season = [day for day in days if ledger.rules.in_season(day)]
            if not season:
                continue
            for _ in range(round(count * len(season) / len(days)) if len(season) < len(days) else count):
                case = self._present_case(draw, ledger, season, now)
                if case is not None:
                    cases.append(case)
        cases.sort(key=lambda case: case.reported_at)
        return iter(cases)

    @lru_cache(maxsize=1000)  # noqa: B019 - lives as long as the replay
    def _weights(self, ledger_code: str, month: int, channel: str) -> list[float]:
        sizes = self.texts.topics(channel)
        found = []
        for category in self.categories(self.ledgers[ledger_code]):
            assert category.topic is not None
            rule = self.plan["topic_weights"].get(self.roots[category.topic.code], {"weight": 1})
            season = rule.get("months", {}).get(month, 1)
            found.append(float(rule["weight"] * season * sizes.get(category.topic.code, 0.3)))
        return found

    def _present_case(
        self, draw: random.Random, ledger: Ledger, days: list[dt.date], now: dt.datetime
    ) -> PastCase | None:
        channel = _channel(draw, ledger)
        month = days[-1].month
        among = self.categories(ledger)
        category = draw.choices(among, self._weights(ledger.code, month, channel))[0]
        at = self._moment(draw, days, "heating" if ledger.code == "heating" else "")
        if at >= now:
            at = now - dt.timedelta(minutes=draw.randint(5, 600))
            if not ledger.rules.in_season(at.astimezone(BEIJING).date()):
                return None
        case = self.life.case(draw, ledger, category, channel, at.replace(microsecond=0))
        case.steps = [
            step for step in case.steps if step.at < now and getattr(step, "granted_at", step.at) < now
        ]
        return case


_CHANNELS = {
    "hotline": {"hotline": 1},
    "minhu": {"portal": 6, "netizen": 3, "visit": 2, "phone": 2},
    "snapshot": {"portal": 5, "field": 2},
    "grid-finding": {"field": 1},
    "heating": {"portal": 3, "hotline": 5},
    "manhole-covers": {"field": 3, "portal": 1},
    "legacy": {"visit": 1, "desk": 2},
}


def _channel(draw: random.Random, ledger: Ledger) -> str:
    known = _CHANNELS.get(ledger.code) or dict.fromkeys(sorted(ledger.rules.channels), 1)
    return draw.choices(list(known), list(known.values()))[0]


def _months(first: dt.date, last: dt.date) -> list[list[dt.date]]:
    months: list[list[dt.date]] = []
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        day = dt.date.fromordinal(ordinal)
        if not months or months[-1][0].month != day.month:
            months.append([])
        months[-1].append(day)
    return months


def _cold(day: dt.date) -> float:
    """Calls about heating pile up in the first days of the season, which begins on 15 November."""
    if day.month == 11:
        return 0.35 if day.day < 8 else 0.8 if day.day < 15 else 3.2 if day.day < 21 else 2.2
    return 1.0


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=BEIJING)
