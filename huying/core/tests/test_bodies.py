"""A form that broke off on its way is refused, at whichever byte; nothing of it is kept."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from PIL import Image

from huying.cases.models import CaseFile, Report
from huying.cases.tests.conftest import Loop, fresh
from huying.core.bodies import Watched, WholeFormMiddleware
from huying.core.models import StoredFile
from huying.core.testing import make_district

from .sockets import BOUNDARY, MULTIPART, cuts, multipart, send

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"


def photo() -> io.BytesIO:
    file = io.BytesIO()
    Image.effect_noise((320, 240), 60).save(file, "JPEG")
    file.seek(0)
    file.name = "lamp.jpg"
    return file


def status_of(body: bytes, announced: int, content_type: str = MULTIPART, **headers: Any) -> int:
    """What the middleware answers; 200 where the view would be called."""
    sent = {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(announced), "CONTENT_TYPE": content_type}
    request = RequestFactory().generic("POST", "/report/", **sent, **headers)

    def view(request: HttpRequest) -> HttpResponse:
        return guard.process_view(request, view, (), {}) or HttpResponse("ok")

    guard = WholeFormMiddleware(view)
    return guard(request).status_code


def test_a_multipart_form_is_taken_whole_or_not_at_all() -> None:
    body = multipart({"words": "路灯不亮", "photos": photo()})[-700:]
    body = (
        multipart({"words": "路灯不亮"})[: -len(BOUNDARY) - 6] + body[body.index(b"--" + BOUNDARY.encode()) :]
    )
    for place in range(1, len(body)):
        assert status_of(body[:place], len(body)) == 400, place
        # What says itself that it is shorter is whole from its last boundary on.
        assert status_of(body[:place], place) == (400 if place < len(body) - 2 else 200), place
    assert status_of(body, len(body)) == 200


def test_other_forms_are_as_long_as_they_say() -> None:
    body = b"words=a&photos=b"
    assert status_of(body, len(body), FORM) == 200
    for place in range(len(body)):
        assert status_of(body[:place], len(body), FORM) == 400
    assert status_of(b"", 0) == status_of(b"", 0, FORM) == 200


def test_the_last_boundary_is_found_across_any_two_reads() -> None:
    whole = b"--x\r\n\r\nab\r\n--x--\r\n"
    for size in range(1, len(whole) + 1):
        stream = Watched(io.BytesIO(whole), length=len(whole), last=b"--x--")
        while stream.read(size):
            pass
        assert stream.is_whole(), size


def test_what_follows_the_last_boundary_is_left_aside() -> None:
    body = multipart({"words": "a"}) + b"\r\nepilogue " * 9
    assert status_of(body, len(body)) == 200


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("multipart/form-data", b"x", 400),
        ('multipart/form-data; boundary="a b\xff"', b"x", 400),
        (f"{FORM}; charset=utf-16", b"a=b", 400),
        (f"{MULTIPART}; charset=hex", multipart({"a": "b"}), 400),
        (FORM, b"a=" + b"x" * 6_000_000, 413),
        (MULTIPART, multipart({"a": "x" * 6_000_000}), 413),
        (FORM, b"&".join(b"a%d=1" % n for n in range(1001)), 400),
        (MULTIPART, multipart({f"f{n}": photo() for n in range(101)}), 400),
    ],
)  # fmt: skip
def test_what_nobody_can_read_is_said_to_be_so(content_type: str, body: bytes, status: int) -> None:
    assert status_of(body, len(body), content_type) == status


def test_an_outbox_is_told_to_send_again() -> None:
    body = multipart({"words": "a"})
    assert status_of(body[:-9], len(body), HTTP_X_WORK="background") == 408


@pytest.mark.django_db(transaction=True)
class TestOverTheWire:
    """Raw connections against the server; whatever arrives, the page says what to do and nothing is stored."""

    cookie = "csrftoken=" + "a" * 32

    @pytest.fixture(autouse=True)
    def _media(self, settings: Any, tmp_path: Path) -> None:
        settings.MEDIA_ROOT = tmp_path

    def test_a_residents_report_with_a_photo(self, live_server: Any) -> None:
        lng, lat = Loop(make_district()).district.in_compound
        said = {"words": "路灯不亮", "lng": lng, "lat": lat, "csrfmiddlewaretoken": "a" * 32}
        body = multipart({**said, "photos": photo()})
        for part, announced in cuts(body):
            status, page = send(live_server.url, "/report/", part, announced=announced, Cookie=self.cookie)
            assert status == 400 and "内容没有收全，什么也没有保存" in page
        assert not Report.objects.exists() and not StoredFile.objects.exists()

        status, _page = send(live_server.url, "/report/", body, announced=len(body), Cookie=self.cookie)
        assert status == 302 and Report.objects.count() == StoredFile.objects.count() == 1

    def test_a_report_without_photos_by_a_plain_form(self, live_server: Any) -> None:
        lng, lat = Loop(make_district()).district.in_compound
        body = f"csrfmiddlewaretoken={'a' * 32}&lng={lng}&lat={lat}&words=light+is+out+on+the+corner".encode()
        sent = {"announced": len(body), "content_type": FORM, "Cookie": self.cookie}
        assert send(live_server.url, "/report/", body[:-14], **sent)[0] == 400
        assert not Report.objects.exists()
        assert send(live_server.url, "/report/", body, **sent)[0] == 302

    def test_a_verb_of_the_desk_with_photos(self, live_server: Any, client: Client) -> None:
        loop = Loop(make_district())
        case = loop.handling()
        client.force_login(loop.clerk)
        path = f"/desk/cases/{case.number}/add_photos/"
        cookie = f"{self.cookie}; sessionid={client.cookies['sessionid'].value}"
        body = multipart({"csrfmiddlewaretoken": "a" * 32, "role": "before", "photos": [photo(), photo()]})
        for part, announced in cuts(body):
            status, page = send(live_server.url, path, part, announced=announced, Cookie=cookie)
            assert status == 400 and "内容没有收全" in page
        assert not CaseFile.objects.exists() and fresh(case).version == case.version
        assert send(live_server.url, path, body, announced=len(body), Cookie=cookie)[0] == 302
        assert CaseFile.objects.count() == 2
