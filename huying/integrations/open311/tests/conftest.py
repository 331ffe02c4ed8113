"""An app with a key, what it asks and posts, and the published schemas that each answer is held against."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
import yaml
from django.conf import settings as conf
from django.test import Client
from django.utils.dateparse import parse_datetime
from PIL import Image
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

from huying.cases.models import Ledger
from huying.cases.tests.conftest import SNAPSHOT, Loop
from huying.core.testing import MiniDistrict, make_user
from huying.integrations.open311.keys import make_key

SCHEMAS = conf.SHARED_DATA / "open311" / "schemas"
FIELDS = """
fields:
  colour: {type: choice, of: [红, 绿], required: true, title: {zh: 颜色}}
  lamps: {type: number, title: {zh: 盏数}}
  since: {type: date, title: {zh: 从哪天起}}
  sides: {type: choices, of: [东, 西], title: {zh: 哪一侧}}
"""


@pytest.fixture
def loop(district: MiniDistrict) -> Loop:
    return Loop(district)


@pytest.fixture
def secret(loop: Loop) -> str:
    return make_key(title="报修应用", contact="王工", actor=make_user("administrator"))[1]


def with_fields(loop: Loop) -> None:
    Ledger.objects.filter(pk=loop.ledger.pk).update(declaration=yaml.safe_load(SNAPSHOT + FIELDS))


def get(client: Client, path: str, **query: str) -> Any:
    return client.get(f"/open311/v2/{path}", query)


def rows(answer: Any) -> Any:
    return json.loads(answer.content)


def post(client: Client, secret: str, format: str = "json", **sent: Any) -> Any:
    body = {"api_key": secret, "service_code": "snapshot.lighting-dark", "description": "路灯不亮"} | sent
    return client.post(f"/open311/v2/requests.{format}", {k: v for k, v in body.items() if v is not None})


def at(loop: Loop) -> dict[str, str]:
    lng, lat = loop.district.in_compound
    return {"lat": str(lat), "long": str(lng)}


def photo() -> io.BytesIO:
    file = io.BytesIO()
    Image.new("RGB", (60, 40), "grey").save(file, "JPEG")
    file.seek(0)
    file.name = "lamp.jpg"
    return file


# --- schemas -------------------------------------------------------------------------------------------

_OPTIONAL = {"anyOf": [{"type": "string"}, {"type": "null"}]}
_TEXT = {"type": "string", "minLength": 1}


def _rows_of(properties: Mapping[str, Any], *required: str) -> dict[str, Any]:
    item = {
        "type": "object",
        "properties": properties,
        "required": [*required],
        "additionalProperties": False,
    }
    return {"type": "array", "items": item}


# What the standard and its extension give as tables and examples only, not as schemas.
_OURS = {
    "errors.json": _rows_of({"code": {"type": "integer"}, "description": _TEXT}, "code", "description"),
    "tokens.json": _rows_of({"service_request_id": _TEXT, "token": _TEXT}, "service_request_id", "token"),
    "posted.json": _rows_of(
        {"service_request_id": _TEXT, "service_notice": _OPTIONAL, "account_id": _OPTIONAL}, "service_request_id"
    ),
    "updates.json": _rows_of(
        {
            "update_id": _TEXT, "service_request_id": _TEXT, "status": {"enum": ["open", "closed"]},
            "updated_datetime": _TEXT, "description": _TEXT, "media_url": _OPTIONAL,
        },
        "update_id", "service_request_id", "status", "updated_datetime", "description",
    ),
}  # fmt: skip
# The names of what stands in a list inside a document.
_MEMBERS = {"attributes": "attribute", "values": "value"}


def check(name: str, value: Any) -> None:
    """Hold an answer against a published schema, or against ours where none was published."""
    if name in _OURS:
        jsonschema.Draft4Validator(_OURS[name]).validate(value)
        return
    if not SCHEMAS.is_dir():
        pytest.skip("no schemas here")
    known = Registry().with_resources(
        (file.name, Resource.from_contents(json.loads(file.read_text()), default_specification=DRAFT4))
        for file in SCHEMAS.glob("*.json")
    )
    jsonschema.Draft4Validator(known.contents(name), registry=known).validate(value)


def from_xml(answer: Any, like: Any) -> Any:
    """What an XML answer says, with the types that its JSON twin `like` has."""
    return _read(ElementTree.fromstring(answer.content), like)


def _read(element: ElementTree.Element, like: Any) -> Any:
    if isinstance(like, list):
        assert len(element) == len(like) and len({member.tag for member in element}) <= 1
        assert all(member.tag == _MEMBERS.get(element.tag, member.tag) for member in element)
        return [_read(member, one) for member, one in zip(element, like, strict=True)]
    if isinstance(like, dict):
        assert [child.tag for child in element] == list(like)
        return {child.tag: _read(child, like[child.tag]) for child in element}
    text = element.text
    if like is None:
        return text
    if isinstance(like, bool):
        return {"true": True, "false": False}[text or ""]
    return type(like)(text or "")


def check_moments(found: list[dict[str, Any]]) -> None:
    """Every moment is a W3C datetime with its offset."""
    for row in found:
        for name, value in row.items():
            if name.endswith("_datetime") and value is not None:
                at = parse_datetime(value)
                assert at is not None and at.utcoffset() is not None and "T" in value
