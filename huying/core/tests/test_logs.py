import json
import logging

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from huying.core.logs import JsonFormatter, RequestLogMiddleware, TextFormatter


def test_a_line_is_one_json_object_with_its_extra_fields() -> None:
    record = logging.makeLogRecord(
        {"msg": "派遣 %s", "args": ("一号",), "levelname": "INFO", "name": "x", "case": 7}
    )
    line = json.loads(JsonFormatter().format(record))
    assert line["message"] == "派遣 一号"
    assert line["level"] == "info"
    assert line["case"] == 7
    assert "request_id" not in line


def test_text_shows_the_same_for_eyes() -> None:
    record = logging.makeLogRecord({"msg": "done", "levelname": "INFO", "name": "x", "case": 7})
    assert TextFormatter().format(record).endswith("info    x: done case=7")


def test_an_error_carries_its_traceback_in_the_same_line() -> None:
    try:
        raise ValueError("broken")
    except ValueError as error:
        record = logging.makeLogRecord(
            {"msg": "failed", "exc_info": (ValueError, error, error.__traceback__)}
        )
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert "ValueError: broken" in json.loads(line)["error"]


def test_every_line_of_a_request_has_its_id_and_the_answer_names_it(caplog: pytest.LogCaptureFixture) -> None:
    lines = []

    def view(request: object) -> HttpResponse:
        lines.append(json.loads(JsonFormatter().format(logging.makeLogRecord({"msg": "inside"}))))
        return HttpResponse("ok")

    answer = RequestLogMiddleware(view)(RequestFactory().get("/desk/"))
    assert lines[0]["request_id"] == answer["X-Request-ID"]


@pytest.mark.django_db
def test_the_request_line_holds_no_address_and_no_query(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="huying.request"):
        client.get("/no-such-page/secret-token/?phone=13800000000")
    record = next(record for record in caplog.records if record.name == "huying.request")
    text = JsonFormatter().format(record)
    assert "13800000000" not in text
    assert "secret-token" not in text
    assert record.__dict__["status"] == 404
