"""GeoReport v2 as its clients see it: both forms, every endpoint, every refusal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from huying.cases.models import Case, CaseFile, Report
from huying.cases.tests.conftest import Loop
from huying.core.errors import Refusal
from huying.core.outbound import Answer, OutboundError
from huying.core.testing import AccessSuite, make_user
from huying.integrations.open311 import posting
from huying.integrations.open311.keys import make_key, revoke_key
from huying.integrations.open311.models import ApiKey, Media

from .conftest import at, check, get, photo, post, rows, with_fields

pytestmark = pytest.mark.django_db

# --- reading -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/open311/discovery", "/open311/v2/discovery"])
def test_discovery_names_the_endpoint_in_both_forms(client: Client, loop: Loop, path: str) -> None:
    found = rows(client.get(f"{path}.json"))
    assert found["endpoints"][0]["url"].endswith("/open311/v2")
    xml = client.get(f"{path}.xml")
    assert xml["Content-Type"] == "text/xml; charset=utf-8"
    assert ElementTree.fromstring(xml.content).find("endpoints/endpoint/formats/format").text == "text/xml"


def test_services_are_what_residents_are_offered(client: Client, loop: Loop) -> None:
    found = rows(get(client, "services.json"))
    assert {one["service_code"] for one in found} >= {"snapshot.lighting-dark", "snapshot.street-order"}
    check("services.json", found)
    xml = ElementTree.fromstring(get(client, "services.xml").content)
    assert xml.tag == "services" and len(xml.findall("service")) == len(found)


def test_a_service_definition_has_the_ledger_s_fields(client: Client, loop: Loop) -> None:
    with_fields(loop)
    found = rows(get(client, "services/snapshot.lighting-dark.json"))
    check("service-definition.json", found)
    kinds = {one["code"]: one["datatype"] for one in found["attributes"]}
    assert kinds == {
        "colour": "singlevaluelist", "lamps": "number", "since": "datetime", "sides": "multivaluelist",
    }  # fmt: skip
    assert found["attributes"][0]["required"] and found["attributes"][0]["values"][0] == {
        "key": "红",
        "name": "红",
    }
    xml = ElementTree.fromstring(get(client, "services/snapshot.lighting-dark.xml").content)
    assert xml.find("attributes/attribute/values/value/key").text == "红"
    assert get(client, "services/snapshot.nonsense.xml").status_code == 404


def test_public_requests_are_listed_and_private_ones_are_not(client: Client, loop: Loop) -> None:
    case, private = loop.handling(), loop.filed()
    Case.objects.filter(pk=private.pk).update(public=False)
    found = rows(get(client, "requests.json"))
    assert [one["service_request_id"] for one in found] == [case.number]
    check("requests.json", found)
    assert found[0]["status"] == "open" and found[0]["expected_datetime"].endswith("+08:00")
    assert get(client, f"requests/{private.number}.json").status_code == 404
    xml = ElementTree.fromstring(get(client, f"requests/{case.number}.xml").content)
    assert xml.find("request/service_request_id").text == case.number
    check("request.json", rows(get(client, f"requests/{case.number}.json"))[0])


def test_who_complained_is_never_told(client: Client, loop: Loop) -> None:
    loop.handling(name="李小明", phone="13800001111", words="我叫李小明，电话13800001111，路灯不亮")
    said = get(client, "requests.json").content.decode() + get(client, "requests.xml").content.decode()
    assert "李小明" not in said and "13800001111" not in said


def test_queries_filter_within_ninety_days(client: Client, loop: Loop) -> None:
    new, closed, old = loop.filed(), loop.closed(), loop.filed()
    Case.objects.filter(pk=old.pk).update(reported_at=timezone.now() - timedelta(days=100))

    def numbers(**query: str) -> set[str]:
        return {one["service_request_id"] for one in rows(get(client, "requests.json", **query))}

    assert numbers() == {new.number, closed.number}
    assert numbers(status="open") == {new.number} and numbers(status="closed") == {closed.number}
    assert numbers(status="open,closed") == {new.number, closed.number}
    assert numbers(service_code="snapshot.street-order") == set()
    long_ago = (timezone.now() - timedelta(days=150)).isoformat()
    assert numbers(start_date=long_ago) == {old.number}
    assert numbers(start_date=long_ago, end_date=timezone.now().isoformat()) == {new.number, closed.number}
    assert numbers(service_request_id=f"{new.number},{old.number}") == {new.number, old.number}
    assert len(rows(get(client, "requests.json", page_size="1", page="2"))) == 1
    future = (timezone.now() + timedelta(hours=1)).isoformat()
    assert numbers(updated_after=future) == set()


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("requests", {"status": "nonsense"}, 400), ("requests", {"start_date": "yesterday"}, 400),
        ("requests", {"page_size": "0"}, 400), ("requests", {"service_code": "nonsense"}, 404),
        ("requests", {"start_date": "2026-11-20T00:00:00Z", "end_date": "2026-11-01T00:00:00Z"}, 400),
        ("services", {"jurisdiction_id": "chicago.gov"}, 404), ("requests", {"api_key": "forged"}, 403),
        ("tokens/nonsense", {}, 404), ("requests/0", {}, 404), ("nonsense", {}, 404),
    ],
)  # fmt: skip
@pytest.mark.parametrize("format", ["xml", "json"])
def test_refusals_are_error_documents(
    client: Client, loop: Loop, path: str, query: dict[str, str], status: int, format: str
) -> None:
    answer = get(client, f"{path}.{format}", **query)
    assert answer.status_code == status
    if format == "json":
        assert rows(answer)[0]["code"] == status and rows(answer)[0]["description"]
    else:
        assert ElementTree.fromstring(answer.content).find("error/code").text == str(status)


def test_our_own_jurisdiction_is_accepted_and_other_methods_are_not(client: Client, loop: Loop) -> None:
    assert get(client, "services.xml", jurisdiction_id="410403").status_code == 200
    answer = client.delete("/open311/v2/requests.json")
    assert answer.status_code == 405 and "POST" in answer["Allow"]


# --- posting -------------------------------------------------------------------------------------------


def test_a_request_with_attributes_becomes_a_report(client: Client, loop: Loop, secret: str) -> None:
    with_fields(loop)
    answer = client.post(
        "/open311/v2/requests.xml",
        {
            "api_key": secret, "service_code": "snapshot.lighting-dark", "description": "两盏路灯不亮",
            "attribute[colour]": "红", "attribute[lamps]": "2", "attribute[since]": "2026-11-01T08:00:00+08:00",
            "attribute[sides]": ["东", "西"], "first_name": "明", "last_name": "王", "phone": "13800001111", **at(loop),
        },
    )  # fmt: skip
    assert answer.status_code == 201
    number = ElementTree.fromstring(answer.content).find("request/service_request_id").text
    report = Report.objects.get(case__number=number)
    assert report.fields == {"colour": "红", "lamps": 2, "since": "2026-11-01", "sides": ["东", "西"]}
    assert (report.channel, report.phone) == ("open311", "13800001111")
    token = rows(get(client, f"tokens/{report.token}.json"))
    assert token == [{"service_request_id": number, "token": report.token}]


def test_wrong_attributes_are_named(client: Client, loop: Loop, secret: str) -> None:
    with_fields(loop)
    answer = post(client, secret, **at(loop), **{"attribute[lamps]": "many"})
    assert answer.status_code == 400
    said = " ".join(one["description"] for one in rows(answer))
    assert "attribute[colour]" in said and "attribute[lamps]" in said
    assert not Report.objects.exists()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"service_code": None}, 400), ({"service_code": "x"}, 404), ({"lat": None, "long": None}, 400),
        ({"lat": "north"}, 400), ({"lat": "95"}, 400), ({"lat": "31.2", "long": "121.5"}, 400),
        ({"description": None}, 400), ({"phone": "12"}, 400), ({"api_key": None}, 403), ({"api_key": "x"}, 403),
        ({"jurisdiction_id": "x"}, 404), ({"lat": None, "long": None, "address_id": "x"}, 400),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_is_made(
    client: Client, loop: Loop, secret: str, change: dict[str, Any], status: int
) -> None:
    answer = post(client, secret, **(at(loop) | change))
    assert answer.status_code == status and rows(answer)[0]["description"]
    assert not Report.objects.exists()


def test_an_address_or_an_area_is_a_place_too(client: Client, loop: Loop, secret: str) -> None:
    assert post(client, secret, address_string="建设路与东环路口").status_code == 201
    area = loop.district.grid_of(next(iter(loop.district.communities)))
    assert post(client, secret, address_id=area.code).status_code == 201
    assert Report.objects.order_by("pk").last().case.area is not None


def test_a_key_is_revoked_limited_or_read_only(client: Client, loop: Loop, secret: str) -> None:
    key = ApiKey.objects.get()
    ApiKey.objects.update(per_hour=1)
    assert post(client, secret, **at(loop)).status_code == 201
    assert post(client, secret, **at(loop)).status_code == 429
    ApiKey.objects.update(may_post=False)
    assert post(client, secret, **at(loop)).status_code == 403
    revoke_key(key, actor=make_user("administrator"))
    assert get(client, "services.json", api_key=secret).status_code == 403


def test_the_same_request_sent_again_is_one(client: Client, loop: Loop, secret: str) -> None:
    sent = {"api_key": secret, "service_code": "snapshot.lighting-dark", "description": "x", **at(loop)}
    answers = [
        client.post("/open311/v2/requests.json", sent, headers={"Idempotency-Key": "a1"}) for _ in range(2)
    ]
    assert rows(answers[0]) == rows(answers[1]) and Report.objects.count() == 1


def test_who_posted_may_follow_what_is_not_public(client: Client, loop: Loop, secret: str) -> None:
    number = rows(post(client, secret, **at(loop)))[0]["service_request_id"]
    Case.objects.update(public=False)
    assert get(client, f"requests/{number}.json").status_code == 404
    assert get(client, f"requests/{number}.json", api_key=secret).status_code == 200
    other = make_key(title="别的", contact="x", actor=make_user("administrator"))[1]
    assert get(client, f"requests/{number}.json", api_key=other).status_code == 404


# --- pictures ------------------------------------------------------------------------------------------


def test_a_picture_by_address_is_fetched_and_kept_once(
    client: Client, loop: Loop, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Any] = [
        OutboundError("没有回答", temporary=True),
        Answer(503),
        Answer(200, {}, photo().read()),
    ]

    def send(*_args: Any, **_kwargs: Any) -> Answer:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(posting, "send", send)
    post(client, secret, media_url="https://pictures.example/1.jpg", description=None, **at(loop))
    for kept in (0, 0, 1, 0):
        assert posting.fetch_all() == kept
        Media.objects.filter(done=False, next_try_at__isnull=False).update(next_try_at=timezone.now())
    assert CaseFile.objects.get().role == CaseFile.Role.REPORTED


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/x.jpg", "http://169.254.169.254/", "file:///etc/passwd", "x"]
)
def test_a_picture_from_inside_the_network_is_never_fetched(
    client: Client, loop: Loop, secret: str, url: str
) -> None:
    post(client, secret, media_url=url, **at(loop))
    assert posting.fetch_all() == 0
    media = Media.objects.get()
    assert media.next_try_at is None and media.error and not CaseFile.objects.exists()


def test_a_picture_that_is_none_is_given_up(
    client: Client, loop: Loop, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "send", lambda *a, **k: Answer(200, {}, b"<html>"))
    post(client, secret, media_url="https://pictures.example/1.jpg", **at(loop))
    assert posting.fetch_all() == 0 and Media.objects.get().next_try_at is None


def test_a_picture_may_be_sent_itself(client: Client, loop: Loop, secret: str) -> None:
    assert post(client, secret, media=photo(), **at(loop)).status_code == 201
    assert CaseFile.objects.count() == 1


# --- anything ------------------------------------------------------------------------------------------

_text = st.text(max_size=30)
_names = st.sampled_from(
    ["service_code", "lat", "long", "address_string", "address_id", "description", "attribute[colour]", "media_url",
     "phone", "email", "start_date", "end_date", "status", "page", "page_size", "service_request_id", "updated_after",
     "jurisdiction_id", "token"]
)  # fmt: skip


@effort(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    sent=st.dictionaries(_names, _text, max_size=6),
    path=st.sampled_from(["requests", "servicerequestupdates"]),
)
def test_nothing_that_is_sent_breaks_it(
    client: Client, loop: Loop, secret: str, sent: dict[str, str], path: str
) -> None:
    ApiKey.objects.update(per_hour=100_000)
    client.raise_request_exception = False
    assert client.get(f"/open311/v2/{path}.xml", sent).status_code < 500
    assert client.post(f"/open311/v2/{path}.json", {"api_key": secret, **sent}).status_code < 500


# --- keys ----------------------------------------------------------------------------------------------


class TestKeysPage(AccessSuite):
    url = "open311:keys"
    role = "administrator"
    whole_district = True


def test_a_key_is_made_and_shown_once(client: Client, loop: Loop) -> None:
    client.force_login(make_user("administrator"))
    answer = client.post("/desk/open311/add/", {"title": "应用", "contact": "王工", "per_hour": "50"})
    key = ApiKey.objects.get()
    assert answer.status_code == 200 and key.ending in answer.content.decode()
    assert "应用" in client.get("/desk/open311/").content.decode()
    client.post(f"/desk/open311/{key.pk}/revocation/")
    assert ApiKey.objects.get().revoked_at is not None
    assert client.post("/desk/open311/add/", {"title": "", "contact": "", "per_hour": "0"}).status_code == 422
    with pytest.raises(Refusal):
        make_key(title="x", contact="", actor=make_user("administrator"))
