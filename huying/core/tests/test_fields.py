"""A declaration keeps the order in which it was written."""

from __future__ import annotations

import pytest

from huying.registry.models import Register

pytestmark = pytest.mark.django_db

WRITTEN = {"register": "x", "title": "t", "a": 1, "fields": {"zz": "text", "b": "number"}}


def test_keys_come_back_in_the_order_in_which_they_were_written() -> None:
    made = Register.objects.create(code="x", title="x", declaration=WRITTEN)
    (found,) = Register.objects.filter(pk=made.pk)
    assert found.declaration == WRITTEN
    assert (list(found.declaration), list(found.declaration["fields"])) == (list(WRITTEN), ["zz", "b"])


def test_they_keep_it_when_they_are_written_in_bulk() -> None:
    (made,) = Register.objects.bulk_create([Register(code="x", title="x", declaration={})])
    made.declaration = WRITTEN
    Register.objects.bulk_update([made], ["declaration"])
    (found,) = Register.objects.filter(pk=made.pk)
    assert list(found.declaration["fields"]) == ["zz", "b"]
