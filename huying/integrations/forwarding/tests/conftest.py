"""The small district with a server elsewhere on which its urban management works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone

from huying.cases.tests.conftest import Loop
from huying.core.testing import MiniDistrict, district
from huying.integrations.forwarding import following, outbox
from huying.integrations.forwarding.models import Forwarding, Partner, Route
from huying.integrations.forwarding.tests.elsewhere import KEY, Elsewhere

__all__ = ["district"]


@pytest.fixture(autouse=True)
def trusted(settings: Any) -> None:
    """The servers of these tests stand on this machine."""
    settings.TRUSTED_HOSTS = {"127.0.0.1", "localhost"}


@pytest.fixture
def loop(district: MiniDistrict) -> Loop:
    return Loop(district)


@pytest.fixture
def elsewhere() -> Iterator[Callable[..., Elsewhere]]:
    """`elsewhere(moods=…)` starts a server; all end with the test."""
    running: list[Elsewhere] = []

    def start(**options: Any) -> Elsewhere:
        running.append(Elsewhere(**options))
        return running[-1]

    yield start
    for server in running:
        server.stop()


def make_partner(loop: Loop, url: str, **more: Any) -> Partner:
    """The lighting category of the small district goes to this server."""
    partner = Partner.objects.create(
        title="供电公司平台", base_url=url, department=loop.district.urban, account=loop.clerk,
        **{"api_key": KEY, **more},
    )  # fmt: skip
    Route.objects.create(
        partner=partner, category=loop.ledger.categories.get(code="lighting-dark"), service_code="lamp",
        attributes={"colour": "{colour}", "kind": "路灯"},
    )  # fmt: skip
    return partner


def push_all(times: int = 40) -> None:
    """What the worker does, without waiting: every row that waits is tried until it is there or stuck."""
    for _time in range(times):
        rows = Forwarding.objects.filter(state=Forwarding.State.WAITING)
        if not rows.update(next_try_at=timezone.now()):
            return
        for pk in rows.values_list("pk", flat=True):
            outbox.push_forwarding(pk)


def follow_all(partner: Partner, times: int = 1) -> int:
    return sum(following.follow(Partner.objects.get(pk=partner.pk)) for _time in range(times))
