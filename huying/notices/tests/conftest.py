from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.utils import timezone

from huying.notices import channels
from huying.notices.channels import Channel, ChannelError, Message, Sent
from huying.notices.models import Delivery
from huying.people.models import User

MOMENT = (2026, 11, 18, 10)  # a Wednesday morning


@dataclass
class Pigeon(Channel):
    """A channel that notes what it was asked to say, and fails as told."""

    code: str = "email"
    title: str = "信鸽"
    longest: int = 0
    per_minute: int = 0
    said: list[Message] = field(default_factory=list)
    fails: list[ChannelError | None] = field(default_factory=list)
    away: str = ""

    def why_not(self) -> str:
        return self.away

    def send(self, message: Message) -> Sent:
        error = self.fails.pop(0) if self.fails else None
        if error is not None:
            raise error
        self.said.append(message)
        return Sent(f"ring-{len(self.said)}")


@pytest.fixture
def pigeon(monkeypatch: pytest.MonkeyPatch) -> Pigeon:
    """Stands in for e-mail; for short messages there is another one."""
    bird = Pigeon()
    monkeypatch.setattr(channels, "_channels", {"email": bird, "sms": Pigeon("sms", "飞鸽")})
    return bird


@pytest.fixture
def sparrow(pigeon: Pigeon) -> Any:
    return channels.channel("sms")


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """`now(2026, 11, 18, 10)` sets the clock (Beijing time); it stands at MOMENT in the beginning."""
    import datetime as dt

    def set_now(*parts: int) -> dt.datetime:
        moment = dt.datetime(*parts, tzinfo=timezone.get_default_timezone())  # type: ignore[misc]
        monkeypatch.setattr(timezone, "now", lambda: moment)
        return moment

    set_now(*MOMENT)
    yield set_now


def delivery(user: User, words: str = "新案件：路灯不亮", **fields: Any) -> Delivery:
    """A message to a member of staff, not yet posted."""
    return Delivery(
        **{
            "code": "case.dispatched", "to_kind": "user", "to_id": user.pk, "to_name": str(user),
            "channel": "email", "subject": "案件", "words": words, **fields,
        }
    )  # fmt: skip
