"""A city and the system that stands for it here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from huying.cases.tests.conftest import Loop, loop
from huying.integrations.hotline.messages import VERSION
from huying.integrations.hotline.models import CitySystem
from huying.integrations.hotline.signing import signed_headers
from huying.integrations.hotline.tests.city import KEY_ID, SECRET, City

__all__ = ["loop"]
PATH = "/api/hotline/orders"


def contents(number: str = "PDS2026-1", **fields: Any) -> dict[str, Any]:
    """An order as the city sends it."""
    return {
        "schema": VERSION, "number": number, "revision": 1, "words": "建设路路灯不亮，晚上看不见路", "name": "李小明",
        "phone": "13800001111", "address": "建设路东苑小区门口", "lng": 113.3225, "lat": 33.715, **fields,
    }  # fmt: skip


def post(client: Client, body: Any, *, secret: str = SECRET, key: str = KEY_ID, **headers: str) -> Any:
    """Send a body as the city does, signed; `headers` replace some of the four."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    signed = signed_headers(key, secret, "POST", PATH, raw) | headers
    return client.post(PATH, raw, content_type="application/json", headers=signed)


def make_system(loop: Loop, url: str = "", **fields: Any) -> CitySystem:
    return CitySystem.objects.create(
        code="pds",
        title="市12345热线",
        ledger=loop.ledger,
        key_id=KEY_ID,
        secret=SECRET,
        base_url=url,
        **fields,
    )


@pytest.fixture
def city() -> Iterator[City]:
    city = City()
    yield city
    city.stop()


@pytest.fixture
def system(loop: Loop, city: City) -> CitySystem:
    return make_system(loop, city.url)
