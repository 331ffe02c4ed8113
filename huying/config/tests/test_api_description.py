"""The API's description: stored, complete, and true under thousands of invented requests."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
import schemathesis
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase
from hypothesis import settings as effort

from huying.cases.tests.conftest import Loop
from huying.config.api import description
from huying.core.testing import MiniDistrict, grant_role, make_user
from huying.people.roles import ROLES
from huying.people.tokens import make_token

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


schema = schemathesis.openapi.from_dict(described())
schema.app = get_wsgi_application()


@pytest.fixture
def token(district: MiniDistrict) -> str:
    """Of somebody with every role: nothing hides behind a 403."""
    loop = Loop(district)
    loop.handling()
    user = make_user(department=district.urban)
    for role in ROLES:
        grant_role(user, role, department=district.urban if ROLES[role].own_department else None)
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    return make_token(user, title="t", expires_on=tomorrow, actor=user)[1]


@pytest.mark.schema
@pytest.mark.django_db
@schema.parametrize()
@effort(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_nothing_that_can_be_sent_breaks_the_server(case: Any, token: str, wsgi: Any) -> None:
    with transaction.atomic():
        answer = case.call(headers={"Authorization": f"Bearer {token}"})
        transaction.set_rollback(True)
    assert answer.status_code < 500
    if answer.status_code >= 400:
        assert answer.headers["content-type"][0].startswith("application/problem+json"), answer.status_code
