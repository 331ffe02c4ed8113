"""The demonstration's verifications: the road names of 2020, as the district reported them, and a round that goes on.

In January and February 2020 the records of 83 roads were screened and compared with the street; 9 roads that had been
left out were added, and a little over 200 values of the history and the rest were put right. Each number is counted
from rows.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from huying.core.journal import log
from huying.people.models import User
from huying.registry.models import Item, Register, Verification, VerificationRound
from huying.registry.verifying import midnight, open_round

SCREENED, OMITTED, CORRECTIONS = 83, 9, 214
FIRST_DAY, ON_THE_SPOT, LAST_DAY = dt.date(2020, 1, 23), dt.date(2020, 2, 12), dt.date(2020, 2, 28)
_TITLE, _NOW_TITLE = "2020年道路地名核实", "地名标志牌现场核实"
_DAYS_OPEN, _SHARE_DONE = 9, 0.4
# What was corrected, the history most often; what the old entry said is made from what it says now.
_FIELDS = (
    "history",
    "history",
    "history",
    "width",
    "both_sides",
    "traffic",
    "origin",
    "crossings",
    "length",
    "end",
)
_WORDS = (
    "与街道档案、沿街住户核对。", "现场量过。", "按竣工资料改。", "问了老住户。", "",
)  # fmt: skip


def make_verifications(*, seed: int = 220) -> int:
    """Both rounds, where the registers are there; how many verifications. Twice makes none."""
    dice, officer = random.Random(seed), _officer()
    with transaction.atomic():
        return _road_names(dice, officer) + _signs(dice, officer)


def _road_names(dice: random.Random, officer: User | None) -> int:
    register = Register.objects.filter(code="road-name").first()
    if register is None or register.verification_rounds.exists():
        return 0
    roads = list(register.items.select_related("road").order_by("code"))
    VerificationRound.objects.create(
        register=register, title=_TITLE, starts_on=FIRST_DAY, ends_on=LAST_DAY, opened_by=officer
    )
    # Roads to villages had been forgotten first.
    roads.sort(key=lambda item: (item.data.get("grade") != "乡村道路", item.code))
    omitted, screened = roads[:OMITTED], roads[OMITTED:][:SCREENED]
    corrected = dict(zip((item.pk for item in screened), _shares(len(screened), dice), strict=True))
    made = []
    for item in screened:
        changes = _corrections(item, corrected[item.pk], dice)
        outcome = Verification.Outcome.CORRECTED if changes else Verification.Outcome.RIGHT
        made.append(_row(item, outcome, _moment(ON_THE_SPOT, LAST_DAY, dice), dice, changes))
    made += [
        _row(
            item,
            Verification.Outcome.OMITTED,
            _moment(ON_THE_SPOT, LAST_DAY, dice),
            dice,
            {},
            "街道漏报，现场补录。",
        )
        for item in omitted
    ]
    return _store(made, officer)


def _signs(dice: random.Random, officer: User | None) -> int:
    """A round that goes on: nearly half of the signs have been looked at."""
    register = Register.objects.filter(code="road-sign").first()
    if register is None or open_round(register) is not None:
        return 0
    today = timezone.localdate()
    first = today - dt.timedelta(days=_DAYS_OPEN)
    VerificationRound.objects.create(
        register=register, title=f"{today.year}年{_NOW_TITLE}", starts_on=first, opened_by=officer
    )
    signs = list(register.items.order_by("code"))
    looked_at = dice.sample(signs, int(len(signs) * _SHARE_DONE))
    yesterday = today - dt.timedelta(days=1)
    return _store(
        [
            _row(item, Verification.Outcome.RIGHT, _moment(first, yesterday, dice), dice, {})
            for item in looked_at
        ],
        officer,
    )


def _shares(count: int, dice: random.Random) -> list[int]:
    """So many corrections for each entry that they are `CORRECTIONS` together; some entries were right."""
    found = [0] * count
    wrong = dice.sample(range(count), count * 6 // 7)
    for number in range(CORRECTIONS):
        found[wrong[number % len(wrong)]] += 1
    return found


def _corrections(item: Item, wanted: int, dice: random.Random) -> dict[str, list[Any]]:
    fields = [name for name in dict.fromkeys(dice.sample(_FIELDS, len(_FIELDS))) if item.data.get(name)]
    return {name: [_before(item.data[name], dice), item.data[name]] for name in fields[:wanted]}


def _before(now: Any, dice: random.Random) -> Any:
    """What the entry may have said before: nothing, a number that was a little off, a shorter text."""
    if isinstance(now, (int, float)):
        return round(now * dice.choice((0.8, 0.9, 1.1)))
    text = str(now)
    return dice.choice((None, text[: max(len(text) // 2, 2)]))


def _moment(first: dt.date, last: dt.date, dice: random.Random) -> dt.datetime:
    day = first + dt.timedelta(days=dice.randint(0, (last - first).days))
    return midnight(day) + dt.timedelta(hours=dice.randint(9, 16), minutes=dice.randrange(60))


def _row(
    item: Item,
    outcome: str,
    at: dt.datetime,
    dice: random.Random,
    changes: dict[str, list[Any]],
    words: str = "",
) -> Verification:
    return Verification(
        item=item, outcome=outcome, at=at, lng=item.lng, lat=item.lat, corrections=changes,
        corrected=len(changes), words=words or (dice.choice(_WORDS) if changes else ""),
    )  # fmt: skip


def _store(rows: Iterable[Verification], officer: User | None) -> int:
    rows = list(rows)
    for row in rows:
        row.by = officer
    made = Verification.objects.bulk_create(sorted(rows, key=lambda row: row.at), batch_size=500)
    for row in made:
        row.item.verified_at = row.at
        log(
            row.item, "item.verified", actor=officer, at=row.at, outcome=str(row.outcome), corrected=row.corrected,
            words=row.words,
        )  # fmt: skip
    Item.objects.bulk_update([row.item for row in made], ["verified_at"], batch_size=500)
    return len(made)


def _officer() -> User | None:
    """Who looks after place names."""
    people = User.objects.filter(department__code="civil-affairs", is_active=True)
    return people.order_by("username").first()
