"""Looking back: a draw that anyone can do again, tasks by area, a failed one handled again."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from huying.cases import actions
from huying.cases.models import LookBack, LookBackTask, Status
from huying.cases.tests.conftest import Loop, fresh
from huying.core.testing import AccessSuite

pytestmark = pytest.mark.django_db


def draw(loop: Loop, size: int = 1) -> LookBack:
    today = timezone.localdate()
    return actions.draw_look_back(
        actor=loop.supervisor,
        closed_from=today - dt.timedelta(days=1),
        closed_to=today,
        size=size,
        seed="8-3-5",
    )


class _Drawn(AccessSuite):
    role = "checker"

    def prepare(self) -> None:
        self.loop = Loop(self.district)
        self.case = self.loop.closed()
        self.look = draw(self.loop)
        self.task = self.look.tasks.get()


class TestTasks(_Drawn):
    url = "desk:looks"

    def row_in_east(self) -> str:
        return self.case.number


class TestDraws(_Drawn):
    url = "desk:look-backs"

    def row_in_east(self) -> str:
        return self.look.title


class TestDraw(_Drawn):
    shows_area = True

    def address(self) -> str:
        return reverse("desk:look-back", args=[self.look.pk])


class TestTask(_Drawn):
    shows_area = True

    def address(self) -> str:
        return reverse("desk:look-task", args=[self.task.pk])


class TestVerdict(TestTask):
    method = "post"
    data = {"passed": "yes", "words": "路灯是亮的"}


def form(**changes: Any) -> dict[str, Any]:
    today = timezone.localdate()
    return {
        "closed_from": f"{today - dt.timedelta(days=1)}",
        "closed_to": f"{today}",
        "size": "2",
        "seed": "8-3-5",
        **changes,
    }


def test_a_draw_can_be_done_again_by_hand(loop: Loop, client: Client) -> None:
    numbers = [loop.closed().number for _each in range(5)]
    client.force_login(loop.supervisor)
    answer = client.post("/desk/look-backs/", form(), follow=True)
    by_hand = sorted(numbers, key=lambda number: hashlib.sha256(f"8-3-5:{number}".encode()).hexdigest())[:2]
    drawn = [row["task"].case.number for row in answer.context["tasks"]]
    assert drawn == by_hand
    assert "8-3-5" in answer.content.decode()


@pytest.mark.parametrize(("share", "drawn"), [("40", 2), ("1", 1), ("41", 3)])
def test_a_share_is_rounded_up(loop: Loop, client: Client, share: str, drawn: int) -> None:
    for _each in range(5):
        loop.closed()
    client.force_login(loop.supervisor)
    client.post("/desk/look-backs/", form(size="", share=share))
    assert LookBack.objects.get().size == drawn


def test_a_draw_without_size_or_share_asks_for_one(loop: Loop, client: Client) -> None:
    loop.closed()
    client.force_login(loop.supervisor)
    answer = client.post("/desk/look-backs/", form(size=""))
    assert answer.status_code == 422
    assert "请填写抽多少件" in answer.content.decode()
    assert 'value="8-3-5"' in answer.content.decode()


def test_an_empty_range_is_said_and_nothing_is_drawn(loop: Loop, client: Client) -> None:
    client.force_login(loop.supervisor)
    answer = client.post("/desk/look-backs/", form())
    assert answer.status_code == 422
    assert "没有已结案件" in answer.content.decode()


def test_a_failed_look_back_is_handled_again(loop: Loop, client: Client) -> None:
    case = loop.closed()
    task = draw(loop).tasks.get()
    client.force_login(loop.checker)
    address = reverse("desk:look-task", args=[task.pk])
    short = client.post(address, {"passed": "no", "words": "坏"})
    assert short.status_code == 422
    assert ">\n坏</textarea>" in short.content.decode()
    client.post(address, {"passed": "no", "words": "灯又不亮了"})
    assert fresh(case).status == Status.HANDLING
    assert client.post(address, {"passed": "yes", "words": ""}).status_code == 409
    assert LookBackTask.objects.get().passed is False


def test_the_sample_costs_no_query_per_case(
    loop: Loop, client: Client, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in production, where what is kept in memory is compared with the database once a second.
    monkeypatch.setattr("huying.places.fresh.CHECK_EVERY_SECONDS", 60)
    for _each in range(6):
        loop.closed()
    look = draw(loop, size=6)
    client.force_login(loop.supervisor)
    client.get(reverse("desk:look-back", args=[look.pk]))
    with django_assert_max_num_queries(8):
        client.get(reverse("desk:look-back", args=[look.pk]))
