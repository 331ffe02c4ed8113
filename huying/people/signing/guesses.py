"""How often somebody may guess a code, or the password of a page that asks again."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms

from huying.core.errors import Refusal
from huying.core.limits import count_attempt

GUESSES, WITHIN = 10, dt.timedelta(minutes=15)


def count_guess(user: Any) -> None:
    """One more code for this account; ValidationError beyond ten in a quarter of an hour."""
    try:
        count_attempt("second-factor", str(user.pk), most=GUESSES, within=WITHIN)
    except Refusal as refusal:
        raise forms.ValidationError(str(refusal)) from None
