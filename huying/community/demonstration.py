"""Homes and visits of the demonstration: one grid worker's last four weeks, laid relative to its day."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone

from huying.cases.models import Category
from huying.community.actions import Called, Problem, add_household, keep_promise, miss_promises, record_visit
from huying.community.models import Household, Promise, Visit
from huying.community.questions import Questions, questions
from huying.people.access import scopes
from huying.people.models import User
from huying.places.models import Building

HOMES, DAYS = 36, 27
_FAMILIES, _GIVEN = "王李张刘陈杨赵黄周吴徐孙马朱胡", "建国秀兰桂英志强玉梅海燕文华"
_SAID = (
    "老人一个人住，孩子在外地，问了买药和取暖，都好。", "家里两口人，说物业费去年的单据没给。",
    "暖气比去年好，晚上差一点。",
    "问了天然气软管，过期了，提醒更换。", "楼道灯坏了一盏，已记下。", "家里没什么事，说谢谢来看。",
)  # fmt: skip
# What was promised: words, by when (days from today), how it stands.
_PROMISES = (
    ("带换软管的师傅上门", 2, ""), ("问清楚物业费单据，当面答复", -3, "missed"),
    ("把楼道灯报修的结果告诉他们", -6, "kept"),
    ("送一份居家养老服务的清单", 5, ""),
)  # fmt: skip


def make_visits(*, seed: int = 11) -> int:
    """Homes, visits and promises of every grid worker with a demonstration login; how many visits. Twice makes none."""
    if Household.objects.exists():
        return 0
    dice, asked = random.Random(seed), questions()
    workers = User.objects.filter(demo_login=True, grants__role="grid-worker", is_active=True).distinct()
    with transaction.atomic():
        made = sum(_visits_of(worker, dice, asked) for worker in workers)
        miss_promises(timezone.localdate())
    return made


def _visits_of(worker: User, dice: random.Random, asked: Questions) -> int:
    paths = [scope.path for scope in scopes(worker, "visit.record")]
    buildings = [
        building
        for building in Building.objects.exclude(grid=None).select_related("grid").order_by("code")
        if building.grid and any(building.grid.path.startswith(path) for path in paths)
    ][:6]
    homes = [_home(building, place, worker, dice) for place in range(HOMES // 6) for building in buildings]
    now, made = timezone.now(), 0
    for home in homes[: len(homes) * 5 // 6]:  # some doors were not knocked at yet
        for days in sorted(dice.sample(range(1, DAYS), dice.choice((1, 1, 2))), reverse=True):
            at = (now - dt.timedelta(days=days)).replace(hour=dice.randint(1, 10), minute=dice.randrange(60))
            _visit(home, at, worker, dice, asked)
            made += 1
    _promise(homes, worker)
    _find_cold(homes, worker, asked)
    return made


def _home(building: Building, place: int, worker: User, dice: random.Random) -> Household:
    assert building.grid is not None  # those without were left out
    return add_household(
        address=f"{building.title}{place % 3 + 1}单元{dice.randint(1, 6)}0{place % 2 + 1}", area=building.grid,
        actor=worker, name=dice.choice(_FAMILIES) + dice.choice(_GIVEN), phone=f"199{dice.randrange(10**8):08d}",
        members=dice.choice((1, 2, 2, 3, 4)), lng=building.lng, lat=building.lat,
    )  # fmt: skip


def _visit(home: Household, at: dt.datetime, worker: User, dice: random.Random, asked: Questions) -> Visit:
    at_home = dice.random() < 0.85
    called = Called(
        at_home=at_home, answers=_answers(dice, asked) if at_home else {}, visited_at=at,
        words=dice.choice(_SAID) if at_home else "敲门没人，留了联系卡。",
        client_id=uuid.UUID(int=dice.getrandbits(128)),
        point=(home.lng, home.lat) if home.lng is not None and home.lat is not None else None,
    )  # fmt: skip
    return record_visit(home, called, actor=worker)


def _answers(dice: random.Random, asked: Questions) -> dict[str, Any]:
    """Believable answers to whatever the pack asks."""
    found: dict[str, Any] = {}
    for field in asked.fields:
        if field.type == "number":
            found[field.code] = round(dice.gauss(20.2, 1.3), 1)
        elif field.type == "choice":
            found[field.code] = dice.choices(field.of, [len(field.of) * 3, *[1] * (len(field.of) - 1)])[0]
    return found


def _promise(homes: list[Household], worker: User) -> None:
    """Promises in each state, some of them for the coming days."""
    today = timezone.localdate()
    for home, (words, days, state) in zip(homes, _PROMISES, strict=False):
        visit = home.visits.first()
        if visit is None:
            continue
        promise = Promise.objects.create(visit=visit, words=words, due_on=today + dt.timedelta(days=days))
        if state == "kept":
            keep_promise(promise, actor=worker)


def _find_cold(homes: list[Household], worker: User, asked: Questions) -> None:
    """This morning a reading was low, and its case was opened in one tap."""
    low = asked.low
    category = Category.objects.filter(ledger__code=low.ledger, code=low.category).first() if low else None
    if low is None or category is None or not category.ledger.rules.in_season(timezone.localdate()):
        return
    called = Called(
        answers={low.field: low.below - 1.8}, words="客厅冷，老人穿着棉衣。",
        problem=Problem(category, low.words), visited_at=timezone.now() - dt.timedelta(hours=1),
    )  # fmt: skip
    record_visit(homes[-1], called, actor=worker)
