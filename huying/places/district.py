"""The district that this installation serves."""

from __future__ import annotations

import time

from huying.places.models import District

_KEPT_SECONDS = 30.0
_kept: tuple[float, District | None] | None = None


def current_district() -> District | None:
    """The district's row, read again at most every half minute; None before a pack was loaded."""
    global _kept
    if _kept is None or time.monotonic() - _kept[0] > _KEPT_SECONDS:
        _kept = (time.monotonic(), District.objects.first())
    return _kept[1]


def forget_district() -> None:
    """Read the row again next time: after a pack was loaded, and between tests."""
    global _kept
    _kept = None


def region_code() -> str:
    """The six digits that case numbers begin with (GB/T 2260)."""
    district = current_district()
    return (district.code if district else "000000")[:6].ljust(6, "0")
