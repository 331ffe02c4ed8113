"""The API's description is true under thousands of invented requests."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
import schemathesis
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

pytestmark = [pytest.mark.schema, pytest.mark.django_db]

schema = schemathesis.openapi.from_dict(json.loads(description()))
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
