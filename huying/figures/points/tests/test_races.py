"""Points can't be changed twice: whoever redeems for one person waits for the others."""

from __future__ import annotations

import threading

import pytest
from django.db import connections
from django.utils import timezone

from huying.core.errors import Refusal
from huying.core.testing import make_district
from huying.figures.points.actions import announce_points, publish_points, redeem_points
from huying.figures.points.counting import balance
from huying.figures.points.models import PointRedemption
from huying.figures.points.tests.conftest import make_stage
from huying.figures.points.tests.test_points import EAST, LATER

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.schema]
RACERS = 6


def test_of_many_who_redeem_at_once_only_as_many_win_as_there_are_points_for() -> None:
    stage = make_stage(make_district())
    for day in (3, 4):
        stage.reported(stage.ada, day, times=2)  # 8 points: two rewards of 4
    table = announce_points(stage.scheme, EAST, stage.month, actor=stage.supervisor)
    publish_points(table, actor=stage.supervisor, at=timezone.now() + LATER)
    start, refused = threading.Barrier(RACERS), []

    def redeem() -> None:
        try:
            start.wait()
            redeem_points(stage.scheme, person=stage.ada, reward="towels", actor=stage.head)
        except Refusal as refusal:
            refused.append(str(refusal))
        finally:
            connections.close_all()

    racers = [threading.Thread(target=redeem) for _each in range(RACERS)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert PointRedemption.objects.count() == 2
    assert len(refused) == RACERS - 2
    assert balance(stage.scheme, stage.ada).left == 0
