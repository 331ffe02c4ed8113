"""Limits count attempts, not people, and forget."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from huying.core.limits import TooMany, count_attempt, sweep
from huying.core.models import RateCount

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


def test_attempts_beyond_the_limit_are_refused_until_the_window_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now().replace(minute=10)
    monkeypatch.setattr(timezone, "now", lambda: now)
    for _ in range(3):
        count_attempt("report", "10.0.0.1", most=3, within=HOUR)
    with pytest.raises(TooMany) as refusal:
        count_attempt("report", "10.0.0.1", most=3, within=HOUR)
    assert now < refusal.value.until <= now + HOUR
    count_attempt("report", "10.0.0.2", most=3, within=HOUR)
    monkeypatch.setattr(timezone, "now", lambda: refusal.value.until)
    count_attempt("report", "10.0.0.1", most=3, within=HOUR)


def test_nobody_is_counted_by_name() -> None:
    count_attempt("report", "13812345678", most=3, within=HOUR)
    assert "13812345678" not in RateCount.objects.get().key
    count_attempt("report", "", most=0, within=HOUR)


def test_old_windows_are_swept() -> None:
    RateCount.objects.create(key="x", window=timezone.now() - dt.timedelta(days=3))
    assert sweep() == 1
