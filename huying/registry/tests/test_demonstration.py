"""The demonstration's rounds answer the district's own report from rows: 83 screened, 9 added, over 200 corrected."""

from __future__ import annotations

import pytest

from huying.core.testing import MiniDistrict
from huying.registry.demonstration import make_verifications
from huying.registry.models import Item, Register, Verification, VerificationRound
from huying.registry.tests.test_scan import ROAD_NAME, ROAD_SIGN
from huying.registry.verifying import found_in, open_round, span_of

pytestmark = pytest.mark.django_db


def test_the_rounds_count_what_was_reported_and_are_made_once(district: MiniDistrict) -> None:
    fields = {name: {"type": "long text"} for name in ("history", "both_sides", "traffic", "origin", "end")}
    names = Register.objects.create(
        code="road-name", title="道路地名", declaration={**ROAD_NAME, "fields": fields, "public": {}}
    )
    signs = Register.objects.create(code="road-sign", title="标志牌", declaration=dict(ROAD_SIGN))
    data = dict.fromkeys(fields, "始建于1975年，后来拓宽。")
    Item.objects.bulk_create(
        Item(register=names, code=f"DM-{number:03}", title=f"{number}号路", data=data)
        for number in range(1, 93)
    )
    Item.objects.bulk_create(
        Item(register=signs, code=f"LP-{number:03}", title=f"{number}号牌") for number in range(1, 21)
    )
    made = make_verifications()
    assert made == Verification.objects.count() == 92 + 8
    round_ = names.verification_rounds.get()
    found = found_in(span_of(round_), names.items.all())
    assert (found.screened, found.omitted, found.left) == (83, 9, 0)
    assert 200 < found.corrections < 230 and 0 < found.right < 20
    assert open_round(signs) is not None and signs.items.exclude(verified_at=None).count() == 8
    assert make_verifications() == 0 and VerificationRound.objects.count() == 2


def test_without_those_registers_there_is_nothing_to_make(district: MiniDistrict) -> None:
    assert make_verifications() == 0
