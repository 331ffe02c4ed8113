"""Whoever refuses - Django, a middleware, the server's own failure - an app is answered with an error document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client

from huying.cases.models import Report
from huying.cases.tests.conftest import Loop
from huying.core.models import RateCount, StoredFile
from huying.core.testing import make_district, make_user
from huying.core.tests.sockets import cuts, multipart, send
from huying.integrations.open311 import requests, views
from huying.integrations.open311.keys import make_key
from huying.integrations.open311.models import ApiKey

from .conftest import at, check, photo, post

pytestmark = pytest.mark.django_db
BASE = "/open311/v2"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def app(loop: Loop) -> Client:
    """An app that sees the server's failures as others do, and is checked like any other client."""
    return Client(enforce_csrf_checks=True, raise_request_exception=False)


def refused(answer: Any, status: int, form: str) -> list[dict[str, Any]]:
    """The rows of an error document, which must be one."""
    assert answer.status_code == status, answer.content[:200]
    assert int(answer["Content-Length"]) == len(answer.content)
    if form == "json":
        assert answer["Content-Type"] == "application/json; charset=utf-8"
        found = json.loads(answer.content)
    else:
        assert answer["Content-Type"] == "text/xml; charset=utf-8"
        top = ElementTree.fromstring(answer.content)
        assert top.tag == "errors"
        found = [
            {"code": int(one.findtext("code", "")), "description": one.findtext("description")} for one in top
        ]
    check("errors.json", found)
    assert found and {one["code"] for one in found} == {status}
    return found


@pytest.mark.parametrize("form", ["xml", "json"])
class TestInTheFormThatWasAskedFor:
    @pytest.mark.parametrize(
        "path",
        [
            "requests.{}?description=a%00b",
            "requests%00.{}",
            "requests/%00.{}",
            "tokens/a%00.{}?%00=1",
            "%00.{}",
        ],
    )
    def test_a_nul(self, app: Client, form: str, path: str) -> None:
        assert (
            "无法保存的字符" in refused(app.get(f"{BASE}/{path.format(form)}"), 400, form)[0]["description"]
        )

    def test_a_nul_in_a_form(self, app: Client, secret: str, loop: Loop, form: str) -> None:
        refused(post(app, secret, form, **at(loop) | {"description": "a\0b"}), 400, form)

    @pytest.mark.parametrize("path", ["nonsense", "requests/1/2", "a/requests"])
    @pytest.mark.parametrize("method", ["get", "post", "put", "delete", "options"])
    def test_an_unknown_address(self, app: Client, form: str, path: str, method: str) -> None:
        refused(getattr(app, method)(f"{BASE}/{path}.{form}"), 404, form)

    @pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
    def test_a_method(self, app: Client, form: str, method: str) -> None:
        answer = getattr(app, method)(f"{BASE}/servicerequestupdates.{form}")
        refused(answer, 405, form)
        assert answer["Allow"] == "GET, POST"

    def test_more_than_is_taken_in(self, app: Client, form: str, secret: str) -> None:
        text = {"api_key": secret, "description": "x" * 6_000_000}
        refused(app.post(f"{BASE}/requests.{form}", text), 413, form)
        refused(app.post(f"{BASE}/requests.{form}", f"a={text['description']}", content_type=FORM), 413, form)

    def test_a_picture_that_is_too_large(
        self, app: Client, form: str, secret: str, loop: Loop, settings: Any
    ) -> None:
        settings.MAX_UPLOAD_BYTES = 500
        refused(post(app, secret, form, media=photo(), **at(loop)), 413, form)
        assert not Report.objects.exists() and not StoredFile.objects.exists()

    def test_too_often(self, app: Client, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(views, "READS_PER_MINUTE", 0)
        answer = app.get(f"{BASE}/services.{form}")
        refused(answer, 429, form)
        assert answer["Retry-After"].endswith("GMT") and RateCount.objects.exists()

    def test_a_failure_of_the_server(self, app: Client, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_arguments: object) -> None:
            raise RuntimeError("nobody outside reads this")

        monkeypatch.setattr(requests, "asked", fail)
        found = refused(app.get(f"{BASE}/requests.{form}"), 500, form)
        assert "nobody outside" not in str(found)

    def test_an_unknown_host(self, app: Client, form: str, settings: Any) -> None:
        settings.ALLOWED_HOSTS = ["huying.example"]
        refused(app.get(f"{BASE}/services.{form}", headers={"Host": "elsewhere.example"}), 400, form)

    @pytest.mark.parametrize(
        "sent",
        ["&".join(f"a{n}=1" for n in range(1001)), "a=%ff%fe&description=%e4"],
        ids=["many", "no text"],
    )
    def test_a_form_beyond_sense(self, app: Client, form: str, sent: str) -> None:
        answer = app.post(f"{BASE}/requests.{form}", sent, content_type=FORM)
        refused(answer, answer.status_code, form)
        assert answer.status_code in (400, 403)
        refused(app.post(f"{BASE}/requests.{form}", b"x", content_type="multipart/form-data"), 400, form)
        refused(app.post(f"{BASE}/requests.{form}", b"{", content_type="application/json"), 403, form)

    def test_a_query_of_too_many_parts(self, app: Client, form: str) -> None:
        refused(app.get(f"{BASE}/requests.{form}?" + "&".join(f"a{n}=1" for n in range(1001))), 400, form)


@pytest.mark.parametrize(
    "path", ["/open311/", "/open311/v2/requests", "/open311/v2/requests.yaml", "/open311/v2/%00"]
)
def test_xml_where_the_address_names_no_form(app: Client, path: str) -> None:
    answer = app.get(path)
    refused(answer, 400 if "%00" in path else 404, "xml")


def test_pages_stay_pages(app: Client) -> None:
    assert "text/html" in app.get("/no-such-page/")["Content-Type"]
    assert "text/html" in app.get("/report/?a=%00")["Content-Type"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("form", ["xml", "json"])
def test_a_report_that_breaks_off_is_never_a_smaller_one(
    live_server: Any, form: str, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    loop = Loop(make_district())
    secret = make_key(title="报修应用", contact="王工", actor=make_user("administrator"), per_hour=100)[1]
    said = {
        "api_key": secret,
        "service_code": "snapshot.lighting-dark",
        "description": "路灯不亮",
        **at(loop),
    }
    body, path = multipart({**said, "media": photo()}), f"{BASE}/requests.{form}"
    for part, announced in cuts(body):
        status, document = send(live_server.url, path, part, announced=announced, Idempotency_Key="k1")
        assert status == 400 and "没有收全" in document
        if form == "json":
            check("errors.json", json.loads(document))
        else:
            assert ElementTree.fromstring(document).findtext("error/code") == "400"
    assert not Report.objects.exists() and not StoredFile.objects.exists()
    # The same key still opens: what was refused has used up nothing.
    for _ in range(2):
        assert send(live_server.url, path, body, announced=len(body), Idempotency_Key="k1")[0] == 201
    assert Report.objects.count() == StoredFile.objects.count() == 1
    assert ApiKey.objects.count() == 1
