"""Looking back: the draw can be repeated by hand, and a failed look reopens."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from huying.cases import actions
from huying.cases.models import Status
from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.testing import make_user

from .conftest import Loop, fresh


def draw(loop: Loop, seed: str = "20261120", size: int = 2, **fields):
    today = timezone.localdate()
    return actions.draw_look_back(
        actor=loop.supervisor,
        closed_from=today - timedelta(7),
        closed_to=today,
        size=size,
        seed=seed,
        **fields,
    )


def test_the_same_seed_draws_the_same_cases(loop: Loop) -> None:
    for _case in range(6):
        loop.closed()
    first, again = draw(loop), draw(loop)
    assert first.population == 6
    assert set(first.tasks.values_list("case", flat=True)) == set(again.tasks.values_list("case", flat=True))


def test_it_draws_only_within_ledger_and_area(loop: Loop) -> None:
    loop.closed()
    loop.closed(point=loop.district.in_west)
    look_back = draw(loop, size=5, ledger=loop.ledger, area=loop.district.west)
    assert look_back.population == 1


def test_a_failed_look_reopens_the_case(loop: Loop) -> None:
    case = loop.closed()
    task = draw(loop).tasks.get()
    actions.record_look_back(task, passed=False, words="灯又灭了两盏", actor=loop.supervisor)
    case = fresh(case)
    assert (case.status, case.reopenings) == (Status.HANDLING, 1)
    with pytest.raises(Conflict):
        actions.record_look_back(task, passed=True, words="", actor=loop.supervisor)


def test_nothing_to_draw_says_what_to_do(loop: Loop) -> None:
    with pytest.raises(Refusal, match="放宽"):
        draw(loop)


def test_who_may_not_look_back_may_not_draw(loop: Loop) -> None:
    today = timezone.localdate()
    with pytest.raises(NotAllowed):
        actions.draw_look_back(
            actor=make_user("clerk", department=loop.district.urban),
            closed_from=today,
            closed_to=today,
            size=1,
            seed="1",
        )
