"""What will happen, drawn from a seed before anything is sent: the same seed on the same site gives the same plan."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from huying_client import Area, Category, Ledger

from huying.simulate.world import Person, World

CHANNELS = ("portal", "hotline", "field")
MIX: Mapping[str, int] = {"portal": 5, "hotline": 3, "field": 2}
_RIGHTS = {"hotline": "desk.agent", "field": "field.work"}
# Shares of what goes another way than straight through.
TWICE, RETURNED, REWORKED, UNSOLVED, FORGOTTEN = 0.05, 0.05, 0.07, 0.10, 0.02
_SPREAD_DEGREES = 0.0008  # from an area's inner point; some 80 m
_PLAYS = uuid.UUID("6f0f3c1e-8a53-4c6b-9d0c-0c6a2d3b7e55")  # the name space of plays
_FILLABLE = ("text", "long text", "number", "money", "date", "time", "choice", "choices", "person")
_FAMILY, _GIVEN = "王李张刘陈杨赵黄周吴", ("女士", "先生", "阿姨", "师傅", "老师")
_WAYS = (
    "{area}这边{what}，已经{days}天了，麻烦派人看看。",
    "{what}，在{area}，早晚都这样，邻居们都有意见。",
    "你好，{area}有个事：{what}。上次说处理，到现在还没好。",
    "{area}{what}，老人孩子出门不方便，请尽快。",
)


@dataclass(frozen=True)
class Arrival:
    """One person's matter: when it comes (seconds from the start), from where, about what, and how it will go."""

    number: int
    at_s: float
    channel: str
    ledger: Ledger
    category: Category
    place: Area
    lng: float
    lat: float
    words: str
    name: str
    phone: str
    client_id: uuid.UUID
    seed: int
    tag: str
    photo: bool
    twice: bool
    returned: bool
    reworked: bool
    unsolved: bool
    forgotten: bool

    def luck(self) -> random.Random:
        """The dice of this matter's life, the same for the same plan."""
        return random.Random(self.seed)


def make_plan(
    world: World, *, per_minute: float, minutes: float, seed: int, run: str = "", mix: Mapping[str, int] = MIX
) -> list[Arrival]:
    """Arrivals of a Poisson process with this rate. `mix` weighs the channels; those that nobody plays drop out.

    `run` names this play among others on the same site; a new name where it is empty. All else comes from the seed.

    Raises ValueError when no channel is left.
    """
    dice = random.Random(seed)
    run = run or uuid.uuid4().hex[:8]
    choices = {channel: list(_choices(world, channel)) for channel in CHANNELS if mix.get(channel)}
    channels = [channel for channel, found in choices.items() if found]
    if not channels:
        raise ValueError("no channel of the mix has both a ledger and somebody to play it")
    plan: list[Arrival] = []
    at_s = dice.expovariate(per_minute / 60)
    while at_s < minutes * 60:
        channel = dice.choices(channels, [mix[name] for name in channels])[0]
        ledger, category = dice.choice(choices[channel])
        plan.append(_arrival(world, dice, len(plan) + 1, at_s, channel, ledger, category, run))
        at_s += dice.expovariate(per_minute / 60)
    return plan


def run_of(plan: Sequence[Arrival]) -> str:
    """The word that every matter of this plan carries, and nothing else does."""
    return plan[0].tag.rpartition("-")[0]


def _choices(world: World, channel: str) -> Iterator[tuple[Ledger, Category]]:
    if channel in _RIGHTS and not world.able_anywhere(_RIGHTS[channel], "report.create"):
        return
    for code, ledger in world.ledgers.items():
        if channel not in ledger.channels or ledger.item_required or not _fillable(ledger.fields):
            continue
        for category in world.categories[code]:
            if channel != "portal" or _offered_once(world, category):
                yield ledger, category


def _offered_once(world: World, category: Category) -> bool:
    """Residents choose by title; a title that two ledgers share might be the other one's."""
    known = [
        c
        for code, ledger in world.ledgers.items()
        if "portal" in ledger.channels
        for c in world.categories[code]
    ]
    return category.title in world.portal and sum(c.title == category.title for c in known) == 1


def _asked(fields: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [field for field in fields if field["required"] and not field["when"]]


def _fillable(fields: Sequence[dict[str, Any]]) -> bool:
    return all(field["type"] in _FILLABLE for field in _asked(fields))


def _arrival(
    world: World, dice: random.Random, number: int, at_s: float, channel: str, ledger: Ledger, category: Category,
    run: str,
) -> Arrival:  # fmt: skip
    place = dice.choice(_reach(world, channel))
    assert place.lng is not None and place.lat is not None  # places are chosen for having a point
    tag = f"演练{run}-{number:05d}"
    words = dice.choice(_WAYS).format(area=place.title, what=category.title, days=dice.randint(2, 9))
    return Arrival(
        number=number, at_s=at_s, channel=channel, ledger=ledger, category=category, place=place,
        lng=round(place.lng + dice.uniform(-_SPREAD_DEGREES, _SPREAD_DEGREES), 6),
        lat=round(place.lat + dice.uniform(-_SPREAD_DEGREES, _SPREAD_DEGREES), 6),
        words=f"{words}（{tag}）", name=dice.choice(_FAMILY) + dice.choice(_GIVEN),
        phone=f"199{dice.randrange(10**8):08d}", client_id=uuid.uuid5(_PLAYS, tag), seed=dice.getrandbits(64), tag=tag,
        photo=dice.random() < (0.9 if channel == "field" else 0.4), twice=dice.random() < TWICE,
        returned=dice.random() < RETURNED, reworked=dice.random() < REWORKED,
        unsolved=dice.random() < UNSOLVED, forgotten=dice.random() < FORGOTTEN,
    )  # fmt: skip


def _reach(world: World, channel: str) -> list[Area]:
    """Where reports of this channel come from: everywhere, or where a grid worker of the play works."""
    if channel != "field":
        return world.places
    workers = world.able_anywhere("field.work")
    return [a for a in world.places if any(w.may("field.work", path=a.path) for w in workers)] or world.places


def reporter_for(world: World, arrival: Arrival) -> Person:
    """Who types it in: an agent at the hotline, the grid worker of the place."""
    right = _RIGHTS[arrival.channel]
    near = [p for p in world.able(right, area=arrival.place.code) if p.me.may("report.create")]
    return arrival.luck().choice(near or world.able_anywhere(right, "report.create"))


def fill(fields: Sequence[dict[str, Any]], dice: random.Random) -> dict[str, Any]:
    """Believable values for the required fields of a ledger's form, as its declaration describes them."""
    asked_by = " ".join(field["when"] for field in fields)
    return {
        field["code"]: _value(field, dice, plain=field["code"] in asked_by)
        for field in _asked(fields)
        if field["type"] in _FILLABLE
    }


def _value(field: dict[str, Any], dice: random.Random, *, plain: bool) -> Any:
    """`plain`: another field depends on this one, so the first choice, which asks for nothing more."""
    match field["type"]:
        case "choice":
            return field["choices"][0] if plain else dice.choice(field["choices"])
        case "choices":
            return [dice.choice(field["choices"])]
        case "money":
            return dice.randint(100, 900)
        case "time":
            return f"{dice.randint(8, 17):02d}:30"
        case "number":
            return dice.randint(18, 22) if field["unit"] == "°C" else dice.randint(1, 9)
        case "date":
            return (date.today() - timedelta(days=dice.randint(0, 3))).isoformat()
        case _:
            return dice.choice(("3号楼2单元", "已到场查看", "按规程处理", "与居民约好时间"))
