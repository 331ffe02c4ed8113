"""Who is told, asked at the moment of sending: addresses, quiet hours and the way to the page.

Floors above register their own kinds of recipient and subject:

    recipient_kind("report", lambda delivery: Recipient(...))
    subject_link("case", lambda subject_id: "/desk/cases/…/")
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.conf import settings

from huying.core.errors import Refusal
from huying.notices.models import Delivery, Preference, Robot
from huying.people.models import User


@dataclass(frozen=True)
class Recipient:
    """Where to reach somebody. `addresses` by channel, in the order in which one stands in for another."""

    addresses: dict[str, str] = field(default_factory=dict)
    quiet: tuple[dt.time, dt.time] | None = None  # their own quiet hours; None: the district's
    daily: bool = False  # wants one message a day
    link: str = ""  # the whole address of the page
    secret: str = ""
    problem: str = ""  # why they cannot be reached at all


Resolver = Callable[[Delivery], Recipient | None]
_resolvers: dict[str, Resolver] = {}
_links: dict[str, Callable[[int], str]] = {}


def recipient_kind(kind: str, resolver: Resolver) -> None:
    """How recipients of this kind are found; None where there is nobody any more."""
    _resolvers[kind] = resolver


def subject_link(kind: str, path: Callable[[int], str]) -> None:
    """Where staff read about a subject of this kind: a path that asks them to sign in."""
    _links[kind] = path


def recipient_of(delivery: Delivery) -> Recipient | None:
    """Who this goes to, as things stand now."""
    resolver = _resolvers.get(delivery.to_kind)
    try:
        return resolver(delivery) if resolver else None
    except Refusal as refusal:  # a sealed address under another key must not stop the others
        return Recipient(problem=str(refusal))


def link_of(delivery: Delivery) -> str:
    """The whole address of the page about the subject; empty where there is none."""
    path = _links.get(delivery.subject_kind)
    return f"{settings.PUBLIC_URL}{path(delivery.subject_id)}" if path and delivery.subject_id else ""


def _staff(delivery: Delivery) -> Recipient | None:
    user = User.objects.filter(pk=delivery.to_id, is_active=True).first()
    if user is None:
        return None
    own = Preference.objects.filter(user=user).first()
    quiet = (own.quiet_from, own.quiet_until) if own and own.quiet_from and own.quiet_until else None
    return Recipient(staff_addresses(user), quiet, bool(own and own.daily), link_of(delivery))


def staff_addresses(user: User) -> dict[str, str]:
    """The addresses of an account by channel."""
    return {code: address for code, address in (("email", user.email), ("sms", user.phone)) if address}


def _robot(delivery: Delivery) -> Recipient | None:
    robot = Robot.objects.filter(pk=delivery.to_id, active=True).first()
    if robot is None:
        return None
    return Recipient(
        {robot.channel: robot.address.open()},
        link=link_of(delivery),
        secret=robot.secret.open() if robot.secret else "",
    )


recipient_kind("user", _staff)
recipient_kind("robot", _robot)


def chosen_channels(users: Iterable[User], topic: str) -> list[tuple[User, str]]:
    """Each person with each channel they want to be told on about `mine`, `department` or `news`. One query.

    Who never chose is told on the usual channels that they have an address for.
    """
    users = list(users)
    preferences = {row.user_id: row for row in Preference.objects.filter(user__in=users)} if users else {}
    found = []
    for user in users:
        own = preferences.get(user.pk)
        if own is not None:
            found += [(user, code) for code in own.channels_for(topic)]
        else:
            addresses = staff_addresses(user)
            found += [(user, code) for code in Preference.DEFAULT_CHANNELS[topic] if code in addresses]
    return found
