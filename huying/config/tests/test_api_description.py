"""The API's description: stored, and complete."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings

from huying.config.api import description

STORED = settings.BASE_DIR / "docs" / "openapi.json"


def described() -> dict[str, Any]:
    return json.loads(description())


def test_the_stored_description_is_the_one_that_is_served() -> None:
    """To renew it: `huying openapi > docs/openapi.json`. A change here is a change for every client."""
    assert json.loads(STORED.read_text(encoding="utf-8")) == described()


def test_every_operation_says_what_it_does_and_what_it_refuses() -> None:
    poor = []
    for path, operations in described()["paths"].items():
        for method, operation in operations.items():
            answers = operation["responses"]
            guarded = path.removeprefix("/api/v1") not in (
                "/me", "/areas", "/locate", "/deadline", "/departments", "/tokens", "/figures/declared",
            )  # fmt: skip
            if not operation.get("summary") or not operation.get("description"):
                poor.append((path, method, "no words"))
            if guarded and "403" not in answers and method == "get":
                poor.append((path, method, "no 403"))
    assert not poor
    assert described()["openapi"].startswith("3.1")
