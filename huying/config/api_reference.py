"""The reference page of the API, drawn from its description: what is not there is not documented."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from huying.config.api import ABOUT, api

PREFIX = "/api/v1/"


def _kind(schema: Mapping[str, Any]) -> str:
    """A type in a word: `string`, `CaseRow`, `array of PhotoOut`, `integer or null`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"array of {_kind(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "any")


def _fields(shape: Mapping[str, Any]) -> list[dict[str, Any]]:
    required = shape.get("required", [])
    return [
        {
            "name": name, "kind": _kind(field), "required": name in required,
            "about": field.get("description", ""),
        }
        for name, field in shape.get("properties", {}).items()
    ]  # fmt: skip


def _body(operation: Mapping[str, Any], shapes: Mapping[str, Any]) -> list[dict[str, Any]]:
    content = operation.get("requestBody", {}).get("content", {})
    for media in content.values():
        schema = media["schema"]
        return _fields(shapes[_kind(schema)] if "$ref" in schema else schema)
    return []


def _answers(operation: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = []
    for status, answer in operation["responses"].items():
        content = next(iter(answer.get("content", {}).values()), None)
        found.append((str(status), _kind(content["schema"]) if content else ""))
    return found


@cache
def _described() -> dict[str, Any]:
    found: dict[str, Any] = dict(api.get_openapi_schema(path_prefix=PREFIX))
    shapes = found["components"]["schemas"]
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            groups.setdefault(operation["tags"][0], []).append(
                {
                    "method": method.upper(), "path": path, "summary": operation["summary"],
                    "description": operation.get("description", ""), "fields": _body(operation, shapes),
                    "answers": _answers(operation),
                    "parameters": [
                        {
                            "name": one["name"], "kind": _kind(one.get("schema", {})),
                            "required": one.get("required", False),
                            "about": one.get("description") or one.get("schema", {}).get("description", ""),
                        }
                        for one in operation.get("parameters", [])
                    ],
                }
            )  # fmt: skip
    return {
        "groups": list(groups.items()),
        "shapes": [
            (name, {"about": shape.get("description", ""), "fields": _fields(shape)})
            for name, shape in sorted(shapes.items())
        ],
        "version": found["openapi"],
        "about": [line.removeprefix("- ") for line in ABOUT.splitlines() if line],
    }


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """Every operation with its parameters, bodies and answers."""
    return render(request, "api/reference.html", _described())
