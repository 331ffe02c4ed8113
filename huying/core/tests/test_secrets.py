"""Sealed secrets open again with the same key only; waits grow and end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from huying.core.backoff import LONGEST, next_try
from huying.core.errors import Refusal
from huying.core.secrets import SealedField, SealedText, fingerprint, seal, unseal


def test_a_sealed_text_opens_again_and_shows_nothing() -> None:
    assert unseal(seal("口令 123")) == "口令 123"
    assert "123" not in seal("口令 123")
    assert seal("") == unseal("") == ""


def test_another_key_says_what_to_do(settings: Any) -> None:
    sealed = seal("x")
    settings.SECRET_KEY = "another" * 8
    with pytest.raises(Refusal, match="重新填写"):
        unseal(sealed)


def test_a_field_seals_once_however_often_it_is_saved() -> None:
    field: Any = SealedField()
    stored = field.get_prep_value("key")
    read = field.from_db_value(stored, None, None)
    assert isinstance(read, SealedText) and read.open() == "key"
    assert field.get_prep_value(read) == stored


def test_a_fingerprint_is_stable_and_not_the_token() -> None:
    assert fingerprint("a") == fingerprint("a") != fingerprint("b")
    assert len(fingerprint("a")) == 64


def test_waits_double_up_to_six_hours() -> None:
    waits = [next_try(tries, seed=7) for tries in range(1, 40)]
    assert timedelta(minutes=1) <= waits[0] <= timedelta(seconds=72)
    assert waits[1] >= timedelta(minutes=2) and max(waits) <= LONGEST * 1.2
    assert next_try(3, seed=7) == next_try(3, seed=7) != next_try(3, seed=8)
