"""GeoReport v2 as a client: what is sent, and every shape in which a server may answer."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from huying.core.errors import Refusal
from huying.core.outbound import Answer, OutboundError, send
from huying.integrations.forwarding.models import Partner

TIMEOUT_S = 20
MOST_BYTES = 4_000_000
Row = dict[str, Any]


class Failed(Exception):
    """The server did not do it; `temporary` says whether trying again can help, `status` what it answered."""

    def __init__(self, sentence: str, *, temporary: bool, status: int = 0) -> None:
        super().__init__(sentence)
        self.temporary, self.status = temporary, status


def ask(partner: Partner, path: str, **query: str) -> list[Row]:
    """GET a list of things from the server. Raises Failed."""
    return _rows(partner, _call(partner, "GET", path, query))


def post(partner: Partner, path: str, fields: Mapping[str, str]) -> list[Row]:
    """POST a form, with the key of this site. Raises Failed."""
    try:
        key = partner.api_key.open() if partner.api_key else ""
    except Refusal as refusal:
        raise Failed(str(refusal), temporary=False) from None
    return _rows(partner, _call(partner, "POST", path, {}, {**fields, **({"api_key": key} if key else {})}))


def _call(
    partner: Partner,
    method: str,
    path: str,
    query: Mapping[str, str],
    fields: Mapping[str, str] | None = None,
) -> Answer:
    asked = {**({"jurisdiction_id": partner.jurisdiction_id} if partner.jurisdiction_id else {}), **query}
    url = f"{partner.base_url.rstrip('/')}/{quote(path)}.{partner.format}"
    content = b""
    if fields is not None:
        content = urlencode({**asked, **fields}).encode()
    elif asked:
        url = f"{url}?{urlencode(asked)}"
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"} if content else {}
    try:
        answer = send(
            method, url, content=content, headers=headers, timeout_s=TIMEOUT_S, max_bytes=MOST_BYTES
        )
    except OutboundError as error:
        raise Failed(str(error), temporary=error.temporary) from None
    if answer.ok:
        return answer
    raise Failed(_refusal(partner, answer), temporary=answer.temporary, status=answer.status)


def _rows(partner: Partner, answer: Answer) -> list[Row]:
    """The things in an answer, whichever form it has."""
    try:
        if partner.format == Partner.Format.JSON:
            found = json.loads(answer.body)
            rows = found if isinstance(found, list) else [found]
            return [row for row in rows if isinstance(row, dict)]
        root = ElementTree.fromstring(answer.body, forbid_dtd=True)
        return [{child.tag: (child.text or "").strip() for child in item} for item in root]
    except (ValueError, RecursionError, ElementTree.ParseError, DefusedXmlException):
        # A page of a proxy, a maintenance notice: the server itself may be back later.
        raise Failed(
            _("对方的回答看不懂（不是 %s）。") % partner.format.upper(), temporary=True, status=answer.status
        ) from None


def _refusal(partner: Partner, answer: Answer) -> str:
    """What the error document says, else the status."""
    try:
        said = [str(row["description"]) for row in _rows(partner, answer) if row.get("description")]
    except Failed:
        said = []
    return _("对方应答 %(status)d：%(words)s") % {
        "status": answer.status,
        "words": "；".join(said)[:200] or "—",
    }


def text_of(row: Row, *names: str) -> str:
    """The first of these fields that has words."""
    for name in names:
        value = row.get(name)
        if isinstance(value, (str, int)) and str(value).strip():
            return str(value).strip()
    return ""


def moment_of(row: Row, name: str) -> dt.datetime | None:
    """A moment, by the server's clock; None where it can't be read."""
    try:
        found = parse_datetime(text_of(row, name))
    except ValueError:
        return None
    if found is None or not 1970 <= found.year <= 2199:
        return None
    return found if timezone.is_aware(found) else timezone.make_aware(found)
