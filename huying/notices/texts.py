"""The words of a notice: taken from the district's pack where it has its own, filled, and measured.

A pack's declaration (kind `notices`) is kept on the district's row:

    notices: {moments: {closed: {page: …, sms: …, email: …}}, staff: {case.dispatched: {robot: …, email: …}},
              quiet: "22:00-07:00", flood: {more_than: 5, within_minutes: 10}, daily_at: "08:30"}

Each text is a plain text (Chinese) or {zh: …, en: …}.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any

from huying.core.language import is_english
from huying.places.district import current_district

# The channels that a pack may word for residents, and for staff. `page` is the tracking page, `text` any of them.
RESIDENT_TEXTS = ("page", "sms", "email")
STAFF_TEXTS = ("robot", "email", "sms")
# What may be named in a message to a chat group: nothing that a reporter said or is.
ROBOT_WORDS = ("number", "category", "department", "due", "link", "count")
QUIET = (dt.time(22), dt.time(7))
DAILY_AT = dt.time(8, 30)
FLOOD = (5, 10)  # more than so many within so many minutes are told in one message


class _Known(dict[str, str]):
    """Placeholders of a sentence; one that is not known at this moment is left out."""

    def __missing__(self, key: str) -> str:
        return ""


def declared() -> Mapping[str, Any]:
    """What the district's pack says about notices; empty without one."""
    district = current_district()
    return (district.declaration.get("notices") or {}) if district else {}


def in_language(text: Any) -> str:
    """The text of {zh, en} in the language in force; a plain text is itself."""
    if isinstance(text, Mapping):
        return str((text.get("en") if is_english() else "") or text.get("zh") or text.get("en") or "")
    return str(text or "")


def own_text(section: str, code: str, *kinds: str) -> str:
    """The pack's own words for a code, for the first of the kinds that it has; empty when it says nothing."""
    said = (declared().get(section) or {}).get(code)
    if not isinstance(said, Mapping) or set(said) <= {"zh", "en"}:
        return in_language(said)
    return next((text for kind in kinds if (text := in_language(said.get(kind)))), "")


def placeholders(text: str) -> list[str]:
    """The names in braces. ValueError when braces are not in pairs."""
    return [name for _literal, name, _spec, _conversion in Formatter().parse(text) if name is not None]


def fill(text: str, values: Mapping[str, Any]) -> str:
    """The sentence with its values. ValueError or IndexError for a text whose braces are broken."""
    return text.format_map(_Known({key: str(value) for key, value in values.items()}))


@dataclass(frozen=True)
class Rules:
    """When messages wait, and when several become one."""

    quiet_from: dt.time
    quiet_until: dt.time
    more_than: int
    within: dt.timedelta
    daily_at: dt.time


def parse_quiet(text: str) -> tuple[dt.time, dt.time]:
    """ "22:00-07:00" as two times. ValueError when it is not that."""
    first, _dash, last = text.replace("–", "-").partition("-")
    return dt.time.fromisoformat(first.strip().zfill(5)), dt.time.fromisoformat(last.strip().zfill(5))


def rules() -> Rules:
    """The district's rules, else the usual ones. The checker has seen to it that they can be read."""
    said = declared()
    quiet = parse_quiet(str(said["quiet"])) if said.get("quiet") else QUIET
    flood = said.get("flood") or {}
    daily = dt.time.fromisoformat(str(said["daily_at"])) if said.get("daily_at") else DAILY_AT
    return Rules(
        *quiet,
        int(flood.get("more_than", FLOOD[0])),
        dt.timedelta(minutes=int(flood.get("within_minutes", FLOOD[1]))),
        daily,
    )


# GSM 03.38, the alphabet of which 160 characters fit into one short message; any other character makes it UCS-2.
_GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE = set("^{}\\[~]|€")


def sms_segments(text: str) -> tuple[int, int]:
    """Length as a phone network counts it, and how many short messages it takes (3GPP TS 23.038 and 23.040).

    Chinese: 70 in one, 67 in each of several. Only GSM characters: 160 in one, 153 in each of several.
    """
    if all(letter in _GSM or letter in _GSM_TWICE for letter in text):
        length, single, part = sum(2 if letter in _GSM_TWICE else 1 for letter in text), 160, 153
    else:
        length, single, part = len(text.encode("utf-16-be")) // 2, 70, 67
    return length, 1 if length <= single else -(-length // part)
