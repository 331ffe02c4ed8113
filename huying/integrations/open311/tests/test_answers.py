"""Every answer is held against its schema, and the two forms of each say the same."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from huying.cases import actions
from huying.cases.models import Report
from huying.cases.tests.conftest import Loop, fresh
from huying.integrations.open311.models import ApiKey

from .conftest import at, check, check_moments, from_xml, get, photo, post, rows, with_fields

pytestmark = pytest.mark.django_db


def both(client: Client, path: str, schema: str, **query: str) -> Any:
    """The answer, whose XML and JSON are the same and both valid."""
    told = rows(get(client, f"{path}.json", **query))
    read = from_xml(get(client, f"{path}.xml", **query), told)
    for found in (told, read):
        check(schema, found)
    assert read == told
    return told


def test_services_and_their_definitions(client: Client, loop: Loop) -> None:
    with_fields(loop)
    for service in both(client, "services", "services.json"):
        both(client, f"services/{service['service_code']}", "service-definition.json")


def test_requests_in_every_state(client: Client, loop: Loop, secret: str) -> None:
    for make in (
        loop.reported,
        loop.filed,
        loop.dispatched,
        loop.handling,
        loop.handled,
        loop.checked,
        loop.closed,
    ):
        make()
    merged, into = loop.reported(), loop.filed()
    actions.merge_cases(into, [merged], actor=loop.dispatcher)
    mine = rows(post(client, secret, media=photo(), **at(loop)))[0]["service_request_id"]
    actions.decline_case(
        fresh(Report.objects.get(case__number=mine).case), reason="不在受理范围", actor=loop.agent
    )

    found = both(client, "requests", "requests.json", api_key=secret)
    check_moments(found)
    assert len(found) == 10 and {one["status"] for one in found} == {"open", "closed"}
    for one in found:
        assert both(client, f"requests/{one['service_request_id']}", "requests.json", api_key=secret) == [one]
    both(client, "servicerequestupdates", "updates.json", api_key=secret)


def test_what_is_posted_is_answered_in_both_forms(client: Client, loop: Loop, secret: str) -> None:
    ApiKey.objects.update(per_hour=100)
    sent = {**at(loop), "account_id": "a 1", "description": "<路灯>&不亮"}
    told, other = (rows(post(client, secret, **sent)), post(client, secret, "xml", **sent))
    read = from_xml(other, told)
    for found in (told, read):
        check("posted.json", found)
        assert found[0]["account_id"] == "a 1"
    assert "<路灯>&不亮" in get(client, f"requests/{read[0]['service_request_id']}.json").content.decode()
    both(client, "requests", "requests.json")

    comment = {
        "api_key": secret,
        "service_request_id": told[0]["service_request_id"],
        "description": "还是不亮",
    }
    answers = [client.post(f"/open311/v2/servicerequestupdates.{form}", comment) for form in ("json", "xml")]
    for found in (rows(answers[0]), from_xml(answers[1], rows(answers[0]))):
        check("updates.json", found)
        check_moments(found)
    token = Report.objects.get(case__number=told[0]["service_request_id"]).token
    both(client, f"tokens/{token}", "tokens.json")


def test_errors(client: Client, loop: Loop, secret: str) -> None:
    with_fields(loop)
    wrong = {**at(loop), "attribute[lamps]": "many"}
    told = post(client, secret, **wrong)
    read = from_xml(post(client, secret, "xml", **wrong), rows(told))
    assert told.status_code == 400 and len(read) == 2 and read == rows(told)
    check("errors.json", read)
    both(client, "requests/nothing", "errors.json")


def test_what_xml_cannot_hold_is_left_out_of_it(client: Client, loop: Loop, secret: str) -> None:
    assert post(client, secret, description="路灯\x0b不\ufffe亮", **at(loop)).status_code == 201
    assert "路灯不亮" in get(client, "requests.xml").content.decode()
    from_xml(get(client, "requests.xml"), rows(get(client, "requests.json")))
