"""The interface of all channels. A transport is one class in `huying/integrations/<name>/`, registered at the start.

class Pager(Channel):
    code, title = "pager", _("寻呼机")
    def send(self, message): ...return Sent("42")
register(Pager())
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise


class ChannelError(Exception):
    """A message did not go out. `temporary`: trying again can help; `wrong_address`: never for this address."""

    def __init__(self, message: str, *, temporary: bool, wrong_address: bool = False) -> None:
        super().__init__(message)
        self.temporary = temporary
        self.wrong_address = wrong_address


@dataclass(frozen=True)
class Message:
    """What a channel is asked to say. `key` is the same at every try: a provider that knows it sends once."""

    key: str
    address: str  # a phone number, an e-mail address, a robot's webhook
    subject: str
    words: str  # plain text, or markdown where the channel says so
    link: str = ""
    secret: str = ""  # a robot's signing key


@dataclass(frozen=True)
class Sent:
    """The other side took it; `reference` is what they call it."""

    reference: str = ""


class Channel:
    """One way out. Subclasses set the class attributes and implement `send`."""

    code: str = ""
    title: Promise | str = ""
    # How much fits into one message, in characters; 0: as much as one likes.
    longest: int = 0
    markdown: bool = False
    # "group": the address is a robot's; "person": a person's.
    reaches: str = "person"
    # At most so many messages a minute to one address, by the provider's rule; 0: no such rule.
    per_minute: int = 0

    def why_not(self) -> str:
        """A sentence saying why this channel cannot be used here and now; empty when it can."""
        return ""

    def send(self, message: Message) -> Sent:
        """Say it, or raise ChannelError."""
        raise NotImplementedError


_channels: dict[str, Channel] = {}


def register(channel: Channel) -> None:
    """Add a channel; the same code again replaces it."""
    _channels[channel.code] = channel


def channels() -> dict[str, Channel]:
    """All channels by code, in the order of registration."""
    return dict(_channels)


def channel(code: str) -> Channel | None:
    """The channel with this code, if there is one."""
    return _channels.get(code)


def channel_title(code: str) -> str:
    """What people call a channel; its code where it is gone."""
    found = channel(code)
    return str(found.title) if found else code
