"""What can be reported by Open311: the categories that residents are offered, each with its ledger's fields."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from huying.cases.models import Category, Channel
from huying.cases.views.portal.choosing import offer
from huying.integrations.open311.documents import Fault
from huying.registry.declared.fields import Field
from huying.registry.declared.forms import PHOTO_TYPES, field_title

# What the standard knows of our kinds of fields; a file can't be sent as an attribute.
_DATATYPES = {
    "text": "string", "long text": "text", "number": "number", "money": "number", "date": "datetime",
    "time": "string", "choice": "singlevaluelist", "choices": "multivaluelist", "yes or no": "singlevaluelist",
    "place": "string", "person": "string", "phone": "string", "identity number": "string",
    "credit code": "string", "item": "string",
}  # fmt: skip


def code_of(category: Category) -> str:
    """A service code: ledger and category, which never change."""
    return f"{category.ledger.code}.{category.code}"


def offered() -> list[Category]:
    """The categories that can be reported today, as the portal offers them."""
    return [
        category
        for category in offer().categories.values()
        if Channel.OPEN311 in category.ledger.rules.channels
        and all(field.type in _DATATYPES or not field.required for field in _fields(category))
    ]


def category_of(code: str) -> Category:
    """The category of a service code; a Fault (404) for one that is not offered."""
    for category in offered():
        if code_of(category) == code:
            return category
    raise Fault(404, _("没有 service_code“%s”，或者现在不受理。") % code[:80])


def _fields(category: Category) -> list[Field]:
    return [field for field in category.ledger.rules.fields if field.type not in PHOTO_TYPES]


def service(category: Category) -> dict[str, Any]:
    """A row of the service list."""
    topic = category.topic
    group = str((topic.parent or topic) if topic else category.ledger)
    return {
        "service_code": code_of(category),
        "service_name": str(category),
        "description": category.condition or str(category),
        "metadata": bool(attributes(category)),
        "type": "realtime",
        "keywords": ", ".join(category.keywords or (topic.keywords if topic else [])),
        "group": group,
    }


def attributes(category: Category) -> list[dict[str, Any]]:
    """The ledger's own fields as attributes of the service."""
    found = []
    for order, field in enumerate((f for f in _fields(category) if f.type in _DATATYPES), start=1):
        shown: dict[str, Any] = {
            "variable": True,
            "code": field.code,
            "datatype": _DATATYPES[field.type],
            "required": field.required and not field.when,
            "datatype_description": field.help or field.unit or None,
            "order": order,
            "description": field_title(field),
        }
        if field.type == "yes or no":
            shown["values"] = [{"key": "True", "name": _("是")}, {"key": "False", "name": _("否")}]
        elif field.of:
            shown["values"] = [{"key": option, "name": option} for option in field.of]
        found.append(shown)
    return found


def given_attributes(category: Category, sent: QueryDict) -> QueryDict:
    """What was sent as `attribute[code]` (repeated, or `attribute[code][]`, for several), as the form reads it."""
    found = QueryDict(mutable=True)
    known: Mapping[str, Field] = {field.code: field for field in _fields(category)}
    for code, field in known.items():
        values: Sequence[str] = sent.getlist(f"attribute[{code}]") or sent.getlist(f"attribute[{code}][]")
        if field.type == "date":
            values = [_day(value) for value in values]
        if values:
            found.setlist(f"f-{code}", list(values))
    return found


def _day(text: str) -> str:
    try:
        at = parse_datetime(text)
    except ValueError:
        return text
    if at is None:
        return text
    return (at if isinstance(at, dt.datetime) else dt.datetime.min).date().isoformat()
