"""The two forms of every answer: XML and JSON with the same names. Errors are documents too.

GeoReport v2 (wiki.open311.org/GeoReport_v2). Content types carry `charset=utf-8`; moments are W3C datetimes.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from django.http import HttpResponse
from django.utils import timezone

TYPES = {"xml": "text/xml; charset=utf-8", "json": "application/json; charset=utf-8"}
# What XML 1.0 can't hold, however escaped.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def format_of(path: str) -> str:
    """The form that an address asks for: by its ending; XML where it has none."""
    return "json" if path.endswith(".json") else "xml"


class Fault(Exception):
    """A request that is answered with an error document."""

    def __init__(self, status: int, *sentences: str) -> None:
        super().__init__("; ".join(sentences))
        self.status, self.sentences = status, sentences


def moment(at: dt.datetime | None) -> str | None:
    """A W3C datetime with the district's offset, to the second."""
    return timezone.localtime(at).isoformat(timespec="seconds") if at else None


def listing(format_: str, root: str, item: str, rows: Sequence[Mapping[str, Any]]) -> HttpResponse:
    """A list of things: `<root><item>…</item></root>`, or a JSON array."""
    if format_ == "json":
        return _json(rows)
    top = Element(root)
    for row in rows:
        _fill(SubElement(top, item), row)
    return _xml(top)


def document(format_: str, root: str, values: Mapping[str, Any]) -> HttpResponse:
    """One thing: `<root>…</root>`, or a JSON object."""
    if format_ == "json":
        return _json(values)
    top = Element(root)
    _fill(top, values)
    return _xml(top)


def fault(format_: str, error: Fault) -> HttpResponse:
    """An error document with the status that it names."""
    rows = [{"code": error.status, "description": sentence} for sentence in error.sentences]
    response = listing(format_, "errors", "error", rows)
    response.status_code = error.status
    return response


# Inside a document: the name of the members of each list.
_MEMBERS = {"attributes": "attribute", "values": "value", "endpoints": "endpoint", "formats": "format"}


def _fill(parent: Element, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        child = SubElement(parent, name)
        if isinstance(value, (list, tuple)):
            for one in value:
                member = SubElement(child, _MEMBERS[name])
                if isinstance(one, Mapping):
                    _fill(member, one)
                else:
                    member.text = _text(one)
        elif value is not None:
            child.text = _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _UNWRITABLE.sub("", str(value))


def _xml(top: Element) -> HttpResponse:
    body = tostring(top, encoding="utf-8", xml_declaration=True)
    return HttpResponse(body, content_type=TYPES["xml"])


def _json(value: Any) -> HttpResponse:
    return HttpResponse(json.dumps(value, ensure_ascii=False), content_type=TYPES["json"])
