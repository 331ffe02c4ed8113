"""A refusal that no form caught reaches the reader as a sentence."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.refusals import RefusalMiddleware

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("refusal", "status"), [(Refusal, 422), (Conflict, 409), (NotAllowed, 403)])
def test_it_answers_with_status_and_sentence(rf: RequestFactory, refusal: type[Refusal], status: int) -> None:
    answer = RefusalMiddleware(lambda request: HttpResponse()).process_exception(
        rf.get("/"), refusal("请写明退单理由。")
    )
    assert answer is not None
    assert answer.status_code == status
    assert "请写明退单理由。" in answer.content.decode()


def test_other_exceptions_are_left_alone(rf: RequestFactory) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    assert RefusalMiddleware(view).process_exception(rf.get("/"), ValueError()) is None
