"""What the API answers, as typed records. Unknown fields of newer servers are kept in `raw`."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, TypeVar

Row = TypeVar("Row", bound="Record")


@dataclass(frozen=True)
class Record:
    """A record of the API; moments are aware datetimes."""

    @classmethod
    def of(cls: type[Row], raw: dict[str, Any]) -> Row:
        """Read what the server sent."""
        known = {one.name for one in fields(cls)}
        values = {name: _value(name, value) for name, value in raw.items() if name in known}
        return cls(**values, **({"raw": raw} if "raw" in known else {}))


def _value(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if name.endswith("_at") and isinstance(value, str) else value


@dataclass(frozen=True)
class Me(Record):
    """The account behind the token."""

    username: str
    name: str
    department: str
    rights: list[dict[str, str]]

    def may(self, verb: str) -> bool:
        """Whether the token has this verb anywhere."""
        return any(right["verb"] == verb for right in self.rights)


@dataclass(frozen=True)
class Area(Record):
    """An area; `path` names those above it."""

    code: str
    title: str
    level: str
    layer: str
    path: str
    lng: float | None = None
    lat: float | None = None


@dataclass(frozen=True)
class Category(Record):
    """What a case can be about."""

    code: str
    title: str
    kind: str
    limit: str
    urgent: bool


@dataclass(frozen=True)
class Ledger(Record):
    """A ledger and the fields that it asks for."""

    code: str
    title: str
    active: bool
    channels: list[str]
    contact: str
    stages: list[str]
    item_required: bool
    fields: list[dict[str, Any]]
    handling_form: list[dict[str, Any]]
    gates: dict[str, list[str]] = field(default_factory=dict)
    callback_asked: bool = True


@dataclass(frozen=True)
class Receipt(Record):
    """The receipt of a report; `track` is the page on which its reporter follows it."""

    report: str
    case: str
    token: str
    track: str
    status: str
    due_at: datetime | None


@dataclass(frozen=True)
class Case(Record):
    """A case. From a list, the fields after `url` are empty; `read` fills them."""

    number: str
    title: str
    status: str
    version: int
    ledger: str
    category: str
    topic: str
    channel: str
    address: str
    lng: float | None
    lat: float | None
    area: str
    subdistrict: str
    department: str
    handler: str
    reported_at: datetime
    due_at: datetime | None
    handled_at: datetime | None
    closed_at: datetime | None
    overdue: bool
    parked: bool
    reports: int
    url: str
    words: str = ""
    answer: str = ""
    verbs: list[str] = field(default_factory=list)
    suggestion: dict[str, str] | None = None
    raw: dict[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Figures:
    """Counts and rates of the chosen cases, by code."""

    counts: dict[str, int]
    rates: dict[str, float | None]
