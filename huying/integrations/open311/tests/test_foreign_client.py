"""A client that was written elsewhere, years before this server: `three`, by Code for America."""

from __future__ import annotations

import io
import itertools
from typing import Any

import pytest
from PIL import Image

from huying.cases.models import CaseFile, Report
from huying.cases.tests.conftest import SNAPSHOT, Loop
from huying.core.testing import make_district, make_user
from huying.integrations.open311.keys import make_key


@pytest.fixture
def Three(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The client's class. It asks for one name that Python 3 has moved; all else runs as it was published."""
    monkeypatch.setattr(itertools, "ifilter", filter, raising=False)
    return pytest.importorskip("three").Three


@pytest.mark.django_db(transaction=True)
def test_it_lists_services_posts_with_attributes_and_a_photo_and_follows(
    Three: Any, live_server: Any
) -> None:
    import yaml

    loop = Loop(make_district())
    fields = "fields: {colour: {type: choice, of: [红, 绿], required: true, title: {zh: 颜色}}}"
    loop.ledger.declaration = yaml.safe_load(SNAPSHOT + fields)
    loop.ledger.save(update_fields=["declaration"])
    secret = make_key(title="three", contact="x", actor=make_user("administrator"))[1]
    city = Three(f"{live_server.url}/open311/v2", api_key=secret, jurisdiction="410403")

    service = next(one for one in city.services() if one["service_code"] == "snapshot.lighting-dark")
    assert service["metadata"] is True
    attribute = city.services("snapshot.lighting-dark")["attributes"][0]
    assert (attribute["code"], attribute["datatype"]) == ("colour", "singlevaluelist")

    refused = city.post("snapshot.lighting-dark", description="路灯不亮", lat="33.715", long="113.3225")
    assert refused[0]["code"] == 400 and "colour" in refused[0]["description"]

    picture = io.BytesIO()
    Image.new("RGB", (80, 60), "grey").save(picture, "JPEG")
    picture.seek(0)
    picture.name = "lamp.jpg"
    lng, lat = loop.district.in_compound
    made = city.post(
        "snapshot.lighting-dark", description="建设路路灯不亮", lat=str(lat), long=str(lng), name="Ming Wang",
        phone="13800001111", media=picture, **{"attribute[colour]": "红"},
    )  # fmt: skip
    number = made[0]["service_request_id"]
    report = Report.objects.get(case__number=number)
    assert report.fields == {"colour": "红"} and CaseFile.objects.filter(report=report).count() == 1

    assert city.request(number)[0]["status"] == "open"
    assert number in [one["service_request_id"] for one in city.requests(status="open")]
    assert city.token(report.token)[0]["service_request_id"] == number
    assert city.discovery(f"{live_server.url}/open311/discovery.json")
