"""The desk's forms and lists, used by programs: JSON in, codes instead of keys, the first refusal with its field."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict

from huying.core.errors import Refusal
from huying.core.pages import ListPage


def form_data(values: dict[str, Any], prefix: str = "") -> Any:
    """JSON values as a form reads them: lists stay lists, what is null is left out."""
    found = QueryDict(mutable=True)
    for name, value in values.items():
        if value is None:
            continue
        texts = value if isinstance(value, list) else [value]
        found.setlist(f"{prefix}{name}", [str(text) for text in texts])
    return found


def by_code(form: forms.BaseForm) -> forms.BaseForm:
    """Choices of rows are named by their code, as everywhere in the API."""
    for field in form.fields.values():
        if isinstance(field, forms.ModelChoiceField):
            field.to_field_name = "code"
    return form


def cleaned(form: forms.BaseForm) -> dict[str, Any]:
    """What the form makes of what was sent. Raises Refusal with the first sentence and its field."""
    if not form.is_valid():
        name, errors = next(iter(form.errors.items()))
        raise Refusal(str(errors[0]), field=None if name == "__all__" else name)
    return form.cleaned_data


def rows_of(page: type[ListPage], request: HttpRequest, **address: Any) -> QuerySet[Any]:
    """The rows of a list of the desk for this caller and the filters in the address.

    A wrong value is refused here: no program sees the hint beside the field. Asks no rights of its own.
    """
    here = page()
    here.setup(request, **address)
    for name, errors in here.form.errors.items():
        raise Refusal(str(errors[0]), field=name)
    return here.rows


def filters(**about: str) -> dict[str, Any]:
    """Keywords for an operation whose filters are read by a list of the desk: they stand in the description."""
    return {
        "openapi_extra": {
            "parameters": [
                {
                    "name": name.rstrip("_"), "in": "query", "required": False, "schema": {"type": "string"},
                    "description": text,
                }
                for name, text in about.items()
            ]
        }
    }  # fmt: skip
